"""Custody events in a real database: written with what they record, or not at all."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col, select

from custody.errors import CustodyError, KeyStoreError, NotYetError
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.entry import check_opening, parse_entry
from custody.formats.events import RecordKind
from custody.formats.note import parse_note
from custody.formats.proof import check_proof, parse_proof
from custody.ledger.erasure import destroy, hold
from custody.ledger.ledger import Person, Values
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import CustodyEventRow, CustodyRecord, LogStampRow, RecordKeyRow
from storage.database import transaction
from tests.custody.desks import Desk
from tests.custody.ledgers import NOON

APPEND_ONLY = {
    "custody_event": "n",
    "log_entry": "index",
    "log_node": "index",
    "log_root": "size",
    "log_checkpoint": "size",
    "log_stamp": "size",
    "seal_step": "step",
    "seal_file": "path",
}
"""Tables, each with one of its columns."""


WAITS = text(
    "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE NOT l.granted AND a.datname = current_database())"
)
"""Whether somebody waits for a lock of this database."""


class UndoneError(Exception):
    """What a test raises to undo its transaction."""


def events(desk: Desk, record: UUID) -> list[CustodyEventRow]:
    with transaction(desk.engine) as session:
        rows = session.exec(
            select(CustodyEventRow)
            .where(CustodyEventRow.record == record)
            .order_by(col(CustodyEventRow.n))
        )
        return list(rows)


def check_chain(rows: list[CustodyEventRow], desk: Desk) -> None:
    """Check n and prev, in the rows and in what the entries commit to."""
    head = ""
    with transaction(desk.engine) as session:
        for n, row in enumerate(rows):
            openings = {one.field: one for one in desk.ledger.openings(session, row.id)}
            entry = parse_entry(row.entry)
            for opening in openings.values():
                check_opening(entry, opening)
            assert (row.n, openings["n"].value, openings["prev"].value) == (n, n, head)
            head = hashlib.sha256(row.entry).hexdigest()
        record = session.get_one(CustodyRecord, rows[0].record)
        assert (record.next_n, record.head) == (len(rows), head)


def test_an_undone_transaction_leaves_no_event(desk: Desk) -> None:
    record = desk.open_record()
    desk.write(record)
    with pytest.raises(UndoneError), transaction(desk.engine) as session:  # noqa: PT012 - the transaction is what raises
        desk.append(session, record)
        raise UndoneError
    assert [row.n for row in events(desk, record)] == [0]
    desk.write(record)
    check_chain(events(desk, record), desk)
    assert desk.sequencer.turn().added == 2


def test_an_event_follows_the_one_before(desk: Desk) -> None:
    record = desk.open_record()
    for _ in range(4):
        desk.write(record)
    check_chain(events(desk, record), desk)


def test_writers_of_one_record_wait_for_each_other(desk: Desk) -> None:
    """Eight at once: every event gets a number of its own, and follows exactly one other."""
    record = desk.open_record()
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda number: desk.write(record, f"writer {number}"), range(24)))
    check_chain(events(desk, record), desk)


def test_a_head_that_was_read_before_the_lock_is_read_again(desk: Desk) -> None:
    record = desk.open_record()
    with transaction(desk.engine) as session:
        assert desk.ledger.head(session, record).n == -1
        desk.write(record, "by somebody else")
        desk.append(session, record)
    check_chain(events(desk, record), desk)


def test_an_event_without_an_index_has_no_proof_yet(desk: Desk) -> None:
    record = desk.open_record()
    event = desk.write(record)
    with transaction(desk.engine) as session:
        with pytest.raises(NotYetError):
            desk.ledger.history(session, record)
        with pytest.raises(NotYetError):
            desk.ledger.first_checkpoint(session, event)


def check_proven(desk: Desk, session: Session, event: UUID) -> None:
    first = desk.ledger.first_checkpoint(session, event)
    proof = parse_proof(desk.ledger.proof(session, first.index, first))
    said = parse_checkpoint(parse_note(proof.checkpoint).text)
    check_proof(proof, desk.ledger.entry(session, event), said)


def test_when_a_persons_key_is_gone_their_name_is_closed_and_the_proofs_hold(desk: Desk) -> None:
    record, person = desk.open_record(), desk.open_record(RecordKind.PERSON)
    event = desk.write_person(record, person)
    desk.sequencer.turn()
    with transaction(desk.engine) as session:
        before = {one.field for one in desk.ledger.openings(session, event)}
        session.delete(session.get_one(RecordKeyRow, person))
    with transaction(desk.engine) as session:
        after = desk.ledger.openings(session, event)
        assert before - {one.field for one in after} == {"actor"}
        for opening in after:
            check_opening(parse_entry(desk.ledger.entry(session, event)), opening)
        check_proven(desk, session, event)
        (logged,) = desk.ledger.history(session, record)
        assert "actor" not in {one.field for one in logged.openings}


def test_when_a_records_key_is_gone_nothing_of_it_opens_and_the_proofs_hold(desk: Desk) -> None:
    record, person = desk.open_record(), desk.open_record(RecordKind.PERSON)
    event = desk.write_person(record, person)
    desk.sequencer.turn()
    with transaction(desk.engine) as session:
        session.delete(session.get_one(RecordKeyRow, record))
    with transaction(desk.engine) as session:
        assert {one.field for one in desk.ledger.openings(session, event)} == {"actor"}
        check_proven(desk, session, event)
    with pytest.raises(CustodyError, match="was erased"):
        desk.write(record)


def test_a_key_that_goes_while_the_head_is_waited_for_is_not_used(desk: Desk) -> None:
    record = desk.open_record()
    desk.write(record)
    with ThreadPoolExecutor(1) as pool:
        with transaction(desk.engine) as session:
            hold(session, record)
            late = pool.submit(desk.write, record)
            with transaction(desk.engine) as watching:
                while not watching.connection().scalar(WAITS):
                    assert not late.done()
            destroy(session, record)
        with pytest.raises(CustodyError, match="was erased"):
            late.result()
    assert len(events(desk, record)) == 1


def test_a_record_that_nobody_opened_gets_no_event(desk: Desk) -> None:
    with pytest.raises(CustodyError, match="there is no record"):
        desk.write(UUID(int=0xABC))


def test_a_name_is_never_committed_under_the_records_key(desk: Desk) -> None:
    record, person = desk.open_record(), desk.open_record(RecordKind.PERSON)
    bare: Values = {
        "actor": "Jo Smith",
        "role": "operator",
        "reference": "speaking clock",
        "offset_ms": 0,
    }
    with (
        transaction(desk.engine) as session,
        pytest.raises(CustodyError, match="under a person's key"),
    ):
        desk.ledger.append(session, record, "clock.checked", bare, at=NOON)
    wrong: Values = {
        "files": [{"sha256": "ab" * 32, "size": 1}],
        "result": Person(person, "Jo Smith"),
    }
    with (
        transaction(desk.engine) as session,
        pytest.raises(CustodyError, match="under a person's key"),
    ):
        desk.ledger.append(session, record, "integrity.checked", wrong, at=NOON)


def test_keys_of_two_records_that_were_swapped_are_refused(desk: Desk) -> None:
    one, other = desk.open_record(), desk.open_record()
    with transaction(desk.engine) as session:
        rows = [session.get_one(RecordKeyRow, record) for record in (one, other)]
        rows[0].wrapped, rows[1].wrapped = rows[1].wrapped, rows[0].wrapped
    for record in (one, other):
        with pytest.raises(KeyStoreError, match="cannot be unwrapped"):
            desk.write(record)


def test_a_key_does_not_open_under_another_key_encryption_key(desk: Desk) -> None:
    record = desk.open_record()
    with transaction(desk.engine) as session:
        assert desk.keys.open(session, record) is not None
        with pytest.raises(KeyStoreError, match=r"record-kek\.key"):
            RecordKeys(bytes(32), bytes).open(session, record)


def test_the_first_timestamp_of_a_checkpoint_stays(desk: Desk) -> None:
    """Two jobs may fetch one each: exhibits of one moment share their first checkpoint."""
    record = desk.open_record()
    event = desk.write(record)
    desk.sequencer.turn()
    with transaction(desk.engine) as one, transaction(desk.engine) as other:
        assert desk.ledger.first_checkpoint(one, event).tsr is None
        assert desk.ledger.first_checkpoint(other, event).tsr is None
        desk.ledger.add_stamp(one, 1, b"first", authority="A", at=NOON)
        one.commit()
        desk.ledger.add_stamp(other, 1, b"second", authority="B", at=NOON)
    with transaction(desk.engine) as session:
        assert desk.ledger.first_checkpoint(session, event).tsr == b"first"
        assert len(session.exec(select(LogStampRow)).all()) == 1


def check_refused(engine: Engine, words: str) -> None:
    for table, column in APPEND_ONLY.items():
        statements = [
            f"UPDATE {table} SET {column} = {column}",  # noqa: S608 - names from this file
            f"TRUNCATE {table} CASCADE",
        ]
        if table != "seal_file":  # of which some may go, row by row: tests/export/sealing
            statements.append(f"DELETE FROM {table}")  # noqa: S608 - as above
        for statement in statements:
            with pytest.raises(ProgrammingError, match=words), engine.begin() as connection:
                connection.execute(text(statement))


def test_the_service_cannot_change_what_is_append_only(app: Engine) -> None:
    check_refused(app, "42501")


def test_a_trigger_refuses_even_the_owner(owner: Engine) -> None:
    check_refused(owner, "42501")


def test_the_service_owns_nothing_and_can_make_nothing(app: Engine) -> None:
    with app.connect() as connection:
        owned = connection.execute(
            text("SELECT relname FROM pg_class WHERE relowner = current_user::regrole")
        ).all()
        assert owned == []
    for statement in (
        "CREATE TABLE mine (n int)",
        "DROP TABLE custody_event",
        "ALTER TABLE custody_event DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON custody_event",
        "SET session_replication_role = replica",
        "ALTER TABLE custody_event OWNER TO current_user",
        "DROP FUNCTION custos_refuse_change CASCADE",
    ):
        with (
            pytest.raises(ProgrammingError, match="42501"),
            app.begin() as connection,
        ):
            connection.execute(text(statement))
