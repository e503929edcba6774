"""Edge. What is done about the footage of a request: preserved, reviewed, found."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.depends import UsesServices
from api.services import Services
from api.web.console.requests.decisions import Reviews, SendsReview
from api.web.console.requests.pages import LIST, act_on, story_of
from api.web.console.requests.words import OUTCOMES
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.references import as_reference
from evidence.people.access import Action
from evidence.requests.asked import parse_preserved
from evidence.requests.coverage.findings import references
from evidence.requests.states import RequestStep, ReviewOutcome
from export.desk.requests import RequestStory

router = APIRouter(include_in_schema=False)
Preserves = Annotated[Staff, allowed(Action.PRESERVE_FOOTAGE)]
SendsPreserved = Annotated[Staff, sends(Action.PRESERVE_FOOTAGE)]


@router.get("/console/requests/{name}/preservation")
def ask_preserved(
    request: Request, services: UsesServices, staff: Preserves, name: str
) -> Response:
    """Ask which cameras are preserved, from when to when, and where."""
    story = story_of(services, staff, name)
    asked = story.asked
    if asked is None:
        return RedirectResponse(f"{LIST}/{story.row.urn}", HTTPStatus.SEE_OTHER)
    typed = {
        "cameras": "\n".join(cameras_of(story)),
        "start": asked.start.astimezone(LONDON).isoformat(sep=" "),
        "end": asked.end.astimezone(LONDON).isoformat(sep=" "),
        "where": "",
    }
    return _preserved_page(request, staff, story, typed, {})


@router.post("/console/requests/{name}/preservation")
def confirm_preserved(
    request: Request,
    services: UsesServices,
    staff: SendsPreserved,
    name: str,
    cameras: Annotated[str, Form()] = "",
    start: Annotated[str, Form()] = "",
    end: Annotated[str, Form()] = "",
    where: Annotated[str, Form()] = "",
) -> Response:
    """Confirm that everything that is asked is preserved."""
    typed = {"cameras": lines(cameras), "start": start, "end": end, "where": where}

    def again(errors: Mapping[str, str]) -> Response:
        story = story_of(services, staff, name)
        return _preserved_page(request, staff, story, typed, errors)

    try:
        kept = parse_preserved(**typed)
    except InvalidError as error:
        return again({error.field: sentence(error)})
    return act_on(
        request,
        services,
        staff,
        name,
        "preserved",
        lambda session: services.request_decisions.confirm_preserved(
            session, name, kept, by=staff.subject, at=services.clock()
        ),
        again,
    )


def _preserved_page(
    request: Request,
    staff: Staff,
    story: RequestStory,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    if RequestStep.PRESERVED not in story.allowed:
        return RedirectResponse(f"{LIST}/{story.row.urn}", HTTPStatus.SEE_OTHER)
    return page(
        request,
        "console/request-preserve.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors),
        row=story.row,
        asked=story.asked,
        typed=typed,
    )


@router.get("/console/requests/{name}/review")
def ask_review(request: Request, services: UsesServices, staff: Reviews, name: str) -> Response:
    """Ask whether the review begins."""
    story = story_of(services, staff, name)
    if RequestStep.REVIEW_BEGUN not in story.allowed:
        return RedirectResponse(f"{LIST}/{story.row.urn}", HTTPStatus.SEE_OTHER)
    return page(request, "console/request-review.html", staff=staff, row=story.row)


@router.post("/console/requests/{name}/review")
def begin_review(
    request: Request, services: UsesServices, staff: SendsReview, name: str
) -> Response:
    """Begin to look at the footage."""
    return act_on(
        request,
        services,
        staff,
        name,
        "begun",
        lambda session: services.request_decisions.begin_review(
            session, name, by=staff.subject, at=services.clock()
        ),
    )


@router.get("/console/requests/{name}/outcome")
def ask_outcome(request: Request, services: UsesServices, staff: Reviews, name: str) -> Response:
    """Ask what the review came to."""
    return _outcome_page(request, services, staff, name, {}, {})


@router.post("/console/requests/{name}/outcome")
def say_outcome(
    request: Request,
    services: UsesServices,
    staff: SendsReview,
    name: str,
    outcome: Annotated[str, Form()] = "",
    exhibits: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Say what the review came to."""
    said = lines(reason)
    typed = {"outcome": outcome, "exhibits": exhibits, "reason": said}

    def again(errors: Mapping[str, str]) -> Response:
        words = {
            field: one if said.strip() or field != "reason" else "Enter what the review came to"
            for field, one in errors.items()
        }
        field = {"ref": "exhibits"}
        shown = {field.get(one, one): sentence for one, sentence in words.items()}
        return _outcome_page(request, services, staff, name, typed, shown)

    if outcome not in tuple(ReviewOutcome):
        return again({"outcome": "Select what the review came to"})
    named = [as_reference(one.strip().upper()) for one in exhibits.replace(",", " ").split()]
    return act_on(
        request,
        services,
        staff,
        name,
        "reviewed",
        lambda session: services.request_decisions.complete_review(
            session,
            name,
            ReviewOutcome(outcome),
            exhibits=named,
            by=staff.subject,
            at=services.clock(),
            reason=said,
        ),
        again,
    )


def cameras_of(story: RequestStory) -> tuple[str, ...]:
    """Return the cameras of a request: those that were named, and those that the register found."""
    named = () if story.asked is None else story.asked.cameras
    found = () if story.found is None else references(story.found)
    known = {name.casefold() for name in named}
    return (*named, *(name for name in found if name.casefold() not in known))


def _outcome_page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    story = story_of(services, staff, name)
    if RequestStep.FOUND not in story.allowed:
        return RedirectResponse(f"{LIST}/{story.row.urn}", HTTPStatus.SEE_OTHER)
    empty = {"outcome": "", "exhibits": " ".join(story.taken_in.values()), "reason": ""}
    return page(
        request,
        "console/request-outcome.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors),
        row=story.row,
        typed={**empty, **typed},
        outcomes=OUTCOMES,
    )
