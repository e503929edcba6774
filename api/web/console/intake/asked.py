"""Edge. A clip that is taken in for a request: what its form begins with, and how it is linked."""

from datetime import datetime

from sqlmodel import Session

from api.acts import act
from api.services import Services
from api.web.console.intake.moments import typed_moment
from api.web.staff import Staff
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action
from evidence.requests.coverage.findings import references
from evidence.requests.states import RequestStep
from export.desk.requests import RequestStory

FIELD = "request"
"""The number of the request, which every page of the form carries."""


def begun(services: Services, staff: Staff, name: str, files: int) -> dict[str, str]:
    """Return what the form of a clip begins with: the camera and the times that are asked for.

    Raises:
        InvalidError: there is no such request, or no footage is taken in for it now.
    """
    if not name or not staff.may(Action.SHOW_REQUEST):
        return {}

    def read(session: Session) -> RequestStory:
        at = services.clock()
        return services.request_list.story(session, name, by=staff.subject, at=at)

    try:
        story = act(services, staff.subject, read)
    except (UnknownError, InvalidError):
        raise InvalidError(
            FIELD, f"there is no request {name[:60]}: take the clip in without it"
        ) from None
    if RequestStep.TAKEN_IN not in story.allowed:
        raise _ended(story.row.urn)
    typed = {FIELD: story.row.urn}
    asked = story.asked
    if asked is None:
        return typed
    named = (*asked.cameras, *(references(story.found) if story.found else ()))
    if named:
        typed["camera"] = named[0]
    if files == 1:
        typed |= typed_moment("displayed_start", asked.start.isoformat())
        typed |= typed_moment("displayed_end", asked.end.isoformat())
    return typed


def link(
    services: Services, session: Session, staff: Staff, name: str, row: ExhibitRow, *, at: datetime
) -> None:
    """Link an exhibit that is being made to the request that it is taken in for, if to any.

    Raises:
        InvalidError: that request takes none in by now; nothing is made.
    """
    if not name:
        return
    try:
        services.request_links.take_in(session, name, row.id, by=staff.subject, at=at)
    except (StateError, UnknownError):
        raise _ended(name) from None


def _ended(name: str) -> InvalidError:
    return InvalidError(
        FIELD,
        f"request {name[:60]} takes in no footage now: go on, and the clip is taken in without it",
    )
