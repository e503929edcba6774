"""Every refusal and every failure is a problem (RFC 9457), and no error of ours is forgotten."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, func, select

import api.cli.terminal.waits
import custody.errors
import evidence.errors
import export.package.errors
import storage.errors
from api.app import create_app
from api.denials import (
    ForgedFormError,
    SignInNeededError,
    TooManyError,
    UnauthorisedError,
)
from api.errors import PLAIN, PROBLEMS, lookup
from api.settings.errors import SettingsError
from custody.ledger.tables import CustodyEventRow
from evidence.people.access import Role
from export.errors import ExportError
from storage.errors import ConflictError, StorageError, UnavailableError
from tests.api.asking import Web, asked
from tests.api.routes.test_routes import EXHIBIT, NOWHERE, RELEASE
from tests.houses import House

ROOTS: tuple[type[Exception], ...] = (
    SettingsError,
    evidence.errors.EvidenceError,
    custody.errors.CustodyError,
    storage.errors.StorageError,
    ExportError,
)
LOADED = (api.cli.terminal.waits, export.package.errors)
"""Whose errors must be known before they are counted."""


def below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from below(child)


@pytest.mark.parametrize("kind", sorted({k for r in ROOTS for k in below(r)}, key=str))
def test_every_error_of_ours_has_a_status_and_a_title(kind: type[Exception]) -> None:
    status, title = lookup(kind.__new__(kind))
    assert 400 <= status < 600
    assert title == title.lower()


def test_the_table_names_no_error_that_nothing_of_ours_can_be() -> None:
    known = {kind for root in ROOTS for kind in below(root)} | {
        UnauthorisedError,
        SignInNeededError,
        ForgedFormError,
        TooManyError,
    }
    assert set(PROBLEMS) <= known


def problem(answer: Any, status: int) -> dict[str, Any]:  # noqa: ANN401 - httpx's Response
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    return body


def test_an_address_that_is_none_is_a_problem(web: Web) -> None:
    problem(web.ask("GET", "/api/v2/exhibits"), 404)
    problem(web.ask("GET", "/openapi"), 404)


def test_a_wrong_method_is_a_problem_and_names_a_right_one(web: Web) -> None:
    answer = web.ask("DELETE", f"/exhibits/{NOWHERE}", Role.OPERATOR)
    problem(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_what_is_not_there_is_a_problem(web: Web) -> None:
    problem(web.ask("GET", f"/exhibits/{NOWHERE}", Role.OPERATOR), 404)
    problem(web.ask("GET", "/releases/BAR-7K4M-2XQ9-J-R1", Role.OPERATOR), 404)


def test_a_wrong_value_is_named_and_not_repeated(web: Web) -> None:
    secret = "Mrs Secret of 12 Hidden Lane"
    body = {**EXHIBIT, "clock_offset_ms": secret, "camera": [secret], "files": secret}
    answer = web.ask("POST", "/exhibits", Role.OPERATOR, json=body)
    told = problem(answer, 422)
    assert secret not in answer.text
    assert {one["field"] for one in told["errors"]} == {"clock_offset_ms", "camera", "files"}
    assert all(one["words"] for one in told["errors"])


def test_an_unknown_field_is_refused_by_its_name(web: Web) -> None:
    answer = web.ask("POST", "/releases", Role.OPERATOR, json={**RELEASE, "subject": "somebody"})
    (told,) = problem(answer, 422)["errors"]
    assert told["field"] == "subject"


def test_a_value_that_the_domain_refuses_is_named(web: Web) -> None:
    body = {**RELEASE, "recipient_email": "nobody"}
    told = problem(web.ask("POST", "/releases", Role.OPERATOR, json=body), 422)
    assert told["field"] == "recipient_email"


HOSTILE = {
    "nothing": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"reason":"\xff\xfe"}',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "deep": b'{"reason":' + b"[" * 100_000,
    "deep and whole": b"[" * 5_000 + b"]" * 5_000,
    "a huge integer": b'{"reason":' + b"9" * 10_000 + b"}",
    "not a number": b'{"reason":NaN}',
    "infinity": b'{"reason":-Infinity}',
    "a zero byte": b'{"reason":"a\\u0000b"}',
    "half a pair": b'{"reason":"a\\ud800b"}',
    "half a pair as a name": b'{"\\ud800":1}',
    "a name with a line": b'{"a\\r\\nSet-Cookie: b":1}',
    "too many fields": b"{" + b",".join(b'"f%d":1' % n for n in range(5_000)) + b"}",
    "too many characters": b'{"reason":"' + b"x" * 5_000 + b'"}',
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_body_is_refused_in_so_many_words(web: Web, what: str) -> None:
    for path in (f"/releases/{NOWHERE}/refusal", "/exhibits", "/releases"):
        answer = web.ask(
            "POST",
            path,
            Role.RELEASER,
            content=HOSTILE[what],
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in {400, 422}
        problem(answer, answer.status_code)
        assert len(answer.content) < 20_000
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_too_large_to_be_held_is_refused_even_from_strangers(
    web: Web, announced: bool
) -> None:
    async def endless() -> Any:  # noqa: ANN401 - an async generator
        for _ in range(64):
            yield b" " * 65_536

    content = b" " * (2 << 20) if announced else endless()
    headers = {"Content-Type": "application/json"}
    problem(web.ask("POST", "/exhibits", content=content, headers=headers), 413)


@pytest.mark.parametrize("sent", ["a\x00b", "\ud800", "9" * 400, "BAR-7K4M-2XQ9-J-R" + "9" * 9_000])
def test_a_hostile_address_is_refused(web: Web, sent: str) -> None:
    quoted = "".join(f"%{byte:02X}" for byte in sent.encode("utf-8", "surrogatepass"))
    for path in (f"/releases/{quoted}", f"/releases/{quoted}/package", f"/exhibits/{quoted}"):
        answer = web.ask("GET", path, Role.OPERATOR)
        assert answer.status_code in {404, 422}
        problem(answer, answer.status_code)


def test_answers_are_kept_by_nobody_in_between(web: Web) -> None:
    for answer in (web.ask("GET", "/exhibits", Role.OPERATOR), web.ask("GET", "/exhibits")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def events(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count()).select_from(CustodyEventRow)).one())


@contextmanager
def failing(house: House, error: Exception, *, kept: bool) -> Iterator[Web]:
    """Ask an application whose commits fail: undone, or done and lost on the way back."""
    honest = house.services.transaction
    armed: list[bool] = []

    @contextmanager
    def transaction() -> Iterator[Session]:
        if not armed:  # the first one asks who the token speaks for
            armed.append(True)
            with honest() as session:
                yield session
            return
        with honest() as session:
            yield session
            if not kept:
                raise error
        raise error

    services = replace(house.services, transaction=transaction)
    with asked(create_app(services), house.tokens) as web:
        yield web


def releases_of(house: House) -> Callable[[str], UUID]:
    exhibit = house.unplayable()

    def make(state: str) -> UUID:
        release = house.propose(exhibit.reference)
        if state == "approved":
            house.approve(release)
        return release.id

    return make


@pytest.mark.parametrize("kept", [True, False])
def test_a_commit_that_failed_never_answers_that_it_was_done(house: House, kept: bool) -> None:
    """House rule 6: with another scope of its session FastAPI would have said 201 by then."""
    make = releases_of(house)
    upload = house.store(b"for a failing commit")
    exhibit = {**EXHIBIT, "files": [{"upload": str(upload), "name": "a.mp4"}]}
    asks: list[tuple[str, str, str, dict[str, Any]]] = [
        ("POST", "/uploads", Role.OPERATOR, {"content": b"x"}),
        ("POST", "/exhibits", Role.OPERATOR, {"json": exhibit}),
        (
            "POST",
            "/releases",
            Role.OPERATOR,
            {"json": {**RELEASE, "exhibits": [house.unplayable().reference]}},
        ),
        ("POST", f"/releases/{make('proposed')}/approval", Role.RELEASER, {"json": {}}),
        ("POST", f"/releases/{make('proposed')}/refusal", Role.RELEASER, {"json": {"reason": "x"}}),
        ("POST", f"/releases/{make('approved')}/seal", Role.OPERATOR, {}),
    ]
    for method, path, role, more in asks:
        before = events(house)
        with failing(house, UnavailableError("the database went away"), kept=kept) as web:
            answer = web.ask(method, path, role, **more)
        assert problem(answer, 503)["title"] == "an engine is away"
        assert answer.headers["retry-after"]
        if not kept:
            assert events(house) == before


def test_a_refusal_that_could_not_be_recorded_is_not_passed_off_as_one(house: House) -> None:
    with failing(house, UnavailableError("away"), kept=False) as web:
        problem(web.ask("GET", "/exhibits", Role.ADMINISTRATOR), 503)


def test_a_row_that_somebody_else_wrote_first_is_a_conflict(house: House) -> None:
    with failing(house, ConflictError("a row is there"), kept=False) as web:
        problem(web.ask("POST", "/uploads", Role.OPERATOR, content=b"x"), 409)


def test_what_nobody_foresaw_is_a_problem_that_tells_no_secret(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.ERROR, "custos.web"),
        failing(house, ZeroDivisionError("at /home/secret"), kept=False) as web,
    ):
        answer = web.ask("GET", "/exhibits", Role.OPERATOR)
    assert "secret" not in json.dumps(problem(answer, 500))
    assert "ZeroDivisionError" in caplog.text


INNER = [
    kind
    for kind, (status, _) in PROBLEMS.items()
    if status >= 500 or issubclass(kind, StorageError)
    if kind not in PLAIN
]


@pytest.mark.parametrize("kind", INNER, ids=lambda kind: kind.__name__)
def test_a_failure_within_tells_a_stranger_nothing_and_the_log_everything(
    house: House, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    secret = "/srv/custos/keys/log.key, 127.0.0.1:54321"
    error = kind.__new__(kind)
    Exception.__init__(error, secret)
    with caplog.at_level(logging.ERROR, "custos.web"), failing(house, error, kept=False) as web:
        answer = web.ask("GET", "/exhibits", Role.OPERATOR)
    assert answer.status_code == PROBLEMS[kind][0]
    assert "54321" not in answer.text
    assert "/srv" not in answer.text
    assert "54321" in caplog.text
