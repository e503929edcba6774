"""Edge. A proposal is withdrawn, or edited: withdrawn and proposed anew with the form filled in."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.depends import UsesServices
from api.web.console.releases.pages import act_on, ask, needs_reason, story_of
from api.web.console.releases.proposals import edit_release
from api.web.console.words import lines
from api.web.staff import Staff, allowed, sends
from evidence.people.access import Action
from export.release.states import ReleaseState

router = APIRouter(include_in_schema=False)
Words = Annotated[str, Form()]
_UNDECIDED = frozenset({ReleaseState.PROPOSED})


@router.get("/console/releases/{release}/withdrawal")
def withdrawing(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.WITHDRAW_RELEASE)],
    release: str,
) -> Response:
    """Ask why a proposal is withdrawn."""
    return ask(request, services, staff, "console/withdraw.html", release, _UNDECIDED)


@router.post("/console/releases/{release}/withdrawal")
def withdraw(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.WITHDRAW_RELEASE)],
    release: str,
    reason: Words = "",
) -> Response:
    """Withdraw a proposal."""

    def work(session: Session) -> None:
        services.withdrawals.withdraw(
            session, release, by=staff.subject, at=services.clock(), reason=lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        said = needs_reason(errors, reason, "Enter why it is withdrawn")
        return ask(
            request,
            services,
            staff,
            "console/withdraw.html",
            release,
            _UNDECIDED,
            said,
            reason=reason,
        )

    return act_on(request, services, staff, release, "withdrawn", work, again)


@router.get("/console/releases/{release}/edit")
def edit(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.WITHDRAW_RELEASE)],
    release: str,
) -> Response:
    """Show the form of a proposal as it was filled in; what is sent takes its place."""
    story = story_of(services, staff, release)
    if story.row.state not in _UNDECIDED:
        return RedirectResponse(f"/console/releases/{story.label}", HTTPStatus.SEE_OTHER)
    return edit_release(request, services, staff, story)
