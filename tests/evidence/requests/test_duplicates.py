"""Requests for the same are shown to staff, told to whoever made both, and charged once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from api.migrations import versions
from evidence.errors import StateError
from evidence.fees.prices import Stage
from evidence.people.access import Role
from evidence.requests.asked import Asked, asked_of
from evidence.requests.duplicates import older
from evidence.requests.duplicates.likeness import claim_words, is_same_place, organisation_words
from evidence.requests.duplicates.older import JOB_LIKENESS
from evidence.requests.questions.checks import Checked, check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path, RequestState, RequestStep
from evidence.requests.tables import RequestRow
from storage.database import connect
from tests.evidence.fees.invoicing.firms import Firm
from tests.evidence.requests.forms_filled import FILLED, RULES
from tests.evidence.requests.requesting import (
    decide,
    fill,
    filled,
    owed,
    pay,
    prove,
    request,
    values_of,
)
from tests.houses import House

MAILBOX = "jo@insurer.example"


def asked(**other: str) -> Asked:
    found = check_form(FORMS[Path.INSURER], {**FILLED[Path.INSURER], **other}, RULES)
    return asked_of(Path.INSURER, found.answers)


@pytest.mark.parametrize("said", ["cl 77/b", "CL-77-B", "\uff23\uff2c77B"])
def test_a_claim_is_the_same_however_it_is_typed(said: str) -> None:
    assert claim_words(asked(claim_reference=said)) == "cl77b"


def test_an_organisation_is_its_name_at_its_domain() -> None:
    one = organisation_words(asked(organisation="Example  Insurance."), MAILBOX)
    assert one == organisation_words(asked(organisation="example insurance"), MAILBOX)
    assert one != organisation_words(asked(), "jo@other.example")
    assert one != organisation_words(asked(organisation="Other"), MAILBOX)


@pytest.mark.parametrize(
    ("street", "cameras", "same"),
    [
        ("High St.", "", True),
        ("Hgh Street", "", True),
        ("High Road", "", False),
        ("Low Street", "", False),
        ("Junction of High Street and Low Street", "", True),
        ("Low Street", "bar-0018", True),
        ("!", "", False),
    ],
)
def test_a_place_is_the_same_by_a_camera_or_by_its_words(
    street: str, cameras: str, same: bool
) -> None:
    one, other = asked(street="High Street"), asked(street=street, cameras=cameras)
    assert is_same_place(one, other) == same
    assert is_same_place(other, one) == same


@pytest.fixture(scope="module")
def at(house: House) -> datetime:
    return house.services.clock().replace(microsecond=0)


Asking = Callable[..., RequestRow]


@pytest.fixture
def again(house: House, at: datetime) -> Asking:
    """Return what asks for a claim, and about a street, of the test's own."""
    own = {"claim_reference": uuid4().hex, "street": uuid4().hex, "cameras": ""}
    return lambda **other: request(house, Path.INSURER, at, **{**own, **other})


def found(house: House, row: RequestRow) -> list[tuple[str, bool]]:
    alike = house.look(lambda s: house.services.duplicates.of(s, row.id))
    return [(one.row.urn, one.again) for one in alike]


def test_staff_see_each_request_for_the_same_and_of_whom_it_is(house: House, again: Asking) -> None:
    first, second = again(), again(claim_reference="test staff, other")
    twin = again(contact_name="Somebody Else", email="al@insurer.example")
    rival = again(organisation="Rival", email="x@rival.example")
    again(time_from="15:00", time_to="15:10")
    again(street="Elsewhere")
    same = sorted([(second.urn, False), (twin.urn, True), (rival.urn, False)])
    assert sorted(found(house, first)) == same
    assert sorted(found(house, rival)) == sorted([(first.urn, False), (twin.urn, False)])


def test_what_is_paid_once_is_not_asked_for_again(
    house: House, again: Asking, at: datetime
) -> None:
    first, second, rival = again(), again(), again(organisation="Rival", email="x@rival.example")
    decide(house, first, RequestStep.COVERED, Role.OPERATOR, at)
    with pytest.raises(StateError, match=f"request {first.urn} asks for the same"):
        decide(house, second, RequestStep.COVERED, Role.OPERATOR, at)
    assert owed(house, second) == []
    assert decide(house, rival, RequestStep.COVERED, Role.OPERATOR, at).state == "review_due"
    pay(house, first, Stage.REVIEW, at)
    then = decide(house, second, RequestStep.COVERED, Role.OPERATOR, at)
    assert then.state == RequestState.REVIEWABLE
    (waived,) = values_of(house, second, "fee.waived")
    assert waived["reason"] == f"duplicate of {first.urn}, for which this was paid"
    assert owed(house, rival) == [Stage.REVIEW], "another organisation pays for itself"


def test_what_is_on_account_once_is_not_asked_for_again(house: House, at: datetime) -> None:
    firm = Firm(house, at)
    firm.opened()
    same = {"claim_reference": uuid4().hex, "street": uuid4().hex, "cameras": ""}
    first = firm.asks(**same)
    firm.charge(first)
    second = firm.asks(**same)
    assert second.state == RequestState.REVIEWABLE
    (waived,) = values_of(house, second, "fee.waived")
    assert waived["reason"] == f"duplicate of {first.urn}, for which this is on account"
    firm.credit(first, 1000)
    assert firm.asks(**same).state == RequestState.REVIEWABLE


def test_a_duplicate_of_what_has_ended_is_charged(
    house: House, again: Asking, at: datetime
) -> None:
    first, second = again(), again()
    decide(house, first, RequestStep.COVERED, Role.OPERATOR, at)
    decide(house, first, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    decide(house, second, RequestStep.COVERED, Role.OPERATOR, at)
    assert owed(house, second) == [Stage.REVIEW]


def test_a_correction_is_found_by_what_it_says_now(
    house: House, again: Asking, at: datetime
) -> None:
    first, second = again(), again(claim_reference="another claim", street="Elsewhere", cameras="")
    assert found(house, first) == []
    services = house.services
    now = house.look(lambda s: services.requests.asked(s, second.id))
    then = house.look(lambda s: services.requests.asked(s, first.id))
    assert now is not None
    assert then is not None
    answers = {
        **now.answers,
        **{name: then.said(name) for name in ("claim_reference", "street")},
    }
    with services.transaction() as session:
        services.request_decisions.correct(session, second.id, replace(now, answers=answers), at=at)
    assert found(house, first) == [(second.urn, True)]


def test_whoever_made_both_is_told_before_they_send_and_nobody_else_is(
    house: House, again: Asking, at: datetime
) -> None:
    first = again(email="own@insurer.example")
    again(email="colleague@insurer.example")
    services = house.services
    before = house.look(lambda s: services.requests.asked(s, first.id))
    assert before is not None
    given = {**filled(Path.INSURER, at), **before.answers, "cameras": ""}
    secret = fill(house, Path.INSURER, at, given)

    def told() -> list[str]:
        draft = house.look(lambda s: services.drafts.find(s, secret))
        assert draft is not None
        checked = services.drafts.check(draft, at=at)
        return house.look(lambda s: [one.urn for one in services.drafts.again(s, draft, checked)])

    assert told() == [], "nobody has proven that the mailbox is theirs"
    prove(house, secret, at)
    assert told() == [first.urn]
    draft = house.look(lambda s: services.drafts.find(s, secret))
    assert draft is not None
    wrong = Checked({}, {"street": "missing"})
    assert not house.look(lambda s: services.drafts.again(s, draft, wrong))


def test_the_search_reads_an_index_whatever_else_there_is(house: House, again: Asking) -> None:
    row = again()
    with house.services.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.execute(
            text(
                "EXPLAIN SELECT 1 FROM request_likeness a, request_likeness b "
                "WHERE a.request = :r AND (b.claim_mac = 'x' AND b.claim_mac <> '' OR "
                "b.organisation_mac = 'y') AND b.starts_at < now() AND b.starts_at > :s"
            ),
            {"r": row.id, "s": house.services.clock() - timedelta(hours=25)},
        )
        words = "\n".join(line for (line,) in plan)
    assert "request_likeness_claim" in words
    assert "request_likeness_organisation" in words


MIGRATION = "0027_leftovers.sql"


def test_requests_older_than_the_index_are_noted_by_a_job_that_the_migration_leaves(
    house: House, again: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [again(), again(), again(street="Elsewhere Lane")]
    script = files(versions).joinpath(MIGRATION).read_text("utf-8").partition("\n\n")[2]

    def jobs() -> list[str]:
        found = text("SELECT args ->> 'subject' FROM procrastinate_jobs WHERE task_name = :name")
        return sorted(house.look(lambda s: s.execute(found, {"name": JOB_LIKENESS}).scalars()))

    def kept() -> list[tuple[object, ...]]:
        found = text("SELECT * FROM request_likeness ORDER BY request")
        return house.look(lambda s: [tuple(row) for row in s.execute(found)])

    def migrated() -> None:
        owner = connect(house.settings.addresses().owner_url)
        with owner.begin() as connection:
            connection.exec_driver_sql(script)
        owner.dispose()

    migrated()
    assert jobs() == [], "there is none that it is for"
    before = kept()
    with house.services.transaction() as session:
        session.execute(text("DELETE FROM request_likeness"))
    migrated()
    (after,) = jobs()
    monkeypatch.setattr(older, "AT_ONCE", len(before) - 1)
    house.services.older_requests.note(UUID(after))
    assert len(kept()) == len(before) - 1
    _, then = jobs()
    for _ in range(2):  # a job runs at least once
        house.services.older_requests.note(UUID(then))
    assert kept() == before
    assert len(jobs()) == 2, "it is over"
    assert {row.id for row in rows} <= {one[0] for one in before}
