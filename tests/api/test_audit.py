"""`custos log audit` finds whatever was changed behind the ledger's back, in any of its tables."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.event import listen
from sqlmodel import Session

from api.cli.log import audit_log, audit_session
from custody.audit.facts import AuditReport, Step
from custody.audit.log import take_snapshot
from custody.check.finding import Outcome
from custody.events import RecordKind
from evidence.errors import AccessRefusedError
from evidence.people.access import Role
from export.desk.claims.claims import claims
from tests.export.delivery.linking import sealed
from tests.houses import NEW, Estate, House, clip, house_in


@dataclass(frozen=True)
class Story:
    """A finished release, and nobody at work: what a test changes is undone."""

    database: str
    """Where the superuser finds it."""
    house: House
    exhibit: str
    release: str

    @contextmanager
    def quiet(self) -> Iterator[Session]:
        """Open a transaction past every trigger and foreign key; nothing of it stays."""
        engine = create_engine(self.database, poolclass=NullPool)
        with Session(engine) as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            yield session


@pytest.fixture(scope="module")
def story(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with estate.plot(folder) as settings:
        with house_in(settings) as house:
            exhibit = house.exhibit(clip(folder).read_bytes(), NEW)
            house.looked_at(exhibit.id)
            unplayable = house.unplayable()
            refused = house.propose(exhibit.reference)
            house.do(
                Role.RELEASER,
                lambda session: house.services.decisions.refuse(
                    session,
                    str(refused.id),
                    by=house.subjects[Role.RELEASER],
                    at=house.services.clock(),
                    reason="not necessary",
                ),
            )
            release = house.propose(exhibit.reference)
            house.approve(release)
            house.seal(release)
            house.do(
                Role.OPERATOR,
                lambda session: house.services.packages.collect(
                    session,
                    str(release.id),
                    by=house.subjects[Role.OPERATOR],
                    at=house.services.clock(),
                ),
            )
            link = sealed(house, exhibit.reference)
            house.services.links.issue(link.id)
            hold(house, exhibit.reference, lifted=True)
            hold(house, unplayable.reference, lifted=False)
            house.events(exhibit.id)
            house.events(link.id)
        assert settings.engines is not None
        database = estate.superuser.at(make_url(settings.engines.app_url).database or "")
        yield Story(database, house, str(exhibit.id), str(release.id))


def hold(house: House, exhibit: str, *, lifted: bool) -> None:
    """Place a hold, and perhaps lift it."""
    holds, releaser = house.services.holds, house.subjects[Role.RELEASER]
    for act in (holds.place, holds.lift) if lifted else (holds.place,):
        at = house.services.clock()
        house.do(
            Role.RELEASER,
            partial(_called, act, exhibit, reason="appeal", by=releaser, at=at),
        )


def _called(act: Any, exhibit: str, session: Session, **given: Any) -> None:  # noqa: ANN401
    act(session, exhibit, **given)


def audit_after(story: Story, *changes: str) -> AuditReport:
    """Audit what the superuser would see after these changes; nothing of them stays."""
    with story.quiet() as session:
        for change in changes:
            words = change.replace("EXHIBIT", story.exhibit).replace("RELEASE", story.release)
            assert session.connection().exec_driver_sql(words.replace("%", "%%")).rowcount
        return audit_session(story.house.services, session)


def failed_steps(report: AuditReport) -> set[str]:
    return {finding.step for finding in report.failed}


def test_an_untouched_ledger_passes_and_everything_was_looked_at(story: Story) -> None:
    report = audit_after(story)
    assert not report.failed
    assert {finding.step for finding in report.findings} == set(Step) - {Step.WAITING}
    words = " ".join(finding.words for finding in report.findings)
    assert f"{report.size} entries" in words
    assert "7 exhibits, releases and holds" in words
    assert " 0 " in words
    assert words.count(" 0 ") == 1, "only the erased values may be none"


CHANGES = re.findall(
    r"^-- (\w+): (.+)\n((?:(?!--).+\n)+)",
    (Path(__file__).parent / "changes.sql").read_text(),
    re.MULTILINE,
)
_SOMEBODY = text("SELECT key_record FROM custody_value WHERE field = 'actor' LIMIT 1")


@pytest.mark.parametrize(
    ("step", "change"), [pytest.param(step, sql, id=what) for step, what, sql in CHANGES]
)
def test_what_was_changed_is_found(story: Story, step: str, change: str) -> None:
    report = audit_after(story, change)
    assert step in failed_steps(report), report.failed


def test_two_processes_say_of_a_whole_house_what_one_says(story: Story) -> None:
    services = story.house.services
    with story.quiet() as session:
        take_snapshot(session)
        one, two = (audit_session(services, session, processes=number) for number in (1, 2))
    assert not one.failed
    assert one == two


def test_what_is_claimed_of_many_is_read_by_one_statement_a_table(story: Story) -> None:
    asked: list[str] = []
    with story.quiet() as session:
        engine = session.get_bind()
        listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        found = list(claims(session))
    assert len(found) == 7
    assert len(asked) == 17, "three lists; four tables about exhibits, ten about releases"


def test_an_event_made_by_hand_is_found_before_it_has_its_place(story: Story) -> None:
    report = audit_after(
        story,
        "INSERT INTO custody_event (id, record, n, event, at, entry, mac) SELECT "
        "gen_random_uuid(), record, n + 1, event, at, entry, mac FROM custody_event "
        "WHERE record = 'RELEASE' ORDER BY n DESC LIMIT 1",
        "INSERT INTO custody_outbox SELECT id FROM custody_event ORDER BY seq DESC LIMIT 1",
    )
    assert failed_steps(report) >= {Step.EVENTS, Step.RECORDS}


def test_an_event_that_waits_is_named_with_its_age_and_is_no_fault(story: Story) -> None:
    services = story.house.services
    with story.quiet() as session:
        record = services.ledger.open_record(session, RecordKind.STAFF_ACTION)
        services.ledger.append(
            session,
            record,
            "record.values_lost",
            {"lost_record": str(record)},
            at=services.clock() - timedelta(hours=1),
        )
        report = audit_session(services, session)
    assert not report.failed
    (waiting,) = [finding for finding in report.findings if finding.step == Step.WAITING]
    assert waiting.outcome is Outcome.NOTE
    assert waiting.words.startswith("record.values_lost waits for its place since 3,6")


def test_what_was_erased_in_order_is_counted_and_is_no_fault(story: Story) -> None:
    services = story.house.services
    with story.quiet() as session:
        person = session.execute(_SOMEBODY).scalar_one()
        services.ledger.append(
            session, person, "erase.requested", {"basis": "UK GDPR Art 17"}, at=services.clock()
        )
        session.execute(text("DELETE FROM custody_value WHERE key_record = :p"), {"p": person})
        session.execute(text("DELETE FROM record_key WHERE record = :p"), {"p": person})
        report = audit_session(services, session)
    assert not report.failed
    (opened,) = [finding for finding in report.findings if finding.step == Step.OPENINGS]
    erased = int(opened.words.split("; ")[1].split()[0])
    assert erased >= 4, "record, n, prev and basis, and wherever that person acted"


def test_findings_are_few_even_where_everything_is_wrong(story: Story) -> None:
    report = audit_after(story, "UPDATE custody_event SET mac = ''")
    events = [finding for finding in report.findings if finding.step == Step.EVENTS]
    assert len(events) == 21
    assert events[-1].words == f"And {report.size - 20} more like these."
    assert all(finding.outcome is Outcome.FAIL for finding in events)


def test_who_may_not_audit_is_refused(house: House) -> None:
    with pytest.raises(AccessRefusedError):
        audit_log(house.services, house.subjects[Role.ADMINISTRATOR])
