"""A log that has stopped: all can be read, nothing is recorded, every page for staff says so."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import Session, func, select

from api.app import create_app
from api.cli.proof.logs.database import audit_log
from api.cli.terminal.failures import failing_well
from api.health import NOT_WELL
from api.running.preparing import prepare
from api.running.worker import RETRYABLE, _mark_due
from api.times import utc_now
from api.wiring import build
from custody.errors import LogStoppedError
from custody.ledger.contradictions import alarm, raise_alarm
from custody.ledger.houseclock import house_clock
from custody.ledger.tables import CustodyEventRow, CustodyRecord
from evidence import attention
from evidence.attention import THE_LOG
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.desk.oversight.nightly import DIFFERS
from export.desk.oversight.tables import AuditOutcome, LogAuditRow, UnrecordedAuditRow
from tests.api.asking import asked
from tests.api.web.visiting import Visitor, visiting
from tests.houses import Estate, House
from tests.houses import _let_in as let_in

WORDS = "event 7 <was not written> by this service"
PAGES = ("/console", "/console/exhibits", "/console/releases", "/console/custody", "/console/whole")


@pytest.fixture(scope="module")
def stopped(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Build a house on whose log nobody works: it has stopped."""
    with estate.plot(tmp_path_factory.mktemp("stopped")) as settings:
        prepare(settings)
        services = build(settings, pool_size=5)
        house = let_in(House(settings, services))
        house.exhibit()
        with services.transaction() as session:
            raise_alarm(session, WORDS)
            raise_alarm(session, "a later one says nothing new")
        yield house
        services.close()


def counts(session: Session) -> tuple[int, ...]:
    return tuple(
        session.exec(select(func.count()).select_from(table)).one()
        for table in (CustodyEventRow, CustodyRecord, ExhibitRow)
    )


@pytest.fixture
def operator(stopped: House) -> Iterator[Visitor]:
    with visiting(create_app(stopped.services), stopped) as visitor:
        visitor.sign_in(Role.AUDITOR)
        yield visitor


@pytest.mark.parametrize("path", PAGES)
def test_every_page_for_staff_shows_the_alarm(operator: Visitor, path: str) -> None:
    shown = operator.get(path)
    assert shown.status_code == 200
    assert "The custody log has stopped" in shown.text
    assert "event 7 &lt;was not written&gt; by this service" in shown.text


def test_whoever_is_not_signed_in_is_told_nothing_of_it(stopped: House) -> None:
    with visiting(create_app(stopped.services), stopped) as stranger:
        for path in ("/", "/help", "/verify"):
            assert "custody log has stopped" not in stranger.get(path).text


def test_without_an_alarm_no_page_speaks_of_one(stopped: House, operator: Visitor) -> None:
    with stopped.services.transaction() as session:
        session.connection().execute(text("UPDATE log_state SET alarm = ''"))
    try:
        assert "custody log has stopped" not in operator.get("/console").text
    finally:
        with stopped.services.transaction() as session:
            raise_alarm(session, WORDS)


def test_every_page_for_staff_shows_that_the_clock_may_be_wrong(
    stopped: House, operator: Visitor
) -> None:
    with stopped.services.transaction() as session:
        house_clock(session, lock=True).alarm = "3 days <ahead> of the last event"
    try:
        for path in PAGES:
            shown = operator.get(path).text
            assert "The clock of this service may be wrong" in shown
            assert "3 days &lt;ahead&gt; of the last event" in shown
    finally:
        with stopped.services.transaction() as session:
            house_clock(session, lock=True).alarm = ""
    assert "clock of this service" not in operator.get("/console").text


def new_machine(house: House) -> None:
    services, by = house.services, house.subjects[Role.ADMINISTRATOR]
    with services.transaction() as session:
        machine = services.people.add(session, "a machine")
        services.tokens.add(session, machine, (Role.OPERATOR,), by=by, at=utc_now())


def test_nothing_is_recorded_and_nothing_is_done_halfway(stopped: House) -> None:
    before = stopped.look(counts)
    with pytest.raises(LogStoppedError, match="nothing was done"):
        stopped.exhibit()
    with pytest.raises(LogStoppedError):
        new_machine(stopped)
    assert stopped.look(counts) == before
    # What a worker is at is tried again later, and no person is called for each job.
    assert LogStoppedError in RETRYABLE


def test_a_call_that_would_record_is_answered_with_a_sentence(stopped: House) -> None:
    with asked(create_app(stopped.services), stopped.tokens) as web:
        refused = web.ask("POST", "/releases/nothing/approval", "operator", json={"reason": "x"})
        read = web.ask("GET", "/exhibits", "operator")
        ready = web.ask("GET", "/readyz")
    assert refused.status_code == 503
    assert refused.json()["title"] == "log stopped"
    assert "What is here can be read" in refused.json()["detail"]
    assert read.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["sequencer"] == NOT_WELL
    assert stopped.services.health.report()["sequencer"] == f"the log has stopped: {WORDS}"
    assert stopped.look(alarm) == WORDS


def test_it_is_audited_all_the_same_and_what_was_found_is_kept_without_an_event(
    stopped: House, operator: Visitor
) -> None:
    before, report = stopped.look(counts), stopped.services.nightly_audit.audit()
    assert any(one.words == f"The log has stopped: {WORDS}." for one in report.failed)
    (row,) = stopped.look(lambda s: s.exec(select(UnrecordedAuditRow)).all())
    assert (row.outcome, row.failures) == (AuditOutcome.DIFFERS, len(report.failed))
    assert "nothing can be recorded now" in row.why
    assert stopped.look(counts) == before
    assert stopped.look(lambda s: s.exec(select(LogAuditRow)).all()) == []
    page = operator.get("/console/whole").text
    assert "It is not in the log: nothing can be recorded now" in page
    assert "The log has stopped: event 7 &lt;was not written&gt;" in page


def test_every_page_for_staff_shows_what_the_audit_found(stopped: House, operator: Visitor) -> None:
    with stopped.services.transaction() as session:
        attention.call(session, THE_LOG, DIFFERS, "a stored <hash> is another one", at=utc_now())
    try:
        for path in PAGES:
            shown = operator.get(path).text
            assert "The custody log and the database do not agree" in shown
            assert "a stored &lt;hash&gt; is another one" in shown
    finally:
        with stopped.services.transaction() as session:
            attention.settle(session, THE_LOG, DIFFERS)
    assert "do not agree" not in operator.get("/console").text


class Stands:
    """Whatever is due cannot be recorded."""

    def tell(self, *, at: datetime) -> None:
        del at
        raise LogStoppedError("nothing can be recorded now")


class Noted:
    """Notes that it was asked."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    def due(self, *, at: datetime) -> None:
        self.asked.append(at)


def test_what_cannot_be_recorded_keeps_no_audit_from_being_due(stopped: House) -> None:
    noted: Any = Noted()
    stands: Any = Stands()
    with pytest.raises(LogStoppedError):
        _mark_due(replace(stopped.services, nightly_audit=noted, refusals=stands))
    assert len(noted.asked) == 1


def test_what_is_taken_out_or_reported_waits_until_it_can_be_recorded(
    stopped: House, operator: Visitor
) -> None:
    before, by = stopped.look(counts), stopped.subjects[Role.AUDITOR]
    refused = operator.get("/console/custody.zip")
    assert refused.status_code in (409, 503)
    with pytest.raises(LogStoppedError, match="nothing was done"):
        stopped.do(
            Role.AUDITOR,
            lambda session: stopped.services.access_report.make(session, by=by, at=utc_now()),
        )
    assert stopped.look(counts) == before


def test_a_command_says_in_a_sentence_why_nothing_was_done(
    stopped: House, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> int:
        new_machine(stopped)
        return 0

    assert failing_well(run) == 1
    said = capsys.readouterr().err
    assert "the log has stopped" in said
    assert "Traceback" not in said


def test_an_audit_by_a_person_runs_too(stopped: House) -> None:
    report = audit_log(stopped.services, stopped.subjects[Role.AUDITOR])
    assert [one.words for one in report.failed] == [f"The log has stopped: {WORDS}."]


def test_a_page_that_cannot_record_does_not_promise_that_a_minute_mends_it(
    stopped: House, operator: Visitor
) -> None:
    reference = stopped.look(lambda s: s.exec(select(ExhibitRow.reference)).one())
    operator.sign_in(Role.OPERATOR)
    path = f"/console/exhibits/{reference.replace('/', '-')}/hold"
    refused = operator.fill(path, {"reason": "the coroner asks"})
    assert refused.status_code == 503
    assert "Nothing can be recorded now, and so nothing was done" in refused.text
    assert "A person must look at this service first" in refused.text
    assert "Wait a minute" not in refused.text


def test_every_page_says_that_footage_cannot_be_watched_either(operator: Visitor) -> None:
    shown = operator.get("/console").text
    assert "taken in, watched, decided, sealed or handed out" in shown
    assert "Everything here can be read" not in shown


def test_the_way_out_works_as_it_stands_in_the_documents(stopped: House) -> None:
    forged = uuid4()
    owner = create_engine(stopped.settings.addresses().owner_url)
    page = (Path(__file__).parents[3] / "docs/durability.md").read_text("utf-8")
    (way_out,) = re.findall(r"^ +BEGIN;\n(?: +.*\n)+", page, re.MULTILINE)
    with owner.begin() as connection:
        forge = text(
            "INSERT INTO custody_event (id, record, n, event, at, entry, mac) SELECT :id, record,"
            " 900, event, at, entry, mac FROM custody_event LIMIT 1"
        )
        connection.execute(forge, {"id": forged})
        connection.execute(text("INSERT INTO custody_outbox VALUES (:id)"), {"id": forged})
    assert len(audit_log(stopped.services, stopped.subjects[Role.AUDITOR]).failed) > 1
    with owner.connect() as connection:
        for statement in way_out.replace("EVENT", str(forged)).strip().split(";")[:-1]:
            connection.exec_driver_sql(statement)
    owner.dispose()
    assert stopped.look(alarm) == ""
    report = audit_log(stopped.services, stopped.subjects[Role.AUDITOR])
    with stopped.services.transaction() as session:
        raise_alarm(session, WORDS)
    assert not report.failed
