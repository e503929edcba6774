"""The council's side: every witness at once, no checkpoint below the quorum, an alarm on a fork."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from custody.errors import LogStateError, NotYetError
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.note import (
    Ed25519Cosigner,
    MlDsa44Cosigner,
    NoteSigner,
    format_verifier_key,
    parse_note,
    sign_note,
)
from custody.formats.policy import LogPolicy, Witness, WitnessGroup, check_checkpoint
from custody.witness.answers import Answer, say_lines, say_size
from custody.witness.quorum import Witnesses
from custody.witness.requests import parse_submission
from tests.custody.ledgers import LOG, LOOKED, MemoryLog, pq_key, private_key
from tests.custody.witness.logs import Door, log_of, prove, submission, witness_in

NAMES = ("neighbour", "police", "auditor")
OURS, FORK = log_of(12), log_of(12, kind="other")


def key_name(name: str) -> str:
    return f"witness.{name}.example"


def policy(rule: str = "2", names: tuple[str, ...] = NAMES) -> LogPolicy:
    witnesses = tuple(
        Witness(name, Ed25519Cosigner(key_name(name), private_key(key_name(name)), 0).key)
        for name in names
    )
    if rule == "none":
        return LogPolicy(LOG.key, witnesses)
    return LogPolicy(LOG.key, witnesses, (WitnessGroup("quorum", rule, names),), "quorum")


@pytest.fixture
def doors(tmp_path: Path) -> Mapping[str, Door]:
    return {
        name: Door(witness_in(tmp_path / name, key_name(name)).add_checkpoint) for name in NAMES
    }


@pytest.fixture
def witnesses(doors: Mapping[str, Door]) -> Iterator[Witnesses]:
    found = asking(doors)
    yield found
    found.close()


def asking(doors: Mapping[str, Door], rule: str = "2", told: list[str] | None = None) -> Witnesses:
    """Ask so patiently that a busy machine changes nothing."""
    tell = told.append if told is not None else (lambda _: None)
    return Witnesses(policy(rule), doors, within_s=20, patience_s=20, tell=tell)


def cosigned(witnesses: Witnesses, size: int, log: MemoryLog = OURS) -> bytes:
    return witnesses.cosign(log.note(size), prove(log, size), size)


def test_all_witnesses_cosign_a_growing_log_in_the_order_of_the_policy(
    witnesses: Witnesses, doors: Mapping[str, Door]
) -> None:
    for size in (1, 2, 5, 5, 12):
        note = cosigned(witnesses, size)
        assert check_checkpoint(note, policy()).witnesses == NAMES
        assert parse_checkpoint(parse_note(note).text) == OURS.checkpoint(size)
    assert {len(door.asked) for door in doors.values()} == {5}, "each was asked once a checkpoint"


def test_a_foreign_program_accepts_every_line(witnesses: Witnesses) -> None:
    theirs = TheirCheckpoint.from_text(cosigned(witnesses, 12).decode())
    assert len(theirs.signatures) == 4
    for key in policy().keys:
        theirs.verify(Vkey.from_string(format_verifier_key(key)))


def test_a_new_council_process_finds_out_what_each_witness_holds(
    witnesses: Witnesses, doors: Mapping[str, Door]
) -> None:
    cosigned(witnesses, 5)
    doors["police"].down = True
    cosigned(witnesses, 8)
    doors["police"].down = False
    again = asking(doors, "all")
    assert check_checkpoint(cosigned(again, 12), policy("all")).witnesses == NAMES
    held = [parse_submission(door.asked[-1]).old for door in doors.values()]
    assert held == [8, 5, 8]


def test_one_that_is_down_keeps_nobody_waiting_and_is_told_of_once(
    doors: Mapping[str, Door],
) -> None:
    told: list[str] = []
    witnesses = asking(doors, told=told)
    doors["neighbour"].down = True
    for size in (3, 5):
        assert check_checkpoint(cosigned(witnesses, size), policy()).witnesses == NAMES[1:]
    doors["neighbour"].down = False
    assert check_checkpoint(cosigned(witnesses, 9), policy()).witnesses == NAMES
    assert told == ["neighbour: it cannot be reached", "neighbour: it cosigns again"]


def test_below_the_quorum_there_is_no_checkpoint_and_it_says_who_is_missing(
    witnesses: Witnesses, doors: Mapping[str, Door]
) -> None:
    doors["neighbour"].down = doors["auditor"].down = True
    with pytest.raises(NotYetError, match=r"1 cosignatures.*neighbour: it cannot.*auditor: it can"):
        cosigned(witnesses, 5)
    doors["auditor"].down = False
    assert check_checkpoint(cosigned(witnesses, 5), policy()).witnesses == NAMES[1:]


def test_where_nobody_is_demanded_the_log_goes_on_alone(doors: Mapping[str, Door]) -> None:
    for door in doors.values():
        door.down = True
    witnesses = asking(doors, "none")
    assert cosigned(witnesses, 5) == OURS.note(5)
    doors["police"].down = False
    assert check_checkpoint(cosigned(witnesses, 6), policy("none")).witnesses == ("police",)


def test_a_slow_one_is_not_waited_for_once_there_is_a_quorum_and_counts_later(
    doors: Mapping[str, Door],
) -> None:
    gate = threading.Event()
    fast = doors["police"].answer

    def slow(body: bytes) -> Answer:
        gate.wait(20)
        return fast(body)

    doors["police"].answer = slow
    witnesses = Witnesses(policy(), doors, patience_s=0.05)
    assert check_checkpoint(cosigned(witnesses, 5), policy()).witnesses == (NAMES[0], NAMES[2])
    assert check_checkpoint(cosigned(witnesses, 7), policy()).witnesses == (NAMES[0], NAMES[2])
    assert len(doors["police"].asked) == 1, "it owes an answer, and is not asked another time"
    gate.set()
    witnesses.close()


def test_time_runs_out_below_the_quorum(doors: Mapping[str, Door]) -> None:
    gate = threading.Event()
    for door in doors.values():
        door.answer = lambda _: Answer(200, str(gate.wait(20)).encode())
    witnesses = Witnesses(policy(), doors, within_s=0.05)
    with pytest.raises(NotYetError, match=r"within 0\.05 seconds"):
        cosigned(witnesses, 5)
    gate.set()
    witnesses.close()


def test_a_witness_that_is_ahead_stops_the_log(
    witnesses: Witnesses, doors: Mapping[str, Door]
) -> None:
    cosigned(witnesses, 9)
    for asked in (witnesses, asking(doors)):
        with pytest.raises(LogStateError, match=r"auditor has cosigned 9 entries, and we have 5"):
            cosigned(asked, 5)
    with pytest.raises(LogStateError, match="custos restore --log"):
        asking(doors).newest(OURS.note(5), prove(OURS, 5), 5)


def test_one_witness_that_has_seen_another_log_stops_it_whatever_the_others_say(
    doors: Mapping[str, Door], tmp_path: Path
) -> None:
    witness_in(tmp_path / "police", key_name("police")).add_checkpoint(submission(FORK, 0, 9))
    with pytest.raises(LogStateError, match="police has cosigned another root of 9"):
        cosigned(asking(doors, "any"), 9)
    with pytest.raises(LogStateError, match=r"police holds another log.*12 entries.*its 9"):
        cosigned(asking(doors, "any"), 12)


def test_what_a_slow_witness_has_seen_stops_the_next_checkpoint(
    doors: Mapping[str, Door],
) -> None:
    gate = threading.Event()

    def slow(_: bytes) -> Answer:
        gate.wait(20)
        return say_size(99)

    doors["police"].answer = slow
    witnesses = Witnesses(policy(), doors, patience_s=0.05)
    cosigned(witnesses, 5)
    gate.set()
    witnesses._pool.shutdown()  # until its answer has come
    with pytest.raises(LogStateError, match="99 entries"):
        cosigned(witnesses, 6)


def test_a_start_learns_how_far_each_witness_is(
    witnesses: Witnesses, doors: Mapping[str, Door]
) -> None:
    cosigned(witnesses, 5)
    doors["auditor"].down = True
    started = asking(doors)
    assert started.newest(OURS.note(9), prove(OURS, 9), 9) == {"neighbour": 9, "police": 9}


LINE = say_lines(
    sign_note(parse_note(OURS.note(5)).text, [Ed25519Cosigner("x", private_key("x"), 1)])
)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b""),
        Answer(200, b"\xff\n"),
        Answer(200, b"nonsense\n"),
        LINE,
        Answer(200, OURS.note(5)),
        Answer(301, b""),
        Answer(404, b"This log is not watched here\n"),
        Answer(403, b"\x1b[31mred\n"),
        Answer(422, b"\n"),
        Answer(500, b""),
        Answer(409, b"x\n", "text/x.tlog.size"),
        Answer(409, b"-1\n", "text/x.tlog.size"),
        say_size(3),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:12]!r}",
)
def test_nonsense_counts_for_nothing_and_stops_nobody(
    doors: Mapping[str, Door], answer: Answer
) -> None:
    told: list[str] = []
    doors["police"].answer = lambda _: answer
    witnesses = asking(doors, told=told)
    assert check_checkpoint(cosigned(witnesses, 5), policy()).witnesses == (NAMES[0], NAMES[2])
    assert len(told) == 1
    assert told[0].isprintable()


def test_a_changed_cosignature_is_not_taken(doors: Mapping[str, Door]) -> None:
    honest = doors["police"].answer

    def changed(body: bytes) -> Answer:
        answer = honest(body)
        at = len(answer.body) - 20
        letter = b"A" if answer.body[at : at + 1] != b"A" else b"B"
        return replace(answer, body=answer.body[:at] + letter + answer.body[at + 1 :])

    doors["police"].answer = changed
    with pytest.raises(NotYetError, match=r"police: its cosignature does not hold"):
        cosigned(asking(doors, "all"), 5)


def test_the_cosignature_of_one_witness_does_not_count_for_another(
    doors: Mapping[str, Door],
) -> None:
    doors["police"].answer = doors["neighbour"].answer
    with pytest.raises(NotYetError, match="police"):
        cosigned(asking(doors, "all"), 5)


def test_a_witness_with_two_keys_is_asked_once(tmp_path: Path) -> None:
    def signers(seconds: int) -> tuple[NoteSigner, ...]:
        name = "witness.two.example"
        return (
            Ed25519Cosigner(name, private_key(name), seconds),
            MlDsa44Cosigner(name, pq_key(name), seconds),
        )

    first, second = signers(LOOKED)
    both = LogPolicy(
        LOG.key,
        (Witness("two", first.key), Witness("two-pq", second.key)),
        (WitnessGroup("both", "all", ("two", "two-pq")),),
        "both",
    )
    door = Door(witness_in(tmp_path, signers=signers).add_checkpoint)
    witnesses = Witnesses(both, {"two": door, "two-pq": door})
    assert check_checkpoint(cosigned(witnesses, 5), both).witnesses == ("two", "two-pq")
    assert len(door.asked) == 1


def test_what_goes_wrong_on_our_side_is_not_blamed_on_a_witness(
    witnesses: Witnesses,
) -> None:
    cosigned(witnesses, 5)

    def away(_: int) -> list[bytes]:
        raise WorldError

    with pytest.raises(WorldError):
        witnesses.cosign(OURS.note(9), away, 9)


class WorldError(Exception):
    """Stands for a database that is away."""
