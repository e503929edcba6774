"""What the register says of a request as it comes in: on record, from public cameras alone."""

from datetime import datetime
from unittest import mock

import pytest

from api.times import utc_now
from custody.formats.canonical import JSON
from evidence.cameras.coverage import FoundBy
from evidence.errors import InvalidError, StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.prices import Stage
from evidence.people.access import Role
from evidence.people.people import THE_REGISTER
from evidence.requests.asked import Asked, asked_of
from evidence.requests.coverage.findings import covering_words, latest_found, parse_found
from evidence.requests.links.links import incident_of, taken_in
from evidence.requests.links.numbers import IncidentNumbers, read_numbers
from evidence.requests.questions.checks import check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.recorded import steps_of
from evidence.requests.states import Path, RequestState, RequestStep
from evidence.requests.tables import RequestRow
from tests.evidence.cameras.lists import take_over
from tests.evidence.requests.forms_filled import RULES
from tests.evidence.requests.requesting import decide, filled, owed, request, values_of
from tests.evidence.requests.test_request_service import audited
from tests.houses import House

HEAD = "id,location,lat,lon,sensitive\n"
PUBLIC = """1,High Street/Market Square,54.712600,-2.485400,no
2,High Street (Town Hall),54.713300,-2.486500,no
10,Quay Street,54.716400,-2.492000,no
"""
COVERT = """X1,Covert Corner,54.716410,-2.492010,yes
X2,Hidden Lane,54.730000,-2.486550,yes
"""
UNKNOWN = {"street": "Nowhere Lane", "landmark": "", "point": "", "cameras": ""}
QUAY = {**UNKNOWN, "street": "quay st"}


@pytest.fixture(scope="module", autouse=True)
def register(house: House) -> None:
    take_over(house, HEAD + PUBLIC)
    take_over(house, HEAD + PUBLIC + COVERT)


def now() -> datetime:
    return utc_now().replace(microsecond=0)


def facts(house: House, row: RequestRow) -> list[JSON]:
    return [values["facts"] for values in values_of(house, row, "coverage.found")]


def asked(house: House, mailbox: str, **other: str) -> RequestRow:
    return request(house, Path.INSURER, now(), email=f"{mailbox}@insurer.example", **other)


@pytest.mark.parametrize(
    ("where", "by", "cameras"),
    [
        (QUAY, FoundBy.PLACE, ["10"]),
        ({**UNKNOWN, "street": "High Street", "landmark": "Town Hall"}, FoundBy.PLACE, ["2"]),
        ({**UNKNOWN, "street": "High Street"}, FoundBy.SEVERAL, ["1", "2"]),
        ({**UNKNOWN, "street": "Qay Street"}, FoundBy.LIKE, ["10"]),
        ({**UNKNOWN, "point": "54.7164, -2.4921"}, FoundBy.POINT, ["10"]),
        ({**UNKNOWN, "point": "51.0, 0.1"}, FoundBy.POINT, []),
        (UNKNOWN, FoundBy.NOTHING, []),
        ({**UNKNOWN, "street": "Covert Corner"}, FoundBy.NOTHING, []),
    ],
    ids=["street", "landmark", "several", "alike", "point", "far away", "unknown", "sensitive"],
)
def test_the_register_says_which_public_cameras_may_have_captured_it(
    house: House, where: dict[str, str], by: FoundBy, cameras: list[str]
) -> None:
    row = asked(house, f"where-{by.name}{len(str(where))}", **where)
    (said,) = facts(house, row)
    found = house.look(lambda s: latest_found(steps_of(s, row.id)))
    assert found is not None
    assert isinstance(said, dict)
    assert parse_found(said) == found
    assert (found.by, [one.reference for one in found.cameras]) == (by, cameras)
    assert row.state == RequestState.SUBMITTED, "it proposes, and a person decides"


def test_sensitive_cameras_change_nothing_that_is_said_or_named(house: House) -> None:
    known = {**QUAY, "cameras": "X1\n10\nX9"}
    before = asked(house, "with", **known)
    by, at = house.subjects[Role.GOVERNANCE], now()
    with house.services.transaction() as session:
        cameras = house.services.cameras
        cameras.mark(session, "10", sensitive=True, reason="test", by=by, at=at)
        hidden = house.services.submissions.submit(
            session, _asked(known, at), "hidden@insurer.example", at=at
        )
        (step,) = [one for one in steps_of(session, hidden.id) if one.event == "coverage.found"]
        told = step.told["facts"]
        session.rollback()
    take_over(house, HEAD + PUBLIC + COVERT + "X3,Quay Street,54.716400,-2.492001,yes\n")
    after = asked(house, "without", **known)
    assert facts(house, before) == facts(house, after), "one more that is sensitive says nothing"
    (said,) = facts(house, after)
    assert isinstance(said, dict)
    assert said["named"] == ["10"]
    assert (told["cameras"], told["named"]) == ([], []), "or this test would see nothing"
    assert told["register"] != said["register"]


def _asked(given: dict[str, str], at: datetime) -> Asked:
    form = filled(Path.INSURER, at, email="hidden@insurer.example", **given)
    return asked_of(Path.INSURER, check_form(FORMS[Path.INSURER], form, RULES).answers)


def test_where_the_council_lets_it_the_register_says_yes_and_never_no(house: House) -> None:
    decides = mock.patch.object(house.services.submissions._register, "_decides", new=True)
    with decides:
        row = asked(house, "yes", **QUAY)
        unknown = asked(house, "unknown", **UNKNOWN)
        several = asked(house, "several", **{**UNKNOWN, "street": "High Street"})
        day = now().replace(day=1, month=1, year=2026).date().isoformat()
        late = asked(house, "late", **{**QUAY, "incident_date": day})
    assert row.state == RequestState.REVIEW_DUE
    assert owed(house, row) == [Stage.REVIEW]
    (said,) = values_of(house, row, "request.covered")
    assert said["role"] == "register"
    assert str(said["actor"]).startswith(THE_REGISTER)
    assert said["reason"] == "Cameras that may have captured it: 10 (Quay Street)"
    for other in (unknown, several, late):
        assert other.state == RequestState.SUBMITTED, "a person says so, or asks which is meant"
    assert audited(house) == []


def test_a_duplicate_of_what_is_unpaid_comes_in_and_waits_for_a_person(house: House) -> None:
    same = QUAY | {"claim_reference": "CL-TWICE"}
    with mock.patch.object(house.services.submissions._register, "_decides", new=True):
        first = asked(house, "twice", **same)
        second = asked(house, "twice", **same)
    assert (first.state, second.state) == (RequestState.REVIEW_DUE, RequestState.SUBMITTED)
    assert owed(house, second) == []


def test_what_a_person_said_stands_though_the_register_says_yes_later(house: House) -> None:
    at = now()
    row = asked(house, "person", **UNKNOWN)
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at, "BAR-0099, which is not public")
    with mock.patch.object(house.services.submissions._register, "_decides", new=True):
        correct(house, row, at, **QUAY)
    assert [said["role"] for said in values_of(house, row, "request.covered")] == ["operator"]
    assert len(facts(house, row)) == 2


def correct(house: House, row: RequestRow, at: datetime, **other: str) -> None:
    given = filled(Path.INSURER, at, email=f"{row_mailbox(house, row)}", **other)
    after = asked_of(Path.INSURER, check_form(FORMS[Path.INSURER], given, RULES).answers)
    with house.services.transaction() as session:
        house.services.request_decisions.correct(session, row.id, after, at=at)


def row_mailbox(house: House, row: RequestRow) -> str:
    found = house.look(lambda s: house.services.requests.asked(s, row.id))
    assert found is not None
    return found.said("email")


def test_a_correction_of_the_place_is_looked_up_anew_and_one_of_a_name_is_not(
    house: House,
) -> None:
    at = now()
    row = asked(house, "corrected", **UNKNOWN)
    correct(house, row, at, **UNKNOWN, contact_name="Jo Smithe")
    assert len(facts(house, row)) == 1
    correct(house, row, at, **QUAY)
    assert len(facts(house, row)) == 2
    found = house.look(lambda s: latest_found(steps_of(s, row.id)))
    assert found is not None
    assert covering_words(found).endswith("10 (Quay Street)")


def test_an_incident_is_linked_changed_and_removed_on_record(house: House) -> None:
    links, by, at = house.services.request_links, house.subjects[Role.OPERATOR], now()
    row = asked(house, "incident", **QUAY)

    def link(number: str) -> None:
        house.do(Role.OPERATOR, lambda s: links.link_incident(s, row.urn, number, by=by, at=at))

    def number() -> str:
        return house.look(lambda s: incident_of(steps_of(s, row.id)))

    link("  INC  1 ")
    assert number() == "INC 1"
    with pytest.raises(InvalidError, match="already"):
        link("INC 1")
    link("INC 2")
    assert number() == "INC 2"
    house.do(
        Role.OPERATOR,
        lambda s: links.unlink_incident(s, row.urn, by=by, at=at, reason="another van"),
    )
    assert number() == ""
    with pytest.raises(StateError, match="no incident"):
        house.do(
            Role.OPERATOR,
            lambda s: links.unlink_incident(s, row.urn, by=by, at=at, reason="again"),
        )
    said = [name for name, _ in house.events(row.id) if name.startswith("incident.")]
    assert said == ["incident.linked", "incident.linked", "incident.unlinked"]


def test_what_is_taken_in_is_linked_once_and_to_no_request_that_has_ended(house: House) -> None:
    links, by, at = house.services.request_links, house.subjects[Role.OPERATOR], now()
    exhibit: ExhibitRow = house.exhibit()
    row = asked(house, "taken-in", **QUAY)
    for _ in range(2):
        house.do(Role.OPERATOR, lambda s: links.take_in(s, row.urn, exhibit.id, by=by, at=at))
    assert house.look(lambda s: taken_in(steps_of(s, row.id))) == (exhibit.id,)
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    other = house.exhibit()
    with pytest.raises(StateError, match="withdrawn"):
        house.do(Role.OPERATOR, lambda s: links.take_in(s, row.urn, other.id, by=by, at=at))
    assert audited(house) == []


def test_numbers_look_as_the_council_says() -> None:
    numbers = read_numbers("INC-[0-9]{6}", "INC-004512")
    assert numbers.checked(" INC-000001 ") == "INC-000001"
    for wrong in ("INC-1", "INC-0000001", "x" * 61, "", "inc-000001"):
        with pytest.raises(InvalidError):
            numbers.checked(wrong)
    assert isinstance(read_numbers("", ""), IncidentNumbers)
    for pattern, example in (("[0-9]+", ""), ("", "1"), ("[0-9]+", "one"), ("(", "(")):
        with pytest.raises(ValueError, match="incident_pattern"):
            read_numbers(pattern, example)
