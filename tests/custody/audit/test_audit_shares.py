"""An audit that processes share finds what one finds, and says nothing if one of them ends."""

import os
import signal
from itertools import pairwise
from multiprocessing import parent_process
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from custody.audit.facts import MOST_SHOWN, WHOLE, AuditReport, Claim, Span, Step, Tally, spans
from custody.audit.log import audit, processes_worth, take_snapshot
from custody.audit.shares import ClaimsReader
from custody.formats.events import RecordKind
from custody.ledger.tables import LogStateRow
from storage.database import transaction
from storage.errors import UnavailableError
from tests.custody.desks import Desk, nothing_claimed


def dying(_session: Session, _span: Span) -> tuple[Claim, ...]:
    """End the process that reads the claims, unless it is the one that runs the tests."""
    if parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return ()


def audited(desk: Desk, processes: int, claims: ClaimsReader = nothing_claimed) -> AuditReport:
    with transaction(desk.engine) as session:
        take_snapshot(session)
        return audit(session, desk.material(claims), processes=processes)


@pytest.fixture
def records(desk: Desk) -> list[UUID]:
    """Write events in records all over, in the order of their identifiers."""
    person = desk.open_record(RecordKind.PERSON)
    records = [desk.open_record(RecordKind.STAFF_ACTION) for _ in range(40)]
    for record in records:
        with transaction(desk.engine) as session:
            desk.lose(session, record)
    for _ in range(9):
        desk.write_person(desk.open_record(), person)
    desk.sequencer.turn()
    return sorted(records)


def test_spans_follow_one_another_from_the_first_record_to_the_last() -> None:
    for count in (1, 2, 3, 16):
        cut = spans(count)
        assert (cut[0].first, cut[-1].last, len(cut)) == (WHOLE.first, WHOLE.last, count)
        for one, after in pairwise(cut):
            assert one.last.int + 1 == after.first.int


def test_two_processes_say_of_a_sound_log_what_one_says(desk: Desk, records: list[UUID]) -> None:
    one, two = audited(desk, 1), audited(desk, 2)
    assert one == two
    assert {finding.step for finding in one.failed} == {Step.CLAIMS}, "the exhibits have no claims"
    events = next(finding for finding in one.findings if finding.step is Step.EVENTS)
    assert events.words.startswith(f"{len(records) + 9} events")


def test_a_fault_in_each_half_is_found_and_stands_where_one_process_puts_it(
    desk: Desk, owner: Engine, records: list[UUID]
) -> None:
    first, last = records[0], records[-1]
    assert first.int < 1 << 127 <= last.int
    with owner.begin() as changing:
        changing.execute(text("ALTER TABLE custody_event DISABLE TRIGGER USER"))
        changing.execute(
            text("UPDATE custody_event SET mac = '' WHERE record IN (:first, :last)"),
            {"first": first, "last": last},
        )
        changing.execute(
            text(
                "UPDATE record_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) "
                "WHERE record IN (SELECT key_record FROM custody_value WHERE field = 'actor')"
            )
        )
    one, two = audited(desk, 1), audited(desk, 2)
    assert one == two
    forged = [finding.subject for finding in two.failed if finding.step is Step.EVENTS]
    events = {record: desk.first_event(record) for record in (first, last)}
    assert forged == [f"record.values_lost {events[first]}", f"record.values_lost {events[last]}"]
    (key,) = [finding for finding in two.failed if finding.step is Step.OPENINGS]
    assert "cannot be unwrapped" in key.words, "met in nine records, and said once"


def test_a_short_log_is_not_worth_another_process(desk: Desk) -> None:
    with transaction(desk.engine) as session:
        assert processes_worth(session, 8) == 1
        session.get_one(LogStateRow, 1).size = 50_000
        assert processes_worth(session, 8) == 8
        session.rollback()


def test_a_process_that_ends_is_an_error_and_no_good_word(desk: Desk, records: list[UUID]) -> None:
    assert records
    with pytest.raises(UnavailableError, match="ended before it was done"):
        audited(desk, 2, dying)


def test_tallies_that_are_added_show_what_one_would() -> None:
    whole, first, later = Tally(), Tally(), Tally()
    for number in range(3 * MOST_SHOWN):
        for tally in (whole, first if number < MOST_SHOWN - 5 else later):
            tally.fail(Step.EVENTS, "Wrong", str(number))
            tally.note(Step.WAITING, "Late", str(number))
            tally.fail_once(Step.OPENINGS, "A key", "of somebody")
            tally.counts["events"] += 1
    first.add(later)
    assert first.counts == whole.counts
    assert first.close() == whole.close()
