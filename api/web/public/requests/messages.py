"""Edge. Messages on a request, for whoever asked and proved their mailbox."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.console.places import page_address
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.public.requests.kept import OURS, lead
from api.web.public.requests.status import STATUS, MaybeVisited
from evidence.errors import InvalidError, StateError
from evidence.paging import parse_cursor
from evidence.requests.correspondence.messages import MOST_WORDS
from evidence.requests.states import ENDS
from export.desk.requests import RequestStory

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
MESSAGES = f"{STATUS}/messages"
PAGE = 20
MISSING = "Enter your message"
SENT = "We have your message. Somebody reads it, and we write to you if there is an answer."


@router.get("/requests/status/messages")
def listed(
    request: Request,
    services: UsesServices,
    story: MaybeVisited,
    cursor: str = "",
    done: str = "",
) -> Response:
    """Show messages on a request, the newest first, and the form for a new one."""
    if story is None:
        return lead(STATUS)
    return _page(request, services, story, cursor=cursor, done=SENT if done == "sent" else "")


@router.post("/requests/status/messages", dependencies=OURS)
def send(
    request: Request,
    services: UsesServices,
    story: MaybeVisited,
    message: Annotated[str, Form()] = "",
) -> Response:
    """Take a message; what was typed and cannot be sent stays in the form, or is shown."""
    said = lines(message)
    if story is None:
        if not said.strip():
            return lead(STATUS)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return page(request, "requests/message-away.html", status=status, typed=said)
    try:
        with services.transaction() as session:
            services.correspondence.answer(session, story.row.id, said, at=services.clock())
    except (InvalidError, StateError) as error:
        words = sentence(error) if said.strip() else MISSING
        return _page(request, services, story, typed=said, error=words)
    return lead(f"{MESSAGES}?done=sent")


def _page(
    request: Request,
    services: Services,
    story: RequestStory,
    *,
    cursor: str = "",
    done: str = "",
    typed: str = "",
    error: str = "",
) -> Response:
    place = parse_cursor(cursor)
    with services.transaction() as session:
        found = services.correspondence.own(session, story.row.id, cursor=place, most=PAGE)
    return page(
        request,
        "requests/messages.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        errors={"message": error} if error else {},
        row=story.row,
        ended=story.row.state in ENDS,
        messages=found.rows,
        newer=page_address(MESSAGES, {}, found.newer),
        older=page_address(MESSAGES, {}, found.older),
        typed=typed,
        most=MOST_WORDS,
        done=done,
    )
