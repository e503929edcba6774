"""What a witness cosigns, and how it refuses everything else."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.note import Ed25519NoteSigner, format_note, parse_note, sign_note
from custody.tree.merkle import EMPTY_ROOT
from custody.witness.answers import SIZE_TYPE
from custody.witness.decisions import Refusal, decide
from custody.witness.heads import Heads
from custody.witness.requests import format_submission, parse_submission
from custody.witness.witness import Witness
from tests.custody.ledgers import LOG, ORIGIN, PQ_WITNESS, MemoryLog, private_key
from tests.custody.witness.logs import LOOKED_AT, log_of, submission

OURS, FORK = log_of(12), log_of(12, kind="other")
NOTHING = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
STRANGER = Ed25519NoteSigner(ORIGIN, private_key("stranger"))


def decided(held: int, body: bytes, log: MemoryLog = OURS) -> Checkpoint | tuple[int, bytes]:
    """Return what a witness holds after it held so many entries, or status and size told."""
    found = decide(log.checkpoint(held) if held else NOTHING, [LOG.key], parse_submission(body))
    if isinstance(found, Checkpoint):
        return found
    told = found.answer.body if found.answer.kind == SIZE_TYPE else b""
    return found.answer.status, told


def test_every_growth_of_a_log_is_cosigned_from_every_size_held() -> None:
    for old in range(13):
        for size in range(old, 13):
            assert decided(old, submission(OURS, old, size)) == OURS.checkpoint(size)


@pytest.mark.parametrize(
    ("held", "body", "answer"),
    [
        (5, submission(OURS, 0, 9), (409, b"5\n")),
        (5, submission(OURS, 4, 9), (409, b"5\n")),
        (5, submission(OURS, 6, 9), (409, b"5\n")),
        (9, submission(OURS, 5, 5), (409, b"9\n")),
        (9, submission(FORK, 0, 9), (409, b"9\n")),
        (5, submission(OURS, 6, 5), (400, b"")),
        (9, submission(FORK, 9, 9), (409, b"")),
        (5, submission(FORK, 5, 9), (422, b"")),
        (5, format_submission(5, (), OURS.note(9)), (422, b"")),
        (5, format_submission(5, [bytes(32)], OURS.note(5)), (422, b"")),
        (0, format_submission(0, [bytes(32)], OURS.note(9)), (422, b"")),
    ],
    ids=[
        "old 0",
        "old too small",
        "old too large",
        "a rollback",
        "another log, old 0",
        "old beyond the checkpoint",
        "another root of the same size",
        "a fork",
        "no proof",
        "a proof for nothing",
        "a proof from nothing",
    ],
)
def test_what_did_not_grow_out_of_what_is_held_is_refused(
    held: int, body: bytes, answer: tuple[int, bytes]
) -> None:
    assert decided(held, body) == answer


def test_only_the_log_itself_is_believed() -> None:
    forged = format_submission(0, (), OURS.note(9, [STRANGER]))
    assert decided(0, forged) == (403, b"")
    both = format_submission(0, (), OURS.note(9, [STRANGER, LOG]))
    assert decided(0, both) == OURS.checkpoint(9)
    changed = format_note(parse_note(OURS.note(9))).replace(b"\n9\n", b"\n8\n")
    assert decided(0, format_submission(0, (), changed)) == (403, b"")


def test_who_is_no_log_learns_nothing_of_what_is_held() -> None:
    forged = format_submission(0, (), OURS.note(9, [STRANGER]))
    assert decided(5, forged) == (403, b"")


def test_two_roots_of_one_size_are_proof_against_the_log_and_a_bad_proof_is_none() -> None:
    for body, kept in ((submission(FORK, 9, 9), True), (submission(FORK, 9, 12), False)):
        found = decide(OURS.checkpoint(9), [LOG.key], parse_submission(body))
        assert isinstance(found, Refusal)
        assert found.contradiction is kept


@pytest.mark.parametrize(
    ("origin", "at"),
    [("l" * 256, LOOKED_AT), ("l", datetime(1969, 12, 31, tzinfo=UTC))],
    ids=["a name beyond ML-DSA-44", "a clock before 1970"],
)
def test_what_cannot_be_signed_is_told(tmp_path: Path, origin: str, at: datetime) -> None:
    log = Ed25519NoteSigner(origin, private_key("log"))
    heads, told = Heads(tmp_path), list[str]()
    heads.watch(log.key)
    signers = (replace(PQ_WITNESS, seconds=0),)
    witness = Witness(
        heads,
        lambda seconds: tuple(replace(one, seconds=seconds) for one in signers),
        clock=lambda: at,
        tell=told.append,
    )
    text = format_checkpoint(replace(NOTHING, origin=origin))
    note = format_note(sign_note(text, [log]))
    answer = witness.add_checkpoint(format_submission(0, (), note))
    assert (answer.status, answer.body) == (500, b"This witness cannot sign this checkpoint\n")
    assert told[0].startswith(f"{origin} cannot be signed: ")
