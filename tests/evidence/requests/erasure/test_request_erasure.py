"""What is personal of a request is gone when its time is over, and the custody record verifies.

Everything personal of a request is planted with one odd word, which no row holds afterwards.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from api.cli.proof.logs.database import audit_session
from api.running.worker import _mark_due
from api.times import utc_now
from custody.errors import CustodyError
from custody.ledger.tables import CustodyValueRow, RecordKeyRow
from evidence import attention
from evidence.errors import StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.differences import What
from evidence.fees.invoicing.lines import statement_reference
from evidence.fees.prices import Stage
from evidence.fees.tables import DifferenceRow, FeeRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.people.people import as_person
from evidence.people.tables import PersonRow
from evidence.requests.documents.kinds import DocumentKind
from evidence.requests.documents.tables import DocumentBytesRow, DocumentRow
from evidence.requests.drafts import FORGET_DRAFTS
from evidence.requests.duplicates.tables import LikenessRow
from evidence.requests.erasure.erasures import BEGUN, ERASED, Erasures
from evidence.requests.recorded import requester_of, steps_of
from evidence.requests.states import Path, RequestState, RequestStep, ReviewOutcome
from evidence.requests.systems.tables import FilingRow
from evidence.requests.tables import RequestRow
from export.desk.asked.queue import RequestGroup, WantedRequests
from export.feedback.answers import Answer, Helped
from export.feedback.tables import FeedbackRow
from export.holdings.holds import any_held
from storage.errors import UnavailableError
from tests.api.payments.described import desk
from tests.evidence.fees.invoicing.firms import Firm
from tests.evidence.fees.tills import KilledError, Steps, Till
from tests.evidence.requests.documents.papers_filled import PDF
from tests.evidence.requests.erasure.planted import (
    ODD,
    found_in,
    plant,
    plant_answer,
    plant_duplicate,
    say,
)
from tests.evidence.requests.requesting import (
    decide,
    fill,
    filled,
    request,
    review,
)
from tests.houses import Estate, House
from tests.polling import poll
from tests.test_dpia import personal

_WAITS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
    "AND datname = current_database()"
)
DAYS = 365


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def now() -> datetime:
    return utc_now().replace(microsecond=0)


def long_ago(days: int = DAYS + 10) -> datetime:
    return now() - timedelta(days=days)


def ended(house: House, name: str, at: datetime, path: Path = Path.COUNCIL) -> RequestRow:
    """Make a request that was withdrawn as it came."""
    row = request(house, path, at, email=f"{name}@{path}.example")
    return decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)


def fresh(house: House, row: RequestRow) -> RequestRow:
    return house.look(lambda s: s.get_one(RequestRow, row.id))


def person_of(house: House, row: RequestRow) -> PersonRow:
    return house.look(lambda s: s.get_one(PersonRow, row.person))


def events(house: House, row: RequestRow) -> list[str]:
    return [step.event for step in house.look(lambda s: steps_of(s, row.id))]


def keys_of(house: House, *records: UUID) -> Sequence[UUID]:
    wanted = select(RecordKeyRow.record).where(col(RecordKeyRow.record).in_(records))
    return house.look(lambda s: s.exec(wanted).all())


def erasures(
    house: House, *elsewhere: Callable[[UUID], None], steps: Steps | None = None
) -> Erasures:
    """Return what erases, with transactions of which a test may end one."""
    services = house.services
    steps = steps or Steps()
    return Erasures(
        lambda: steps.around(house),
        services.ledger,
        services.requests,
        services.people,
        days=DAYS,
        held=any_held,
        elsewhere=elsewhere,
    )


def kept_of(house: House, *rows: RequestRow) -> int:
    """Return how many rows by which they could be found again, or read, requests have left."""
    own = [row.id for row in rows]
    with house.services.transaction() as session:
        sealed = session.exec(select(DocumentBytesRow.document)).all()
        return len(sealed) + sum(
            len(session.exec(select(column).where(col(column).in_(own))).all())
            for column in (DocumentRow.request, FilingRow.request, LikenessRow.request)
        )


def test_nothing_personal_of_a_request_is_left_anywhere_and_the_record_verifies(
    house: House, estate: Estate, exhibit: ExhibitRow
) -> None:
    row, again = plant(house, long_ago()), plant_duplicate(house, long_ago())
    answered, release = plant_answer(house, exhibit, now())
    alike = house.look(lambda s: house.services.duplicates.of(s, again.id))
    assert [one.row.id for one in alike if one.claim] == [row.id]
    before = found_in(house, estate)
    assert before.keys() >= {
        *("attention", "custody_value", "feedback", "fee", "payment_difference", "person"),
        *("refund", "request_document", "request_draft", "request_facts", "request_message"),
        "request_step",
    }
    assert before.keys() <= {name.split(".")[0] for name in personal()}, "docs/dpia.md"
    with house.services.transaction() as session:
        found = session.exec(select(DifferenceRow.id).join(FeeRow).where(FeeRow.request == row.id))
        difference = found.one()
    assert len(keys_of(house, row.id, row.person, difference)) == 3
    house.services.erasures.run(at=now())
    assert house.services.erasures.erase(answered.id, at=now())
    assert found_in(house, estate) == {}
    assert fresh(house, again).erased_at is not None
    assert kept_of(house, row, again) == 0
    assert [name for name, _ in house.events(release.id)][-1] == "feedback.erased"
    assert keys_of(house, row.id, row.person, difference) == []
    about = select(MessageRow.id).where(MessageRow.about == row.id)
    assert house.look(lambda s: s.exec(about).all()) == []
    own = select(CustodyValueRow.value).where(
        col(CustodyValueRow.key_record).in_([row.id, row.person, difference])
    )
    assert house.look(lambda s: s.exec(own).all()) == []
    for record in (row.id, row.person, difference, again.id, answered.id):
        house.events(record)
    with house.services.transaction() as session:
        report = audit_session(house.services, session)
    assert not report.failed
    told = next(one.words for one in report.findings if one.step == "openings")
    assert int(told.split("; ")[1].split()[0]) > 100, "what was erased is counted"


def test_the_worker_does_it_by_its_clock(house: House) -> None:
    row = ended(house, "worker", long_ago())
    _mark_due(house.services)
    assert fresh(house, row).erased_at is not None


def test_what_can_be_counted_stays(house: House) -> None:
    at = long_ago()
    row = request(house, Path.COUNCIL, at, email="count@council.example")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at, "a private reason")
    review(house, row, ReviewOutcome.NOT_FOUND, at)
    decide(house, row, RequestStep.CLOSED, Role.OPERATOR, at, "a private reason")
    house.services.erasures.run(at=now())
    after = fresh(house, row)
    assert (after.urn, after.path, after.state) == (row.urn, "council", RequestState.CLOSED)
    assert (after.submitted_at, after.overwrite_due_at) == (row.submitted_at, row.overwrite_due_at)
    assert after.erased_at is not None
    steps = house.look(lambda s: steps_of(s, row.id))
    assert [step.event for step in steps][-3:] == ["request.closed", BEGUN, ERASED]
    assert steps[-1].at == after.erased_at
    (reviewed,) = [step for step in steps if step.event == "review.completed"]
    assert reviewed.told == {"role": "operator", "outcome": "not_found", "exhibits": []}
    assert "private" not in str([step.told for step in steps])


def test_a_request_that_is_open_or_ended_lately_keeps_everything(house: House) -> None:
    open_one = request(house, Path.COUNCIL, long_ago(), email="open@council.example")
    lately = request(house, Path.COUNCIL, long_ago(), email="lately@council.example")
    decide(house, lately, RequestStep.WITHDRAWN, Role.OPERATOR, now() - timedelta(days=DAYS - 1))
    erasing = erasures(house)
    erasing.run(at=now())
    for row in (open_one, lately):
        assert not erasing.erase(row.id, at=now()) or row is lately
    assert fresh(house, open_one).erased_at is None
    assert events(house, open_one) == ["preservation.requested", "coverage.found"]


def test_a_legal_hold_keeps_it_and_the_day_after_it_is_lifted_it_goes(
    house: House, exhibit: ExhibitRow
) -> None:
    at, by = long_ago(), house.subjects[Role.GOVERNANCE]
    row = request(house, Path.COUNCIL, at, email="held@council.example")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    holds, name = house.services.holds, str(exhibit.id)
    act = partial(house.do, Role.GOVERNANCE)
    act(lambda s: holds.place(s, name, reason="appeal", by=by, at=now()))
    erasing, then = erasures(house), now()
    erasing.run(at=then)
    assert events(house, row)[-1] == "request.withdrawn"
    act(lambda s: holds.lift(s, name, reason="decided", by=by, at=now()))
    erasing.run(at=then + timedelta(hours=1))
    assert fresh(house, row).erased_at is None, "it is looked at once a day"
    erasing.run(at=then + timedelta(days=1))
    assert fresh(house, row).erased_at is not None


def test_a_clock_that_was_years_ahead_puts_nothing_off(house: House) -> None:
    row = ended(house, "ahead", long_ago())
    with house.services.transaction() as session:
        session.get_one(RequestRow, row.id).erase_at = now() + timedelta(days=800)
    erasures(house).run(at=now())
    assert fresh(house, row).erased_at is not None


def test_what_is_on_account_keeps_it_until_its_statement_is_settled(house: House) -> None:
    firm, statements = Firm(house, long_ago()), house.services.statements
    account, erasing = firm.opened(), erasures(house)
    row, finance = firm.charged(), house.subjects[Role.FINANCE]
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, firm.at)
    assert not erasing.erase(row.id, at=now()), "it stands on no statement"
    statements.due(at=now())
    (made,) = firm.statements(account)
    assert not erasing.erase(row.id, at=now()), "nobody has paid"
    paid = statement_reference(made.number)
    with house.services.transaction() as session:
        statements.settle(session, paid, by=finance, at=now(), remittance="BACS 4711")
    assert erasing.erase(row.id, at=now())
    with pytest.raises(StateError, match="was erased"):
        firm.credit(row, 100)


def test_a_statement_that_comes_to_nothing_keeps_nothing(house: House) -> None:
    firm = Firm(house, long_ago())
    account = firm.opened()
    row = firm.charged()
    firm.credit(row, 2500)
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, firm.at)
    assert not erasures(house).erase(row.id, at=now()), "it stands on no statement"
    house.services.statements.due(at=now())
    (made,) = firm.statements(account)
    assert (made.pence, made.settled_at) == (0, None)
    assert erasures(house).erase(row.id, at=now())


def test_money_on_its_way_keeps_it(house: House) -> None:
    at, finance = long_ago(), house.subjects[Role.FINANCE]
    row = request(house, Path.INSURER, at, email="money@insurer.example")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    with desk(at) as opened:
        till = Till(house, opened, follows=house.services.request_decisions.fee_paid)
        fee = house.look(lambda s: house.services.fees.of_stage(s, row.id, Stage.REVIEW))
        assert fee is not None
        opened.pay(till.payments.start(fee.id))
        till.payments.check(fee.id)
        decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)
        with house.services.transaction() as session:
            till.orders.order(session, fee.id, 500, by=finance, at=at, reason="in part")
        erasing = erasures(house)
        assert not erasing.erase(row.id, at=now()), "a refund is on its way"
        till.payments.settle(fee.id)
        till.payments.settle(fee.id)
        with house.services.transaction() as session:
            till.differences.find(session, What.UNSETTLED, "q", "not come", fee=fee.id, at=at)
            found = session.exec(select(DifferenceRow.id).where(DifferenceRow.fee == fee.id)).one()
        assert not erasing.erase(row.id, at=now()), "a difference is open"
        with house.services.transaction() as session:
            till.differences.settle(session, found, by=finance, at=at, reason="in cash")
            attention.call(session, fee.id, "fee.settle", "the provider is away", at=at)
        assert not erasing.erase(row.id, at=now()), "a job about it needs a person"
        with house.services.transaction() as session:
            attention.settle(session, fee.id, "fee.settle")
        assert erasing.erase(row.id, at=now())
        with house.services.transaction() as session, pytest.raises(StateError, match="own tool"):
            till.orders.order(session, fee.id, 100, by=finance, at=now(), reason="once more")


@pytest.mark.parametrize("how", ["before", "undone", "after"])
def test_killed_between_any_two_steps_it_goes_on_where_it_was(house: House, how: str) -> None:
    for step in range(4):
        row, removed = ended(house, f"killed{how}{step}", long_ago()), list[UUID]()
        with pytest.raises(KilledError):
            erasures(house, removed.append, steps=Steps(step, how)).run(at=now())
        erased = fresh(house, row).erased_at is not None
        assert erased == (step == 3 or (step == 2 and how == "after"))
        assert erased == (ERASED in events(house, row))
        erasures(house, removed.append).run(at=now() + timedelta(days=1))
        assert events(house, row)[-3:] == ["request.withdrawn", BEGUN, ERASED]
        assert set(removed) == {row.id}


def test_killed_between_documents_and_answers_it_goes_on_where_it_was(
    house: House, exhibit: ExhibitRow
) -> None:
    services, at = house.services, now()
    row, release = plant_answer(house, exhibit, at)
    came = services.document_arrivals.take(PDF)

    def killed(_: UUID) -> None:
        raise KilledError

    (erase_answers,) = services.erasures._elsewhere
    with pytest.raises(KilledError):
        erasures(house, killed).erase(row.id, at=at)
    with pytest.raises(StateError, match="is erased"):
        say(house, row, release, "one more word")
    receive = services.documents.receive
    with services.transaction() as session, pytest.raises(StateError, match="takes no document"):
        receive(session, row.id, DocumentKind.AUTHORITY, came, at=at)
    for _ in range(2):
        with pytest.raises(KilledError):
            erasures(house, erase_answers, killed).erase(row.id, at=at)
    names = [name for name, _ in house.events(release.id)]
    assert names.count("feedback.erased") == 1, "done again, nothing is left to do"
    assert services.erasures.erase(row.id, at=at)
    assert events(house, row)[-2:] == [BEGUN, ERASED]


def test_an_answer_that_comes_at_that_moment_is_erased_or_not_taken(
    house: House, exhibit: ExhibitRow
) -> None:
    services, at = house.services, now()
    row, release = plant_answer(house, exhibit, at)
    by = as_person(house.look(lambda s: requester_of(s, row)))
    last = Answer(Helped.CHARGED, f"{ODD} once more")
    with ThreadPoolExecutor(1) as worker:
        with services.transaction() as session:
            give = services.feedback.answer
            give(session, release.id, last, by=by, role="requester", at=at)
            erased = worker.submit(services.erasures.erase, row.id, at=at)
            poll(lambda: house.look(lambda s: s.execute(_WAITS).scalar_one()))
        assert erased.result()
    words = select(FeedbackRow.words).where(FeedbackRow.release == release.id)
    assert house.look(lambda s: s.exec(words).all()) == ["", ""]


def test_what_lies_elsewhere_goes_first_and_where_it_does_not_the_rest_waits(
    house: House,
) -> None:
    row, other = ended(house, "first", long_ago(900)), ended(house, "second", long_ago(899))
    there = [True]

    def remove(request: UUID) -> None:
        if there[0] and request == row.id:
            raise UnavailableError("the store is away")
        assert ERASED not in [s.event for s in house.look(lambda s: steps_of(s, request))]

    erasing, then = erasures(house, remove), now()
    with pytest.raises(UnavailableError):
        erasing.run(at=then)
    assert events(house, row)[-1] == BEGUN
    erasing.run(at=then + timedelta(minutes=1))
    assert fresh(house, other).erased_at is not None, "one that breaks down holds up no other"
    assert fresh(house, row).erased_at is None
    there[0] = False
    erasing.run(at=then + timedelta(days=1))
    assert events(house, row).count(BEGUN) == 1
    assert fresh(house, row).erased_at is not None


def test_whoever_asked_twice_is_known_until_the_last_request_is_erased(house: House) -> None:
    at = long_ago()
    first, second = ended(house, "both", at), ended(house, "both", at)
    assert first.person == second.person
    erasing = erasures(house)
    assert erasing.erase(first.id, at=now())
    assert person_of(house, first).email == "both@council.example"
    own = select(CustodyValueRow.value).where(CustodyValueRow.key_record == first.person)
    values = house.look(lambda s: s.exec(own).all())
    assert str(values).count("both@council.example (") == 2, "in the events of the second alone"
    house.events(first.id)
    with house.services.transaction() as session:
        assert not audit_session(house.services, session).failed
    assert erasing.erase(second.id, at=now())
    gone = person_of(house, second)
    assert (gone.name, gone.email) == ("", "")
    again = request(house, Path.COUNCIL, now(), email="both@council.example")
    assert again.person != second.person
    assert not erasing.erase(second.id, at=now()), "it is erased once"


def test_whoever_asks_anew_at_that_moment_stays_known(house: House) -> None:
    row, services = ended(house, "anew", long_ago()), house.services
    asked = house.look(lambda s: services.requests.asked(s, row.id))
    assert asked is not None
    with ThreadPoolExecutor(1) as worker:
        with services.transaction() as session:
            services.submissions.submit(session, asked, "anew@council.example", at=now())
            erased = worker.submit(erasures(house).erase, row.id, at=now())
            poll(lambda: house.look(lambda s: s.execute(_WAITS).scalar_one()))
        assert erased.result()
    assert person_of(house, row).email == "anew@council.example"


def test_somebody_who_holds_a_token_stays_known(house: House) -> None:
    row = ended(house, "machine", long_ago())
    services, at = house.services, now()
    with services.transaction() as session:
        by = services.people.subject(session, services.people.known(session, "the tests"), ())
        services.tokens.add(session, row.person, (), by=by, at=at)
    assert erasures(house).erase(row.id, at=at)
    assert person_of(house, row).email == "machine@council.example"


def test_a_key_that_is_gone_without_an_event_is_found(house: House) -> None:
    row = request(house, Path.COUNCIL, now(), email="found@council.example")
    house.events(row.id)
    with house.services.transaction() as session:
        session.delete(session.get_one(RecordKeyRow, row.id))
        session.flush()
        failed = audit_session(house.services, session).failed
        assert any("no event says that it was to be erased" in one.words for one in failed)
        session.rollback()


def test_nothing_can_be_added_to_what_is_erased(house: House) -> None:
    row, services = ended(house, "over", long_ago()), house.services
    assert erasures(house).erase(row.id, at=now())
    by = house.subjects[Role.OPERATOR]
    with pytest.raises(StateError, match="was erased"):
        house.do(
            Role.OPERATOR,
            lambda s: services.correspondence.send(s, row.urn, "x", by=by, at=now()),
        )
    with services.transaction() as session, pytest.raises(CustodyError, match="was erased"):
        services.ledger.append(session, row.id, "urn.issued", {"urn": row.urn}, at=now())


def test_lists_and_searches_show_an_erased_request_without_a_name(house: House) -> None:
    row, by = ended(house, "listed", long_ago()), house.subjects[Role.OPERATOR]
    assert erasures(house).erase(row.id, at=now())
    lists = house.services.request_list
    with house.services.transaction() as session:
        wanted = WantedRequests(words=row.urn)
        page = lists.page(session, RequestGroup.ENDED, wanted=wanted, by=by, at=now(), most=5)
        (shown,) = page.rows
        story = lists.story(session, row.urn, by=by, at=now())
        record = house.services.search.record(session, row.urn)
    assert (shown.organisation, shown.place) == ("", "")
    assert (story.asked, story.email, record) == (None, "", row.id)


def test_a_draft_is_forgotten_with_the_letters_that_held_its_address(house: House) -> None:
    at = now() - FORGET_DRAFTS - timedelta(hours=1)
    given = filled(Path.COUNCIL, at, email="draft@council.example")
    secret = fill(house, Path.COUNCIL, at, given)
    with house.services.transaction() as session:
        house.services.drafts.ask_code(session, secret, network="192.0.2.78", at=at)
    waiting = select(MessageRow.id).where(
        MessageRow.kind == "request_mailbox", col(MessageRow.sealed).is_not(None)
    )
    before = set(house.look(lambda s: s.exec(waiting).all()))
    with house.services.transaction() as session:
        house.services.drafts.forget(session, at=now())
    assert len(before - set(house.look(lambda s: s.exec(waiting).all()))) >= 1
    assert house.look(lambda s: house.services.drafts.find(s, secret)) is None
