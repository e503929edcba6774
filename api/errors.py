"""Edge. Errors as RFC 9457 problems: one table, total over what the packages below can raise."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from api.denials import (
    BusyError,
    ForgedFormError,
    SignInNeededError,
    TooManyError,
    UnauthorisedError,
)
from api.settings.errors import SettingsError
from api.web.problems import is_page, problem_page
from custody.errors import (
    AuthorityError,
    ClockError,
    CustodyError,
    ForgedEventError,
    FormatError,
    KeyStoreError,
    LogStateError,
    LogStoppedError,
    NotYetError,
    ProofError,
    WitnessError,
)
from custody.printable import printable
from evidence.errors import (
    AccessRefusedError,
    AnswersError,
    BrokenListError,
    EvidenceError,
    InvalidError,
    StateError,
    TokenEndedError,
    UnknownError,
)
from export.errors import ExportError
from storage.errors import (
    ConflictError,
    CorruptError,
    EngineError,
    NotFoundError,
    RefusedError,
    StorageError,
    UnavailableError,
)

PLAIN = (BusyError, LogStoppedError)
"""Errors from within whose own sentence says how to go on, and nothing of the house."""
_MOST_FIELDS, _LONGEST = 20, 2000
_BUSY, _STOPPED, _CLOCK = "too much at once", "log stopped", "the clock is wrong"
_log = logging.getLogger("custos.web")


PROBLEMS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    UnauthorisedError: (HTTPStatus.UNAUTHORIZED, "not signed in"),
    TokenEndedError: (HTTPStatus.UNAUTHORIZED, "not signed in"),
    SignInNeededError: (HTTPStatus.UNAUTHORIZED, "not signed in"),
    ForgedFormError: (HTTPStatus.FORBIDDEN, "not from our page"),
    TooManyError: (HTTPStatus.TOO_MANY_REQUESTS, "too often"),
    BusyError: (HTTPStatus.SERVICE_UNAVAILABLE, _BUSY),
    AccessRefusedError: (HTTPStatus.FORBIDDEN, "not allowed"),
    UnknownError: (HTTPStatus.NOT_FOUND, "no such thing"),
    StateError: (HTTPStatus.CONFLICT, "not in this state"),
    InvalidError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid value"),
    EvidenceError: (HTTPStatus.BAD_REQUEST, "refused"),
    FormatError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid value"),
    NotYetError: (HTTPStatus.SERVICE_UNAVAILABLE, "not yet"),
    ClockError: (HTTPStatus.SERVICE_UNAVAILABLE, _CLOCK),
    AuthorityError: (HTTPStatus.SERVICE_UNAVAILABLE, "time authority away"),
    WitnessError: (HTTPStatus.SERVICE_UNAVAILABLE, "witness away"),
    ProofError: (HTTPStatus.INTERNAL_SERVER_ERROR, "proof does not hold"),
    LogStoppedError: (HTTPStatus.SERVICE_UNAVAILABLE, _STOPPED),
    ForgedEventError: (HTTPStatus.INTERNAL_SERVER_ERROR, _STOPPED),
    LogStateError: (HTTPStatus.INTERNAL_SERVER_ERROR, _STOPPED),
    KeyStoreError: (HTTPStatus.INTERNAL_SERVER_ERROR, "key not usable"),
    CustodyError: (HTTPStatus.INTERNAL_SERVER_ERROR, "custody failed"),
    ExportError: (HTTPStatus.INTERNAL_SERVER_ERROR, "media failed"),
    NotFoundError: (HTTPStatus.NOT_FOUND, "no such object"),
    ConflictError: (HTTPStatus.CONFLICT, "conflict"),
    RefusedError: (HTTPStatus.INSUFFICIENT_STORAGE, "the store refused"),
    UnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "an engine is away"),
    CorruptError: (HTTPStatus.INTERNAL_SERVER_ERROR, "bytes differ"),
    EngineError: (HTTPStatus.SERVICE_UNAVAILABLE, "an engine is away"),
    StorageError: (HTTPStatus.INTERNAL_SERVER_ERROR, "storage failed"),
    SettingsError: (HTTPStatus.INTERNAL_SERVER_ERROR, "settings"),
}


_INNER: dict[HTTPStatus, str] = {
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something is wrong on our side, and was written down for "
    "whoever runs this service. Look what was done before you try again.",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part of the service does not answer, or is not ready yet. "
    "Nothing was lost: try again in a moment.",
    HTTPStatus.INSUFFICIENT_STORAGE: "The store did not take it: there is no room, or it may not "
    "be kept there. Whoever runs this service finds the reason in its log.",
    HTTPStatus.NOT_FOUND: "There is no such thing in the store.",
    HTTPStatus.CONFLICT: "Somebody else wrote the same at this moment. Look what is there before "
    "you try again.",
}
"""What an answer says of a failure within: its own words, which name files, ports and machines, go
to the log alone. Of the last two, what the store says; what the domain refuses is said as it is."""


class Problem(BaseModel):
    """How every refusal and every failure is answered (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["not allowed"])
    status: int = Field(examples=[403])
    detail: str = Field(examples=["release.approve needs the role releaser; you have operator"])


RESPONSES: dict[int | str, dict[str, Any]] = {
    status.value: {
        "description": words,
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
    for status, words in {
        HTTPStatus.UNAUTHORIZED: "No token, or none that is valid here",
        HTTPStatus.FORBIDDEN: "Not with these roles; the refusal is an event in the ledger",
        HTTPStatus.NOT_FOUND: "There is no such thing",
        HTTPStatus.CONFLICT: "Not in this state; the detail says what comes first",
        HTTPStatus.UNPROCESSABLE_ENTITY: "A value cannot be right; `field` or `errors` name it",
        HTTPStatus.SERVICE_UNAVAILABLE: "An engine is away, or much is asked for at once: try "
        "again after `Retry-After` seconds",
    }.items()
}
"""What any route may answer instead, for its description."""


def problem(status: HTTPStatus, title: str, detail: str, **more: object) -> JSONResponse:
    """Return a problem (RFC 9457, section 3)."""
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "5"
    body = {"type": "about:blank", "title": title, "status": int(status), "detail": detail, **more}
    return JSONResponse(
        body, status_code=status, headers=headers, media_type="application/problem+json"
    )


def lookup(error: Exception) -> tuple[HTTPStatus, str]:
    """Return status and title of an error of ours: its own, or its nearest ancestor's."""
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind]
    raise error


def install(app: FastAPI) -> None:
    """Tell the application how to answer for each kind of error."""
    app.add_exception_handler(SignInNeededError, _sign_in_needed)
    for root in (EvidenceError, CustodyError, StorageError, ExportError, SettingsError):
        app.add_exception_handler(root, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(Exception, _unforeseen)


def _answer(
    request: Request, status: HTTPStatus, title: str, detail: str, **more: object
) -> Response:
    """Answer a machine with a problem, and a person with a page."""
    if is_page(request):
        unrecorded = title in {_STOPPED, _CLOCK}
        return problem_page(request, status, detail, busy=title == _BUSY, unrecorded=unrecorded)
    return problem(status, title, detail, **more)


def _sign_in_needed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeededError)
    return RedirectResponse(f"/sign-in?then={error.then}", HTTPStatus.SEE_OTHER)


def _ours(request: Request, error: Exception) -> Response:
    status, title = lookup(error)
    words = str(error)
    inner = status >= HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, StorageError)
    if inner and not isinstance(error, PLAIN):
        words = _INNER[status]
        traced = error if status is HTTPStatus.INTERNAL_SERVER_ERROR else None
        _log.error("%s: %s", type(error).__name__, printable(str(error)), exc_info=traced)
    more: dict[str, object] = {"field": error.field} if isinstance(error, InvalidError) else {}
    if isinstance(error, AnswersError):
        more["errors"] = [
            {"field": _plain(name), "words": _plain(said)} for name, said in error.errors.items()
        ][:_MOST_FIELDS]
    if isinstance(error, BrokenListError):
        more["faults"] = [_plain(one) for one in error.faults]
    answer = _answer(request, status, title, _plain(words), **more)
    if isinstance(error, TooManyError):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Without what was sent: it may be a name, and logs and proxies keep answers.
    fields = [
        {"field": _plain(".".join(map(str, one["loc"][1:]))), "words": _plain(one["msg"])}
        for one in error.errors()[:_MOST_FIELDS]
    ]
    words = "; ".join(f"{one['field']}: {one['words']}" for one in fields)
    return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid value", words, errors=fields)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    answer = _answer(request, status, status.phrase.lower(), str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _unstorable(request: Request, _error: Exception) -> Response:
    """Answer for what PostgreSQL cannot hold and no rule of ours has refused before it."""
    words = "a value cannot be stored: a number too large, or text that is none"
    return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid value", words)


def _plain(text: str) -> str:
    """Return text that can be sent, whatever somebody named a field."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()


def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("unforeseen", exc_info=error)
    return _answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "unforeseen",
        "Something went wrong that we did not foresee. Look what was done before you try again.",
    )
