"""The policy file, and whose signatures make a checkpoint valid."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.note import (
    Ed25519Cosigner,
    Ed25519NoteSigner,
    MlDsa44Cosigner,
    NoteSigner,
    SignedNote,
    format_note,
    sign_note,
)
from custody.formats.policy import (
    LogPolicy,
    Witness,
    check_checkpoint,
    check_signed,
    check_trusted,
    format_policy,
    has_quorum,
    parse_policy,
    quorum_of,
)
from tests.custody.ledgers import (
    ALONE,
    LOG,
    NEIGHBOUR,
    ORIGIN,
    POLICE,
    PQ_WITNESS,
    WITNESSED,
    private_key,
)
from tests.custody.vectors import VECTORS, bad, flips, good, named, truncations

NESTED = parse_policy((VECTORS / "policy/nested.policy").read_bytes())
HEAD = Checkpoint(ORIGIN, 8, bytes(range(32)))
STRANGER = Ed25519NoteSigner("stranger.example", private_key("stranger"))


def note_by(*signers: NoteSigner, head: Checkpoint = HEAD) -> bytes:
    return format_note(sign_note(format_checkpoint(head), signers))


@pytest.mark.parametrize("path", good("policy", ".policy"), ids=named)
def test_a_good_policy_is_read_and_written_back(path: Path) -> None:
    assert format_policy(parse_policy(path.read_bytes())) == path.read_bytes()


@pytest.mark.parametrize("path", bad("policy", ".policy"), ids=named)
def test_a_bad_policy_is_refused(path: Path) -> None:
    with pytest.raises(FormatError):
        parse_policy(path.read_bytes())


@pytest.mark.parametrize("path", good("policy", ".policy"), ids=named)
def test_no_part_of_a_policy_is_one_and_each_change_is_another(path: Path) -> None:
    data = path.read_bytes()
    known = parse_policy(data)
    for part in truncations(data):
        with pytest.raises(FormatError):
            parse_policy(part)
    for changed in flips(data):
        try:
            assert parse_policy(changed) != known
        except FormatError:
            continue


def test_without_witnesses_the_policy_is_two_lines() -> None:
    key = (VECTORS / "note/keys").read_text().splitlines()[1]
    assert format_policy(ALONE) == f"log {key}\nquorum none\n".encode()


def test_the_log_alone_is_enough_where_no_quorum_is_asked() -> None:
    checked = check_checkpoint(note_by(LOG), ALONE)
    assert checked.checkpoint == HEAD
    assert checked.witnesses == ()


@pytest.mark.parametrize(
    ("signers", "witnesses"),
    [
        ([LOG, NEIGHBOUR], ("neighbour",)),
        ([LOG, POLICE], ("police",)),
        ([LOG, NEIGHBOUR, POLICE], ("neighbour", "police")),
    ],
)
def test_any_of_two_witnesses_makes_the_quorum(
    signers: Sequence[NoteSigner], witnesses: tuple[str, ...]
) -> None:
    assert check_checkpoint(note_by(*signers), WITNESSED).witnesses == witnesses


def test_too_few_witnesses_are_refused_by_name() -> None:
    with pytest.raises(ProofError, match="expected 1 of neighbour, police, found none"):
        check_checkpoint(note_by(LOG), WITNESSED)
    with pytest.raises(ProofError, match="expected 2 of n, p, found n"):
        check_checkpoint(note_by(LOG, NEIGHBOUR), NESTED)
    check_checkpoint(note_by(LOG, NEIGHBOUR, POLICE), NESTED)


@pytest.mark.parametrize("witness", [POLICE, PQ_WITNESS], ids=["Ed25519", "ML-DSA-44"])
def test_who_states_the_time_0_has_witnessed_nothing(
    witness: Ed25519Cosigner | MlDsa44Cosigner,
) -> None:
    """Such a cosignature is good, and says nothing of other checkpoints."""
    asked = LogPolicy(LOG.key, (Witness("w", witness.key),), quorum="w")
    note = note_by(LOG, replace(witness, seconds=0))
    assert check_signed(note, asked).witnesses == ()
    assert check_signed(note, asked).timeless == ("w",)
    for check in (check_checkpoint, check_trusted):
        with pytest.raises(ProofError, match="Too few witnesses") as found:
            check(note, asked)
        assert found.value.found == "w (states no time, and so no growth)"
        assert check(note_by(LOG, replace(witness, seconds=1)), asked).witnesses == ("w",)


def test_the_quorum_is_not_asked_of_an_earlier_checkpoint() -> None:
    assert check_signed(note_by(LOG), WITNESSED).witnesses == ()


def test_a_checkpoint_that_the_log_has_not_signed_is_refused() -> None:
    for check in (check_checkpoint, check_trusted, check_signed):
        with pytest.raises(ProofError, match="has not signed"):
            check(note_by(NEIGHBOUR), WITNESSED)


def test_a_checkpoint_of_another_log_is_refused_though_our_log_signed_it() -> None:
    other = Checkpoint("log.other.example", 8, bytes(32))
    for check in (check_checkpoint, check_trusted):
        with pytest.raises(ProofError, match="another log"):
            check(note_by(LOG, head=other), ALONE)


@pytest.mark.parametrize(
    "signers",
    [[LOG, STRANGER], [STRANGER, LOG], [NEIGHBOUR, LOG], [LOG, POLICE, NEIGHBOUR]],
)
def test_foreign_lines_and_another_order_are_refused(signers: Sequence[NoteSigner]) -> None:
    with pytest.raises(ProofError, match="foresee"):
        check_checkpoint(note_by(*signers), WITNESSED)


def test_a_line_that_stands_twice_is_refused() -> None:
    note = sign_note(format_checkpoint(HEAD), [LOG])
    twice = format_note(SignedNote(note.text, note.signatures * 2))
    with pytest.raises(ProofError):
        check_checkpoint(twice, ALONE)
    with pytest.raises(ProofError, match="twice"):
        check_trusted(twice, ALONE)


def test_a_policy_from_elsewhere_ignores_lines_that_it_does_not_know() -> None:
    trust = LogPolicy(LOG.key, (Witness("friends", POLICE.key),), (), "friends")
    checked = check_trusted(note_by(LOG, NEIGHBOUR, POLICE), trust)
    assert checked.witnesses == ("friends",)
    with pytest.raises(ProofError, match="Too few"):
        check_trusted(note_by(LOG, NEIGHBOUR), trust)


@pytest.mark.parametrize(
    ("policy", "names", "least"),
    [
        (ALONE, [], 0),
        (WITNESSED, ["neighbour", "police"], 1),
        (replace(WITNESSED, quorum="police"), ["police"], 1),
        (replace(WITNESSED, quorum="none"), [], 0),
    ],
    ids=["alone", "one of two", "one by name", "nobody asked for"],
)
def test_whom_the_quorum_counts(policy: LogPolicy, names: list[str], least: int) -> None:
    counted, count = quorum_of(policy)
    assert ([witness.name for witness in counted], count) == (names, least)


def test_of_groups_within_groups_the_least_is_told() -> None:
    counted, least = quorum_of(NESTED)
    assert [len(counted), least] == [len(NESTED.witnesses), 2]
    for names in ((), *[(one.name,) for one in counted]):
        assert not has_quorum(NESTED, names)
    assert has_quorum(NESTED, [one.name for one in counted])
