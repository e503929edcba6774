"""Edge. What becomes of a sealed release: it is taken back, issued again, handed over, fetched."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.acts import act
from api.depends import UsesServices
from api.streams.answers import answer
from api.streams.outgoing import Outgoing, outgoing_package
from api.web.console.releases.pages import act_on, ask, needs_reason, show_release
from api.web.console.words import lines, sentence
from api.web.staff import Staff, admit, allowed, sends
from evidence.errors import StateError
from evidence.people.access import Action
from export.delivery.handoffs import NewHandoff
from export.release.states import ReleaseState

router = APIRouter(include_in_schema=False)
Words = Annotated[str, Form()]
_OUT = frozenset({ReleaseState.SEALED, ReleaseState.EXPIRED})


@router.get("/console/releases/{release}/revocation")
def revoking(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.REVOKE_RELEASE)],
    release: str,
) -> Response:
    """Ask why a release is revoked."""
    return ask(request, services, staff, "console/revoke.html", release, _OUT)


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
            session, release, by=staff.subject, at=services.clock(), reason=lines(reason)
        )

    def again(errors: Mapping[str, str]) -> Response:
        said = needs_reason(errors, reason, "Enter why it is revoked")
        return ask(
            request, services, staff, "console/revoke.html", release, _OUT, said, reason=reason
        )

    return act_on(request, services, staff, release, "revoked", work, again)


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

    return act_on(request, services, staff, release, "reissued", work)


@router.post("/console/releases/{release}/corrected")
def noticed(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.CORRECT_EXHIBIT)],
    release: str,
    tell: Words = "",
) -> Response:
    """Settle that an exhibit of a sealed release was corrected; with ``tell``, by a letter."""

    def work(session: Session) -> None:
        if tell:
            services.amendments.tell(session, release, by=staff.subject, at=services.clock())
        else:
            services.corrections.noticed(session, release, by=staff.subject)

    return act_on(request, services, staff, release, "told" if tell else "noticed", work)


@router.post("/console/releases/{release}/messages")
def settle(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.REISSUE_LINK)],
    release: str,
) -> Response:
    """Settle the messages that did not arrive as far as we know: somebody has asked."""

    def work(session: Session) -> None:
        services.undelivered.settle(session, release, by=staff.subject, at=services.clock())

    return act_on(request, services, staff, release, "settled", work)


@router.get("/console/releases/{release}/handoff")
def handing(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.RECORD_HANDOFF)],
    release: str,
) -> Response:
    """Ask about a hand-off."""
    return ask(request, services, staff, "console/handoff.html", release, _OUT)


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
    new = NewHandoff(system, reference, lines(acceptance), handed_at)

    def work(session: Session) -> None:
        services.handoffs.record(session, release, new, by=staff.subject, at=services.clock())

    def again(errors: Mapping[str, str]) -> Response:
        missing = {
            "system": (system, "Enter the system or the media that it went to"),
            "reference": (reference, "Enter its reference there"),
            "acceptance": (acceptance, "Enter who accepted it, and in which words"),
        }
        said = {name: words for name, (value, words) in missing.items() if not value.strip()}
        return ask(
            request,
            services,
            staff,
            "console/handoff.html",
            release,
            _OUT,
            {**errors, **said},
            system=system,
            reference=reference,
            handed_at=handed_at,
            acceptance=acceptance,
        )

    return act_on(request, services, staff, release, "handoff", work, again)


@router.post("/console/releases/{release}/package")
async def collect(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.COLLECT_PACKAGE)],
    release: str,
) -> Response:
    """Fetch the sealed package out of the house; each time is an event."""

    def find() -> Outgoing:
        subject = admit(Action.COLLECT_PACKAGE, request, services).subject
        return outgoing_package(
            act(services, subject, lambda s: services.packages.find(s, release, by=subject))
        )

    def record(resumed: bool) -> None:
        by, at = staff.subject, services.clock()
        act(
            services,
            by,
            lambda s: services.packages.collect(s, release, by=by, at=at, resumed=resumed),
        )

    try:
        return await answer(request, services.vault, find, clock=services.clock, record=record)
    except StateError as error:
        shown = partial(show_release, problem=sentence(error))
        return await run_in_threadpool(shown, request, services, staff, release)
