"""Edge. Before the code: one page for every token, good or not.

A token that is unknown, malformed, expired, spent or withdrawn gets the same words, limits and
timing as a good one; only the mailbox that a link was issued to is ever told more. Fetching any
of these addresses (mail scanners follow every link) does nothing and writes nothing: only the
buttons do.
"""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.denials import ForgedFormError
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.collect.limiter import Limiter
from api.web.collect.pacing import PacedRoute
from api.web.pages import page
from api.web.staff import same_site
from evidence.mailbox.codes import CODE_DIGITS, CODE_LIFE, Standing, read_code

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
paced = APIRouter(include_in_schema=False, route_class=PacedRoute, dependencies=[ANY_QUERY])

COOKIE, SECURE_COOKIE = "custos_collection", "__Host-custos_collection"
_WRONG = (
    "This code cannot be used. Check that it is the newest one that we sent, or ask for another"
)
_OVER = "This code cannot be used any more. Ask for another one"
_DIGITS = f"Enter the {CODE_DIGITS} digits of the code"


def cookie_name(services: Services) -> str:
    """Return the name of the recipient's cookie: over https one that no sibling host can set."""
    return SECURE_COOKIE if services.settings.secure else COOKIE


def from_our_page(request: Request, services: UsesServices) -> None:
    """Count a form against its sender's address, and refuse one from another site's page.

    Raises:
        TooManyError, ForgedFormError: nothing was done.
    """
    limiter = request.app.state.limiter
    assert isinstance(limiter, Limiter)
    limiter.count(request.client.host if request.client else "", at=services.clock())
    if not same_site(request, services):
        raise ForgedFormError


OURS = [Depends(from_our_page)]


@router.api_route("/collect/{token}", methods=["GET", "HEAD"])
def start(request: Request, token: str) -> Response:
    """Show the page that every link leads to. It asks nobody anything, whatever the token."""
    return page(request, "collect/start.html", gate=_gate(token))


@router.get("/collect/{token}/code")
def no_code(token: str) -> Response:
    """Lead somebody who came to a form's address by hand to its page."""
    return _to(_gate(token))


@paced.post("/collect/{token}/code", dependencies=OURS)
def ask(request: Request, services: UsesServices, token: str) -> Response:
    """Ask for a code."""
    with services.transaction() as session:
        standing = services.links.ask(session, token, at=services.clock())
    if standing.state in {"waiting", "locked"}:
        return _enter_page(request, token, standing)
    return _to(f"{_gate(token)}/enter")


@paced.api_route("/collect/{token}/enter", methods=["GET", "HEAD"])
def ask_code(request: Request, services: UsesServices, token: str) -> Response:
    """Ask for the code that was sent."""
    with services.transaction() as session:
        standing = services.links.standing(session, token, at=services.clock())
    if standing.state == "closed":
        return _to(_gate(token))
    return _enter_page(request, token, standing)


@paced.post("/collect/{token}/enter", dependencies=OURS)
def enter(
    request: Request, services: UsesServices, token: str, code: Annotated[str, Form()] = ""
) -> Response:
    """Let in who has the code; everybody else is told the same."""
    with services.transaction() as session:
        # A wrong code counts: this commits either way.
        found = services.links.enter(session, token, code, at=services.clock())
    if isinstance(found, Standing):
        return _refused(request, token, found, code)
    answer = _to("/collect")
    # Strict: the one page that other sites and mails lead to needs no cookie, and from there on
    # every request is made by a page of ours. No expiry: it ends with the browser at the latest.
    answer.set_cookie(
        cookie_name(services),
        found,
        path="/",
        secure=services.settings.secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def _refused(request: Request, token: str, standing: Standing, typed: str) -> Response:
    """Show the form again, or say how long it is locked."""
    if standing.state == "locked":
        return _enter_page(request, token, standing)
    words = _WRONG if standing.attempts_left else _OVER
    if read_code(typed) is None:
        words = _DIGITS
    return _enter_page(request, token, standing, {"code": words})


def _enter_page(
    request: Request, token: str, standing: Standing, errors: dict[str, str] | None = None
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    if request.method == "POST" and standing.state in {"waiting", "locked"}:
        status = HTTPStatus.TOO_MANY_REQUESTS
    template = "locked" if standing.state == "locked" else "enter"
    return page(
        request,
        f"collect/{template}.html",
        status=status,
        errors=errors or {},
        gate=_gate(token),
        standing=standing,
        digits=CODE_DIGITS,
        minutes=int(CODE_LIFE.total_seconds() // 60),
    )


def _gate(token: str) -> str:
    """Return the path of a token's page."""
    return f"/collect/{quote(token, safe='')}"


def _to(path: str) -> RedirectResponse:
    """Lead to another page of ours: by path alone, never by a host that a request named."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
