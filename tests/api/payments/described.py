"""The stand-in as our client reaches it: calls and answers held against the description."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import jsonschema_rs

from api.demonstration.payments import Fault, PayStandIn
from api.payments.govuk_pay import GovukPay
from api.settings.facts import Pay

DESCRIPTION = Path(__file__).parents[2] / "vectors/govuk-pay/publicapi.json"
ORIGIN = "http://127.0.0.1:31000"
OURS = "http://127.0.0.1:8000"
PAY = Pay("api_test_of_the_tests", "a secret of the tests, and long", api=ORIGIN, pages=ORIGIN)
SUCCEEDS, DECLINED, ERRS = "4444333322221111", "4000000000000002", "4000000000000119"
_NUMBERS = count(1)
"""Of the names that stand-ins of this process drew: none gives one that another one gave."""
AGAIN = 200
"""How it answers when something is created again with the same Idempotency-Key; not described."""


def _strict(schema: Any) -> Any:  # noqa: ANN401 - any part of a description
    """Return a schema in JSON Schema's words, in which nothing may stand that is not described."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(one) for name, one in schema.items() if name != "nullable"}
    if schema.get("nullable"):
        strict["type"] = [schema["type"], "null"]
    if isinstance(schema.get("properties"), dict) and "metadata" not in schema["properties"]:
        strict.setdefault("additionalProperties", False)
    if "payment_id" in schema.get("properties", {}):
        strict["additionalProperties"] = False
    return strict


@cache
def described() -> Any:  # noqa: ANN401 - as above
    return json.loads(DESCRIPTION.read_bytes())


@cache
def validator(name: str) -> Any:  # noqa: ANN401 - a class of a library without a name for it
    components = _strict(described()["components"])
    return jsonschema_rs.validator_for({"$ref": name, "components": components})


def check_schema(content: Any, value: Any) -> None:  # noqa: ANN401 - as above
    validator(content["application/json"]["schema"]["$ref"]).validate(value)


def operation(method: str, path: str) -> Any:  # noqa: ANN401 - as above
    for template, methods in described()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return methods[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


@dataclass
class Described(httpx.BaseTransport):
    """Lets what is described through, and can break a connection on either side of an answer."""

    app: PayStandIn
    breaks: deque[str] = field(default_factory=deque)
    """What becomes of the next calls: "" is nothing, "before" or "after" it was done."""
    calls: list[tuple[str, str]] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        broken = self.breaks.popleft() if self.breaks else ""
        path, body = request.url.path, request.read()
        self.calls.append((request.method, path))
        what = operation(request.method, path)
        assert request.headers["accept"] == "application/json"
        if what.get("requestBody"):
            assert request.headers["content-type"] == "application/json"
            check_schema(what["requestBody"]["content"], json.loads(body))
        asked = {one["name"] for one in what.get("parameters", []) if one["in"] == "query"}
        assert set(parse_qs(request.url.query.decode())) <= asked
        if broken == "before":
            raise httpx.ConnectError("broken")
        answer = httpx.WSGITransport(app=self.app).handle_request(request)
        content = answer.read()
        self.check(request.method, path, what, answer.status_code, content)
        if broken == "after":
            raise httpx.ReadTimeout("broken")
        return httpx.Response(answer.status_code, content=content)

    def check(self, method: str, path: str, what: Any, status: int, content: bytes) -> None:  # noqa: ANN401
        responses = what["responses"]
        if str(status) not in responses:
            if (method, path, status) == ("POST", "/v1/payments", AGAIN):
                check_schema(responses["201"]["content"], json.loads(content))
                return
            # Its API reference names codes with statuses that the description leaves out.
            validator("#/components/schemas/RequestError").validate(json.loads(content))
            assert status in (400, 403, 409, 422, 503), status
            return
        schema = responses[str(status)].get("content")
        if status == 202:
            schema = responses["200"]["content"]
        if schema and content:
            check_schema(schema, json.loads(content))


@dataclass
class Desk:
    """The stand-in, our client of it, and whoever pays."""

    stand_in: PayStandIn
    transport: Described
    client: GovukPay
    now: list[datetime]
    told: list[tuple[bytes, str]]
    """What it called us about: body and signature."""
    paused: list[float]

    def later(self, **span: int) -> None:
        self.now[0] += timedelta(**span)

    def fail_next(self, status: int, code: str, *, method: str = "", done: bool = False) -> None:
        self.stand_in.faults.append(Fault(status, code, method, done))

    def visit(self) -> httpx.Client:
        return httpx.Client(
            transport=httpx.WSGITransport(app=self.stand_in),
            base_url=ORIGIN,
        )

    def pay(self, next_url: str, card: str = SUCCEEDS, action: str = "pay") -> httpx.Response:
        """Do what somebody does at the card page; return what sends them back."""
        with self.visit() as browser:
            page = browser.get(next_url)
            assert page.status_code == 303, page.text
            form = {"number": card, "action": action}
            return browser.post(page.headers["location"], data=form)


@contextmanager
def desk(start: datetime | None = None) -> Iterator[Desk]:
    """Open an account of the stand-in's; its clock stands still until it is moved."""
    now, told, paused = [start or datetime(2026, 11, 20, 9, tzinfo=UTC)], [], []  # type: ignore[var-annotated]
    stand_in = PayStandIn(
        own=ORIGIN,
        returns=OURS,
        key=PAY.key,
        secret=PAY.webhook_secret,
        deliver=lambda body, signature: told.append((body, signature)),
        clock=lambda: now[0],
        draw=lambda length: sha256(str(next(_NUMBERS)).encode()).hexdigest()[:length],
    )
    transport = Described(stand_in)
    client = GovukPay(PAY, transport=transport, pause=paused.append)
    yield Desk(stand_in, transport, client, now, told, paused)


def answering(reply: Callable[[httpx.Request], httpx.Response]) -> GovukPay:
    """Return a client of somebody who answers as a test says."""
    return GovukPay(PAY, transport=httpx.MockTransport(reply), pause=lambda _s: None)
