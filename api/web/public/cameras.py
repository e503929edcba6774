"""Edge. Which cameras there are, and which may have captured something: pages without an account.

What is asked is counted by address and hour, and answers leave at fixed steps of time: a page tells
nothing, by its words or by how long it takes, of a camera that the public is not told of.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.denials import TooManyError
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.collect.limiter import network_of
from api.web.collect.pacing import PacedRoute
from api.web.pages import page
from api.web.public.camera_map import draw
from evidence.cameras.cameras import KnownCamera, Placement
from evidence.cameras.points import Point
from evidence.cameras.public import Answer, Choice, Question
from evidence.errors import InvalidError
from export.desk.spreadsheet import format_cameras

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
paced = APIRouter(include_in_schema=False, route_class=PacedRoute, dependencies=[ANY_QUERY])
CHECK = "/cameras/check"
EVERY = "/cameras/all"
MAPPED = frozenset({CHECK, EVERY})
"""The pages with a map that may have a ground of streets."""
PAGE = 50
MOST_AN_HOUR = 120
"""Answers, pages of the list, and files each, for one address: an office must not notice."""
_LONGEST = 400
"""Characters of what somebody typed that are read at all; the service says how many are allowed."""
Text = Annotated[str, Query()]


@dataclass(frozen=True, slots=True)
class Listed:
    """A camera as the list shows it."""

    reference: str
    kind: str
    siting: str
    placements: tuple[Placement, ...]


@router.get("/cameras")
def start(request: Request, where: Text = "", date: Text = "", time: Text = "") -> Response:
    """Ask where and when something happened; what was typed before stands in the form again."""
    return _form(request, {"where": where, "date": date, "time": time})


@paced.get(CHECK)
def check(
    request: Request,
    services: UsesServices,
    where: Text = "",
    place: Text = "",
    date: Text = "",
    time: Text = "",
) -> Response:
    """Answer which cameras may have captured it, or ask which place is meant."""
    now = services.clock()
    count_asking(request, services, "cameras", now)
    said = place or where
    typed = {"where": said[:_LONGEST], "date": date[:_LONGEST], "time": time[:_LONGEST]}
    question = Question(typed["where"], typed["date"], typed["time"], chosen=bool(place))
    if faults := services.public_cameras.faults(question):
        return _form(request, typed, faults)
    try:
        with services.transaction() as session:
            found = services.public_cameras.ask(session, question, now=now)
    except InvalidError as error:
        return _form(request, typed, {error.field: str(error)})
    if isinstance(found, Choice):
        return page(request, "cameras/which.html", found=found, typed=typed)
    return _answer(request, services, found, typed, now)


@router.get(EVERY)
def every(request: Request, services: UsesServices, after: Text = "") -> Response:
    """List the public cameras, on a map and in words."""

    def read(session: Session) -> tuple[list[KnownCamera], list[KnownCamera], UUID | None]:
        shown = services.public_cameras.page(session, after=_identifier(after), most=PAGE)
        return services.public_cameras.every(session), list(shown.cameras), shown.after

    count_asking(request, services, "cameras.list", services.clock())
    with services.transaction() as session:
        cameras, shown, following = read(session)
    return page(
        request,
        "cameras/all.html",
        count=len(cameras),
        cameras=[_listed(one) for one in shown],
        map=draw([(point, "", one.camera.reference) for one in cameras for point in _points(one)]),
        first="/cameras/all" if after else "",
        following=f"/cameras/all?{urlencode({'after': following})}" if following else "",
    )


@router.get("/cameras.csv")
def open_data(request: Request, services: UsesServices) -> Response:
    """Return the public cameras as open data."""
    count_asking(request, services, "cameras.csv", services.clock())
    with services.transaction() as session:
        cameras = services.public_cameras.every(session)
    return Response(
        "".join(format_cameras(cameras)).encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": 'attachment; filename="cameras.csv"'},
    )


def count_asking(request: Request, services: Services, what: str, at: datetime) -> None:
    """Count a question against the address that it comes from.

    Raises:
        TooManyError: that was too often within this hour.
    """
    address = network_of(request.client.host if request.client else "")
    with services.transaction() as session:
        wait = services.limits.count(session, what, address, most=MOST_AN_HOUR, at=at)
    if wait is not None:
        raise TooManyError(int(wait.total_seconds()) + 1)


def _form(
    request: Request, typed: dict[str, str], errors: dict[str, str] | None = None
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return page(request, "cameras/start.html", status=status, typed=typed, errors=errors or {})


def _answer(
    request: Request, services: Services, found: Answer, typed: dict[str, str], now: datetime
) -> Response:
    numbered = [
        (one.at, str(number), one.reference)
        for number, one in enumerate(found.cameras, 1)
        if one.at is not None
    ]
    return page(
        request,
        "cameras/answer.html",
        found=found,
        days=services.council.retention_days,
        left=(found.kept_until - now).days,
        map=draw(numbered, found.points) if numbered else None,
        typed=typed,
        again=f"/cameras?{urlencode(typed)}",
    )


def _identifier(text: str) -> UUID | None:
    """Return after which camera a page begins; of anything else, the first page."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _listed(known: KnownCamera) -> Listed:
    camera = known.camera
    now = tuple(one for one in camera.placements if one.until is None)
    return Listed(camera.reference, camera.kind.value, camera.siting.value, now)


def _points(known: KnownCamera) -> list[Point]:
    placed = known.camera.placements
    return [one.at for one in placed if one.until is None and one.at is not None]
