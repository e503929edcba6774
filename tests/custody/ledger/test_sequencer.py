"""The sequencer: every event gets its place once, and only what the service wrote is signed."""

import re
import secrets
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from custody.errors import CustodyError, ForgedEventError, LogStateError
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.events import RecordKind
from custody.formats.note import check_note, parse_note
from custody.formats.policy import LogPolicy, Witness, check_checkpoint
from custody.ledger.ledger import event_mac, node_reader
from custody.ledger.sequencer import LOCK, Turn
from custody.ledger.tables import (
    CustodyEventRow,
    LogCheckpointRow,
    LogEntryRow,
    LogNodeRow,
    LogRootRow,
    OutboxRow,
)
from custody.tree import merkle
from custody.witness.answers import Answer
from custody.witness.requests import parse_submission
from storage.database import named_lock, transaction
from tests.custody.desks import Desk
from tests.custody.ledgers import NOON, POLICE
from tests.custody.witness.logs import Door, log_of, submission, witness_in


class KilledError(Exception):
    """Stands for a kill: nothing after it runs."""


def test_waiting_events_get_their_places_and_a_signed_checkpoint(desk: Desk) -> None:
    record = desk.open_record()
    for _ in range(3):
        desk.write(record)
    assert desk.indices(record) == [None, None, None]
    assert desk.sequencer.turn() == Turn(3, 3)
    assert desk.indices(record) == [0, 1, 2]
    with transaction(desk.engine) as session:
        note = parse_note(session.get_one(LogCheckpointRow, 3).note)
    assert check_note(note, [desk.signer.key]) == (desk.signer.key,)
    assert parse_checkpoint(note.text).size == 3
    assert desk.check_log() == 3


def test_a_turn_without_events_adds_and_signs_nothing(desk: Desk) -> None:
    assert desk.sequencer.turn() == Turn(0, None)
    desk.write(desk.open_record())
    assert desk.sequencer.turn() == Turn(1, 1)
    assert desk.sequencer.turn() == Turn(0, None)
    assert desk.checkpoint_sizes() == [1]


def test_the_log_grows_by_itself_and_every_checkpoint_is_a_beginning_of_the_next(
    desk: Desk,
) -> None:
    record = desk.open_record()
    for batch in (1, 2, 4, 1, 5):
        for _ in range(batch):
            desk.write(record)
        desk.sequencer.turn()
    sizes = desk.checkpoint_sizes()
    assert sizes == [1, 3, 7, 8, 13]
    with transaction(desk.engine) as session:
        read = node_reader(session)
        roots = {size: session.get_one(LogRootRow, size).root for size in sizes}
        for old in sizes:
            for new in sizes[sizes.index(old) :]:
                proof = merkle.prove_consistency(old, new, read)
                merkle.check_consistency(old, new, roots[old], roots[new], proof)
    assert desk.check_log() == 13


def test_a_late_commit_is_not_lost(desk: Desk) -> None:
    """The event that was written first commits last, after the log went past its number."""
    early, late = desk.open_record(), desk.open_record()
    with transaction(desk.engine) as session:
        first = desk.append(session, late)
        second = desk.write(early)
        with transaction(desk.engine) as other:
            later = other.get_one(CustodyEventRow, second).seq
        assert (session.get_one(CustodyEventRow, first).seq or 0) < (later or 0)
        assert desk.sequencer.turn() == Turn(1, 1)
        assert desk.indices(early) == [0]
    assert desk.sequencer.turn() == Turn(1, 2)
    assert desk.indices(late) == [1]
    assert desk.check_log() == 2


def test_what_came_while_the_sequencer_was_away_is_caught_up_with_in_order(desk: Desk) -> None:
    records = [desk.open_record() for _ in range(4)]
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda record: [desk.write(record) for _ in range(6)], records))
    assert desk.sequencer.turn() == Turn(24, 24)
    for record in records:
        places = [index for index in desk.indices(record) if index is not None]
        assert places == sorted(places)
        assert len(places) == 6
    assert desk.check_log() == 24


def put_event(engine: Engine, event: CustodyEventRow) -> None:
    """Write rows with the rights of the service, as an intruder in the database would."""
    with transaction(engine) as session:
        session.add(event)
        session.flush()
        session.add(OutboxRow(event=event.id))


def forged(desk: Desk, original: uuid.UUID, *, mac: bytes | None = None) -> CustodyEventRow:
    """Make an event of a record of its own out of an honest one's entry."""
    record = desk.open_record()
    with transaction(desk.engine) as session:
        row = session.get_one(CustodyEventRow, original)
    return CustodyEventRow(
        id=uuid.uuid4(),
        record=record,
        n=0,
        event=row.event,
        at=NOON,
        entry=row.entry,
        mac=mac or row.mac,
    )


def check_stopped(desk: Desk, error: type[CustodyError], size: int, signed: list[int]) -> None:
    """Check that the log stops, at every turn, and that the alarm is kept."""
    with pytest.raises(error) as raised:
        desk.sequencer.turn()
    assert desk.state().alarm == str(raised.value)
    with pytest.raises(LogStateError, match=re.escape(str(raised.value))):
        desk.sequencer.turn()
    assert desk.state().alarm == str(raised.value)
    assert desk.state().size == size
    assert desk.checkpoint_sizes() == signed


def test_an_event_that_the_service_did_not_write_stops_the_log(desk: Desk) -> None:
    """Nothing more is added: not the forged one, and none of the honest ones around it."""
    record = desk.open_record()
    honest = desk.write(record)
    desk.sequencer.turn()
    desk.write(record)
    event = forged(desk, honest, mac=event_mac(secrets.token_bytes(32), b"any"))
    put_event(desk.engine, event)
    desk.write(record)
    check_stopped(desk, ForgedEventError, 1, [1])
    assert str(event.id) in desk.state().alarm
    assert desk.indices(record) == [0, None, None]


def test_an_honest_entry_cannot_be_logged_a_second_time(desk: Desk) -> None:
    """Its MAC is right: it is the identifier in it that is another event's."""
    honest = desk.write(desk.open_record())
    desk.sequencer.turn()
    put_event(desk.engine, forged(desk, honest))
    check_stopped(desk, ForgedEventError, 1, [1])


def test_a_root_that_was_not_built_is_not_signed(desk: Desk) -> None:
    desk.write(desk.open_record())
    desk.sequencer.turn()
    with transaction(desk.engine) as session:
        session.add(LogRootRow(size=2, root=bytes(32)))
    check_stopped(desk, LogStateError, 1, [1])


@pytest.mark.parametrize("whose", ["nobody's", "an honest event's"])
def test_an_entry_that_the_service_did_not_write_is_not_signed(desk: Desk, whose: str) -> None:
    """An intruder with the service's rights writes a whole consistent tree with a lie in it."""
    honest = desk.write(desk.open_record())
    desk.sequencer.turn()
    event = forged(desk, honest)
    waiting = desk.write(desk.open_record())
    with transaction(desk.engine) as session:
        lie = session.get_one(CustodyEventRow, waiting).entry.replace(b"T12:", b"T11:")
        session.delete(session.get_one(OutboxRow, waiting))
        session.add(event)
        session.flush()
        named = event.id if whose == "nobody's" else waiting
        session.add(LogEntryRow(index=1, event=named, entry=lie))
        for node, value in merkle.new_nodes(1, [merkle.leaf_hash(lie)], node_reader(session)):
            session.add(LogNodeRow(level=node.level, index=node.index, hash=value))
        session.flush()
        root = merkle.tree_root(2, node_reader(session))
        session.add(LogRootRow(size=2, root=root))
        session.connection().execute(text("UPDATE log_state SET size = 2"))
    with pytest.raises((ForgedEventError, LogStateError)):
        desk.sequencer.turn()
    assert desk.checkpoint_sizes() == [1]
    assert desk.state().alarm


@pytest.mark.parametrize(
    "row",
    [
        LogNodeRow(level=0, index=1, hash=bytes(32)),
        LogNodeRow(level=1, index=0, hash=bytes(32)),
        LogRootRow(size=2, root=bytes(32)),
        LogCheckpointRow(size=2, note=b"not signed by us"),
    ],
    ids=["leaf", "node", "root", "checkpoint"],
)
def test_what_stands_where_the_log_grows_stops_it(
    desk: Desk, row: LogNodeRow | LogRootRow | LogCheckpointRow
) -> None:
    record = desk.open_record()
    desk.write(record)
    desk.sequencer.turn()
    with transaction(desk.engine) as session:
        session.add(row.model_copy())
    desk.write(record)
    with pytest.raises(LogStateError):
        desk.sequencer.turn()
    assert desk.state().alarm
    assert desk.state().size == 1


def test_killed_before_the_commit_the_next_one_finds_all_as_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(desk.open_record())

    def killed(_session: Session) -> None:
        raise KilledError

    monkeypatch.setattr(Session, "commit", killed)
    monkeypatch.setattr(desk.sequencer, "_waiting", killed)
    with pytest.raises(KilledError):
        desk.sequencer.turn()
    monkeypatch.undo()
    assert desk.state().size == 0
    assert desk.another_sequencer().turn() == Turn(1, 1)
    assert desk.check_log() == 1


def killed_before_signing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed() -> None:
        raise KilledError

    sequencer = desk.another_sequencer()
    monkeypatch.setattr(sequencer._checkpoints, "advance", killed)
    with pytest.raises(KilledError):
        sequencer.turn()


def test_a_root_that_nobody_lived_to_sign_is_signed_at_the_next_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(desk.open_record())
    killed_before_signing(desk, monkeypatch)
    assert (desk.state().size, desk.checkpoint_sizes()) == (1, [])
    assert desk.another_sequencer().turn() == Turn(0, 1)
    assert desk.another_sequencer().turn() == Turn(0, None)
    assert desk.check_log() == 1


def test_there_is_one_root_for_a_size_however_often_a_sequencer_is_killed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = desk.open_record()
    for _ in range(3):
        desk.write(record)
        killed_before_signing(desk, monkeypatch)
    desk.write(record)
    assert desk.another_sequencer().turn() == Turn(1, 4)
    with transaction(desk.engine) as session:
        assert list(session.exec(select(LogRootRow.size).order_by(col(LogRootRow.size)))) == [
            1,
            2,
            3,
            4,
        ]
    assert desk.checkpoint_sizes() == [4]


def test_only_one_sequencer_holds_the_lock_and_a_dead_one_leaves_none(desk: Desk) -> None:
    with named_lock(desk.engine, LOCK) as first:
        assert first is not None
        with named_lock(desk.engine, LOCK) as second:
            assert second is None
        pid = first.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with desk.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with named_lock(desk.engine, LOCK) as third:
            assert third is not None
        first.invalidate()


def test_two_that_believe_they_are_alone_add_nothing_twice(desk: Desk) -> None:
    """The lock can be lost with its connection; the size that was read fences the tree."""
    records = [desk.open_record(RecordKind.EXHIBIT) for _ in range(3)]
    stop = threading.Event()

    def sequence() -> None:
        sequencer = desk.another_sequencer()
        while not stop.is_set():
            sequencer.turn()

    with ThreadPoolExecutor(2) as sequencers, ThreadPoolExecutor(3) as writers:
        running = [sequencers.submit(sequence) for _ in range(2)]
        try:
            list(writers.map(lambda record: [desk.write(record) for _ in range(10)], records))
        finally:
            stop.set()
        for one in running:
            one.result(30)
    desk.sequencer.turn()
    assert desk.state().alarm == ""
    assert desk.check_log() == 30
    for record in records:
        assert None not in desk.indices(record)


def test_witnesses_cosign_while_no_lock_is_held(desk: Desk, tmp_path: Path) -> None:
    """The log's own line stands first; a proof is read while others are asked."""
    door = Door(witness_in(tmp_path, POLICE.name).add_checkpoint)
    policy = LogPolicy(desk.signer.key, (Witness("police", POLICE.key),), (), "police")
    witness, held = door.answer, []

    def looking(body: bytes) -> Answer:
        with desk.engine.connect() as other:
            other.exec_driver_sql("SELECT 1 FROM log_state FOR UPDATE NOWAIT")
            held.append(parse_submission(body).old)
        return witness(body)

    door.answer = looking
    record = desk.open_record()
    desk.write(record)
    for sequencer in (desk.witnessed(policy, door), desk.witnessed(policy, door)):
        desk.write(record)
        assert sequencer.turn().signed == len(desk.indices(record))
    assert held == [0, 0, 2, 2], "a new one asks at first what is held, and then goes on from it"
    with transaction(desk.engine) as session:
        notes = [row.note for row in session.exec(select(LogCheckpointRow))]
    assert all(check_checkpoint(note, policy).witnesses == ("police",) for note in notes)
    assert desk.check_log() == 3


def test_below_the_quorum_nothing_is_stored_and_the_next_turn_goes_on(
    desk: Desk, tmp_path: Path
) -> None:
    door = Door(witness_in(tmp_path, POLICE.name).add_checkpoint, down=True)
    policy = LogPolicy(desk.signer.key, (Witness("police", POLICE.key),), (), "police")
    sequencer = desk.witnessed(policy, door)
    record = desk.open_record()
    desk.write(record)
    turn = sequencer.turn()
    assert (turn.added, turn.signed) == (1, None)
    assert "police: it cannot be reached" in turn.behind
    assert (desk.indices(record), desk.checkpoint_sizes(), desk.state().alarm) == ([0], [], "")
    door.down = False
    assert sequencer.turn() == Turn(0, 1)


def test_a_witness_that_is_ahead_stops_the_log(desk: Desk, tmp_path: Path) -> None:
    witness = witness_in(tmp_path, POLICE.name)
    witness.add_checkpoint(submission(log_of(7), 0))
    policy = LogPolicy(desk.signer.key, (Witness("police", POLICE.key),))
    desk.sequencer = desk.witnessed(policy, Door(witness.add_checkpoint))
    desk.write(desk.open_record())
    check_stopped(desk, LogStateError, 1, [])
    assert "police has cosigned 7 entries, and we have 1" in desk.state().alarm


def test_a_database_behind_a_witness_gives_no_place_away(desk: Desk, tmp_path: Path) -> None:
    desk.write(desk.open_record())
    assert desk.sequencer.turn().signed == 1
    witness = witness_in(tmp_path, POLICE.name)
    witness.add_checkpoint(submission(log_of(7), 0))
    policy = LogPolicy(desk.signer.key, (Witness("police", POLICE.key),))
    desk.sequencer = desk.witnessed(policy, Door(witness.add_checkpoint))
    desk.write(desk.open_record())
    check_stopped(desk, LogStateError, 1, [1])
    assert "police has cosigned 7 entries, and we have 1" in desk.state().alarm
