"""The control room's queue: what is overwritten next first, and each step by who may take it."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from httpx import Response

from api.times import utc_now
from api.web.console.requests.words import ACTS, GROUPS, STEP_FIELDS
from custody.formats.events import EVENTS
from evidence.errors import InvalidError, StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.prices import Stage
from evidence.people.access import Role
from evidence.requests.documents.kinds import DocumentKind
from evidence.requests.recorded import told_fields
from evidence.requests.states import Path, RequestState, RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow
from export.desk.asked.queue import RequestGroup
from export.release.proposals import Delivery, NewRelease, ReleaseKind
from export.release.tables import ReleaseRow
from tests.api.statements import statements
from tests.api.web.visiting import Visitor
from tests.evidence.requests.documents.papers_filled import PDF
from tests.evidence.requests.requesting import decide, pay, preserve, request, review
from tests.houses import House

Opens = Callable[..., Visitor]
DESK = "/console/requests"


def now() -> datetime:
    return utc_now().replace(microsecond=0)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


@pytest.fixture(scope="module")
def other(house: House) -> ExhibitRow:
    return house.unplayable()


def led(answer: Response) -> str:
    assert answer.status_code == 303, html.unescape(answer.text)
    return str(answer.headers["location"])


def send(visitor: Visitor, row: RequestRow, place: str, **form: str) -> Response:
    return visitor.fill(f"{DESK}/{row.urn}/{place}", form)


def state(house: House, row: RequestRow) -> str:
    return house.look(lambda s: s.get_one(RequestRow, row.id).state)


def releasing(house: House, exhibit: ExhibitRow, path: Path, email: str) -> RequestRow:
    """Bring a request so far that a release can be proposed for it."""
    at = now()
    row = request(house, path, at, email=email)
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    if path is Path.INSURER:
        pay(house, row, Stage.REVIEW)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    decide(house, row, RequestStep.APPROVED, Role.RELEASER, at)
    if path is Path.INSURER:
        pay(house, row, Stage.RELEASE)
    return row


def test_the_queue_shows_what_is_overwritten_next_first_and_leaves_out_what_is_preserved(
    browser: Opens, house: House
) -> None:
    at = now()
    rows = [
        request(house, Path.POLICE, at, email=f"q{day}@barset.police.example", **incident(at, day))
        for day in (3, 30, 10)
    ]
    shown = browser(Role.OPERATOR).get(DESK).text
    places = [shown.index(row.urn) for row in rows]
    assert places[1] < places[2] < places[0]
    assert "left</strong>" in shown or "Today" in shown
    preserve(house, rows[1], at)
    after = browser(Role.OPERATOR).get(DESK).text
    assert rows[1].urn not in after
    assert rows[1].urn in browser(Role.OPERATOR).get(f"{DESK}?show=open").text
    home = browser(Role.OPERATOR).get("/console").text
    assert "to be preserved" in home


def incident(at: datetime, days: int) -> dict[str, str]:
    return {"incident_date": (at - timedelta(days=days)).date().isoformat()}


def test_requests_for_the_same_are_linked_and_the_second_is_not_charged_for(
    browser: Opens, house: House
) -> None:
    at = now()
    same = {"claim_reference": "CL-TWICE", "street": "Twice Lane", "cameras": ""}
    first, second = (request(house, Path.INSURER, at, **same) for _ in range(2))
    operator = browser(Role.OPERATOR)
    shown = operator.get(f"{DESK}/{second.urn}").text
    assert f'href="{DESK}/{first.urn}"' in shown
    assert "The same claim, by the same organisation" in shown
    decide(house, first, RequestStep.COVERED, Role.OPERATOR, at)
    refused = send(operator, second, "coverage", choice="covered", reason="BAR-0017")
    assert refused.status_code == 409, refused.text
    assert f"equest {first.urn} asks for the same" in html.unescape(refused.text)
    assert state(house, second) == RequestState.SUBMITTED


def test_pages_of_the_queue_begin_where_another_ended(house: House) -> None:
    at, by = now(), house.subjects[Role.OPERATOR]
    for number in range(3):
        request(house, Path.COUNCIL, at, email=f"p{number}@council.example")
    lists, seen, cursor = house.services.request_list, list[str](), None
    for _ in range(40):
        with house.services.transaction() as session:
            page = lists.page(session, RequestGroup.OPEN, by=by, at=at, cursor=cursor, most=2)
            seen += [one.row.urn for one in page.rows]
        cursor = page.older
        if cursor is None:
            break
    with house.services.transaction() as session:
        whole = lists.page(session, RequestGroup.OPEN, by=by, at=at, most=100)
        assert seen == [one.row.urn for one in whole.rows]
        assert lists.counts(session, by=by, at=at)[RequestGroup.OPEN] == len(seen)


def test_a_page_of_the_queue_costs_as_much_for_one_as_for_many(
    browser: Opens, house: House
) -> None:
    rows = [
        request(house, Path.COUNCIL, now(), email=f"cost{number}@council.example")
        for number in range(2)
    ]
    operator, costs = browser(Role.OPERATOR), []
    for place in (f"{DESK}?show=open&q={rows[0].urn}", f"{DESK}?show=open"):
        with statements(house) as asked:
            assert rows[0].urn in operator.get(place).text
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_an_operator_and_a_releaser_bring_a_request_to_its_release(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = request(house, Path.POLICE, now(), email="story@barset.police.example")
    operator, releaser = browser(Role.OPERATOR), browser(Role.RELEASER)
    page = html.unescape(operator.get(f"{DESK}/{row.urn.lower()}").text)
    assert "Confirm that it is preserved" in page
    assert "Refuse it" not in page, "an operator cannot"
    short = send(operator, row, "preservation", **preserved(house, row, cameras="BAR-0017"))
    assert short.status_code == 422
    assert "BAR-0018 was asked for" in html.unescape(short.text)
    cameras = "BAR-0017\r\nBAR-0018"
    done = led(send(operator, row, "preservation", **preserved(house, row, cameras=cameras)))
    assert "receipt" in operator.get(done).text
    nothing = send(operator, row, "coverage", choice="", reason="BAR-0017")
    assert 'href="#choice"' in nothing.text
    led(send(operator, row, "coverage", choice="covered", reason="BAR-0017 looks there"))
    led(send(operator, row, "review"))
    unnamed = send(operator, row, "outcome", outcome="found", exhibits="", reason="the lorry")
    assert 'href="#exhibits"' in unnamed.text
    form = {"outcome": "found", "exhibits": exhibit.reference.lower(), "reason": "the lorry"}
    led(send(operator, row, "outcome", **form))
    assert operator.get(f"{DESK}/{row.urn}/approval").status_code == 403
    led(send(releaser, row, "approval", reason="necessary and proportionate"))
    assert state(house, row) == RequestState.RELEASING
    shown = html.unescape(operator.get(f"{DESK}/{row.urn}").text)
    assert "Propose the release" in shown
    assert "necessary and proportionate" in shown
    assert exhibit.reference in shown
    history = operator.get(f"{DESK}/{row.urn}/history")
    assert history.status_code == 200
    assert "Footage reviewed" in history.text
    filled = html.unescape(operator.get(f"/console/releases/new?request={row.urn}").text)
    for said in (row.urn, "Alex Officer", "story@barset.police.example", "Barset Police"):
        assert f'value="{said}"' in filled


def preserved(house: House, row: RequestRow, **form: str) -> dict[str, str]:
    asked = house.look(lambda s: house.services.requests.asked(s, row.id))
    assert asked is not None
    times = {"start": asked.start.isoformat(" "), "end": asked.end.isoformat(" ")}
    return {**times, "where": "the evidence drive", **form}


def test_who_reviewed_is_not_offered_the_approval(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    at = now()
    row = request(house, Path.POLICE, at, email="alone@barset.police.example")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    releaser = browser(Role.RELEASER)
    led(send(releaser, row, "review"))
    form = {"outcome": "partly_found", "exhibits": exhibit.reference, "reason": "one camera"}
    led(send(releaser, row, "outcome", **form))
    shown = html.unescape(releaser.get(f"{DESK}/{row.urn}").text)
    assert "You reviewed it" in shown
    assert "Approve in principle" not in shown
    answer = send(releaser, row, "approval", reason="me again")
    assert answer.status_code == 403
    assert state(house, row) == RequestState.FOUND


def test_the_home_page_says_which_requests_wait_for_whom(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = request(house, Path.SUBJECT, now(), email="home@person.example")
    card = f'href="{DESK}/{row.urn}"'

    def home(role: Role) -> str:
        shown = browser(role).get("/console").text
        return re.sub(r"(?s)<h2[^>]*>.{0,99} to be\s+preserved.*?</li>\s*</ul>", "", shown)

    assert card not in home(Role.GOVERNANCE)
    with house.services.transaction() as session:
        came = house.services.document_arrivals.take(PDF)
        house.services.documents.receive(session, row.id, DocumentKind.IDENTITY, came, at=now())
    assert card in home(Role.GOVERNANCE)
    assert card not in home(Role.RELEASER)
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, now())
    review(house, row, ReviewOutcome.FOUND, now(), exhibit)
    assert card in home(Role.RELEASER)
    assert card not in home(Role.OPERATOR)


def test_a_refusal_as_overwritten_needs_the_search_first(browser: Opens, house: House) -> None:
    row = request(house, Path.INSURER, now(), email="over@insurer.example")
    governance, operator = browser(Role.GOVERNANCE), browser(Role.OPERATOR)
    none = send(governance, row, "refusal", choice="", reason="late")
    assert 'href="#choice"' in none.text
    early = send(governance, row, "refusal", choice="overwritten", reason="late")
    assert early.status_code == 409
    assert "search" in early.text
    empty = send(operator, row, "search", reason=" ")
    assert empty.status_code == 422
    led(send(operator, row, "search", reason="exhibits of the street: none"))
    led(send(governance, row, "refusal", choice="overwritten", reason="it came on day 33"))
    shown = html.unescape(governance.get(f"{DESK}/{row.urn}").text)
    assert "it came on day 33" in shown
    assert "What you can do" not in shown


def test_the_clock_of_a_subject_access_request_stops_and_goes_on(
    browser: Opens, house: House
) -> None:
    row = request(house, Path.SUBJECT, now(), email="sar-clock@gmail.com")
    governance = browser(Role.GOVERNANCE)
    assert "Stop the clock" in governance.get(f"{DESK}/{row.urn}").text
    led(send(governance, row, "clock", reason="a document that shows who they are"))
    shown = governance.get(f"{DESK}/{row.urn}").text
    assert "The clock stands" in shown
    led(send(governance, row, "clock", reason="it came"))
    assert "Due by the end of" in governance.get(f"{DESK}/{row.urn}").text


def test_the_answer_is_due_again_once_the_review_is_paid(house: House) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="turns@insurer.example")

    def due(then: datetime) -> object:
        listed = house.look(
            lambda s: house.services.request_list.own(
                s, house.services.requests.find(s, row.urn), at=then
            )
        ).listed
        return listed.due

    first = due(at)
    assert first is not None
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    assert due(at) is None
    later = at + timedelta(days=9)
    pay(house, row, Stage.REVIEW, later)
    assert due(later) == first + timedelta(days=9)  # type: ignore[operator] # a date


def test_withdrawn_and_closed_have_their_reasons(browser: Opens, house: House) -> None:
    at = now()
    operator = browser(Role.OPERATOR)
    gone = request(house, Path.INSURER, at, email="gone-now@insurer.example")
    missing = send(operator, gone, "withdrawal", reason="")
    assert "Enter who told you so" in missing.text
    led(send(operator, gone, "withdrawal", reason="telephoned: settled"))
    done = request(house, Path.INSURER, at, email="done@insurer.example")
    led(send(operator, done, "coverage", choice="not_covered", reason="no camera there"))
    led(send(operator, done, "closure", reason="answered"))
    assert (state(house, gone), state(house, done)) == ("withdrawn", "closed")
    again = operator.get(f"{DESK}/{done.urn}/closure")
    assert led(again) == f"{DESK}/{done.urn}"


def wanted(house: House, row: RequestRow, *exhibits: ExhibitRow) -> NewRelease:
    asked = house.look(lambda s: house.services.requests.asked(s, row.id))
    assert asked is not None
    name, email = asked.recipient
    return NewRelease(
        exhibits=tuple(one.reference for one in exhibits),
        kind=ReleaseKind.POLICE if row.path == Path.POLICE else ReleaseKind.INSURER,
        recipient_name=name,
        recipient_email=email,
        organisation=asked.organisation,
        purpose=asked.purpose,
        basis=asked.basis,
        with_master=True,
        urn=row.urn,
        delivery=Delivery.NONE,
    )


def propose(house: House, new: NewRelease) -> ReleaseRow:
    by = house.subjects[Role.OPERATOR]
    return house.do(
        Role.OPERATOR,
        lambda s: house.services.proposals.propose(s, new, by=by, at=utc_now()),
    )


def test_a_release_for_a_request_says_what_it_says_or_is_refused(
    house: House, exhibit: ExhibitRow, other: ExhibitRow
) -> None:
    row = releasing(house, exhibit, Path.INSURER, "agree@insurer.example")
    right = wanted(house, row, exhibit)
    for change, field in (
        ({"kind": ReleaseKind.POLICE}, "kind"),
        ({"recipient_name": "Somebody Else"}, "recipient_name"),
        ({"recipient_email": "else@insurer.example"}, "recipient_email"),
        ({"organisation": "Another"}, "organisation"),
        ({"basis": "because"}, "basis"),
        ({"exhibits": (other.reference,)}, "exhibits"),
    ):
        with pytest.raises(InvalidError, match=row.urn) as refused:
            propose(house, replace(right, **change))
        assert refused.value.field == field
    release = propose(house, right)
    assert release.urn == row.urn


def test_nothing_is_released_for_a_request_too_early_withdrawn_or_of_a_subject(
    house: House, exhibit: ExhibitRow
) -> None:
    at = now()
    early = request(house, Path.POLICE, at, email="early@barset.police.example")
    with pytest.raises(StateError, match="submitted"):
        propose(house, wanted(house, early, exhibit))
    own = releasing(house, exhibit, Path.SUBJECT, "own@gmail.com")
    with pytest.raises(StateError, match="redacted"):
        propose(house, replace(wanted(house, own, exhibit), basis="UK GDPR Art 15"))
    later = releasing(house, exhibit, Path.POLICE, "later@barset.police.example")
    release = propose(house, wanted(house, later, exhibit))
    decide(house, later, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    with pytest.raises(StateError, match="withdrawn"):
        house.approve(release)


def test_a_package_that_is_sealed_and_leaves_moves_its_request(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = releasing(house, exhibit, Path.POLICE, "sealed@barset.police.example")
    release = propose(house, wanted(house, row, exhibit))
    house.approve(release)
    house.seal(release)
    assert state(house, row) == RequestState.RELEASED
    by = house.subjects[Role.OPERATOR]
    for _ in range(2):
        house.do(
            Role.OPERATOR,
            lambda s: house.services.packages.collect(s, str(release.id), by=by, at=utc_now()),
        )
    assert state(house, row) == RequestState.COLLECTED
    names = [name for name, _ in house.events(row.id)]
    assert names[-2:] == ["request.released", "request.collected"]
    shown = browser(Role.OPERATOR).get(f"{DESK}/{row.urn}").text
    assert f"{row.urn}-R1" in shown


def test_machines_read_the_queue_and_one_request(browser: Opens, house: House) -> None:
    row = request(house, Path.POLICE, now(), email="machine@barset.police.example")
    visitor = browser()

    def ask(path: str, role: str) -> Response:
        bearer = {"Authorization": f"Bearer {house.tokens[role]}"}
        return visitor.get(path, headers=bearer)

    listed = ask("/api/v1/requests?show=preserve&limit=100", Role.AUDITOR)
    assert row.urn in {one["urn"] for one in listed.json()}
    first = ask("/api/v1/requests?show=preserve&limit=1", Role.AUDITOR)
    assert "show=preserve&limit=1&cursor=older-" in first.headers["link"]
    one = ask(f"/api/v1/requests/{row.urn}", Role.OPERATOR).json()
    assert (one["state"], one["answers"]["street"]) == ("submitted", "High Street")
    events = [step["event"] for step in one["steps"]]
    assert events == ["preservation.requested", "coverage.found"]
    assert ask("/api/v1/requests", Role.FINANCE).status_code == 403
    assert ask("/api/v1/requests/BAR-2222-2222-2", Role.OPERATOR).status_code == 404


def test_the_words_name_only_what_there_is() -> None:
    assert set(GROUPS) == set(RequestGroup)
    for event, names in STEP_FIELDS.items():
        assert set(names) <= told_fields(event), event
        assert event in EVENTS
    assert all(re.fullmatch("[a-z]+", one.place) for one in ACTS)
