"""Edge. Messages on a request, for the staff: what was written both ways, and a new one."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.places import page_address
from api.web.console.requests.pages import LIST, Shows, Text, story_of
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.staff import Staff, sends
from evidence.errors import InvalidError, StateError
from evidence.paging import parse_cursor
from evidence.people.access import Action
from evidence.requests.correspondence.messages import MOST_WORDS, thread_of

router = APIRouter(include_in_schema=False)
PAGE = 20
MISSING = "Enter your message"
DONE = {
    "sent": "Your message is on the page of the request. Whoever asked gets a letter that says so.",
    "read": "It is on record that you have read it.",
}
Writes = Annotated[Staff, sends(Action.WRITE_MESSAGE)]


@router.get("/console/requests/{name}/messages")
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    name: str,
    cursor: Text = "",
    done: Text = "",
) -> Response:
    """Show messages on a request, the newest first, and the form for a new one."""
    return _page(request, services, staff, name, cursor=cursor, done=DONE.get(done, ""))


@router.post("/console/requests/{name}/messages")
def send(
    request: Request,
    services: UsesServices,
    staff: Writes,
    name: str,
    message: Annotated[str, Form()] = "",
) -> Response:
    """Write to whoever asked; what was typed and cannot be sent stays in the form."""
    said = lines(message)

    def work(session: Session) -> str:
        row = services.correspondence.send(
            session, name, said, by=staff.subject, at=services.clock()
        )
        return row.urn

    try:
        urn = act(services, staff.subject, work)
    except (InvalidError, StateError) as error:
        words = sentence(error) if said.strip() else MISSING
        return _page(request, services, staff, name, typed=said, error=words)
    return RedirectResponse(f"{LIST}/{urn}/messages?done=sent", HTTPStatus.SEE_OTHER)


@router.post("/console/requests/{name}/messages/read")
def mark_read(services: UsesServices, staff: Writes, name: str) -> Response:
    """Say that what came was read, and needs no answer."""

    def work(session: Session) -> str:
        by = staff.subject
        return services.correspondence.mark_read(session, name, by=by, at=services.clock()).urn

    urn = act(services, staff.subject, work)
    return RedirectResponse(f"{LIST}/{urn}/messages?done=read", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    *,
    cursor: str = "",
    done: str = "",
    typed: str = "",
    error: str = "",
) -> Response:
    story, place = story_of(services, staff, name), parse_cursor(cursor)
    found = act(
        services,
        staff.subject,
        lambda session: services.correspondence.page(
            session, name, by=staff.subject, cursor=place, most=PAGE
        ),
    )
    here = f"{LIST}/{story.row.urn}/messages"
    return page(
        request,
        "console/request-messages.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        staff=staff,
        errors={"message": error} if error else {},
        row=story.row,
        waits=thread_of(step for step, _ in story.steps).waits,
        messages=found.rows,
        newer=page_address(here, {}, found.newer),
        older=page_address(here, {}, found.older),
        typed=typed,
        most=MOST_WORDS,
        done=done,
    )
