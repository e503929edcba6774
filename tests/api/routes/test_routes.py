"""Every call, asked by every role, by somebody without one, and by a stranger.

Pages have a test of their own: tests/api/web/test_who_may.py.
"""

import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, func, select

from api.times import utc_now
from custody.ledger.tables import CustodyEventRow
from evidence.people.access import ALLOWED, Action, Role
from evidence.people.refusals import GROUPED
from evidence.people.tokens import token_name
from tests.api.asking import Web, flat
from tests.houses import House

NOWHERE = str(uuid4())
EXHIBIT = {
    "reference": "RT",
    "camera": "BAR-0017",
    "displayed_start": "2026-11-20 14:03:00",
    "displayed_end": "2026-11-20 14:05:00",
    "clock_offset_ms": 73_000,
    "files": [{"upload": NOWHERE, "name": "a.mp4"}],
}
RELEASE = {
    "exhibits": ["RT/404"],
    "kind": "police",
    "recipient_name": "DC Alex Example",
    "recipient_email": "alex@barchester.police.example",
    "organisation": "Barchester Constabulary",
    "purpose": "investigation",
    "basis": "DPA 2018 Sch 2 para 2",
}
TERMS = {
    "organisation": "Harbour Mutual",
    "domains": ["harbour-mutual.example"],
    "reference": "PO-7",
    "address": "1 Quay",
    "reason": "agreed",
}
HANDOFF = {"system": "Evidence store", "reference": "E-1", "acceptance": "signed"}
TUS = {
    "Tus-Resumable": "1.0.0",
    "Upload-Length": "1",
    "Upload-Metadata": "filename YS5tcDQ=",
    "Upload-Offset": "0",
    "Content-Type": "application/offset+octet-stream",
}
"""What each call of a resumable upload needs, and none is confused by."""
OPEN = {("GET", "/healthz"), ("GET", "/readyz")}
OTHERS = {
    # With a token of its own, nobody's of us: tests/api/outbound/test_callback.py.
    ("POST", "/api/v1/notify/callback"),
    # Signed by the provider: tests/api/routes/test_pay_webhook.py.
    ("POST", "/webhooks/pay"),
    # What everybody is told, for any token: tests/api/routes/test_camera_calls.py.
    ("GET", "/api/v1/cameras/coverage"),
}
CAMERAS = b"id,location,lat,lon\n1,High Street,53.1,-2.2\n"


@dataclass(frozen=True)
class Route:
    """A request that changes nothing, and what it takes to be allowed to make it."""

    method: str
    template: str
    action: Action
    body: Any = None
    query: str = ""

    @property
    def path(self) -> str:
        return re.sub(r"\{\w+\}", NOWHERE, self.template) + self.query

    @property
    def headers(self) -> dict[str, str]:
        if self.action is Action.SUBMIT_REQUEST:
            return {"Idempotency-Key": "x"}
        return TUS if "/resumable" in self.template else {}

    @property
    def takes_bytes(self) -> bool:
        return self.template.endswith("/uploads") or self.method == "PATCH"

    def ask(self, web: Web, role: str | None) -> tuple[int, dict[str, Any]]:
        more: dict[str, Any] = {"content": b"x"} if self.takes_bytes else {"json": self.body}
        if isinstance(self.body, bytes):
            more = {"content": self.body}
        answer = web.ask(self.method, self.path, role, headers=self.headers, **more)
        body = answer.json() if answer.content else {}
        return answer.status_code, body if isinstance(body, dict) else {}


BASE = "/api/v1"
WHY = {"reason": "x"}
ON_REQUEST: list[tuple[str, Action, Any]] = [
    (
        "preservation",
        Action.PRESERVE_FOOTAGE,
        {"cameras": ["1"], "start": "2026-11-20 14:00", "end": "2026-11-20 15:00", "where": "x"},
    ),
    ("coverage", Action.REVIEW_REQUEST, {"covered": True, **WHY}),
    ("search", Action.REVIEW_REQUEST, {"result": "x"}),
    ("review", Action.REVIEW_REQUEST, None),
    ("outcome", Action.REVIEW_REQUEST, {"outcome": "not_found", **WHY}),
    ("approval", Action.APPROVE_REQUEST, WHY),
    ("refusal", Action.REFUSE_REQUEST, {"code": "harm", **WHY}),
    ("withdrawal", Action.REVIEW_REQUEST, WHY),
    ("closure", Action.REVIEW_REQUEST, WHY),
    ("pause", Action.PAUSE_REQUEST, WHY),
    ("resumption", Action.PAUSE_REQUEST, WHY),
    ("incident", Action.REVIEW_REQUEST, {"incident": "INC-1"}),
    ("incident/removal", Action.REVIEW_REQUEST, WHY),
    ("documents/seen", Action.CHECK_DOCUMENT, {"kind": "identity", "how": "by post", **WHY}),
    ("documents/wanted", Action.CHECK_DOCUMENT, {"kind": "identity", **WHY}),
]
"""What is done about a request: where, what it takes, and what is sent."""
ROUTES = [
    Route("POST", f"{BASE}/uploads", Action.ADD_EXHIBIT),
    Route("POST", f"{BASE}/resumable", Action.ADD_EXHIBIT),
    *(
        Route(method, f"{BASE}/resumable/{{resumable}}", Action.ADD_EXHIBIT)
        for method in ("HEAD", "PATCH", "DELETE", "GET")
    ),
    Route("POST", f"{BASE}/exhibits", Action.ADD_EXHIBIT, EXHIBIT),
    Route(
        "POST",
        f"{BASE}/exhibits/{{exhibit}}/corrections",
        Action.CORRECT_EXHIBIT,
        {"reason": "x", "camera": "BAR-0018"},
    ),
    Route(
        "POST",
        f"{BASE}/exhibits/{{exhibit}}/files",
        Action.EXTEND_EXHIBIT,
        {"reason": "x", "files": [{"upload": NOWHERE, "name": "player.exe"}]},
    ),
    Route("GET", f"{BASE}/exhibits", Action.SHOW_EXHIBIT),
    Route("GET", f"{BASE}/exhibits/{{exhibit}}", Action.SHOW_EXHIBIT),
    Route("GET", f"{BASE}/exhibits/{{exhibit}}/custody", Action.READ_CUSTODY),
    Route("POST", f"{BASE}/exhibits/{{exhibit}}/retry", Action.RETRY_EXHIBIT),
    Route(
        "POST", f"{BASE}/exhibits/{{exhibit}}/acceptance", Action.ACCEPT_EXHIBIT, {"reason": "x"}
    ),
    Route("POST", f"{BASE}/exhibits/{{exhibit}}/set-aside", Action.SET_ASIDE, {"reason": "x"}),
    Route("POST", f"{BASE}/releases", Action.PROPOSE_RELEASE, RELEASE),
    Route("GET", f"{BASE}/releases", Action.SHOW_RELEASE),
    Route("GET", f"{BASE}/releases/{{release}}", Action.SHOW_RELEASE),
    Route("GET", f"{BASE}/requests", Action.SHOW_REQUEST),
    Route("GET", f"{BASE}/requests/{{name}}", Action.SHOW_REQUEST),
    Route("POST", f"{BASE}/requests", Action.SUBMIT_REQUEST, {"answers": {}}),
    Route("POST", f"{BASE}/requests/lists/rehearsals", Action.SUBMIT_REQUEST, b"x"),
    Route("POST", f"{BASE}/requests/lists", Action.SUBMIT_REQUEST, b"x", "?rehearsed=x"),
    Route("GET", f"{BASE}/requests/own", Action.FOLLOW_REQUEST),
    Route("GET", f"{BASE}/requests/own/{{name}}", Action.FOLLOW_REQUEST),
    Route("POST", f"{BASE}/requests/own/{{name}}/documents/{{kind}}", Action.SUBMIT_REQUEST, b"x"),
    Route("GET", f"{BASE}/requests/changes", Action.FOLLOW_REQUEST),
    Route("PUT", f"{BASE}/requests/webhook", Action.FOLLOW_REQUEST, {"url": "https://a.example"}),
    Route("GET", f"{BASE}/requests/webhook", Action.FOLLOW_REQUEST),
    Route("DELETE", f"{BASE}/requests/webhook", Action.FOLLOW_REQUEST),
    Route("GET", f"{BASE}/requests/{{name}}/messages", Action.SHOW_REQUEST),
    Route("POST", f"{BASE}/requests/{{name}}/messages", Action.WRITE_MESSAGE, {"message": "x"}),
    *(
        Route("POST", f"{BASE}/requests/{{name}}/{place}", action, body)
        for place, action, body in ON_REQUEST
    ),
    Route("GET", f"{BASE}/log", Action.AUDIT_LOG),
    Route(
        "GET",
        f"{BASE}/statistics",
        Action.READ_STATISTICS,
        None,
        "?first=2026-11-01&last=2026-11-20",
    ),
    Route("POST", f"{BASE}/releases/{{release}}/approval", Action.APPROVE_RELEASE, {}),
    Route("POST", f"{BASE}/releases/{{release}}/refusal", Action.REFUSE_RELEASE, {"reason": "x"}),
    Route("POST", f"{BASE}/releases/{{release}}/second-approval", Action.APPROVE_RELEASE, {}),
    Route(
        "POST", f"{BASE}/releases/{{release}}/withdrawal", Action.WITHDRAW_RELEASE, {"reason": "x"}
    ),
    Route(
        "POST",
        f"{BASE}/releases/{{release}}/replacement",
        Action.WITHDRAW_RELEASE,
        {**RELEASE, "reason": "x"},
    ),
    Route(
        "POST", f"{BASE}/releases/{{release}}/revocation", Action.REVOKE_RELEASE, {"reason": "x"}
    ),
    Route(
        "POST", f"{BASE}/releases/{{release}}/abandonment", Action.ABANDON_RELEASE, {"reason": "x"}
    ),
    Route("POST", f"{BASE}/releases/{{release}}/link", Action.REISSUE_LINK),
    Route("POST", f"{BASE}/releases/{{release}}/handoffs", Action.RECORD_HANDOFF, HANDOFF),
    Route("POST", f"{BASE}/releases/{{release}}/seal", Action.SEAL_RELEASE),
    *(
        Route(method, f"{BASE}/releases/{{release}}/package", Action.COLLECT_PACKAGE)
        for method in ("GET", "HEAD")
    ),
    Route("GET", f"{BASE}/accounts", Action.SHOW_ACCOUNTS),
    Route("POST", f"{BASE}/accounts", Action.OPEN_ACCOUNT, TERMS),
    Route("GET", f"{BASE}/accounts/{{account}}", Action.SHOW_ACCOUNTS),
    Route("POST", f"{BASE}/accounts/{{account}}/approval", Action.APPROVE_ACCOUNT, {"reason": "x"}),
    Route("POST", f"{BASE}/accounts/{{account}}/closure", Action.CLOSE_ACCOUNT, {"reason": "x"}),
    Route("GET", f"{BASE}/accounts/statements/{{statement}}", Action.SHOW_ACCOUNTS),
    Route("GET", f"{BASE}/accounts/statements/{{statement}}/lines", Action.SHOW_ACCOUNTS),
    Route(
        "POST",
        f"{BASE}/accounts/statements/{{statement}}/settlement",
        Action.SETTLE_STATEMENT,
        {"remittance": "x"},
    ),
    Route("GET", f"{BASE}/cameras", Action.SHOW_CAMERAS),
    Route(
        "POST", f"{BASE}/cameras/rehearsals", Action.IMPORT_CAMERAS, CAMERAS, "?name=cameras.csv"
    ),
    Route(
        "POST",
        f"{BASE}/cameras/imports",
        Action.IMPORT_CAMERAS,
        CAMERAS,
        "?name=cameras.csv&rehearsed=of+another+list",
    ),
    Route(
        "POST",
        f"{BASE}/cameras/{{reference}}/marking",
        Action.MARK_CAMERA,
        {"sensitive": True, "reason": "x"},
    ),
    Route("POST", f"{BASE}/cameras/{{reference}}/end", Action.MARK_CAMERA, {"reason": "x"}),
]
NAMES = [f"{route.method} {route.template}" for route in ROUTES]


def events(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count()).select_from(CustodyEventRow)).one())


def last_event(house: House) -> dict[str, Any]:
    with house.services.transaction() as session:
        newest = select(CustodyEventRow).order_by(col(CustodyEventRow.seq).desc()).limit(1)
        row = session.exec(newest).one()
        openings = house.services.ledger.openings(session, row.id)
        return {"event": row.event, **{one.field: one.value for one in openings}}


def test_every_route_is_in_this_table(web: Web) -> None:
    served = {
        (method, route.path)
        for route in flat(web.app.routes)
        if route.include_in_schema
        for method in route.methods or ()
    }
    described = {
        (method.upper(), path)
        for path, operations in web.app.openapi()["paths"].items()
        for method in operations
    }
    expected = {(route.method, route.template) for route in ROUTES} | OPEN | OTHERS
    assert described == expected
    assert served <= expected


@pytest.mark.parametrize("role", [*Role, "nobody"])
@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_a_role_is_let_through_exactly_where_the_table_says(
    house: House, web: Web, route: Route, role: str
) -> None:
    # An hour later: what is refused more often within one is counted.
    house.services.refusals.tell(at=utc_now() + GROUPED)
    before = events(house)
    status, body = route.ask(web, role)
    if role in ALLOWED[route.action]:
        assert status in {200, 201, 204, 404, 409}, body
        return
    assert status == 403
    assert body.get("title", "not allowed") == "not allowed"
    assert events(house) == before + 1
    refused = last_event(house)
    assert refused["event"] == "access.refused"
    assert refused["action"] == route.action
    # HEAD answers without a body: there the event alone says why.
    assert refused["reason"] == body.get("detail", refused["reason"])
    assert bool(body) is (route.method != "HEAD")
    assert refused["actor"] == house.subjects[role].words


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_a_stranger_gets_in_nowhere_and_writes_nothing(
    house: House, web: Web, route: Route
) -> None:
    before = events(house)
    for authorization in (None, "Bearer custos_guess", "Bearer ", "Basic YTpi", "custos_guess"):
        headers = dict(route.headers)
        if authorization is not None:
            headers["Authorization"] = authorization
        body = None if isinstance(route.body, bytes) else route.body
        answer = web.ask(route.method, route.path, json=body, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        if route.method != "HEAD":
            assert answer.json()["title"] == "not signed in"
    assert events(house) == before


def test_what_is_open_to_strangers_tells_them_nothing_of_evidence(web: Web) -> None:
    for _, path in OPEN:
        assert set(web.ask("GET", path).json()) <= {
            "web",
            "database",
            "objects",
            "sequencer",
            "publication",
            "worker",
            "masters",
            "standins",
            "clock",
            "room",
            "demonstration",
        }


def test_a_token_that_ended_is_told_so_and_logged_by_its_name(
    house: House, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    services, by = house.services, house.subjects[Role.ADMINISTRATOR]
    before = events(house)
    with services.transaction() as session:
        person = services.people.add(session, "Sam")
        then = utc_now() - timedelta(days=2)
        token = services.tokens.add(
            session, person, [Role.OPERATOR], by=by, at=then, until=then + timedelta(days=1)
        )
    made = events(house)
    assert made > before
    with caplog.at_level(logging.WARNING, "custos.signin"):
        answer = web.ask("GET", "/exhibits", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert "this token ended on" in answer.json()["detail"]
    assert token_name(token) in caplog.text
    assert token not in caplog.text
    assert events(house) == made
