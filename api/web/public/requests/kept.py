"""Edge. What a browser is filling in, as every page of the form finds it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.depends import UsesServices
from api.web.pages import page
from api.web.public.requests.cookies import draft_cookie, from_our_page
from evidence.mailbox.codes import Standing
from evidence.requests.drafts import Draft

OURS = [Depends(from_our_page)]
START = "/requests"
CHECK, MAILBOX, SENT = f"{START}/check", f"{START}/mailbox", f"{START}/sent"
DOCUMENTS = f"{START}/documents"


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft, and the secret that it is known by."""

    secret: str
    draft: Draft


def kept(request: Request, services: UsesServices) -> Kept | None:
    """Return what this browser is filling in, or sent last; None: nothing."""
    secret = request.cookies.get(draft_cookie(services))
    if not secret:
        return None
    with services.transaction() as session:
        draft = services.drafts.find(session, secret)
    return None if draft is None else Kept(secret, draft)


MaybeKept = Annotated[Kept | None, Depends(kept)]


def unanswered(draft: Draft) -> str:
    """Return where the first page is that has yet to be answered; empty: all were."""
    for one in draft.form.applying(draft.answers):
        if any(field.name not in draft.answers for field in one.fields):
            return f"{START}/form/{one.slug}"
    return "" if draft.proven else MAILBOX


def wait_page(request: Request, standing: Standing) -> Response:
    """Say until when one must wait, because something was asked for too often."""
    return page(
        request,
        "requests/wait.html",
        status=HTTPStatus.TOO_MANY_REQUESTS,
        until=standing.until,
    )


def lead(path: str) -> RedirectResponse:
    """Lead to another page of ours: by path alone, never by a host that a request named."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
