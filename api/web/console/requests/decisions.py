"""Edge. What is decided about a request with a reason: one form for each, all of one kind."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.depends import UsesServices
from api.services import Services
from api.web.console.requests.asking import (
    APPROVAL,
    CLOCK,
    CLOSURE,
    REFUSAL,
    WITHDRAWAL,
    Asking,
)
from api.web.console.requests.documents.papers import VERDICTS, papers_of
from api.web.console.requests.pages import LIST, act_on, story_of
from api.web.console.words import lines
from api.web.pages import page
from api.web.public.requests.documents.papers import TYPES
from api.web.staff import Staff, allowed, sends
from evidence.people.access import Action
from evidence.requests.states import Refusal, RequestStep

router = APIRouter(include_in_schema=False)
Reviews = Annotated[Staff, allowed(Action.REVIEW_REQUEST)]
SendsReview = Annotated[Staff, sends(Action.REVIEW_REQUEST)]
Approves = Annotated[Staff, allowed(Action.APPROVE_REQUEST)]
SendsApproval = Annotated[Staff, sends(Action.APPROVE_REQUEST)]
Refuses = Annotated[Staff, allowed(Action.REFUSE_REQUEST)]
SendsRefusal = Annotated[Staff, sends(Action.REFUSE_REQUEST)]
Pauses = Annotated[Staff, allowed(Action.PAUSE_REQUEST)]
SendsPause = Annotated[Staff, sends(Action.PAUSE_REQUEST)]
Reason = Annotated[str, Form()]
_T = RequestStep


def ask(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    asking: Asking,
    errors: Mapping[str, str] | None = None,
    *,
    reason: str = "",
    chosen: str = "",
) -> Response:
    """Show a form; a request that cannot be decided so now shows its own page."""
    story = story_of(services, staff, name)
    if not asking.steps & story.allowed:
        return RedirectResponse(f"{LIST}/{story.row.urn}", HTTPStatus.SEE_OTHER)
    return page(
        request,
        "console/request-decide.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors or {}),
        row=story.row,
        asking=asking,
        papers=papers_of(services, story.row) if asking is APPROVAL else (),
        types=TYPES,
        verdicts=VERDICTS,
        typed={"reason": reason},
        chosen=chosen,
    )


def decide(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    asking: Asking,
    step: RequestStep,
    done: str,
    reason: str,
    chosen: str = "",
) -> Response:
    """Take a step that needs a reason, or show its form again."""
    said = lines(reason)

    def again(errors: Mapping[str, str]) -> Response:
        words = {
            field: words if said.strip() or field != "reason" else asking.missing
            for field, words in errors.items()
        }
        return ask(request, services, staff, name, asking, words, reason=said, chosen=chosen)

    return act_on(
        request,
        services,
        staff,
        name,
        done,
        lambda session: services.request_decisions.decide(
            session, name, step, by=staff.subject, at=services.clock(), reason=said
        ),
        again,
    )


@router.get("/console/requests/{name}/approval")
def ask_approval(request: Request, services: UsesServices, staff: Approves, name: str) -> Response:
    """Ask why a request is approved in principle."""
    return ask(request, services, staff, name, APPROVAL)


@router.post("/console/requests/{name}/approval")
def approve(
    request: Request,
    services: UsesServices,
    staff: SendsApproval,
    name: str,
    reason: Reason = "",
) -> Response:
    """Approve a request in principle, as somebody else than who reviewed it."""
    return decide(request, services, staff, name, APPROVAL, _T.APPROVED, "approved", reason)


@router.get("/console/requests/{name}/withdrawal")
def ask_withdrawal(request: Request, services: UsesServices, staff: Reviews, name: str) -> Response:
    """Ask why a request is withdrawn for who asked."""
    return ask(request, services, staff, name, WITHDRAWAL)


@router.post("/console/requests/{name}/withdrawal")
def withdraw(
    request: Request, services: UsesServices, staff: SendsReview, name: str, reason: Reason = ""
) -> Response:
    """Withdraw a request for who asked."""
    return decide(request, services, staff, name, WITHDRAWAL, _T.WITHDRAWN, "withdrawn", reason)


@router.get("/console/requests/{name}/closure")
def ask_closure(request: Request, services: UsesServices, staff: Reviews, name: str) -> Response:
    """Ask why a request is closed."""
    return ask(request, services, staff, name, CLOSURE)


@router.post("/console/requests/{name}/closure")
def close(
    request: Request, services: UsesServices, staff: SendsReview, name: str, reason: Reason = ""
) -> Response:
    """Close a request that is answered."""
    return decide(request, services, staff, name, CLOSURE, _T.CLOSED, "closed", reason)


@router.get("/console/requests/{name}/clock")
def ask_clock(request: Request, services: UsesServices, staff: Pauses, name: str) -> Response:
    """Ask why the clock of a subject access request stops, or goes on."""
    return ask(request, services, staff, name, CLOCK)


@router.post("/console/requests/{name}/clock")
def turn_clock(
    request: Request, services: UsesServices, staff: SendsPause, name: str, reason: Reason = ""
) -> Response:
    """Stop the clock of a subject access request, or let it go on."""
    paused = story_of(services, staff, name).paused
    step, done = (_T.RESUMED, "resumed") if paused else (_T.PAUSED, "paused")
    return decide(request, services, staff, name, CLOCK, step, done, reason)


@router.get("/console/requests/{name}/refusal")
def ask_refusal(request: Request, services: UsesServices, staff: Refuses, name: str) -> Response:
    """Ask why a request is refused."""
    return ask(request, services, staff, name, REFUSAL)


@router.post("/console/requests/{name}/refusal")
def refuse(
    request: Request,
    services: UsesServices,
    staff: SendsRefusal,
    name: str,
    choice: Annotated[str, Form()] = "",
    reason: Reason = "",
) -> Response:
    """Refuse a request."""
    said = lines(reason)

    def again(errors: Mapping[str, str]) -> Response:
        return ask(request, services, staff, name, REFUSAL, errors, reason=said, chosen=choice)

    if choice not in tuple(Refusal):
        return again({"choice": REFUSAL.choose})
    return act_on(
        request,
        services,
        staff,
        name,
        "refused",
        lambda session: services.request_decisions.refuse(
            session,
            name,
            Refusal(choice),
            by=staff.subject,
            at=services.clock(),
            reason=said,
        ),
        lambda _errors: again({"reason": REFUSAL.missing}),
    )
