"""Edge. Requests: the queue, everything about one, and how a page does something about it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.web.console.places import list_address, page_address
from api.web.console.requests.words import ACTS, DONE, GROUPS, STEP_FIELDS, Act
from api.web.console.words import sentence
from api.web.events import EVENT_WORDS, FIELD_WORDS
from api.web.pages import page
from api.web.public.requests.words import NEXT, PATHS, REFUSALS, STATE_TAGS, told
from api.web.staff import Staff, allowed
from api.wiring import Services
from evidence.errors import InvalidError, StateError
from evidence.paging import Page, parse_cursor
from evidence.people.access import Action
from evidence.requests.recorded import REVIEWED
from evidence.requests.states import RELEASABLE, Path, Refusal, RequestState, RequestStep
from export.desk.requests import ListedRequest, RequestGroup, RequestStory

router = APIRouter(include_in_schema=False)
LIST = "/console/requests"
PAGE = 20
Shows = Annotated[Staff, allowed(Action.SHOW_REQUEST)]
Text = Annotated[str, Query(max_length=200)]


@router.get("/console/requests")
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    show: Text = "",
    q: Text = "",
    cursor: Text = "",
) -> Response:
    """Show a page of the queue, what is overwritten next first."""
    fallback = RequestGroup.OPEN if q else RequestGroup.PRESERVE
    group = RequestGroup(show) if show in set(RequestGroup) else fallback
    place, at = parse_cursor(cursor), services.clock()

    def read(session: Session) -> tuple[Page[ListedRequest], Mapping[RequestGroup, int]]:
        lists, by = services.request_list, staff.subject
        found = lists.page(session, group, words=q, by=by, at=at, cursor=place, most=PAGE)
        return found, lists.counts(session, words=q, by=by)

    found, counts = act(services, staff.subject, read)
    return page(
        request,
        "console/requests.html",
        staff=staff,
        requests=found.rows,
        found=counts[group],
        group=group,
        groups=[
            (one, words, list_address(LIST, {"show": one.value, "q": q}), counts[one])
            for one, words in GROUPS.items()
        ],
        q=q,
        earlier=page_address(LIST, {"show": group.value, "q": q}, found.newer),
        later=page_address(LIST, {"show": group.value, "q": q}, found.older),
        paths=PATHS,
        tags=STATE_TAGS,
    )


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
    state = RequestState(story.row.state)
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
        asked=told(story.asked),
        acts=_offered(staff, story),
        cannot_approve=RequestStep.APPROVED in story.allowed and own_review,
        timeline=[
            (step, who, EVENT_WORDS.get(step.event, step.event), _details(step.event, step.told))
            for step, who in story.steps
        ],
        releasable=state in RELEASABLE and story.row.path != Path.SUBJECT,
        reviewed=any(step.event == REVIEWED for step, _ in story.steps),
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


def _details(event: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a step says beside who took it, in words."""
    found = []
    for name in STEP_FIELDS.get(event, ()):
        said = values.get(name, "")
        if name == "basis":
            said = REFUSALS[Refusal(said)]
        if name == "facts":
            said = f"{', '.join(said['cameras'])}; {said['where']}"
        found.append(("Preserved" if name == "facts" else FIELD_WORDS[name], str(said)))
    return found


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
