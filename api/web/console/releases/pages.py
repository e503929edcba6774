"""Edge. Releases: the list, everything about one, and what is decided about it."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from api.acts import act
from api.depends import UsesServices
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
from api.web.pages import page
from api.web.staff import Staff, allowed
from api.wiring import Services
from evidence.people.access import Action, decide, decide_approval, decide_second
from export.desk.story import PAGE, Group, Story
from export.release.states import ReleaseState
from export.sealing.steps import SealStep

router = APIRouter(include_in_schema=False)
Shows = Annotated[Staff, allowed(Action.SHOW_RELEASE)]
Text = Annotated[str, Query(max_length=200)]
Words = Annotated[str, Form()]


@router.get("/console/releases")
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    show: Text = "",
    q: Text = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """Show a page of the releases."""
    group = Group(show) if show in set(Group) else Group.ALL
    listing = act(
        services,
        staff.subject,
        lambda session: services.stories.page(
            session, group, words=q, number=number, by=staff.subject
        ),
    )

    def address(one: Group, at: int = 1) -> str:
        words = {"show": one.value, "q": q, "page": at if at > 1 else ""}
        return "/console/releases?" + urlencode({k: v for k, v in words.items() if v})

    return page(
        request,
        "console/releases.html",
        staff=staff,
        listing=listing,
        group=group,
        groups=[(one, words, address(one), listing.counts[one]) for one, words in GROUPS.items()],
        q=q,
        number=number,
        pages=max(1, -(-listing.found // PAGE)),
        earlier=address(group, number - 1) if number > 1 else "",
        later=address(group, number + 1) if number * PAGE < listing.found else "",
        kinds=KINDS,
        now=services.clock(),
    )


@router.get("/console/releases/{release}")
def shown(
    request: Request, services: UsesServices, staff: Shows, release: str, done: Text = ""
) -> Response:
    """Show everything about one release."""
    return show_release(request, services, staff, release, done=DONE.get(done, ""))


def story_of(services: Services, staff: Staff, release: str) -> Story:
    """Return everything that became of a release."""
    return act(
        services,
        staff.subject,
        lambda session: services.stories.story(session, release, by=staff.subject),
    )


def show_release(
    request: Request,
    services: Services,
    staff: Staff,
    release: str,
    *,
    done: str = "",
    problem: str = "",
) -> Response:
    """Return the page of a release; ``problem`` says what could not be done to it just now."""
    story = story_of(services, staff, release)
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
        message_kinds=MESSAGE_KINDS,
        message_states=MESSAGE_STATES,
        steps_done=len(finished),
        steps=len(SealStep),
        step=STEPS[following] if following else "",
        cannot=why_not(story, staff),
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
