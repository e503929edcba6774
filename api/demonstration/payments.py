"""Edge. The demonstration's payment provider: it speaks GOV.UK Pay's API, and takes no money.

What it answers is held against the API's description by a test. It calls back one address, which
it is given when it starts, and sends browsers to one origin: nothing that is asked of it names
another. Its card page, and what the numbers of test cards do, stand in `cards`.
"""

import hashlib
import hmac
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from api.demonstration.accounts import Account
from api.demonstration.answers import Charge, Refusal
from api.demonstration.cards import OUTCOMES, card_page, over_page
from storage.wholefiles import write_whole

WEBHOOK = "/webhooks/pay"
"""Where the service is called about payments."""
_IDEMPOTENCY = re.compile("[a-zA-Z0-9-]+")
_MOST_BODY = 1 << 16
_STOPPED = re.compile(r"[<>\\|]")
Answer = tuple[HTTPStatus, Mapping[str, Any] | None]


@dataclass(slots=True)
class Fault:
    """What a test has the next call to the API end in."""

    status: int
    code: str = "P0198"
    method: str = ""
    """Of the call; empty: of any."""
    done: bool = False
    """Whether it is done all the same, and only answered as if it were not."""


@dataclass
class PayStandIn:
    """The provider as a WSGI application (PEP 3333)."""

    own: str
    """Its own origin."""
    returns: str
    """The one origin to which browsers are sent back."""
    key: str
    secret: str
    deliver: Callable[[bytes, str], None]
    """Sends a call about a payment, with its signature, to the one address for it."""
    clock: Callable[[], datetime]
    draw: Callable[[int], str]
    """Draw a secret or a name of so many characters."""
    kept: Path | None = None
    faults: deque[Fault] = field(default_factory=deque)
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        """Read what was kept by the process before."""
        self._lock = threading.Lock()
        read = self.kept is not None and self.kept.exists()
        said = json.loads(self.kept.read_bytes()) if read and self.kept else {}
        self.account = Account.read(said, self.own, self.clock, self.draw)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        path, method = str(environ["PATH_INFO"]), str(environ["REQUEST_METHOD"])
        length = min(int(environ.get("CONTENT_LENGTH") or 0), _MOST_BODY)
        body = environ["wsgi.input"].read(length) if length else b""
        with self._lock:
            if path.startswith("/v1/"):
                reply = _json(*self._api(method, path, environ, body))
            else:
                reply = self._page(method, path, body)
            told = self.account.take_told()
            if self.kept is not None:
                write_whole(self.kept, json.dumps(self.account.write()).encode())
        for event in told:
            self._call(event)
        status, headers, content = reply
        start_response(f"{status.value} {status.phrase}", headers)
        return [content]

    def _call(self, event: Mapping[str, Any]) -> None:
        body = json.dumps(event).encode()
        self.deliver(body, hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest())

    def _api(self, method: str, path: str, environ: Mapping[str, Any], body: bytes) -> Answer:
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {self.key}":
            return HTTPStatus.UNAUTHORIZED, None
        due = self.faults and self.faults[0].method in ("", method)
        fault = self.faults.popleft() if due else None
        if fault is not None and not fault.done:
            return _error(fault.status, fault.code)
        try:
            answer = self._routed(method, path, environ, body)
        except Refusal as refused:
            return _error(refused.status, refused.code, refused.field)
        return _error(fault.status, fault.code) if fault is not None else answer

    def _routed(self, method: str, path: str, environ: Mapping[str, Any], body: bytes) -> Answer:
        parts = path.split("/")[2:]
        if method == "GET":
            said = parse_qs(environ.get("QUERY_STRING", ""))
            return self._read(parts, {name: one[0] for name, one in said.items()})
        match parts:
            case ["payments"]:
                return self._create(environ, _object(body, "P0197"))
            case ["payments", name, "cancel"]:
                self.account.cancel(self.account.find(name, "P0500"))
                return HTTPStatus.NO_CONTENT, None
            case ["payments", name, "refunds"]:
                charge = self.account.find(name, "P0600")
                return HTTPStatus.ACCEPTED, self.account.give_back(charge, _object(body, "P0697"))
        return _error(HTTPStatus.NOT_FOUND, "P0200")

    def _read(self, parts: list[str], query: Mapping[str, str]) -> Answer:
        account = self.account
        match parts:
            case ["payments"]:
                said = account.search_payments(query)
            case ["refunds"]:
                said = account.search_refunds(query)
            case ["payments", name]:
                said = account.tell(account.find(name, "P0200"))
            case ["payments", name, "events"]:
                said = account.events(account.find(name, "P0300"))
            case ["payments", name, "refunds"]:
                said = account.refunds(account.find(name, "P0800"))
            case ["payments", name, "refunds", refund]:
                said = account.refund_of(account.find(name, "P0700"), refund)
            case _:
                return _error(HTTPStatus.NOT_FOUND, "P0200")
        return HTTPStatus.OK, said

    def _create(self, environ: Mapping[str, Any], asked: Mapping[str, Any]) -> Answer:
        if _STOPPED.search(json.dumps(asked, ensure_ascii=False).replace('\\"', "")):
            return _error(HTTPStatus.FORBIDDEN, "P0920")
        key = environ.get("HTTP_IDEMPOTENCY_KEY", "")
        if key and not _IDEMPOTENCY.fullmatch(key):
            return _error(HTTPStatus.UNPROCESSABLE_ENTITY, "P0102", "Idempotency-Key")
        if not str(asked.get("return_url", "")).startswith(f"{self.returns}/"):
            # The real one takes any address; this one sends nobody elsewhere.
            return _error(HTTPStatus.UNPROCESSABLE_ENTITY, "P0102", "return_url")
        charge, new = self.account.create(asked, key)
        told = self.account.tell(charge)
        return (HTTPStatus.CREATED if new else HTTPStatus.OK), told

    def _page(self, method: str, path: str, body: bytes) -> "Reply":
        """Show the card page, or take what was entered on it."""
        if path == "/":
            return _html(HTTPStatus.OK, over_page("This is the demonstration's payment stand-in."))
        match path.split("/")[1:]:
            case ["secure", token]:
                charge = self.account.begin(token)
                # Once, as the real one: who comes again must be sent by the service again.
                return _away(f"/card/{charge.session}") if charge else _gone()
            case ["card", session]:
                found = self.account.at_card(session)
                return self._card(method, found, body) if found else _gone()
        return _gone()

    def _card(self, method: str, charge: Charge, body: bytes) -> "Reply":
        if method != "POST":
            return _html(HTTPStatus.OK, card_page(charge.description, charge.amount))
        form = {name: one[0] for name, one in parse_qs(body.decode("ascii", "replace")).items()}
        number = form.get("number", "").replace(" ", "")
        if form.get("action") == "cancel":
            self.account.end(charge, "failed", "P0030")
        elif number not in OUTCOMES:
            page = card_page(charge.description, charge.amount, wrong=True)
            return _html(HTTPStatus.UNPROCESSABLE_ENTITY, page)
        else:
            self.account.pay(charge, *OUTCOMES[number])
        return _away(charge.return_url)


Reply = tuple[HTTPStatus, list[tuple[str, str]], bytes]


def _object(body: bytes, code: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, code)
    return said


def _error(status: int, code: str, name: str = "") -> Answer:
    said = {"code": code, "description": f"The stand-in refuses: {code}"}
    return HTTPStatus(status), {**said, "field": name} if name else said


def _json(status: HTTPStatus, said: Mapping[str, Any] | None) -> Reply:
    content = b"" if said is None else json.dumps(said).encode()
    return status, [("Content-Type", "application/json")], content


def _html(status: HTTPStatus, page: str) -> Reply:
    return status, [("Content-Type", "text/html; charset=utf-8")], page.encode()


def _away(url: str) -> Reply:
    return HTTPStatus.SEE_OTHER, [("Location", url)], b""


def _gone() -> Reply:
    words = "This link was used, or the payment is over. Go back to the council's page."
    return _html(HTTPStatus.NOT_FOUND, over_page(words))
