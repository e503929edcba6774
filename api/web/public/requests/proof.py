"""Edge. The mailbox of who asks, proven by a code before anything is sent."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.depends import ANY_QUERY, UsesServices
from api.web.pages import page
from api.web.public.requests.cookies import network
from api.web.public.requests.kept import (
    CHECK,
    MAILBOX,
    OURS,
    START,
    Kept,
    MaybeKept,
    lead,
    unanswered,
)
from evidence.mailbox.codes import CODE_DIGITS, CODE_LIFE, Standing, read_code

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
WRONG = "This code cannot be used. Check that it is the newest one that we sent"
_OVER = "This code cannot be used any more. Ask for another one"


@router.get("/requests/mailbox")
def mailbox(request: Request, services: UsesServices, own: MaybeKept) -> Response:
    """Ask for the code that proves the mailbox."""
    if own is None or own.draft.request is not None or not own.draft.mailbox:
        return lead(START)
    if own.draft.proven:
        return lead(unanswered(own.draft) or CHECK)
    with services.transaction() as session:
        standing = services.drafts.standing(session, own.secret, at=services.clock())
    return _mailbox_page(request, own, standing, {})


@router.get("/requests/mailbox/code")
def no_code() -> Response:
    """Lead somebody who came to a form's address by hand to its page."""
    return lead(MAILBOX)


@router.post("/requests/mailbox/code", dependencies=OURS)
def send_code(request: Request, services: UsesServices, own: MaybeKept) -> Response:
    """Send a code to the mailbox that was typed."""
    if own is None or not own.draft.mailbox:
        return lead(START)
    with services.transaction() as session:
        standing = services.drafts.ask_code(
            session, own.secret, network=network(request), at=services.clock()
        )
    if standing.state != "asked":
        return _mailbox_page(request, own, standing, {})
    return lead(MAILBOX)


@router.post("/requests/mailbox", dependencies=OURS)
def prove(
    request: Request, services: UsesServices, own: MaybeKept, code: Annotated[str, Form()] = ""
) -> Response:
    """Take the code."""
    if own is None or own.draft.request is not None or not own.draft.mailbox:
        return lead(START)
    with services.transaction() as session:
        # A wrong code counts: this commits either way.
        standing = services.drafts.enter_code(session, own.secret, code, at=services.clock())
        draft = services.drafts.find(session, own.secret)
    if standing.state == "closed" and draft is not None:
        return lead(unanswered(draft) or CHECK)
    words = WRONG if standing.attempts_left else _OVER
    if read_code(code) is None:
        words = f"Enter the {CODE_DIGITS} digits of the code"
    errors = {} if standing.state == "locked" else {"code": words}
    return _mailbox_page(request, own, standing, errors)


def _mailbox_page(
    request: Request, own: Kept, standing: Standing, errors: Mapping[str, str]
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    if request.method == "POST" and standing.state in {"waiting", "locked"}:
        status = HTTPStatus.TOO_MANY_REQUESTS
    asking = next(
        one
        for one in own.draft.form.pages
        if own.draft.form.mailbox in {field.name for field in one.fields}
    )
    return page(
        request,
        "requests/mailbox.html",
        status=status,
        errors=dict(errors),
        standing=standing,
        address=own.draft.mailbox,
        back=f"{START}/form/{asking.slug}",
        digits=CODE_DIGITS,
        minutes=int(CODE_LIFE.total_seconds() // 60),
    )
