"""Edge. Past the code: what it is, the terms, the receipt, and the way out.

The cookie is all that a browser holds; the address names no token any more. Every form carries a
token of its own besides, as those of staff do.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.denials import ForgedFormError
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.collect.gate import cookie_name
from api.web.pages import environment, page
from api.web.staff import form_token as token_of
from api.web.staff import same_site
from evidence.secrets import is_same_secret
from export.delivery.collections import Collected
from export.feedback.feedback import asks_about

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
TERMS = "collect/terms.html"
NEAR = timedelta(days=3)
"""How long before its end a page warns."""
_DIGEST = re.compile("[0-9a-f]{64}")
_BETWEEN = re.compile(r"[\s:]+")
_LONGEST = 300
_ACCEPT = "Select that you accept the terms to go on"
_TERMS_CHANGED = "The terms changed while you read them. Read them again, then accept them"
_NO_DIGEST = "Enter the SHA-256 of the file: 64 digits and letters from a to f"
_OTHER_DIGEST = (
    "The file is not whole, or is another file: its SHA-256 is not that of the package. Download "
    "it again, then check the new file"
)


@dataclass(frozen=True, slots=True)
class Collector:
    """A recipient past the code, in this browser."""

    secret: str
    collected: Collected

    @property
    def form_token(self) -> str:
        """What each form of theirs carries."""
        return token_of(self.secret)


def collector(request: Request, services: UsesServices) -> Collector | None:
    """Return who collects with this browser, if anybody."""
    secret = request.cookies.get(cookie_name(services))
    if not secret:
        return None
    with services.transaction() as session:
        collected = services.collections.show(session, secret, at=services.clock())
    return None if collected is None else Collector(secret, collected)


Collects = Annotated[Collector | None, Depends(collector)]


def sender(
    request: Request,
    services: UsesServices,
    who: Collects,
    form_token: Annotated[str, Form()] = "",
) -> Collector | None:
    """Return who sends a form, which came from one of our pages to this browser.

    Raises:
        ForgedFormError: it did not; nothing was done.
    """
    if who is None:
        return None
    if not same_site(request, services) or not is_same_secret(form_token, who.form_token):
        raise ForgedFormError
    return who


Sends = Annotated[Collector | None, Depends(sender)]


@cache
def terms_digest() -> str:
    """Return the SHA-256 of the terms as every page shows them; the ledger keeps it."""
    return hashlib.sha256(environment().get_template(TERMS).render().encode()).hexdigest()


@router.get("/collect")
def package(request: Request, services: UsesServices, who: Collects) -> Response:
    """Show what there is to collect, and the next step."""
    if who is None:
        return closed(request, services)
    return _package_page(request, services, who)


@router.get("/collect/terms")
@router.get("/collect/download")
@router.get("/collect/leave")
def no_form() -> Response:
    """Lead somebody who came to a form's address by hand to the page with the form."""
    return _to("/collect")


@router.post("/collect/terms")
def accept(
    request: Request,
    services: UsesServices,
    who: Sends,
    accept: Annotated[str, Form()] = "",
    terms: Annotated[str, Form()] = "",
) -> Response:
    """Record that the terms were accepted: those that were shown, and no others."""
    if who is None:
        return closed(request, services)
    if accept != "yes":
        return _package_page(request, services, who, {"accept": _ACCEPT})
    if terms != terms_digest():
        return _package_page(request, services, who, {"accept": _TERMS_CHANGED})
    with services.transaction() as session:
        services.collections.accept(session, who.secret, terms_sha256=terms, at=services.clock())
    return _to("/collect")


@router.post("/collect/receipt")
def confirm(
    request: Request, services: UsesServices, who: Sends, sha256: Annotated[str, Form()] = ""
) -> Response:
    """Compare the digest that the recipient computed; an equal one is their receipt."""
    if who is None:
        return closed(request, services)
    digest = _BETWEEN.sub("", sha256[:_LONGEST]).lower()
    if not _DIGEST.fullmatch(digest):
        return _package_page(request, services, who, {"sha256": _NO_DIGEST}, typed=sha256)
    with services.transaction() as session:
        equal = services.collections.confirm(session, who.secret, digest, at=services.clock())
    if not equal:
        return _package_page(request, services, who, {"sha256": _OTHER_DIGEST}, typed=digest)
    return _to("/collect/receipt")


@router.get("/collect/receipt")
def confirmed(request: Request, services: UsesServices, who: Collects) -> Response:
    """Show that the receipt was recorded, and what can be done now."""
    if who is None:
        return closed(request, services)
    if who.collected.receipt is None:
        return _to("/collect")
    asks = asks_about(who.collected.release)
    return page(request, "collect/receipt.html", who=who, it=who.collected, asks=asks)


@router.post("/collect/leave")
def leave(services: UsesServices, who: Sends) -> Response:
    """End what this browser may do, here and in the browser."""
    if who is not None:
        with services.transaction() as session:
            services.collections.leave(session, who.secret, at=services.clock())
    answer = _to("/collect/left")
    _forget(answer, services)
    return answer


@router.get("/collect/left")
def left(request: Request) -> Response:
    """Say that it is over here, and that the link is not."""
    return page(request, "collect/left.html")


def closed(request: Request, services: Services) -> Response:
    """Answer a browser that is not past the code, or not any more; it is told nothing else."""
    answer = page(request, "collect/closed.html", status=HTTPStatus.FORBIDDEN)
    if cookie_name(services) in request.cookies:
        _forget(answer, services)
    return answer


def address(download: UUID, name: str) -> str:
    """Return the path of an authorised download: the same for as long as the collection is."""
    return f"/collect/download/{download}/{quote(name, safe='')}"


def _package_page(
    request: Request,
    services: Services,
    who: Collector,
    errors: dict[str, str] | None = None,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> Response:
    it = who.collected
    left = it.expires_at - services.clock()
    with services.transaction() as session:
        exhibits = len(services.releases.exhibits(session, it.release.id))
    return page(
        request,
        "collect/package.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=errors or {},
        who=who,
        it=it,
        exhibits=exhibits,
        asks=asks_about(it.release),
        address=address(it.downloads[-1], it.package.name) if it.downloads else None,
        terms=terms_digest(),
        days_left=max(left.days, 0),
        is_near=left <= NEAR,
        **values,
    )


def _forget(answer: Response, services: Services) -> None:
    answer.delete_cookie(
        cookie_name(services), path="/", secure=services.settings.secure, httponly=True
    )


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
