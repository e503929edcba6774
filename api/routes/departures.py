"""Edge. How a package leaves: `/api/v1/releases/…/link`, `/handoffs` and `/package`."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.acts import act
from api.depends import Acts, Credentials, UsesServices, subject_of
from api.streams.answers import answer
from api.streams.outgoing import Outgoing, outgoing_package
from api.views import (
    ReleaseView,
    View,
    show_release,
)
from export.delivery.handoffs import NewHandoff

router = APIRouter(prefix="/api/v1/releases", tags=["releases"])
_ZIP: dict[str, Any] = {"application/zip": {}}
_NOT_MODIFIED = {"description": "It is what `If-None-Match` names"}
_ANOTHER = {"description": "It is not what `If-Match` names"}


class HandoffRequest(View):
    """What whoever handed a package over says."""

    system: str = Field(min_length=1, max_length=200, examples=["Evidence store of the force"])
    reference: str = Field(min_length=1, max_length=200, examples=["E-20261121-7"])
    acceptance: str = Field(min_length=1, max_length=2000, examples=["signed for at the desk"])
    handed_at: str = Field(
        default="", max_length=40, examples=["2026-11-21 14:30"], description="left out: now"
    )


@router.post("/{release}/link", status_code=201, summary="Issue the link again")
def reissue(release: str, services: UsesServices, subject: Acts) -> ReleaseView:
    """Issue the link of a release again; the one before ends, and there is no second fee."""

    def work(session: Session) -> ReleaseView:
        services.links.reissue(session, release, by=subject, at=services.clock())
        return show_release(services, session, subject, release)

    return act(services, subject, work)


@router.post("/{release}/handoffs", status_code=201, summary="Record a hand-off")
def hand_off(
    release: str, wanted: HandoffRequest, services: UsesServices, subject: Acts
) -> ReleaseView:
    """Record that the package went another way than by our link."""
    new = NewHandoff(wanted.system, wanted.reference, wanted.acceptance, wanted.handed_at)

    def work(session: Session) -> ReleaseView:
        services.handoffs.record(session, release, new, by=subject, at=services.clock())
        return show_release(services, session, subject, release)

    return act(services, subject, work)


@router.head(
    "/{release}/package",
    summary="Ask about a sealed package",
    response_class=Response,
    responses={
        200: {"description": "Its length and its digest"},
        304: _NOT_MODIFIED,
        412: _ANOTHER,
    },
)
@router.get(
    "/{release}/package",
    summary="Collect a sealed package",
    response_class=Response,
    responses={
        200: {"content": _ZIP, "description": "The ZIP, byte for byte"},
        206: {"content": _ZIP, "description": "The part of it that `Range` asks for"},
        304: _NOT_MODIFIED,
        412: _ANOTHER,
        416: {"description": "`Range` begins behind its end"},
    },
)
async def collect(
    request: Request,
    release: str,
    services: UsesServices,
    subject: Acts,
    credentials: Credentials,
) -> Response:
    """Collect the sealed package, as the ZIP that `custos verify` reads: all of it, or a range.

    The token and the release are looked at again while it is sent. When one of them is not good
    any more, the answer breaks off before its `Content-Length`; the next request is told why.
    """

    def find() -> Outgoing:
        now = subject_of(services, credentials)
        return outgoing_package(
            act(services, now, lambda s: services.packages.find(s, release, by=now))
        )

    def record(resumed: bool) -> None:
        at = services.clock()
        act(
            services,
            subject,
            lambda s: services.packages.collect(s, release, by=subject, at=at, resumed=resumed),
        )

    return await answer(request, services.vault, find, clock=services.clock, record=record)
