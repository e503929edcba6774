"""The audit of each night: once, on record, with a call to a person where something is wrong."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.builders.record.oversight import audit_material
from api.running.worker import worker
from api.times import utc_now
from custody.audit.facts import AuditReport
from evidence import attention
from evidence.attention import THE_LOG
from export.desk.oversight.nightly import AUDITED, DIFFERS, HOUR, JOB_AUDIT, NightlyAudit, _is_due
from export.desk.oversight.tables import AuditOutcome, LogAuditRow, UnrecordedAuditRow
from tests.houses import House

NOON = datetime(2030, 7, 3, 12, tzinfo=UTC)


def jobs_of_the_night(house: House) -> int:
    return house.look(
        lambda s: (
            s.connection().scalar(
                text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'log.audit'")
            )
            or 0
        )
    )


def rows(house: House) -> list[LogAuditRow]:
    return list(house.look(lambda s: s.exec(select(LogAuditRow)).all()))


def audited(house: House, nightly: NightlyAudit | None = None) -> tuple[AuditReport, LogAuditRow]:
    """Audit; return what was found, and the row that it left."""
    before = {one.id for one in rows(house)}
    report = (nightly or house.services.nightly_audit).audit()
    (row,) = [one for one in rows(house) if one.id not in before]
    return report, row


def calls(house: House) -> list[str]:
    return [one.words for one in house.look(lambda s: attention.calls_to(s, THE_LOG))]


@pytest.fixture
def changed(house: House) -> Iterator[str]:
    """Change a row as whoever reached the database would; change it back."""
    exhibit = house.exhibit(b"what somebody changes")
    change = text("UPDATE exhibit SET title = :title WHERE id = :id")
    with house.services.transaction() as session:
        session.execute(change, {"title": "Low Street", "id": exhibit.id})
    yield str(exhibit.reference)
    with house.services.transaction() as session:
        session.execute(change, {"title": "High Street", "id": exhibit.id})


def test_a_night_has_one_audit_and_what_is_younger_than_its_hour_none(house: House) -> None:
    nightly, now = house.services.nightly_audit, utc_now()
    nightly.due(at=now - timedelta(days=1))
    assert jobs_of_the_night(house) == 0, "nothing was recorded before that night"
    for _ in range(2):
        nightly.due(at=now + timedelta(days=2))
    assert jobs_of_the_night(house) == 1


def test_what_an_audit_found_is_an_event_and_a_row_that_the_next_one_holds(house: House) -> None:
    ticks = iter([10.0, 12.5])
    nightly = NightlyAudit(
        house.services.transaction,
        house.services.ledger,
        house.services.jobs,
        lambda: audit_material(house.settings, house.services.keyring, utc_now()),
        clock=utc_now,
        elapsed=lambda: next(ticks),
    )
    report, row = audited(house, nightly)
    assert not report.failed
    ((event, values),) = house.events(row.id)
    assert event == AUDITED
    assert values["size"] == row.size == report.size
    assert values["root"] == row.root == report.root.hex()
    assert values["outcome"] == row.outcome == AuditOutcome.WHOLE
    assert values["duration_ms"] == row.duration_ms == 2500
    assert not {key for one in row.findings for key in one} & {"expected", "found"}
    again = house.services.nightly_audit.audit()
    assert not again.failed


def test_what_does_not_agree_calls_a_person_until_it_agrees_again(
    house: House, changed: str
) -> None:
    report, row = audited(house)
    assert report.failed
    assert (row.outcome, row.failures) == (AuditOutcome.DIFFERS, len(report.failed))
    (words,) = calls(house)
    assert words.startswith("the audit of the log found: ")
    assert changed in words
    assert "Low Street" not in words + json.dumps(row.findings), "what differs may name people"


def test_the_call_is_taken_back_once_all_agrees(house: House) -> None:
    with house.services.transaction() as session:
        attention.call(session, THE_LOG, DIFFERS, "old", at=utc_now())
    assert not house.services.nightly_audit.audit().failed
    assert calls(house) == []


def test_one_that_broke_down_is_left_to_a_person_until_the_next_night(house: House) -> None:
    def due(session: Session, at: datetime) -> bool:
        return _is_due(session, at)

    assert house.look(lambda s: due(s, NOON))
    with house.services.transaction() as session:
        attention.call(session, THE_LOG, JOB_AUDIT, "it broke down", at=NOON)
    try:
        assert not house.look(lambda s: due(s, NOON))
        hour = NOON.replace(day=4, hour=HOUR - 1)  # British Summer Time
        assert not house.look(lambda s: due(s, hour - timedelta(seconds=1)))
        assert house.look(lambda s: due(s, hour))
    finally:
        with house.services.transaction() as session:
            attention.settle(session, THE_LOG, JOB_AUDIT)


class Counted(NightlyAudit):
    """Counts instead of auditing."""

    times = 0

    def audit(self) -> AuditReport:
        """Find nothing."""
        self.times += 1
        return AuditReport(0, b"", ())


def test_the_worker_does_it_and_does_not_do_it_twice(house: House) -> None:
    assert JOB_AUDIT in worker(house.services)._app.tasks
    night, services = utc_now() + timedelta(days=2), house.services
    nightly = Counted(
        services.transaction,
        services.ledger,
        services.jobs,
        lambda: audit_material(house.settings, services.keyring, night),
        clock=lambda: night,
        elapsed=lambda: 0.0,
    )
    nightly.run(THE_LOG)
    assert nightly.times == 1
    found: dict[str, Any] = {
        "size": 0,
        "root": "",
        "outcome": "differs",
        "failures": 1,
        "findings": [],
    }
    with services.transaction() as session:
        session.add(UnrecordedAuditRow(at=night, why="stopped", duration_ms=0, **found))
    nightly.run(THE_LOG)
    assert nightly.times == 1
