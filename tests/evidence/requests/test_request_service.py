"""Requests over the real database: sent once, moved by two people, told in events and rows."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy.event import listen
from sqlmodel import func, select

from api.cli.proof.logs.database import audit_session
from api.times import utc_now
from custody.audit.facts import Step
from custody.formats.canonical import JSON
from custody.ledger.tables import CustodyEventRow
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.prices import Stage, Tariff
from evidence.mailbox.codes import token_subject
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.people.tables import PersonRow
from evidence.requests.asked import Preserved
from evidence.requests.drafts import FORGET_DRAFTS
from evidence.requests.questions.paths import FORMS
from evidence.requests.recorded import standing_of, steps_of
from evidence.requests.states import Path, Refusal, RequestState, RequestStep, ReviewOutcome
from evidence.requests.submissions import MOST_AN_HOUR
from evidence.requests.tables import RequestDraftRow, RequestRow, RequestVisitRow
from evidence.secrets import secret_digest
from tests.evidence.requests.requesting import (
    code_about,
    code_of,
    decide,
    fill,
    filled,
    owed,
    pay,
    preserve,
    prove,
    request,
    review,
    submit,
    values_of,
)
from tests.houses import House

S, T = RequestState, RequestStep
_NETWORKS = iter(range(1, 250))


def network() -> str:
    """Return an address from which nobody asked before."""
    return f"198.51.100.{next(_NETWORKS)}"


def now() -> datetime:
    return utc_now().replace(microsecond=0)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def state(house: House, row: RequestRow) -> str:
    return house.look(lambda s: s.get_one(RequestRow, row.id).state)


def letters(house: House, row: RequestRow) -> list[str]:
    about = select(MessageRow.kind).where(MessageRow.about == row.id)
    return sorted(house.look(lambda s: s.exec(about).all()))


def audited(house: House) -> list[str]:
    """Return what the audit finds wrong, once every event has its place."""
    rows = house.look(lambda s: s.exec(select(RequestRow)).all())
    for row in rows:
        house.events(row.id)
    with house.services.transaction() as session:
        found = audit_session(house.services, session).failed
    return [f"{one.words} {one.subject}" for one in found if one.step == Step.CLAIMS]


def test_a_request_is_sent_with_its_number_and_the_call_to_preserve(house: House) -> None:
    at = now()
    given = filled(Path.INSURER, at, email="first@insurer.example")
    secret = fill(house, Path.INSURER, at, given)
    prove(house, secret, at)
    row = submit(house, secret, at)
    assert (row.state, row.path, row.preserved_at) == (S.SUBMITTED, Path.INSURER, None)
    names = [name for name, _ in house.events(row.id)]
    first = ["request.submitted", "urn.issued", "preservation.requested", "coverage.found"]
    assert names == first
    (said,) = values_of(house, row, "request.submitted")
    assert said["person"] == f"first@insurer.example ({row.person})"
    facts = said["facts"]
    assert isinstance(facts, dict)
    assert facts["answers"]["claim_reference"] == "CL-1234"
    (called,) = values_of(house, row, "preservation.requested")
    asked = house.look(lambda s: house.services.requests.asked(s, row.id))
    assert asked is not None
    assert row.overwrite_due_at - asked.start == timedelta(days=31)
    assert called["role"] == "requester"
    assert letters(house, row) == ["request_urn"]


def test_sent_twice_it_is_one_request_and_what_was_typed_is_gone_from_the_draft(
    house: House,
) -> None:
    at = now()
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, email="twice@insurer.example"))
    prove(house, secret, at)
    first, again = submit(house, secret, at), submit(house, secret, at)
    assert first.id == again.id
    draft = house.look(
        lambda s: s.exec(select(RequestDraftRow).where(RequestDraftRow.request == first.id)).one()
    )
    assert draft.answers == {}
    with house.services.transaction() as session, pytest.raises(StateError, match="sent already"):
        house.services.drafts.ask_code(session, secret, network=network(), at=at)


def test_one_mailbox_is_one_person_and_each_proof_is_an_event(house: House) -> None:
    at = now()
    rows = [
        request(house, Path.INSURER, at, email="same@insurer.example", contact_name=name)
        for name in ("Jo Smith", "Sam Jones")
    ]
    assert rows[0].person == rows[1].person
    names = [name for name, _ in house.events(rows[0].person)]
    assert names == ["person.named", "mailbox.proven", "mailbox.proven"]
    people = select(func.count()).where(PersonRow.email == "same@insurer.example")
    assert house.look(lambda s: s.exec(people).one()) == 1


def test_a_recipient_of_that_address_who_proved_nothing_is_somebody_else(house: House) -> None:
    at = now()
    with house.services.transaction() as session:
        other = house.services.people.add(session, "Jo", email="recipient@insurer.example")
    assert request(house, Path.INSURER, at, email="recipient@insurer.example").person != other


def test_nothing_is_sent_before_the_mailbox_is_proven(house: House) -> None:
    at, drafts = now(), house.services.drafts
    secret = fill(house, Path.POLICE, at, filled(Path.POLICE, at))
    before = house.look(lambda s: s.exec(select(func.count()).select_from(RequestRow)).one())
    with house.services.transaction() as session, pytest.raises(StateError, match="code"):
        drafts.submit(session, secret, at=at)
    prove(house, secret, at)
    draft = house.look(lambda s: drafts.find(s, secret))
    assert draft is not None
    page = draft.form.page("mailbox")
    assert page is not None
    with house.services.transaction() as session:  # another mailbox than the one that was proven
        drafts.save(session, secret, page, {"email": "other@barset.police.example"}, at=at)
    with house.services.transaction() as session, pytest.raises(StateError, match="code"):
        drafts.submit(session, secret, at=at)
    after = house.look(lambda s: s.exec(select(func.count()).select_from(RequestRow)).one())
    assert before == after


def test_a_code_goes_to_the_typed_mailbox_and_nobody_is_made_for_it(house: House) -> None:
    at = now()
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, email="new@insurer.example"))
    with house.services.transaction() as session:
        house.services.drafts.ask_code(session, secret, network=network(), at=at)
    about = select(MessageRow).where(MessageRow.about == token_subject(secret_digest(secret)))
    letter = house.look(lambda s: s.exec(about).one())
    assert (letter.kind, letter.person) == ("request_mailbox", None)
    assert house.services.messages.open(letter)["to"] == "new@insurer.example"
    people = select(func.count()).where(PersonRow.email == "new@insurer.example")
    assert house.look(lambda s: s.exec(people).one()) == 0


def test_codes_are_limited_for_each_mailbox_whoever_asks(house: House) -> None:
    at, states = now(), []
    for _ in range(5):
        given = filled(Path.INSURER, at, email="victim@insurer.example")
        secret = fill(house, Path.INSURER, at, given, network=network())
        with house.services.transaction() as session:
            states.append(
                house.services.drafts.ask_code(session, secret, network=network(), at=at).state
            )
    assert states == ["asked"] * 3 + ["waiting"] * 2


def test_codes_and_drafts_are_limited_for_each_network(house: House) -> None:
    at, here, states = now(), network(), []
    drafts = house.services.drafts
    given = filled(Path.INSURER, at, email="a0@insurer.example")
    secret = fill(house, Path.INSURER, at, given, network=here)
    page = FORMS[Path.INSURER].page("mailbox")
    assert page is not None
    for number in range(32):
        with house.services.transaction() as session:
            drafts.save(session, secret, page, {"email": f"a{number}@insurer.example"}, at=at)
            states.append(drafts.ask_code(session, secret, network=here, at=at).state)
    assert states == ["asked"] * 30 + ["waiting"] * 2
    there = network()
    with house.services.transaction() as session:
        begun = [drafts.begin(session, Path.POLICE, network=there, at=at) for _ in range(62)]
    assert sum(isinstance(one, str) for one in begun) == 60


def test_no_row_of_the_counting_tells_a_mailbox_or_an_address(house: House) -> None:
    gates = house.services.gates
    name = gates.name("mailbox", "victim@insurer.example")
    assert len(name) == 64
    assert name != gates.name("codes", "victim@insurer.example")


def test_wrong_codes_end_a_code_and_lock_the_draft(house: House) -> None:
    at, drafts = now(), house.services.drafts
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, email="g@insurer.example"))
    with house.services.transaction() as session:
        drafts.ask_code(session, secret, network=network(), at=at)
    right = code_of(house, secret)
    wrong = "00000000" if right != "00000000" else "00000001"
    for _ in range(5):
        with house.services.transaction() as session:
            assert drafts.enter_code(session, secret, wrong, at=at).state == "wrong"
    with house.services.transaction() as session:
        assert drafts.enter_code(session, secret, right, at=at).state == "wrong"


def test_an_insurer_pays_twice_and_a_second_person_approves(
    house: House, exhibit: ExhibitRow
) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="whole@insurer.example")
    assert owed(house, row) == []
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    assert state(house, row) == S.REVIEW_DUE
    assert owed(house, row) == [Stage.REVIEW]
    preserve(house, row, at)
    with pytest.raises(StateError, match="review due"):
        review(house, row, ReviewOutcome.FOUND, at, exhibit)
    pay(house, row, Stage.REVIEW)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    with pytest.raises(AccessRefusedError, match="releaser"):
        decide(house, row, T.APPROVED, Role.OPERATOR, at)
    assert owed(house, row) == []
    decide(house, row, T.APPROVED, Role.RELEASER, at)
    assert state(house, row) == S.RELEASE_DUE
    pay(house, row, Stage.RELEASE)
    assert state(house, row) == S.RELEASING
    assert owed(house, row) == []
    told = letters(house, row)
    assert told == ["request_outcome", "request_outcome", "request_preserved", "request_urn"]
    assert [values["stage"] for values in values_of(house, row, "payment.succeeded")] == [
        "review",
        "release",
    ]
    (found,) = values_of(house, row, "review.completed")
    assert found["exhibits"] == [str(exhibit.id)]
    assert audited(house) == []


def test_a_releaser_who_reviewed_does_not_approve(house: House, exhibit: ExhibitRow) -> None:
    at = now()
    row = request(house, Path.POLICE, at)
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    decisions, by = house.services.request_decisions, house.subjects[Role.RELEASER]
    house.do(Role.RELEASER, lambda s: decisions.begin_review(s, row.urn, by=by, at=at))
    house.do(
        Role.RELEASER,
        lambda s: decisions.complete_review(
            s,
            row.urn,
            ReviewOutcome.PARTLY_FOUND,
            exhibits=[exhibit.reference],
            by=by,
            at=at,
            reason="one camera",
        ),
    )
    with pytest.raises(AccessRefusedError, match="second releaser"):
        decide(house, row, T.APPROVED, Role.RELEASER, at)


def test_preservation_is_of_the_whole_time_and_of_each_camera(house: House) -> None:
    at = now()
    row = request(house, Path.POLICE, at, email="keep@barset.police.example")
    asked = house.look(lambda s: house.services.requests.asked(s, row.id))
    assert asked is not None
    by, decisions = house.subjects[Role.OPERATOR], house.services.request_decisions
    minute = timedelta(minutes=1)
    for kept, field in (
        (Preserved(asked.start, asked.end, asked.cameras[:1], "disk"), "cameras"),
        (Preserved(asked.start, asked.end, (), "disk"), "cameras"),
        (Preserved(asked.start + minute, asked.end, asked.cameras, "disk"), "start"),
        (Preserved(asked.start, asked.end - minute, asked.cameras, "disk"), "end"),
    ):
        with pytest.raises(InvalidError) as refused:
            house.do(
                Role.OPERATOR,
                partial(decisions.confirm_preserved, name=row.urn, preserved=kept, by=by, at=at),
            )
        assert refused.value.field == field
    preserve(house, row, at, *asked.cameras, "BAR-0099")
    (said,) = values_of(house, row, "preservation.confirmed")
    facts = said["facts"]
    assert isinstance(facts, dict)
    assert facts["cameras"] == [*asked.cameras, "BAR-0099"]
    assert house.look(lambda s: s.get_one(RequestRow, row.id).preserved_at) == at


def test_a_correction_calls_to_preserve_anew_and_ends_with_the_review(
    house: House, exhibit: ExhibitRow
) -> None:
    at, services = now(), house.services
    row = request(house, Path.POLICE, at, email="correct@barset.police.example")
    preserve(house, row, at)
    asked = house.look(lambda s: services.requests.asked(s, row.id))
    assert asked is not None
    correction(house, row, at, time_from="13:00")
    (corrected,) = values_of(house, row, "request.corrected")
    assert corrected["role"] == "requester"
    assert len(values_of(house, row, "preservation.requested")) == 2
    assert house.look(lambda s: s.get_one(RequestRow, row.id).preserved_at) is None
    correction(house, row, at, description="A van.")
    assert len(values_of(house, row, "preservation.requested")) == 2
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    with pytest.raises(StateError, match="cannot be corrected"):
        correction(house, row, at, description="A bus.")
    assert audited(house) == []


def correction(house: House, row: RequestRow, at: datetime, **other: str) -> None:
    services = house.services
    asked = house.look(lambda s: services.requests.asked(s, row.id))
    assert asked is not None
    with services.transaction() as session:
        secret = services.drafts.correct(session, row.id, asked, asked.said("email"), at=at)
    draft = house.look(lambda s: services.drafts.find(s, secret))
    assert draft is not None
    given = {**draft.answers, **other}
    for page in draft.form.applying(given):
        with services.transaction() as session:
            assert not services.drafts.save(session, secret, page, given, at=at).errors
    submit(house, secret, at)


def test_a_subject_access_request_waits_for_a_redacted_copy(
    house: House, exhibit: ExhibitRow
) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at)
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    decide(house, row, T.PAUSED, Role.GOVERNANCE, at)
    decide(house, row, T.RESUMED, Role.GOVERNANCE, at + timedelta(days=3))
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    decide(house, row, T.APPROVED, Role.RELEASER, at)
    assert state(house, row) == S.AWAITING_REDACTION
    with pytest.raises(StateError):
        decide(house, row, T.CLOSED, Role.OPERATOR, at)
    assert audited(house) == []


def test_a_refusal_as_overwritten_comes_after_the_search_and_tells_of_appeal(house: House) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="gone@insurer.example")
    decisions, governance = house.services.request_decisions, house.subjects[Role.GOVERNANCE]

    def refuse() -> RequestRow:
        return house.do(
            Role.GOVERNANCE,
            lambda s: decisions.refuse(
                s, row.urn, Refusal.OVERWRITTEN, by=governance, at=at, reason="31 days are over"
            ),
        )

    with pytest.raises(StateError, match="search"):
        refuse()
    operator = house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: decisions.search_preserved(s, row.urn, by=operator, at=at, result="nothing"),
    )
    refuse()
    (said,) = values_of(house, row, "request.refused")
    assert (said["basis"], said["appeal"]) == ("overwritten", house.services.council.appeal)
    assert letters(house, row) == ["request_refused", "request_urn"]
    with house.services.transaction() as session, pytest.raises(StateError):
        decisions.withdraw_own(session, row.id, at=at, reason="never mind")


def test_whoever_asked_may_withdraw_and_is_named_in_no_row_but_theirs(house: House) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="away@insurer.example")
    with house.services.transaction() as session:
        house.services.request_decisions.withdraw_own(
            session, row.id, at=at, reason="settled with the other side"
        )
    (said,) = values_of(house, row, "request.withdrawn")
    assert said["actor"] == f"away@insurer.example ({row.person})"
    steps = house.look(lambda s: steps_of(s, row.id))
    assert standing_of(row, steps).state is S.SUBMITTED  # of the row as it was read
    assert state(house, row) == S.WITHDRAWN


def test_what_is_not_paid_expires_by_the_clock_and_nothing_else_does(house: House) -> None:
    at = now()
    unpaid = request(house, Path.INSURER, at, email="unpaid@insurer.example")
    open_one = request(house, Path.INSURER, at, email="open@insurer.example")
    decide(house, unpaid, T.COVERED, Role.OPERATOR, at + timedelta(days=5))
    deadlines, days = house.services.request_deadlines, house.services.council.unpaid_days
    for later, then in ((days, S.REVIEW_DUE), (days + 6, S.EXPIRED)):
        with house.services.transaction() as session:
            deadlines.expire(session, at=at + timedelta(days=later))
        assert state(house, unpaid) == then
    assert state(house, open_one) == S.SUBMITTED


def test_the_people_on_duty_hear_at_7_3_and_1_days_and_never_of_what_is_preserved(
    house: House,
) -> None:
    at, services = now(), house.services
    with services.transaction() as session:
        for who, roles in (("on-duty", [Role.OPERATOR]), ("auditor", [Role.AUDITOR])):
            services.people.sign_in(
                session,
                issuer="https://id.example",
                subject=who,
                name=who,
                email=f"{who}@barchester.example",
                roles=roles,
                at=at,
            )
    lost = request(house, Path.POLICE, at, email="lost@barset.police.example")
    kept = request(house, Path.POLICE, at, email="kept@barset.police.example")
    preserve(house, kept, at)
    told = []
    for before in (8, 7, 6.5, 3, 2, 1, 0.5, 0, -1):
        then = lost.overwrite_due_at - timedelta(days=before)
        for _ in range(2):
            with services.transaction() as session:
                services.request_deadlines.warn(session, at=then)
        told.append(letters(house, lost).count("request_at_risk"))
    assert told == [0, 1, 1, 2, 2, 3, 3, 3, 3]
    assert "request_at_risk" not in letters(house, kept)
    about = select(MessageRow).where(MessageRow.kind == "request_at_risk")
    rows = house.look(lambda s: s.exec(about).all())
    days = [services.messages.open(row)["days"] for row in rows if row.about == lost.id]
    assert sorted(days) == ["1", "3", "7"]


def test_drafts_and_visits_are_forgotten_and_requests_are_not(house: House) -> None:
    at, services = now(), house.services
    row = request(house, Path.INSURER, at, email="kept@insurer.example")
    later = at + FORGET_DRAFTS + timedelta(hours=1)
    with services.transaction() as session:
        services.drafts.forget(session, at=later)
        services.visits.forget(session, at=later)
    assert house.look(lambda s: s.exec(select(RequestDraftRow)).all()) == []
    assert house.look(lambda s: s.exec(select(RequestVisitRow)).all()) == []
    assert state(house, row) == S.SUBMITTED


def test_too_many_requests_of_one_mailbox_wait(house: House) -> None:
    at, services = now(), house.services
    row = request(house, Path.COUNCIL, at, email="many@council.example")
    asked = house.look(lambda s: services.requests.asked(s, row.id))
    assert asked is not None
    with services.transaction() as session:
        for _ in range(MOST_AN_HOUR - 1):
            services.submissions.submit(session, asked, "many@council.example", at=at)
        with pytest.raises(StateError, match="within the hour"):
            services.submissions.submit(session, asked, "many@council.example", at=at)
        services.submissions.submit(
            session, asked, "many@council.example", at=at + timedelta(hours=1)
        )


def test_a_request_is_found_however_its_number_is_typed(house: House) -> None:
    row = request(house, Path.INSURER, now(), email="find@insurer.example")
    requests = house.services.requests
    for name in (row.urn, row.urn.lower().replace("-", " "), str(row.id)):
        assert house.look(partial(requests.find, name=name)).id == row.id
    with pytest.raises(UnknownError):
        house.look(lambda s: requests.find(s, str(UUID(int=1))))


def test_a_stranger_s_visit_is_told_nothing_that_another_s_is_not(house: House) -> None:
    at, visits = now(), house.services.visits
    row = request(house, Path.INSURER, at, email="look@insurer.example")
    unknown = "BAR-2222-2222-2"
    secrets = {}
    for urn in (row.urn, unknown):
        with house.services.transaction() as session:
            secret = visits.begin(session, urn, network=network(), at=at)
            assert isinstance(secret, str)
        secrets[urn] = secret
    standings = [
        house.look(partial(visits.standing, secret=one, at=at)) for one in secrets.values()
    ]
    assert standings[0] == standings[1]
    code = code_about(house, row.id, "request_code")
    with house.services.transaction() as session:
        assert visits.enter(session, secrets[unknown], code, at=at).state == "wrong"
    assert house.look(lambda s: visits.find(s, secrets[row.urn], at=at)) is None
    with house.services.transaction() as session:
        assert visits.enter(session, secrets[row.urn], code, at=at).state == "closed"
    with house.services.transaction() as session:
        found = visits.find(session, secrets[row.urn], at=at)
        assert found is not None
        assert found.id == row.id
        assert visits.find(session, secrets[row.urn], at=at + timedelta(hours=1)) is None
    with house.services.transaction() as session:
        visits.end(session, secrets[row.urn])
    assert house.look(lambda s: visits.find(s, secrets[row.urn], at=at)) is None


def test_no_stranger_writes_into_the_ledger(house: House) -> None:
    at = now()
    count = select(func.count()).select_from(CustodyEventRow)
    before = house.look(lambda s: s.exec(count).one())
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, email="s@insurer.example"))
    with house.services.transaction() as session:
        house.services.drafts.ask_code(session, secret, network=network(), at=at)
        house.services.visits.begin(session, "BAR-2222-2222-2", network=network(), at=at)
    assert house.look(lambda s: s.exec(count).one()) == before


def to_release(house: House, at: datetime, exhibit: ExhibitRow, email: str) -> RequestRow:
    """Have an insurer come to where both fees are paid."""
    row = request(house, Path.INSURER, at, email=email)
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    pay(house, row, Stage.REVIEW)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    decide(house, row, T.APPROVED, Role.RELEASER, at)
    pay(house, row, Stage.RELEASE)
    return row


def refuse(house: House, row: RequestRow, at: datetime) -> None:
    """Refuse a request, for harm to somebody."""
    decisions, by = house.services.request_decisions, house.subjects[Role.GOVERNANCE]
    house.do(
        Role.GOVERNANCE,
        lambda s: decisions.refuse(s, row.urn, Refusal.HARM, by=by, at=at, reason="a risk"),
    )


def given_back(house: House, row: RequestRow) -> list[tuple[JSON, JSON]]:
    """Return what was ordered back, by stage."""
    orders = values_of(house, row, "refund.ordered")
    return [(one["stage"], one["pence"]) for one in orders]


def test_a_later_refusal_gives_back_what_is_not_done(house: House, exhibit: ExhibitRow) -> None:
    at = now()
    released = to_release(house, at, exhibit, "refused@insurer.example")
    refuse(house, released, at)
    assert given_back(house, released) == [("release", 7500)]
    unseen = request(house, Path.INSURER, at, email="unseen@insurer.example")
    decide(house, unseen, T.COVERED, Role.OPERATOR, at)
    pay(house, unseen, Stage.REVIEW)
    refuse(house, unseen, at)
    assert given_back(house, unseen) == [("review", 2500)]
    assert audited(house) == []


def test_a_review_that_was_done_is_not_given_back(house: House, exhibit: ExhibitRow) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="done@insurer.example")
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    pay(house, row, Stage.REVIEW)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    refuse(house, row, at)
    assert given_back(house, row) == []


def test_nobody_is_asked_to_pay_for_a_request_that_has_ended(house: House) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="ended@insurer.example")
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    assert owed(house, row) == [Stage.REVIEW]
    with house.services.transaction() as session:
        house.services.request_decisions.withdraw_own(session, row.id, at=at, reason="settled")
    assert owed(house, row) == []
    (waived,) = values_of(house, row, "fee.waived")
    assert waived["reason"] == "the request was withdrawn"


def test_a_withdrawal_gives_nothing_back_by_itself(house: House, exhibit: ExhibitRow) -> None:
    row = to_release(house, now(), exhibit, "thinks.again@insurer.example")
    with house.services.transaction() as session:
        house.services.request_decisions.withdraw_own(session, row.id, at=now(), reason="settled")
    assert (state(house, row), given_back(house, row)) == (S.WITHDRAWN, [])


def test_the_police_pay_nothing_and_that_is_on_record(house: House) -> None:
    at = now()
    row = request(house, Path.POLICE, at)
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    assert (state(house, row), owed(house, row)) == (S.REVIEWABLE, [])
    assert [one["stage"] for one in values_of(house, row, "fee.waived")] == ["review"]


def test_where_a_council_charges_nothing_nobody_waits_for_money(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.services.fees, "tariff", Tariff(review=0))
    at = now()
    row = request(house, Path.INSURER, at, email="free@insurer.example")
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    assert (state(house, row), owed(house, row)) == (S.REVIEWABLE, [])


def test_money_for_a_request_that_waits_for_none_goes_back(
    house: House, exhibit: ExhibitRow
) -> None:
    row = to_release(house, now(), exhibit, "twice@insurer.example")
    with house.services.transaction() as session:
        house.services.request_decisions.fee_paid(session, row.id, Stage.REVIEW, now())
    assert given_back(house, row) == [("review", 2500)]
    assert state(house, row) == S.RELEASING


def test_a_payment_and_a_decision_at_once_wait_for_each_other(house: House) -> None:
    """Both hold the fee before the request: the other order would end in a deadlock."""
    at = now()
    row = request(house, Path.INSURER, at, email="both@insurer.example")
    decide(house, row, T.COVERED, Role.OPERATOR, at)
    asked: list[str] = []
    with house.services.transaction() as session:
        # Of this connection alone: the sequencer locks rows of its own meanwhile.
        own = session.connection()
        listen(own, "before_cursor_execute", lambda *given: asked.append(given[2]))
        house.services.requests.find(session, row.urn, lock=True)
    locks = [one.split("FROM ")[1].split()[0] for one in asked if "FOR UPDATE" in one]
    assert locks == ["fee", "request"]
