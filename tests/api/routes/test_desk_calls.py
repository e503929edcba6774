"""What staff do about a request, by machine: with the rules and the events of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import Response
from sqlmodel import func, select

from api.times import utc_now
from custody.ledger.tables import CustodyEventRow
from evidence.people.access import Role
from evidence.requests.states import Path
from evidence.requests.tables import RequestRow
from export.desk.statistics.figures import figures_json
from export.desk.statistics.periods import of_months
from tests.api.asking import Web
from tests.evidence.cameras.lists import take_over
from tests.evidence.requests.requesting import request
from tests.houses import House

CAMERAS = "id,location,lat,lon\nBAR-0017,Quay Street,54.716400,-2.492000\n"
QUAY = {"street": "Quay Street", "landmark": "", "point": "", "incident_date": "2026-11-20"}
WHY = {"reason": "as it should be"}
BOTH = ["BAR-0017", "BAR-0018"]
"""Cameras that the request names."""
KEPT = {"start": "2026-11-20 00:00:00", "end": "2026-11-21T00:00:00Z", "where": "recorder 3"}
EXHIBIT = "EXHIBIT"
"""Stands for the reference of one."""
OP, RE, GO = Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE


@dataclass(frozen=True)
class Call:
    """A call, and what must come of it."""

    place: str
    role: Role
    body: Mapping[str, Any] | None
    then: str | int
    """The state of the request, or the status of the refusal."""
    last: str = ""
    """The custody event that it wrote, or the field that the refusal names."""


REVIEWED = [
    Call("coverage", OP, {"covered": True, **WHY}, "reviewable", "request.covered"),
    Call("preservation", OP, {**KEPT, "cameras": BOTH, "end": "soon"}, 422, "end"),
    Call("preservation", OP, {**KEPT, "cameras": BOTH[:1]}, 422, "cameras"),
    Call("preservation", OP, {**KEPT, "cameras": BOTH, "where": " "}, 422, "where"),
    Call("preservation", OP, {**KEPT, "cameras": BOTH}, "reviewable", "preservation.confirmed"),
    Call("outcome", OP, {"outcome": "not_found", **WHY}, 409),
    Call("review", RE, None, "in_review", "review.begun"),
    Call("outcome", RE, {"outcome": "found", **WHY}, 422, "exhibits"),
    Call("outcome", RE, {"outcome": "found", "exhibits": ["ZZ/1"], **WHY}, 404),
    Call(
        "outcome",
        RE,
        {"outcome": "partly_found", "exhibits": [EXHIBIT], **WHY},
        "found",
        "review.completed",
    ),
    Call("approval", RE, WHY, 403),
    Call("closure", RE, WHY, 409),
    Call("withdrawal", OP, {"reason": " "}, 422, "reason"),
    Call("withdrawal", OP, WHY, "withdrawn", "request.withdrawn"),
]
APPROVED = [
    Call("coverage", OP, {"covered": True, **WHY}, "reviewable", "request.covered"),
    Call("review", OP, None, "in_review", "review.begun"),
    Call(
        "outcome",
        OP,
        {"outcome": "found", "exhibits": [EXHIBIT], **WHY},
        "found",
        "review.completed",
    ),
    Call("approval", RE, {}, 422, "reason"),
    Call("approval", RE, WHY, "releasing", "request.approved"),
]
CLOSED = [
    Call("coverage", OP, {"covered": False, **WHY}, "not_covered", "request.not_covered"),
    Call("closure", OP, WHY, "closed", "request.closed"),
]
REFUSED = [
    Call("incident", OP, {"incident": "INC-7"}, "submitted", "incident.linked"),
    Call("incident", OP, {"incident": "INC-7"}, 422, "incident"),
    Call("incident/removal", RE, WHY, "submitted", "incident.unlinked"),
    Call("incident/removal", RE, WHY, 409),
    Call("refusal", RE, {"code": "late", **WHY}, 422),
    Call("refusal", RE, {"code": "overwritten", **WHY}, 409),
    Call("search", OP, {"result": "nothing of that day"}, "submitted", "preserved.searched"),
    Call("refusal", GO, {"code": "overwritten", **WHY}, "refused", "request.refused"),
]
SUBJECT = [
    Call("resumption", GO, WHY, 409),
    Call("pause", GO, WHY, "submitted", "request.paused"),
    Call("resumption", GO, WHY, "submitted", "request.resumed"),
    Call("documents/seen", GO, {"kind": "consent", "how": "by post", **WHY}, 422),
    Call(
        "documents/seen",
        GO,
        {"kind": "identity", "how": "in person", **WHY},
        "submitted",
        "document.seen",
    ),
    Call("documents/wanted", GO, {"kind": "identity", **WHY}, "submitted", "document.asked"),
]


@pytest.fixture(scope="module", autouse=True)
def register(house: House) -> None:
    take_over(house, CAMERAS)


@pytest.fixture(scope="module")
def exhibit(house: House) -> str:
    return house.unplayable().reference


def asked(house: House, path: Path = Path.POLICE) -> RequestRow:
    return request(house, path, utc_now().replace(microsecond=0), **QUAY)


def send(web: Web, row: RequestRow, call: Call, exhibit: str) -> Response:
    body = None if call.body is None else dict(call.body)
    if body and EXHIBIT in body.get("exhibits", ()):
        body["exhibits"] = [exhibit]
    return web.ask("POST", f"/requests/{row.urn}/{call.place}", call.role, json=body)


@pytest.mark.parametrize(
    ("path", "calls"),
    [
        (Path.POLICE, REVIEWED),
        (Path.POLICE, APPROVED),
        (Path.POLICE, CLOSED),
        (Path.CPS, REFUSED),
        (Path.SUBJECT, SUBJECT),
    ],
    ids=["reviewed", "approved", "closed", "refused", "subject"],
)
def test_a_request_is_worked_on_by_calls_alone(
    house: House, web: Web, exhibit: str, path: Path, calls: list[Call]
) -> None:
    row = asked(house, path)
    for call in calls:
        before = house.events(row.id)
        answer = send(web, row, call, exhibit)
        after, told = house.events(row.id), answer.json()
        if isinstance(call.then, int):
            assert answer.status_code == call.then, (call, told)
            assert answer.headers["content-type"] == "application/problem+json"
            assert not call.last or told["field"] == call.last, told
            assert after == before, "nothing was recorded"
        else:
            assert answer.status_code == 200, (call, told)
            assert told["state"] == call.then
            assert call.last in [event for event, _ in after[len(before) :]]
            assert told["steps"][-1]["event"] == call.last
            assert told["steps"][-1]["by"]
            assert told == web.ask("GET", f"/requests/{row.urn}", OP).json()


def test_a_request_tells_what_the_register_found_and_its_incident(house: House, web: Web) -> None:
    row = asked(house)
    send(web, row, Call("incident", OP, {"incident": "INC-4711"}, ""), "")
    told = web.ask("GET", f"/requests/{row.urn}", Role.AUDITOR).json()
    assert told["incident"] == "INC-4711"
    assert told["found"]["by"] == "place"
    assert told["found"]["places"] == ["Quay Street"]
    assert [one["reference"] for one in told["found"]["cameras"]] == ["BAR-0017"]


def test_the_list_is_parted_as_the_queue_is(house: House, web: Web) -> None:
    rows = [asked(house, path) for path in (Path.COUNCIL, Path.COUNCIL, Path.AUTHORISED)]
    send(web, rows[0], Call("incident", RE, {"incident": "INC-4712"}, ""), "")

    def found(query: str) -> list[str]:
        answer = web.ask("GET", f"/requests?{query}", RE)
        assert answer.status_code == 200, answer.text
        return [one["urn"] for one in answer.json()]

    assert set(found("path=council")) == {rows[0].urn, rows[1].urn}
    assert found("words=INC-4712") == [rows[0].urn]
    assert found(f"words={rows[2].urn.lower()}") == [rows[2].urn]
    assert found(f"words={rows[2].urn}&path=council") == []
    assert found("mine=true&path=council") == [rows[0].urn]
    assert found("show=ended&path=council") == []
    first = web.ask("GET", "/requests?path=council&limit=1", RE)
    following = first.links["next"]["url"]
    assert "path=council" in following
    assert "words" not in following
    both = [first.json()[0]["urn"], web.ask("GET", following, RE).json()[0]["urn"]]
    assert set(both) == {rows[0].urn, rows[1].urn}
    assert web.ask("GET", "/requests?path=friend", RE).status_code == 422


def test_statistics_are_the_file_of_the_console_and_on_record(house: House, web: Web) -> None:
    at, by = house.services.clock(), house.subjects[Role.AUDITOR]
    period = of_months(at.date(), 12)
    query = f"/statistics?first={period.first}&last={period.last}"
    exported = select(func.count()).where(CustodyEventRow.event == "register.exported")
    before = house.look(lambda s: s.exec(exported).one())
    for rough in (False, True):
        told = web.ask("GET", f"{query}&rounded={rough}", Role.AUDITOR).json()
        figures = house.look(
            lambda s, rough=rough: house.services.statistics.figures(  # type: ignore[misc]
                s, period, rough=rough, by=by, at=at
            )
        )
        assert {**figures_json(figures), "as_of": told["as_of"]} == told
    refused = web.ask("GET", "/statistics?first=2026-02-01&last=2026-01-01", Role.AUDITOR)
    assert (refused.status_code, refused.json()["field"]) == (422, "last")
    assert house.look(lambda s: s.exec(exported).one()) == before + 2
