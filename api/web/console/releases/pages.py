"""Edge. Releases: the list, everything about one, and how a page does something about it."""

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.places import list_address, page_address
from api.web.console.releases.words import (
    DELIVERIES,
    DONE,
    EVENTS,
    GROUPS,
    KINDS,
    MESSAGE_KINDS,
    MESSAGE_STATES,
    STEPS,
)
from api.web.console.words import sentence
from api.web.feedback import HELPED
from api.web.pages import page
from api.web.staff import Staff, allowed
from custody.formats.canonical import MAX_INTEGER
from evidence.errors import InvalidError, StateError
from evidence.paging import Cursor, Page, parse_cursor
from evidence.people.access import Action, decide
from evidence.people.two_people import decide_approval, decide_second, decide_withdrawal
from export.desk.releases import Group, ListedRelease
from export.desk.story import Story
from export.release.states import ReleaseState
from export.sealing.steps import SealStep

router = APIRouter(include_in_schema=False)
LIST = "/console/releases"
PAGE = 20
Shows = Annotated[Staff, allowed(Action.SHOW_RELEASE)]
Text = Annotated[str, Query(max_length=200)]


@router.get("/console/releases")
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    show: Text = "",
    q: Text = "",
    cursor: Text = "",
) -> Response:
    """Show a page of the releases."""
    group, at = Group(show) if show in set(Group) else Group.ALL, parse_cursor(cursor)

    def read(session: Session) -> tuple[Page[ListedRelease], Mapping[Group, int]]:
        lists, by = services.release_list, staff.subject
        found = lists.page(session, group, words=q, by=by, cursor=at, most=PAGE)
        return found, lists.counts(session, words=q, by=by)

    found, counts = act(services, staff.subject, read)
    return page(
        request,
        "console/releases.html",
        staff=staff,
        releases=found.rows,
        found=counts[group],
        group=group,
        groups=[
            (one, words, list_address(LIST, {"show": one.value, "q": q}), counts[one])
            for one, words in GROUPS.items()
        ],
        q=q,
        newer=page_address(LIST, {"show": group.value, "q": q}, found.newer),
        older=page_address(LIST, {"show": group.value, "q": q}, found.older),
        kinds=KINDS,
        now=services.clock(),
    )


@router.get("/console/releases/{release}")
def shown(
    request: Request,
    services: UsesServices,
    staff: Shows,
    release: str,
    done: Text = "",
    before: Annotated[int | None, Query(ge=0, le=MAX_INTEGER)] = None,
    cursor: Text = "",
) -> Response:
    """Show everything about one release: of its events and its messages, a page."""
    story = story_of(services, staff, release, before=before, cursor=parse_cursor(cursor))
    return show_release(request, services, staff, release, done=DONE.get(done, ""), story=story)


def story_of(
    services: Services,
    staff: Staff,
    release: str,
    *,
    before: int | None = None,
    cursor: Cursor | None = None,
) -> Story:
    """Return everything that became of a release."""
    return act(
        services,
        staff.subject,
        lambda session: services.stories.story(
            session, release, by=staff.subject, before=before, cursor=cursor
        ),
    )


def show_release(
    request: Request,
    services: Services,
    staff: Staff,
    release: str,
    *,
    done: str = "",
    problem: str = "",
    story: Story | None = None,
) -> Response:
    """Return the page of a release; ``problem`` says what could not be done to it just now."""
    story = story or story_of(services, staff, release)
    at = f"{LIST}/{story.label}"
    finished = [step for step in SealStep if step in story.steps]
    following = next((step for step in SealStep if step not in story.steps), None)
    return page(
        request,
        "console/release.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        staff=staff,
        story=story,
        row=story.row,
        done=done,
        problem=problem,
        kinds=KINDS,
        deliveries=DELIVERIES,
        events=EVENTS,
        helped=HELPED,
        message_kinds=MESSAGE_KINDS,
        message_states=MESSAGE_STATES,
        steps_done=len(finished),
        steps=len(SealStep),
        step=STEPS[following] if following else "",
        newer_messages=page_address(at, {}, story.messages.newer),
        older_messages=page_address(at, {}, story.messages.older),
        older_events="" if story.older is None else f"{at}?before={story.older}#history",
        cannot=why_not(story, staff),
        may_withdraw=decide_withdrawal(story.row.proposed_by, staff.subject).allowed,
        now=services.clock(),
    )


def why_not(story: Story, staff: Staff) -> str:
    """Return why this person cannot give the approval that is needed; empty: they can."""
    row, person = story.row, staff.subject.person
    decision = decide(Action.APPROVE_RELEASE, staff.subject.roles)
    if not decision.allowed:
        return "Only a releaser can approve a release. You are not one."
    if row.state == ReleaseState.PROPOSED:
        due = "24 hours" if row.urgent else ""
        if not decide_approval(row.proposed_by, person, self_approve=False, due=due).allowed:
            return "You proposed this release, so you cannot approve it: another releaser must."
    elif (
        row.approved_by is not None
        and not decide_second(row.approved_by, person, late=False).allowed
    ):
        return "You gave the first approval. Another releaser must confirm it."
    return ""


def act_on(
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
        return show_release(request, services, staff, release, problem=sentence(error))
    except InvalidError as error:
        if again is None:
            raise
        return again({error.field: sentence(error)})
    return RedirectResponse(f"/console/releases/{quote(release)}?done={done}", HTTPStatus.SEE_OTHER)


def ask(
    request: Request,
    services: Services,
    staff: Staff,
    template: str,
    release: str,
    states: Collection[ReleaseState],
    errors: Mapping[str, str] | None = None,
    **filled: str,
) -> Response:
    """Show a form about a release; one that is in none of ``states`` shows its own page."""
    story = story_of(services, staff, release)
    if story.row.state not in states:
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


def needs_reason(errors: Mapping[str, str], reason: str, words: str) -> dict[str, str]:
    """Return the errors of a form that asks for a reason: in ``words`` if there was none."""
    return {name: said if reason.strip() else words for name, said in errors.items()}
