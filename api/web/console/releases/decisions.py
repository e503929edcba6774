"""Edge. What is decided about a release, and how it leaves by other ways than the link."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.streams.answers import answer
from api.streams.outgoing import Outgoing, outgoing_package
from api.web.console.releases.pages import show_release, story_of, why_not
from api.web.console.releases.words import DELIVERIES, KINDS
from api.web.pages import page
from api.web.staff import Staff, admit, allowed, sends
from api.wiring import Services
from evidence.errors import InvalidError, StateError
from evidence.people.access import Action
from export.delivery.handoffs import NewHandoff
from export.release.releases import SECOND_WITHIN
from export.release.states import ReleaseState

router = APIRouter(include_in_schema=False)
Words = Annotated[str, Form()]


def _do(
    request: Request,
    services: Services,
    staff: Staff,
    release: str,
    done: str,
    work: Callable[[Session], Any],
    again: Callable[[Mapping[str, str]], Response] | None = None,
) -> Response:
    """Do something about a release; say on its page why not, and show a wrong form again."""
    try:
        act(services, staff.subject, work)
    except StateError as error:
        words = str(error)
        return show_release(
            request, services, staff, release, problem=words[:1].upper() + words[1:]
        )
    except InvalidError as error:
        if again is None:
            raise
        return again({error.field: _sentence(error)})
    return RedirectResponse(f"/console/releases/{quote(release)}?done={done}", HTTPStatus.SEE_OTHER)


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
    return page(
        request,
        "console/decide.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors or {},
        story=story,
        row=story.row,
        second=second,
        reason=reason,
        cannot=why_not(story, staff),
        kinds=KINDS,
        deliveries=DELIVERIES,
        hours=int(SECOND_WITHIN.total_seconds() // 3600),
        now=services.clock(),
    )


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
        services.releases.approve(
            session,
            release,
            by=staff.subject,
            at=services.clock(),
            reason=_lines(reason),
            seal=True,
        )

    def again(errors: Mapping[str, str]) -> Response:
        return _decide(request, services, staff, release, errors, reason)

    done = "urgent" if urgent else "approved"
    return _do(request, services, staff, release, done, work, again)


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
        services.releases.second(
            session, release, by=staff.subject, at=services.clock(), reason=_lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        return _decide(request, services, staff, release, errors, reason)

    return _do(request, services, staff, release, "second", work, again)


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
        services.releases.refuse(
            session, release, by=staff.subject, at=services.clock(), reason=_lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        said = {
            name: "Enter why it is refused" if not reason.strip() else words
            for name, words in errors.items()
        }
        return _decide(request, services, staff, release, said, reason)

    return _do(request, services, staff, release, "refused", work, again)


@router.post("/console/releases/{release}/seal")
def seal(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.SEAL_RELEASE)],
    release: str,
) -> Response:
    """Start to seal an approved release, or go on after somebody looked at what went wrong."""

    def work(session: Session) -> None:
        services.releases.start_sealing(session, release, by=staff.subject)

    return _do(request, services, staff, release, "sealing", work)


@router.get("/console/releases/{release}/revocation")
def revoking(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.REVOKE_RELEASE)],
    release: str,
) -> Response:
    """Ask why a release is revoked."""
    return _form(request, services, staff, "console/revoke.html", release)


@router.post("/console/releases/{release}/revocation")
def revoke(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.REVOKE_RELEASE)],
    release: str,
    reason: Words = "",
) -> Response:
    """Take a release back."""

    def work(session: Session) -> None:
        services.revocations.revoke(
            session, release, by=staff.subject, at=services.clock(), reason=_lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        said = {
            name: "Enter why it is revoked" if not reason.strip() else words
            for name, words in errors.items()
        }
        return _form(request, services, staff, "console/revoke.html", release, said, reason=reason)

    return _do(request, services, staff, release, "revoked", work, again)


@router.post("/console/releases/{release}/link")
def reissue(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.REISSUE_LINK)],
    release: str,
) -> Response:
    """Issue the link again; the one before ends."""

    def work(session: Session) -> None:
        services.links.reissue(session, release, by=staff.subject, at=services.clock())

    return _do(request, services, staff, release, "reissued", work)


@router.get("/console/releases/{release}/handoff")
def handing(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.RECORD_HANDOFF)],
    release: str,
) -> Response:
    """Ask about a hand-off."""
    return _form(request, services, staff, "console/handoff.html", release)


@router.post("/console/releases/{release}/handoff")
def hand_off(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.RECORD_HANDOFF)],
    release: str,
    system: Words = "",
    reference: Words = "",
    handed_at: Words = "",
    acceptance: Words = "",
) -> Response:
    """Record a hand-off."""
    # What a browser's own field for date and time sends is a form that we read too.
    new = NewHandoff(system, reference, _lines(acceptance), handed_at)

    def work(session: Session) -> None:
        services.handoffs.record(session, release, new, by=staff.subject, at=services.clock())

    def again(errors: Mapping[str, str]) -> Response:
        missing = {
            "system": (system, "Enter the system or the media that it went to"),
            "reference": (reference, "Enter its reference there"),
            "acceptance": (acceptance, "Enter who accepted it, and in which words"),
        }
        said = {name: words for name, (value, words) in missing.items() if not value.strip()}
        return _form(
            request,
            services,
            staff,
            "console/handoff.html",
            release,
            {**errors, **said},
            system=system,
            reference=reference,
            handed_at=handed_at,
            acceptance=acceptance,
        )

    return _do(request, services, staff, release, "handoff", work, again)


def _form(
    request: Request,
    services: Services,
    staff: Staff,
    template: str,
    release: str,
    errors: Mapping[str, str] | None = None,
    **filled: str,
) -> Response:
    story = story_of(services, staff, release)
    if story.row.state not in {ReleaseState.SEALED, ReleaseState.EXPIRED}:
        return RedirectResponse(f"/console/releases/{story.label}", HTTPStatus.SEE_OTHER)
    return page(
        request,
        template,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors or {},
        story=story,
        row=story.row,
        filled=filled,
        now=services.clock(),
    )


@router.post("/console/releases/{release}/package")
def collect(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.COLLECT_PACKAGE)],
    release: str,
) -> Response:
    """Fetch the sealed package out of the house; the first time is an event."""

    def find() -> Outgoing:
        subject = admit(Action.COLLECT_PACKAGE, request, services).subject
        return outgoing_package(
            act(services, subject, lambda s: services.packages.find(s, release, by=subject))
        )

    def record() -> None:
        by, at = staff.subject, services.clock()
        act(services, by, lambda s: services.packages.collect(s, release, by=by, at=at))

    try:
        return answer(request, services.vault, find, clock=services.clock, record=record)
    except StateError as error:
        return show_release(request, services, staff, release, problem=_sentence(error))


def _sentence(error: Exception) -> str:
    words = str(error)
    return words[:1].upper() + words[1:]


def _lines(text: str) -> str:
    """Return a text as records hold it: browsers send CRLF."""
    return text.replace("\r\n", "\n")
