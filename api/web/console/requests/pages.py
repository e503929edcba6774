"""Edge. Everything about one request, and how a page does something about it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.requests.documents.papers import VERDICTS, papers_of
from api.web.console.requests.drawing import answer_clock, footage_clock
from api.web.console.requests.timeline import timeline_of
from api.web.console.requests.words import ACTS, DONE, Act
from api.web.console.words import sentence
from api.web.pages import page
from api.web.public.requests.documents.papers import TYPES
from api.web.public.requests.words import NEXT, PATHS, STATE_TAGS, told
from api.web.staff import Staff, allowed
from evidence.errors import InvalidError, StateError
from evidence.people.access import Action
from evidence.requests.correspondence.messages import thread_of
from evidence.requests.coverage.findings import covering_words
from evidence.requests.recorded import SEARCHED
from evidence.requests.states import OPEN, RELEASABLE, Path, RequestState, RequestStep
from export.desk.requests import RequestStory

router = APIRouter(include_in_schema=False)
LIST = "/console/requests"
Shows = Annotated[Staff, allowed(Action.SHOW_REQUEST)]
Text = Annotated[str, Query(max_length=200)]


@router.get("/console/requests/{name}")
def shown(
    request: Request, services: UsesServices, staff: Shows, name: str, done: Text = ""
) -> Response:
    """Show everything about one request."""
    return show_request(request, services, staff, name, done=DONE.get(done, ""))


def story_of(services: Services, staff: Staff, name: str) -> RequestStory:
    """Return everything that became of a request."""
    at = services.clock()
    return act(
        services,
        staff.subject,
        lambda session: services.request_list.story(session, name, by=staff.subject, at=at),
    )


def show_request(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    *,
    done: str = "",
    problem: str = "",
) -> Response:
    """Return the page of a request; ``problem`` says what could not be done to it just now."""
    story = story_of(services, staff, name)
    state, now = RequestState(story.row.state), services.clock()
    own_review = story.reviewer == staff.subject.person
    return page(
        request,
        "console/request.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        staff=staff,
        story=story,
        row=story.row,
        alike=act(services, staff.subject, lambda s: services.duplicates.of(s, story.row.id)),
        done=done,
        problem=problem,
        path=PATHS[Path(story.row.path)],
        tag=STATE_TAGS[state],
        tags=STATE_TAGS,
        heading=NEXT[state][0],
        thread=thread_of(step for step, _ in story.steps),
        asked=told(story.asked),
        acts=_offered(staff, story),
        papers=papers_of(services, story.row),
        types=TYPES,
        verdicts=VERDICTS,
        takes_documents=state in OPEN,
        cannot_approve=RequestStep.APPROVED in story.allowed and own_review,
        timeline=timeline_of(story),
        clocks={
            "footage": footage_clock(story.listed, now, services.council.retention_days),
            "answer": answer_clock(story.listed, now),
        },
        days=services.council.retention_days,
        covering=covering_words(story.found) if story.found else "",
        unknown=_unknown(story),
        releasable=state in RELEASABLE and story.row.path != Path.SUBJECT,
        takes_in=RequestStep.TAKEN_IN in story.allowed,
        searched=_searched(story),
    )


def _offered(staff: Staff, story: RequestStory) -> list[tuple[Act, str]]:
    """Return what this person may do about a request now, and where."""
    own_review = story.reviewer == staff.subject.person
    return [
        (one, f"{LIST}/{story.row.urn}/{one.place}")
        for one in ACTS
        if one.steps & story.allowed
        and staff.may(one.action)
        and not (RequestStep.APPROVED in one.steps and own_review)
        and not (RequestStep.PRESERVED in one.steps and story.row.preserved_at is not None)
    ]


def _searched(story: RequestStory) -> str:
    """Return what the last search of what is preserved came to; empty: there was none."""
    said = [str(step.told.get("result", "")) for step, _ in story.steps if step.event == SEARCHED]
    return said[-1] if said else ""


def _unknown(story: RequestStory) -> list[str]:
    """Return the cameras that were named, and are none of the public ones."""
    if story.asked is None or story.found is None:
        return []
    known = {name.casefold() for name in story.found.named}
    return [name for name in story.asked.cameras if name.casefold() not in known]


def act_on(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    done: str,
    work: Callable[[Session], Any],
    again: Callable[[Mapping[str, str]], Response] | None = None,
) -> Response:
    """Do something about a request; say on its page why not, and show a wrong form again."""
    try:
        act(services, staff.subject, work)
    except StateError as error:
        return show_request(request, services, staff, name, problem=sentence(error))
    except InvalidError as error:
        if again is None:
            raise
        return again({error.field: sentence(error)})
    return RedirectResponse(f"{LIST}/{quote(name)}?done={done}", HTTPStatus.SEE_OTHER)
