"""Cosignatures of both types: to the byte of the specification, and as a foreign program has it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from tlog_scales.signing import MLDSA44CosignatureSigner, Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.note import (
    KeyType,
    NoteSignature,
    NoteSigner,
    SignedNote,
    check_note,
    cosignature_time,
    format_note,
    format_verifier_key,
    parse_note,
    parse_verifier_key,
    sign_note,
    unchecked,
    verifier_key,
)
from custody.formats.policy import (
    LogPolicy,
    Witness,
    check_checkpoint,
    check_signed,
    format_policy,
    parse_policy,
)
from custody.formats.signatures import cosignatures
from custody.formats.signatures.cosignatures import check_signature, subtree_message
from tests.custody.ledgers import LOG, NEIGHBOUR, ORIGIN, POLICE, PQ_WITNESS, pq_key
from tests.custody.vectors import VECTORS, bad, good, named, truncations

HEAD = Checkpoint(ORIGIN, 20852163, bytes(range(32)))
TEXT = format_checkpoint(HEAD)
KNOWN = [
    parse_verifier_key(line) for line in (VECTORS / "cosignature/keys").read_text().splitlines()
]


@pytest.mark.parametrize("path", good("cosignature", ".note"), ids=named)
def test_a_good_cosignature_is_read_checked_and_written_back(path: Path) -> None:
    note = parse_note(path.read_bytes())
    assert len(check_note(note, KNOWN)) == len(note.signatures)
    assert format_note(note) == path.read_bytes()


@pytest.mark.parametrize("path", bad("cosignature", ".note"), ids=named)
def test_a_bad_cosignature_is_refused(path: Path) -> None:
    with pytest.raises((FormatError, ProofError)):
        check_note(parse_note(path.read_bytes()), KNOWN)


def test_what_an_ml_dsa_witness_signs_is_that_of_the_specification_to_the_byte() -> None:
    message = subtree_message("witness.example", 1679315147, Checkpoint("example.com/l", 7, b"r"))
    assert message == (
        b"subtree/v1\n\0"
        b"\x0fwitness.example"
        b"\x00\x00\x00\x00\x64\x18\x50\xcb"
        b"\x0dexample.com/l"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x00\x00\x00\x07"
        b"r"
    )


@pytest.mark.parametrize("signer", [NEIGHBOUR, PQ_WITNESS], ids=["ed25519", "ml-dsa-44"])
def test_a_foreign_program_accepts_our_cosignature(signer: NoteSigner) -> None:
    theirs = TheirCheckpoint.from_text(format_note(sign_note(TEXT, [signer])).decode())
    key = Vkey.from_string(format_verifier_key(signer.key))
    assert key.key_id == int.from_bytes(signer.key.keyid)
    theirs.verify(key)
    with pytest.raises(InvalidSignature):
        replace(theirs, size=7).verify(key)


def test_we_accept_the_cosignature_of_a_foreign_program() -> None:
    signer = MLDSA44CosignatureSigner("their.example", pq_key("theirs"))
    theirs = TheirCheckpoint.make_signed(HEAD.origin, HEAD.size, HEAD.root, [signer])
    key = verifier_key("their.example", KeyType.ML_DSA_44, signer.vkey.pubkey)
    note = parse_note(theirs.serialize().encode())
    assert check_note(note, [key]) == (key,)
    other = replace(note, text=format_checkpoint(replace(HEAD, size=7)))
    with pytest.raises(ProofError, match="does not fit"):
        check_note(other, [key])


def spoilt(signature: bytes) -> Iterator[bytes]:
    """Yield a signature with one bit turned: each of the time's, and some of all the others."""
    places = [*range(64), *range(64, 8 * len(signature), len(signature) // 25)]
    for place in places:
        turned = int.from_bytes(signature) ^ (1 << (8 * len(signature) - 1 - place))
        yield turned.to_bytes(len(signature))


@pytest.mark.parametrize("signer", [NEIGHBOUR, PQ_WITNESS], ids=["ed25519", "ml-dsa-44"])
def test_no_changed_or_cut_cosignature_is_accepted(signer: NoteSigner) -> None:
    whole = signer.sign(TEXT.encode())
    check_signature(TEXT, whole, signer.key)
    cut = list(truncations(whole))[:: max(1, len(whole) // 100)]
    for signature in [*spoilt(whole), *cut, whole + b"\0"]:
        with pytest.raises(ProofError):
            check_signature(TEXT, signature, signer.key)


def test_it_holds_for_one_name_one_log_one_size_and_one_root() -> None:
    signature = PQ_WITNESS.sign(TEXT.encode())
    for other in (
        replace(HEAD, origin=f"{ORIGIN}2"),
        replace(HEAD, size=7),
        replace(HEAD, root=bytes(32)),
    ):
        with pytest.raises(ProofError, match="does not fit"):
            check_signature(format_checkpoint(other), signature, PQ_WITNESS.key)
    renamed = verifier_key("other.example", KeyType.ML_DSA_44, PQ_WITNESS.key.pub)
    with pytest.raises(ProofError, match="does not fit"):
        check_signature(TEXT, signature, renamed)


def test_the_time_is_told() -> None:
    for signer in (NEIGHBOUR, PQ_WITNESS):
        assert cosignature_time(signer.key, signer.sign(TEXT.encode())) == signer.seconds
    with pytest.raises(ValueError, match="no time"):
        cosignature_time(LOG.key, bytes(64))


def test_what_is_no_checkpoint_has_no_ml_dsa_cosignature() -> None:
    with pytest.raises(FormatError):
        PQ_WITNESS.sign(b"text\n")
    with pytest.raises(ProofError, match="no checkpoint"):
        check_signature("text\n", bytes(2428), PQ_WITNESS.key)


@pytest.mark.parametrize(("name", "size"), [("a" * 256, 1312), ("a", 1311), ("a", 32), ("", 1312)])
def test_a_key_that_no_ml_dsa_witness_has_is_refused(name: str, size: int) -> None:
    with pytest.raises(FormatError):
        verifier_key(name, KeyType.ML_DSA_44, bytes(size))


def test_an_origin_that_is_too_long_is_not_cosigned() -> None:
    long = format_checkpoint(replace(HEAD, origin="a" * 256))
    with pytest.raises(FormatError, match="255"):
        PQ_WITNESS.sign(long.encode())


PQ = LogPolicy(LOG.key, (Witness("auditor", PQ_WITNESS.key),), (), "auditor")
BOTH = LogPolicy(
    LOG.key, (Witness("auditor", PQ_WITNESS.key), Witness("police", POLICE.key)), (), "police"
)


def test_a_post_quantum_witness_makes_a_quorum() -> None:
    assert parse_policy(format_policy(PQ)) == PQ
    note = format_note(sign_note(TEXT, [LOG, PQ_WITNESS]))
    assert check_checkpoint(note, PQ).witnesses == ("auditor",)


def test_what_this_library_cannot_check_is_told_and_never_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note = format_note(sign_note(TEXT, [LOG, PQ_WITNESS, POLICE]))
    alone = format_note(sign_note(TEXT, [PQ_WITNESS]))
    monkeypatch.setattr(cosignatures, "_has_ml_dsa", lambda: False)
    assert format_note(parse_note(note)) == note
    assert unchecked(parse_note(note), BOTH.keys) == (PQ_WITNESS.key,)
    checked = check_checkpoint(note, BOTH)
    assert (checked.witnesses, checked.unchecked) == (("police",), ("auditor",))
    with pytest.raises(ProofError, match=r"Too few.*auditor \(cannot be checked"):
        check_checkpoint(note, replace(BOTH, quorum="auditor"))
    with pytest.raises(ProofError, match="No known key"):
        check_note(parse_note(alone), [PQ_WITNESS.key])


def test_a_line_that_claims_a_witness_and_is_none_spoils_the_checkpoint() -> None:
    note = sign_note(TEXT, [LOG])
    key = PQ_WITNESS.key
    line = NoteSignature(key.name, key.keyid, bytes(2428))
    with pytest.raises(ProofError, match="does not fit"):
        check_signed(format_note(SignedNote(TEXT, (*note.signatures, line))), PQ)
