"""`custos log audit` finds whatever was changed behind the ledger's back, in any of its tables."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.event import listen
from sqlmodel import Session, select

from api.cli.proof.logs.database import audit_log, audit_session
from api.running.first_start import CAMERAS
from custody.audit.claims import compare
from custody.audit.facts import WHOLE, AuditReport, Claim, Step, Tally
from custody.audit.log import take_snapshot
from custody.check.finding import Outcome
from custody.formats.events import RecordKind
from custody.ledger.tables import CustodyRecord
from evidence.cameras.register import NewList
from evidence.errors import AccessRefusedError
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.differences import What
from evidence.fees.invoicing.lines import statement_reference
from evidence.fees.prices import Stage
from evidence.fees.tables import DifferenceRow
from evidence.people.access import Role
from evidence.requests.documents.kinds import DocumentKind, Verdict
from evidence.requests.states import Path as AskingPath
from evidence.requests.states import RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow
from export.desk.claims import claims as door
from export.desk.claims.agreement import Agreement
from export.desk.claims.claims import claims
from export.desk.claims.roles import check_roles
from export.feedback.answers import Answer, Helped
from export.release.releases import recipient_of
from export.release.tables import ReleaseRow
from tests.api.payments.described import DECLINED, desk
from tests.evidence.fees.invoicing.firms import Firm
from tests.evidence.fees.tills import Till
from tests.evidence.requests.documents.papers_filled import PDF, PNG
from tests.evidence.requests.requesting import decide, pay, preserve, request, review
from tests.export.delivery.linking import Desk, sealed
from tests.export.release.release_acts import chosen, hand_off, propose
from tests.houses import NEW, Estate, House, clip, house_in


@dataclass(frozen=True)
class Story:
    """A finished release, and nobody at work: what a test changes is undone."""

    superuser: Engine
    house: House
    exhibit: str
    release: str

    @contextmanager
    def quiet(self) -> Iterator[Session]:
        """Open a transaction past every trigger and foreign key; nothing of it stays."""
        with Session(self.superuser) as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            yield session


@pytest.fixture(scope="module")
def story(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with estate.plot(folder) as settings:
        with house_in(settings) as house:
            exhibit = house.exhibit(clip(folder).read_bytes(), NEW)
            house.looked_at(exhibit.id)
            unplayable = house.undecided()
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
            collect(house, link)
            settle(house, Role.GOVERNANCE, house.services.papers.erase, link.id)
            hand_off(house, release)
            say_it_helped(house, release.id)
            waiting = propose(
                house,
                exhibit.reference,
                files=chosen(exhibit, "AA-1-CP1.mp4"),
                with_master=False,
            )
            house.approve(waiting)
            remember(house, exhibit)
            nothing = house.exhibit(b"a picture of nothing")
            settle(house, Role.OPERATOR, house.services.remedies.set_aside, nothing.id)
            take_fees(house)
            hold(house, exhibit.reference, lifted=True)
            hold(house, unplayable.reference, lifted=False)
            see_cameras(house)
            ask_for_footage(house, exhibit)
            erase_a_request(house)
            erase_people(house, exhibit)
            dispose(house)
            look_again(house, exhibit)
            keep_accounts(house)
            house.services.nightly_audit.audit()
            for record in house.look(lambda s: s.exec(select(CustodyRecord.id)).all()):
                house.events(record)
        assert settings.engines is not None
        database = estate.superuser.at(make_url(settings.engines.app_url).database or "")
        engine = create_engine(database)
        yield Story(engine, house, str(exhibit.id), str(release.id))
        engine.dispose()


def ask_for_footage(house: House, exhibit: ExhibitRow) -> None:
    """Ask as an insurer, who comes to a release, and for oneself, which does not."""
    at = house.services.clock()
    paying = request(house, AskingPath.INSURER, at)
    decide(house, paying, RequestStep.COVERED, Role.OPERATOR, at)
    preserve(house, paying, at)
    pay(house, paying, Stage.REVIEW)
    review(house, paying, ReviewOutcome.FOUND, at, exhibit)
    decide(house, paying, RequestStep.APPROVED, Role.RELEASER, at)
    pay(house, paying, Stage.RELEASE)
    own = request(house, AskingPath.SUBJECT, at)
    decide(house, own, RequestStep.PAUSED, Role.GOVERNANCE, at)
    check_documents(house, own)
    write_both_ways(house, paying)
    with house.services.transaction() as session:
        by = house.subjects[Role.ADMINISTRATOR]
        house.services.requesters.name(
            session, "jo@insurer.example", AskingPath.INSURER, "Example Insurance", by=by, at=at
        )


def check_documents(house: House, row: RequestRow) -> None:
    """Send two documents of who somebody is; have one looked at, checked and deleted."""
    services, by, at = house.services, house.subjects[Role.GOVERNANCE], house.services.clock()
    kind, checks = DocumentKind.IDENTITY, services.document_checks
    with services.transaction() as session:
        for data in (PDF, PNG):
            came = services.document_arrivals.take(data)
            services.documents.receive(session, row.id, kind, came, at=at)
        one = str(services.documents.papers(session, row).held[0].row.id)
        said: dict[str, Any] = {"by": by, "at": at, "reason": "a passport"}
        checks.ask(session, row.urn, DocumentKind.AUTHORITY, **said)
        checks.look(session, row.urn, one, by=by, at=at)
        checks.check(session, row.urn, one, Verdict.ACCEPTED, **said)
        checks.delete(session, row.urn, one, **said)


def erase_a_request(house: House) -> None:
    """Ask long ago, pay, write, withdraw; and have the clock erase it."""
    at = house.services.clock() - timedelta(days=house.services.council.erase_days + 10)
    row = request(house, AskingPath.INSURER, at, email="gone@insurer.example")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    pay(house, row, Stage.REVIEW, at)
    write_both_ways(house, row)
    send_identity(house, row)
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    house.services.erasures.run(at=house.services.clock())


def erase_people(house: House, exhibit: ExhibitRow) -> None:
    """Ask that three recipients of refused releases are erased: one is, and one is not."""
    erasures, asking = house.services.person_erasures, house.subjects[Role.RELEASER]
    deciding, at = house.subjects[Role.GOVERNANCE], house.services.clock()
    rows = []
    for name in ("erased", "kept", "waiting"):
        address = f"{name}@barchester.police.example"
        row = propose(house, exhibit.reference, recipient_email=address)
        settle(house, Role.RELEASER, house.services.decisions.refuse, row.id)
        with house.services.transaction() as session:
            rows.append(erasures.ask(session, address, basis="article 17", by=asking, at=at).id)
    with house.services.transaction() as session:
        erasures.approve(session, str(rows[0]), by=deciding, at=at)
        erasures.refuse(session, str(rows[1]), by=deciding, at=at, reason="not them")
    erasures.run(rows[0])


def dispose(house: House) -> None:
    """Propose that three exhibits go: one is disposed of, one stays, one waits."""
    disposals, at = house.services.disposals, house.services.clock()
    by, deciding = house.subjects[Role.OPERATOR], house.subjects[Role.GOVERNANCE]
    rows = []
    for _ in range(3):
        exhibit = house.unplayable()
        with house.services.transaction() as session:
            said: dict[str, Any] = {"basis": "nobody needs it", "early": True}
            rows.append(disposals.propose(session, exhibit.reference, **said, by=by, at=at).id)
    with house.services.transaction() as session:
        disposals.approve(session, str(rows[0]), by=deciding, at=at)
        disposals.refuse(session, str(rows[1]), by=deciding, at=at, reason="an appeal")
    disposals.run(rows[0])


def look_again(house: House, exhibit: ExhibitRow) -> None:
    """Put an exhibit into a class of retention, and find at its review that it is needed yet."""
    reviews, at = house.services.reviews, house.services.clock()
    said: dict[str, Any] = {"by": house.subjects[Role.GOVERNANCE], "at": at, "reason": "an appeal"}
    until = (at + timedelta(days=400)).date()
    with house.services.transaction() as session:
        reviews.classify(session, exhibit.reference, retention_class="police", **said)
        reviews.keep(session, exhibit.reference, until=until, **said)


def send_identity(house: House, row: RequestRow) -> None:
    """Send a document that nobody looks at."""
    services = house.services
    with services.transaction() as session:
        came = services.document_arrivals.take(PDF)
        services.documents.receive(
            session, row.id, DocumentKind.IDENTITY, came, at=services.clock()
        )


def write_both_ways(house: House, row: RequestRow) -> None:
    """Write to whoever asked, have them answer twice, and read the second."""
    talk, by = house.services.correspondence, house.subjects[Role.OPERATOR]
    at = house.services.clock()
    with house.services.transaction() as session:
        talk.answer(session, row.id, "Is there news?", at=at)
        talk.send(session, row.urn, "Which exit was it?", by=by, at=at)
        talk.answer(session, row.id, "The north one.", at=at)
        talk.mark_read(session, row.urn, by=by, at=at)


def keep_accounts(house: House) -> None:
    """Have fees on the accounts of two firms, credited and stated; settle one, and close one."""
    services, finance = house.services, house.subjects[Role.FINANCE]
    firms = [Firm(house, at=services.clock() - timedelta(days=days)) for days in (70, 40)]
    accounts = [firm.opened() for firm in firms]
    for firm in (firms[0], *firms):
        firm.charged()
    firms[0].credit(firms[0].charged(), 1000)
    firms[0].later(days=35)
    services.statements.due(at=firms[0].at)
    firms[0].charged()
    services.statements.due(at=services.clock())
    firms[1].credit(firms[1].charged(), 2500)
    (first, *_) = firms[0].statements(accounts[0])
    firms[1].propose_another()
    house.do(
        Role.FINANCE,
        lambda session: services.statements.settle(
            session,
            statement_reference(first.number),
            by=finance,
            at=services.clock(),
            remittance="BACS 4711",
        ),
    )
    firms[0].close(accounts[0])


def collect(house: House, link: ReleaseRow) -> None:
    """Come past the code, download, and confirm."""
    desk = Desk(house, house.services.transaction)
    secret = desk.agreed(link, desk.token(link))
    desk.authorise(secret)
    package = house.look(lambda s: house.services.packages.package(s, desk.state(link)))
    assert desk.confirm(secret, package.sha256)


def say_it_helped(house: House, release: UUID) -> None:
    """Say whether it helped, have the words erased, and say something else."""
    feedback, at = house.services.feedback, house.services.clock()
    by = house.look(lambda s: recipient_of(s, s.get_one(ReleaseRow, release)))
    for said in (Answer(Helped.TOO_EARLY, "ask Jo"), Answer(Helped.IDENTIFIED, "a witness")):
        settle(house, Role.GOVERNANCE, feedback.erase, release)
        give = partial(feedback.answer, answer=said, by=by, role="recipient", at=at)
        house.look(partial(give, release=release))


def settle(house: House, role: Role, decision: Callable[..., object], name: UUID) -> None:
    """Decide something about a record, which takes a reason."""
    by, at = house.subjects[role], house.services.clock()
    house.do(
        role,
        lambda session: decision(session, str(name), by=by, at=at, reason="nobody needs it"),
    )


def take_fees(house: House) -> None:
    """Have fees waived, paid after a failed attempt, given back in part, and not; settle one."""
    with desk() as opened:
        till, services, finance = Till(house, opened), house.services, house.subjects[Role.FINANCE]
        record, urn = till.request()
        fee = till.due()
        opened.pay(till.payments.start(fee.id), DECLINED)
        opened.pay(till.payments.start(fee.id))
        till.payments.check(fee.id)
        with services.transaction() as session:
            at = till.clock()
            till.fees.waive(session, record, urn, Stage.REVIEW, reason="police", at=at)
            for pence in (500, 300):
                till.orders.order(session, fee.id, pence, by=finance, at=at, reason="in part")
        till.payments.settle(fee.id)
        till.payments.settle(fee.id)
        opened.fail_next(400, "P0603", method="POST")
        with services.transaction() as session:
            till.orders.order(session, fee.id, 100, by=finance, at=at, reason="once more")
        till.payments.settle(fee.id)
        with services.transaction() as session:
            found = session.exec(select(DifferenceRow.id)).one()
            till.differences.settle(session, found, by=finance, at=at, reason="paid in cash")
            services.differences.find(session, What.UNSETTLED, "p", "not come", fee=None, at=at)


def remember(house: House, exhibit: ExhibitRow) -> None:
    """Watch the exhibit, and correct it, which undoes the approval that waits for its sealing."""
    services, at, by = house.services, house.services.clock(), house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR, lambda session: services.views.open(session, str(exhibit.id), by=by, at=at)
    )
    house.do(
        Role.OPERATOR,
        lambda session: services.corrections.correct(
            session,
            str(exhibit.id),
            lambda before: replace(before, camera="BAR-0099"),
            reason="read off the wrong label",
            by=by,
            at=at,
        ),
    )


def see_cameras(house: House) -> None:
    """Take over a list of cameras, one without some of them, and mark one as sensitive."""
    cameras, by = house.services.cameras, house.subjects[Role.GOVERNANCE]
    lines = CAMERAS.read_bytes().splitlines(keepends=True)
    for content in (b"".join(lines), b"".join(lines[:-3])):
        new, at = NewList(content, "cameras.csv", {}), house.services.clock()
        found = house.do(Role.GOVERNANCE, partial(cameras.rehearse, new=new, by=by, at=at))
        house.do(
            Role.GOVERNANCE,
            partial(cameras.apply, new=new, rehearsed=found.digest, by=by, at=at),
        )
    mark = partial(cameras.mark, reference="BAR-0001", sensitive=True, reason="asked for")
    house.do(Role.GOVERNANCE, partial(mark, by=by, at=house.services.clock()))


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
    assert "exhibits, releases, requests, fees, holds, people and registers" in words
    assert " 0 " not in words


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
        listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        found = list(claims(session))
    kinds = {"exhibit", "release", "request", "staff action", "person"}
    assert {claim.kind for claim in found} == kinds
    assert len(asked) == 51, (
        "eleven lists; six tables about exhibits, seventeen about releases, six about requests, "
        "three about fees, three about accounts, three about cameras, two about people"
    )


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
        emptied = "UPDATE custody_value SET value = '' WHERE key_record = :p"
        session.execute(text(emptied), {"p": person})
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


NOT_HELD = {
    # Tables of which no row is evidence, or that are looked at by themselves.
    "alembic_version": "which version made the tables",
    "asked_often": "how often an address asked within the hour; forgotten after it",
    "attention": "what waits for a person; the work that calls them says it again",
    "custody_outbox": "which events wait for a place; each event is looked at for its own",
    "exhibit_counter": "the next free number; a reference that was used is refused by its row",
    "gate": "how often somebody tried a code; forgotten after a day",
    "house_clock": "what was found of the clock; each start, and each hour, looks anew",
    "log_publication": "whether the bucket answers; what is published, the bucket itself shows",
    "log_audit_unrecorded": "what an audit found while the log had stopped; it only accuses",
    "message": "letters; what they tell of is an event of its own",
    "payment_notice": "calls of the payment provider that were heard; it is asked what is true",
    "refusal": "how often somebody was refused within this hour; the event follows",
    "request_document_bytes": "sealed under the key beside it; a byte changed opens nothing",
    "request_change": "what claims systems are told; each step of a request is held",
    "request_draft": "what is being filled in; nothing is done with it before it is sent",
    "request_filing": "which calls of machines were answered; what they became is held",
    "request_likeness": "by what a request is found: computed of what is asked, which is held",
    "request_visit": "who looks after a request; they are shown it, and it alone",
    "restored_object": "what the store calls what came back from a backup; each digest is held",
    "resumable_segment": "bytes that are still on their way",
    "resumable_upload": "bytes that are still on their way",
    "settlement_day": "which days were compared; what differs is a record of its own",
    "staff_session": "who is signed in; with a role that nobody gave it is named",
    "webhook": "where claims systems are called; they are told nothing but what is held",
    "webhook_call": "the last calls; nothing follows from them but another try",
    # Columns.
    "collection.ended_at": "when a browser left; its events stand beside it",
    "collection.id": "what a download and a receipt name; without any, nothing names it",
    "collection.secret_sha256": "a cookie's; another one opens nothing",
    "collection.seen_at": "when a browser was last seen",
    "custody_event.seq": "in which order rows were written; n and the log's index order events",
    "departure.download": "which download it belongs to; its own event stands beside it",
    "departure.handoff": "which hand-off it belongs to; its own event stands beside it",
    "departure.id": "nothing names it",
    "download.id": "an address; nothing names it",
    "earlier_approval.undone_at": "repeats the moment of the correction that undid it",
    "exhibit_decision.id": "nothing names it",
    "fee.id": "what its payments name; without any, nothing names it",
    "handoff.id": "nothing names it",
    "invoice_line.id": "nothing names it",
    "invoice_statement.overdue_at": "when finance was told; the difference is a record of its own",
    "legal_hold.settled_at": "when the store was asked; the job asks it again",
    "link.expired_at": "when a job wrote an end down; `expires_at` decides, and is held",
    "link.id": "what collections name; without any, nothing names it",
    "link.warned_at": "when a warning was queued; the letter stands beside it",
    "log_state.beat": "the sequencer's last sign of life",
    "log_state.id": "there is one row; the database itself refuses another",
    "log_stamp.authority": "repeats what the timestamp says, which is checked",
    "log_stamp.stamped_at": "repeats what the timestamp says, which is checked",
    "payment.begun_at": "when the button was pressed; the event is dated when the provider had it",
    "payment.check_at": "when the provider is asked next; it answers the same",
    "payment.id": "what its fee and its refunds name; without these, nothing names it",
    "payment.settled_on": "what the provider said of its own books; each day is asked for once",
    "payment_difference.fee": "on which page it is shown; the provider's reference is held",
    "record_key.epoch": "which are left to wrap anew; whether a key opens does not depend on it",
    "refund.check_at": "when the provider is asked next; it answers the same",
    "refund.id": "nothing names it",
    "refund.settled_on": "what the provider said of its own books; each day is asked for once",
    "request_document.draft": "where it waited before it was sent; a request's is of none",
    "request.erase_at": "when it is looked at next; nothing that is due is left out by it for long",
    "request.warned": "which warnings were queued; the letters stand beside it",
    "seal_erasure.files": "how many files went; that none but three stay is held",
    "upload.id": "the name of what became a master; nothing names it any more",
    "upload.scan": "what the scanner said last; what it found before the examination is held",
    "upload.stored_at": "when bytes came that nobody had made an exhibit of",
    "viewing.id": "an address for an hour",
}
"""What the audit does not hold against an event, and why: docs/threats.md tells it too."""
_WHOLE_LOG = re.compile("custody_|log_(?!audit)|record_key")
_OTHER = {
    "ARRAY": "array_append({0}, 'changed')",
    "boolean": "NOT {0}",
    "date": "coalesce({0} + 1, '2001-01-01')",
    "bytea": "coalesce({0}, '') || 'x'::bytea",
    "jsonb": "CASE jsonb_typeof({0}) WHEN 'object' THEN {0} || '{{\"changed\": 1}}' "
    "ELSE {0} || '[\"changed\"]' END",
    "text": "coalesce({0}, '') || 'x'",
    "timestamp with time zone": "coalesce({0} + interval '1 day', '2001-01-01')",
    "uuid": "gen_random_uuid()",
}
_OTHER |= {"character varying": _OTHER["text"]}
_OTHER |= dict.fromkeys(("integer", "bigint"), "coalesce({0}, 0) + 1000")


def changes_of(session: Session) -> Iterator[tuple[str, str]]:
    """Yield a change of one row for each column of the catalogue, where it is null and not."""
    columns = session.execute(
        text(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name NOT LIKE 'procrastinate%' "
            "ORDER BY table_name, ordinal_position"
        )
    ).all()
    assert {name.split(".")[0] for name in NOT_HELD} <= {table for table, _, _ in columns}
    for table, column, kind in columns:
        if table in NOT_HELD or f"{table}.{column}" in NOT_HELD:
            continue
        other, met = _OTHER[kind].format(f'"{column}"'), False
        for is_null in ("IS NULL", "IS NOT NULL"):
            found = session.execute(
                text(f'SELECT ctid::text FROM "{table}" WHERE "{column}" {is_null} LIMIT 1')  # noqa: S608
            ).scalar()
            met |= found is not None
            if found is not None and (is_null == "IS NOT NULL" or kind != "ARRAY"):
                change = f'UPDATE "{table}" SET "{column}" = {other}'  # noqa: S608
                yield table, f"{change} WHERE ctid = '{found}'"
        assert met, f"the story has no row in which {table}.{column} could be changed"


CLAIMING = sorted(
    name
    for name, one in vars(door).items()
    if callable(one) and getattr(one, "__module__", "").startswith("export.desk.claims.")
    if one is not claims and not name.startswith("_")
)
"""What of the door reads rows: one function for each kind of record."""


class ClaimsOnce:
    """Claims, of which only those are read anew that read the table which was changed."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self._session = session
        self._patched = monkeypatch
        self._read = {name: getattr(door, name) for name in CLAIMING}
        self._asked: dict[str, str] = {}
        self._told: dict[str, list[Claim]] = {}
        heard: list[str] = []
        listen(session.get_bind(), "before_cursor_execute", lambda *given: heard.append(given[2]))
        for name, read in self._read.items():
            before = len(heard)
            self._told[name] = list(read(session, WHOLE))
            self._asked[name] = " ".join(heard[before:])

    def forget(self) -> None:
        """Have all claims read anew."""
        for name, read in self._read.items():
            self._patched.setattr(door, name, read)

    def after(self, table: str) -> list[Claim]:
        """Return what is claimed now that a row of ``table`` is another one."""
        named = re.compile(rf"\b{table}\b")
        for name, asked in self._asked.items():
            known = self._told[name]
            once = self._read[name] if named.search(asked) else lambda *_, known=known: iter(known)
            self._patched.setattr(door, name, once)
        return list(claims(self._session))


def test_every_column_of_every_table_is_held_against_an_event(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = story.house.services
    agreement = Agreement(services.histories)
    unnamed = []
    with story.quiet() as session:
        said = {claim.record: agreement.events(session, claim.record) for claim in claims(session)}
        kinds = {claim.record: claim.kind for claim in claims(session)}
        once = ClaimsOnce(session, monkeypatch)

        def failed(table: str) -> bool:
            if _WHOLE_LOG.match(table):
                once.forget()
                return bool(audit_session(services, session).failed)
            tally, found = Tally(), once.after(table)
            for claim in found:
                compare(tally, claim, kinds.get(claim.record, ""), said.get(claim.record, {}))
            check_roles(session, tally)
            named = {finding for finding in tally.close() if finding.outcome is Outcome.FAIL}
            return bool(named) or {claim.record for claim in found} != kinds.keys()

        assert not failed("")
        for table, change in list(changes_of(session)):
            with session.begin_nested() as changed:
                session.execute(text(change.replace(":", r"\:")))
                if not failed(table):
                    unnamed.append(change)
                changed.rollback()
    assert not unnamed, "\n".join(unnamed)


def test_the_document_gives_the_reason_for_whatever_is_not_held() -> None:
    told = (Path(__file__).parents[2] / "docs/threats.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z_.0-9]+)` \| (.+) \|$", told, re.MULTILINE))
    assert rows == NOT_HELD
