"""Edge. `/api/v1/requests/…/messages`: messages on a request, as the console shows and sends them.

Whoever asked answers on the public pages, where a code proves their mailbox.
"""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.acts import act
from api.depends import Acts, UsesServices
from api.routes.pages import From, Limit, link_pages
from api.views import View
from evidence.paging import parse_cursor
from evidence.requests.correspondence.messages import MOST_WORDS, Written

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])


class MessageView(View):
    """One message on a request."""

    number: int
    """Of the step of the request that tells of it."""
    at: datetime
    direction: Literal["sent", "received"]
    by: str
    """Who of the staff wrote it; empty: whoever asked."""
    message: str


class MessageRequest(View):
    """What is written to whoever asked: plain text."""

    message: str = Field(
        min_length=1, max_length=MOST_WORDS, examples=["Which exit of the car park was it?"]
    )


@router.get("/{name}/messages", summary="List messages")
def list_messages(
    request: Request,
    response: Response,
    name: str,
    services: UsesServices,
    subject: Acts,
    limit: Limit = 50,
    cursor: From = "",
) -> list[MessageView]:
    """List messages on a request, the newest first: `Link` says where the next page is."""
    place = parse_cursor(cursor)
    page = act(
        services,
        subject,
        lambda session: services.correspondence.page(
            session, name, by=subject, cursor=place, most=limit
        ),
    )
    link_pages(request, response, page, limit)
    return [_view(one) for one in page.rows]


@router.post("/{name}/messages", status_code=201, summary="Write to whoever asked")
def send_message(
    name: str, new: MessageRequest, services: UsesServices, subject: Acts
) -> MessageView:
    """Write to whoever asked; the same words again within ten minutes are the same message."""

    def work(session: Session) -> Written:
        services.correspondence.send(session, name, new.message, by=subject, at=services.clock())
        return services.correspondence.page(session, name, by=subject, most=1).rows[0]

    return _view(act(services, subject, work))


def _view(one: Written) -> MessageView:
    return MessageView(
        number=one.number,
        at=one.at,
        direction="sent" if one.ours else "received",
        by=one.by,
        message=one.words,
    )
