"""Edge. `/api/v1/requests/lists`: a list of requests, rehearsed, and taken over as it was."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session

from api.acts import act
from api.denials import TooManyError
from api.depends import Acts, UsesServices
from api.routes.cameras import body_of
from api.services import Services
from api.views import View
from evidence.people.access import Subject
from evidence.requests.lists.listed import MOST_AN_HOUR, MadeRequest
from evidence.requests.lists.lists import RehearsedList

router = APIRouter(prefix="/api/v1/requests/lists", tags=["claims systems"])
_CSV: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Content = Annotated[bytes, Depends(body_of)]


class RehearsedView(View):
    """A request that a list would make."""

    line: int
    claim_reference: str
    start: datetime
    end: datetime
    place: str
    duplicates: list[str]
    """The numbers of your own open requests for the same claim, place and time."""
    same_as_line: int | None
    """An earlier line of the list that asks for the same."""


class RehearsedListView(View):
    """What a list would make."""

    digest: str
    """What names this rehearsal: to take the list over, it is sent back."""
    requests: list[RehearsedView]


class MadeView(View):
    """A request that a list made."""

    line: int
    claim_reference: str
    urn: str


@router.post("/rehearsals", summary="See what a list of requests would make", openapi_extra=_CSV)
def rehearse(content: Content, services: UsesServices, subject: Acts) -> RehearsedListView:
    """Read a list of at most 50 requests (CSV), and say what it would make. Nothing is made.

    A broken list is refused with its `faults`: line, column, and what to do about each.
    """
    found = rehearsed_by(services, subject, content)
    return RehearsedListView(
        digest=found.digest,
        requests=[
            RehearsedView(
                line=one.row.line,
                claim_reference=one.asked.said("claim_reference"),
                start=one.asked.start,
                end=one.asked.end,
                place=one.asked.said("street"),
                duplicates=list(one.again),
                same_as_line=one.like,
            )
            for one in found.requests
        ],
    )


@router.post("", status_code=201, summary="Take a list of requests over", openapi_extra=_CSV)
def apply(
    content: Content,
    rehearsed: Annotated[str, Query(max_length=64, examples=["ab" * 32])],
    services: UsesServices,
    subject: Acts,
) -> list[MadeView]:
    """Make every request of a list that was rehearsed, or none. Again: the same numbers."""
    return [
        MadeView(line=one.line, claim_reference=one.claim, urn=one.urn)
        for one in applied_by(services, subject, content, rehearsed)
    ]


def rehearsed_by(services: Services, subject: Subject, content: bytes) -> RehearsedList:
    """Rehearse a list as a machine; commands do the same.

    Raises:
        TooManyError: too many lists came of this mailbox within the hour.
    """
    _count(services, subject)
    at = services.clock()

    def work(session: Session) -> RehearsedList:
        requester = services.filings.asking(session, subject)
        return services.request_lists.rehearse(session, content, requester, at=at)

    return act(services, subject, work)


def applied_by(
    services: Services, subject: Subject, content: bytes, rehearsed: str
) -> list[MadeRequest]:
    """Take a list over as a machine; commands do the same.

    Raises:
        TooManyError: too many lists came of this mailbox within the hour.
    """
    _count(services, subject)
    at = services.clock()

    def work(session: Session) -> list[MadeRequest]:
        requester = services.filings.asking(session, subject)
        lists = services.request_lists
        return list(lists.apply(session, content, rehearsed, requester, at=at))

    return act(services, subject, work)


def _count(services: Services, subject: Subject) -> None:
    with services.transaction() as session:
        wait = services.limits.count(
            session, "lists", str(subject.person), most=MOST_AN_HOUR, at=services.clock()
        )
    if wait is not None:
        raise TooManyError(int(wait.total_seconds()) + 1)
