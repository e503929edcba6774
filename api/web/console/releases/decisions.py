"""Edge. What is decided about a release before it leaves: approved, refused, sealed, given up."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.releases.pages import act_on, ask, needs_reason, story_of, why_not
from api.web.console.releases.words import DELIVERIES, KINDS
from api.web.console.words import lines
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.people.access import Action
from export.release.decisions import SECOND_WITHIN
from export.release.looking import considered
from export.release.releases import label
from export.release.states import ReleaseState

router = APIRouter(include_in_schema=False)
Words = Annotated[str, Form()]
_SEALING = frozenset({ReleaseState.SEALING})


@router.get("/console/releases/{release}/decision")
def deciding(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.APPROVE_RELEASE)],
    release: str,
) -> Response:
    """Show what is decided about, and ask for the decision."""
    return _decide(request, services, staff, release)


def _decide(
    request: Request,
    services: Services,
    staff: Staff,
    release: str,
    errors: Mapping[str, str] | None = None,
    reason: str = "",
) -> Response:
    story = story_of(services, staff, release)
    second = story.second_due is not None and story.row.state != ReleaseState.SEALING
    if story.row.state not in {ReleaseState.PROPOSED, ReleaseState.APPROVED} and not second:
        return RedirectResponse(f"/console/releases/{story.label}", HTTPStatus.SEE_OTHER)
    looks = act(
        services,
        staff.subject,
        lambda session: considered(
            session,
            services.releases,
            story.row,
            person=staff.subject.person,
            at=services.clock(),
        ),
    )
    return page(
        request,
        "console/decide.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors or {},
        story=story,
        row=story.row,
        looks=looks,
        second=second,
        reason=reason,
        cannot=why_not(story, staff),
        kinds=KINDS,
        deliveries=DELIVERIES,
        hours=int(SECOND_WITHIN.total_seconds() // 3600),
        now=services.clock(),
    )


@router.post("/console/releases/{release}/pictures")
def show_pictures(
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.VIEW_FOOTAGE)],
    release: str,
) -> Response:
    """Open a view of every working copy of a release, and show the page of the decision again."""

    def work(session: Session) -> str:
        row, at = services.releases.find(session, release), services.clock()
        for one in considered(session, services.releases, row, person=staff.subject.person, at=at):
            for copy in one.copies:
                if copy.id not in one.views:
                    services.views.open(
                        session, one.exhibit.reference, copy=copy.id, by=staff.subject, at=at
                    )
        return label(row)

    name = act(services, staff.subject, work)
    return RedirectResponse(f"/console/releases/{name}/decision", HTTPStatus.SEE_OTHER)


@router.post("/console/releases/{release}/approval")
def approve(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.APPROVE_RELEASE)],
    release: str,
    reason: Words = "",
) -> Response:
    """Approve a release, and start to seal it."""
    urgent = story_of(services, staff, release).row.urgent

    def work(session: Session) -> None:
        services.decisions.approve(
            session,
            release,
            by=staff.subject,
            at=services.clock(),
            reason=lines(reason),
            seal=True,
        )

    def again(errors: Mapping[str, str]) -> Response:
        return _decide(request, services, staff, release, errors, reason)

    done = "urgent" if urgent else "approved"
    return act_on(request, services, staff, release, done, work, again)


@router.post("/console/releases/{release}/second-approval")
def second(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.APPROVE_RELEASE)],
    release: str,
    reason: Words = "",
) -> Response:
    """Confirm an urgent release that one person approved."""

    def work(session: Session) -> None:
        services.decisions.second(
            session, release, by=staff.subject, at=services.clock(), reason=lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        return _decide(request, services, staff, release, errors, reason)

    return act_on(request, services, staff, release, "second", work, again)


@router.post("/console/releases/{release}/refusal")
def refuse(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.REFUSE_RELEASE)],
    release: str,
    reason: Words = "",
) -> Response:
    """Refuse a release, with the reason that will be told."""

    def work(session: Session) -> None:
        services.decisions.refuse(
            session, release, by=staff.subject, at=services.clock(), reason=lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        said = needs_reason(errors, reason, "Enter why it is refused")
        return _decide(request, services, staff, release, said, reason)

    return act_on(request, services, staff, release, "refused", work, again)


@router.post("/console/releases/{release}/seal")
def seal(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.SEAL_RELEASE)],
    release: str,
) -> Response:
    """Start to seal an approved release, or go on after somebody looked at what went wrong."""

    def work(session: Session) -> None:
        services.decisions.start_sealing(session, release, by=staff.subject)

    return act_on(request, services, staff, release, "sealing", work)


@router.get("/console/releases/{release}/abandonment")
def abandoning(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.ABANDON_RELEASE)],
    release: str,
) -> Response:
    """Ask why a sealing is given up."""
    return ask(request, services, staff, "console/abandon.html", release, _SEALING)


@router.post("/console/releases/{release}/abandonment")
def abandon(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.ABANDON_RELEASE)],
    release: str,
    reason: Words = "",
) -> Response:
    """Give up a sealing that stopped."""

    def work(session: Session) -> None:
        services.decisions.abandon(
            session, release, by=staff.subject, at=services.clock(), reason=lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        said = needs_reason(errors, reason, "Enter why it is given up")
        return ask(
            request,
            services,
            staff,
            "console/abandon.html",
            release,
            _SEALING,
            said,
            reason=reason,
        )

    return act_on(request, services, staff, release, "abandoned", work, again)
