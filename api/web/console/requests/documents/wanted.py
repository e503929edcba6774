"""Edge. Documents that are wanted: asked for, or seen in another way than by an upload."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.depends import UsesServices
from api.web.console.requests.asking import Asking
from api.web.console.requests.pages import act_on, story_of
from api.web.console.words import lines
from api.web.pages import page
from api.web.public.requests.documents.papers import PAPERS
from api.web.staff import Staff, allowed, sends
from evidence.people.access import Action
from evidence.requests.documents.kinds import DocumentKind, SeenHow, kinds_of
from evidence.requests.states import Path
from evidence.requests.tables import RequestRow

router = APIRouter(include_in_schema=False)
Checks = Annotated[Staff, allowed(Action.CHECK_DOCUMENT)]
SendsCheck = Annotated[Staff, sends(Action.CHECK_DOCUMENT)]
Text = Annotated[str, Form()]
_HOW = {SeenHow.IN_PERSON: "in person", SeenHow.BY_POST: "by post"}


def ask(
    request: Request,
    staff: Staff,
    row: RequestRow,
    asking: Asking,
    errors: Mapping[str, str] | None = None,
    *,
    reason: str = "",
    chosen: str = "",
) -> Response:
    """Show a form that decides something about documents with a reason."""
    return page(
        request,
        "console/request-decide.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors or {}),
        row=row,
        asking=asking,
        typed={"reason": reason},
        chosen=chosen,
    )


@router.get("/console/requests/{name}/seen")
def ask_seen(request: Request, services: UsesServices, staff: Checks, name: str) -> Response:
    """Ask which document was seen in person, or by post."""
    row = story_of(services, staff, name).row
    return ask(request, staff, row, _seen(row))


@router.post("/console/requests/{name}/seen")
def say_seen(
    request: Request,
    services: UsesServices,
    staff: SendsCheck,
    name: str,
    choice: Text = "",
    reason: Text = "",
) -> Response:
    """Record that a document was seen in person, or by post."""
    said, row = lines(reason), story_of(services, staff, name).row
    asking = _seen(row)
    if choice not in dict(asking.choices):
        return ask(request, staff, row, asking, {"choice": asking.choose}, reason=said)
    kind, how = choice.split(":")

    def again(_errors: Mapping[str, str]) -> Response:
        errors = {"reason": asking.missing}
        return ask(request, staff, row, asking, errors, reason=said, chosen=choice)

    return act_on(
        request,
        services,
        staff,
        name,
        "document-seen",
        lambda session: services.document_checks.see(
            session,
            name,
            DocumentKind(kind),
            SeenHow(how),
            by=staff.subject,
            at=services.clock(),
            reason=said,
        ),
        again,
    )


@router.get("/console/requests/{name}/ask-document")
def ask_which(request: Request, services: UsesServices, staff: Checks, name: str) -> Response:
    """Ask which document whoever asked is to send."""
    row = story_of(services, staff, name).row
    return ask(request, staff, row, _which(row))


@router.post("/console/requests/{name}/ask-document")
def ask_for(
    request: Request,
    services: UsesServices,
    staff: SendsCheck,
    name: str,
    choice: Text = "",
    reason: Text = "",
) -> Response:
    """Ask whoever asked for a document."""
    said, row = lines(reason), story_of(services, staff, name).row
    asking = _which(row)
    if choice not in dict(asking.choices):
        return ask(request, staff, row, asking, {"choice": asking.choose}, reason=said)

    def again(_errors: Mapping[str, str]) -> Response:
        errors = {"reason": asking.missing}
        return ask(request, staff, row, asking, errors, reason=said, chosen=choice)

    return act_on(
        request,
        services,
        staff,
        name,
        "document-asked",
        lambda session: services.document_checks.ask(
            session,
            name,
            DocumentKind(choice),
            by=staff.subject,
            at=services.clock(),
            reason=said,
        ),
        again,
    )


def _seen(row: RequestRow) -> Asking:
    path = Path(row.path)
    return Asking(
        "seen",
        "Record a document that you have seen",
        ("It counts as accepted, as one does that was sent here and checked.",),
        "What did it show?",
        "Enter what it showed",
        "Record it",
        frozenset(),
        tuple(
            (f"{kind}:{how}", f"{PAPERS[path][kind].label}, {words}")
            for kind in kinds_of(path)
            for how, words in _HOW.items()
        ),
        "Select which document you have seen, and how",
    )


def _which(row: RequestRow) -> Asking:
    path = Path(row.path)
    return Asking(
        "ask-document",
        "Ask for a document",
        ("Whoever asks gets a letter, and can send it from the page of their request.",),
        "Why do you ask for it?",
        "Enter why you ask for it",
        "Ask for it",
        frozenset(),
        tuple((kind.value, PAPERS[path][kind].label) for kind in kinds_of(path)),
        "Select which document you ask for",
        told=True,
    )
