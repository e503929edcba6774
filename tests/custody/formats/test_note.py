"""Signed notes: what Go's note package signs is read; nothing that was changed is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.note import (
    MAX_SIGNATURES,
    Ed25519NoteSigner,
    NoteSignature,
    SignedNote,
    VerifierKey,
    check_note,
    format_note,
    format_verifier_key,
    key_id,
    parse_note,
    parse_verifier_key,
    sign_note,
)
from tests.custody.ledgers import LOG, NEIGHBOUR, ORIGIN, POLICE, private_key
from tests.custody.vectors import VECTORS, bad, flips, good, named, truncations

KEY_LINES = (VECTORS / "note/keys").read_text().splitlines()
KNOWN = [parse_verifier_key(line) for line in KEY_LINES]
KEYS_FAIL = json.loads((VECTORS / "note/keys_fail.json").read_text())


@pytest.mark.parametrize("path", good("note", ".note"), ids=named)
def test_a_good_note_is_read_checked_and_written_back(path: Path) -> None:
    note = parse_note(path.read_bytes())
    assert check_note(note, KNOWN)
    assert format_note(note) == path.read_bytes()


@pytest.mark.parametrize("path", bad("note", ".note"), ids=named)
def test_a_bad_note_is_refused(path: Path) -> None:
    with pytest.raises((FormatError, ProofError)):
        check_note(parse_note(path.read_bytes()), KNOWN)


@pytest.mark.parametrize("text", KEYS_FAIL.values(), ids=KEYS_FAIL.keys())
def test_a_bad_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_verifier_key(text)


def test_no_part_and_no_change_of_a_verifier_key_is_one() -> None:
    for line in KEY_LINES:
        for start in range(len(line)):
            for end in range(start + 1, len(line) + 1):
                if line[start:end] != line:
                    with pytest.raises(FormatError):
                        parse_verifier_key(line[start:end])
        for changed in flips(line.encode()):
            with pytest.raises(FormatError):
                parse_verifier_key(changed.decode("latin-1"))


def test_no_part_and_no_flipped_bit_of_a_note_keeps_both_signatures() -> None:
    data = format_note(sign_note("example\n", [LOG, NEIGHBOUR]))
    for changed in [*truncations(data), *flips(data)]:
        try:
            note = parse_note(changed)
            signed = check_note(note, KNOWN)
        except (FormatError, ProofError):
            continue
        # A line whose name or key id was changed is a stranger's and no longer counts; so a
        # package's checkpoints are held to exactly the policy's lines, in test_policy.py.
        assert note.text == "example\n"
        assert len(signed) == 1


def test_who_signed_is_told_in_the_order_of_the_lines() -> None:
    note = sign_note("text\n", [NEIGHBOUR, LOG])
    assert check_note(note, [LOG.key, NEIGHBOUR.key, POLICE.key]) == (NEIGHBOUR.key, LOG.key)


def test_a_key_that_shares_only_the_name_is_a_stranger() -> None:
    other = Ed25519NoteSigner(ORIGIN, private_key("other"))
    note = sign_note("text\n", [other, LOG])
    assert check_note(note, [LOG.key]) == (LOG.key,)


def test_a_key_that_claims_a_known_name_and_id_is_refused() -> None:
    forged = NoteSignature(ORIGIN, LOG.key.keyid, private_key("other").sign(b"text\n"))
    with pytest.raises(ProofError, match="does not fit"):
        check_note(SignedNote("text\n", (forged,)), [LOG.key])


def test_a_signature_of_another_length_is_refused() -> None:
    note = sign_note("text\n", [LOG])
    longer = NoteSignature(ORIGIN, LOG.key.keyid, note.signatures[0].signature + b"\0")
    with pytest.raises(ProofError, match="wrong length"):
        check_note(SignedNote("text\n", (longer,)), [LOG.key])


def test_a_log_signature_is_no_cosignature_by_the_same_key() -> None:
    witness = parse_verifier_key(format_verifier_key(NEIGHBOUR.key))
    plain = private_key(NEIGHBOUR.name).sign(b"text\n")
    for signature in (plain, bytes(8) + plain):
        line = NoteSignature(witness.name, witness.keyid, signature)
        with pytest.raises(ProofError):
            check_note(SignedNote("text\n", (line,)), [witness])


def test_a_cosignature_holds_for_its_own_time_only() -> None:
    note = sign_note("text\n", [NEIGHBOUR])
    signature = note.signatures[0].signature
    moved = (int.from_bytes(signature[:8]) + 1).to_bytes(8) + signature[8:]
    line = NoteSignature(NEIGHBOUR.key.name, NEIGHBOUR.key.keyid, moved)
    with pytest.raises(ProofError):
        check_note(SignedNote("text\n", (line,)), [NEIGHBOUR.key])


def test_a_cosignature_beyond_the_range_of_time_is_refused() -> None:
    with pytest.raises(ProofError, match="out of range"):
        sign_note("text\n", [replace(NEIGHBOUR, seconds=2**63)])


def test_openssl_refuses_a_second_encoding_of_a_good_signature() -> None:
    key = private_key("log")
    order = 2**252 + 27742317777372353535851937790883648493
    signature = key.sign(b"text\n")
    s = int.from_bytes(signature[32:], "little")
    second = signature[:32] + (s + order).to_bytes(32, "little")
    key.public_key().verify(signature, b"text\n")
    with pytest.raises(InvalidSignature):
        key.public_key().verify(second, b"text\n")


def test_the_keys_that_we_refuse_would_verify_forged_signatures() -> None:
    point = bytes([1]) + bytes(31)  # the neutral element: nobody holds a private key
    Ed25519PublicKey.from_public_bytes(point).verify(point + bytes(32), b"whatever")
    with pytest.raises(FormatError, match="honest"):
        parse_verifier_key(format_verifier_key(VerifierKey("a", key_id("a", 1, point), 1, point)))  # type: ignore[arg-type]


def test_a_signer_whose_key_does_not_fit_is_found_at_once() -> None:
    class Confused:
        key = LOG.key

        def sign(self, text: bytes) -> bytes:
            return private_key("other").sign(text)

    with pytest.raises(ProofError):
        sign_note("text\n", [Confused()])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "a\n\n— x AAAAAAAA\n"[:-1]])
def test_a_text_that_a_note_cannot_carry_is_not_signed(text: str) -> None:
    with pytest.raises(FormatError):
        sign_note(text, [LOG])


def test_a_note_without_signer_is_not_made() -> None:
    with pytest.raises(FormatError):
        sign_note("text\n", [])


def test_a_flood_of_signatures_or_bytes_is_refused() -> None:
    note = sign_note("text\n", [LOG])
    flood = SignedNote(note.text, note.signatures * (MAX_SIGNATURES + 1))
    with pytest.raises(FormatError, match="101 signatures"):
        parse_note(format_note(flood))
    with pytest.raises(FormatError, match="longer than"):
        parse_note(b"a" * 1_000_001)


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u00a0b", "a\u2028b", "a\x7f", "a\n", "\ud800"]
)
def test_a_name_that_would_break_a_line_is_no_key_name(name: str) -> None:
    with pytest.raises(FormatError):
        _ = Ed25519NoteSigner(name, Ed25519PrivateKey.generate()).key


def test_two_known_keys_of_one_name_and_id_are_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="share name"):
        check_note(sign_note("text\n", [LOG]), [LOG.key, LOG.key])


def test_another_implementation_accepts_our_checkpoint_and_cosignature() -> None:
    text = format_checkpoint(Checkpoint(ORIGIN, 8, bytes(32)))
    note = format_note(sign_note(text, [LOG, NEIGHBOUR])).decode()
    theirs = TheirCheckpoint.from_text(note)
    for signer in (LOG, NEIGHBOUR):
        theirs.verify(Vkey.from_string(format_verifier_key(signer.key)))
