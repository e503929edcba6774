"""Service. What everybody is told of cameras: the public ones, and which may have captured a place.

Whether there is a sensitive camera is neither confirmed nor denied: each statement leaves them out
by an index that does not hold them, and nothing here counts, matches or waits for one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from evidence.cameras.cameras import KnownCamera, register_digest
from evidence.cameras.coverage import (
    LONGEST_QUESTION,
    MOST_PLACES,
    Covering,
    Found,
    FoundBy,
    Place,
    PublicPlacement,
    Sought,
    covering,
    covering_on,
    find_places,
    meant_by,
    places,
    plain,
)
from evidence.cameras.grid import to_point
from evidence.cameras.known import HERE, PUBLIC, CameraPage, read_cameras, read_page
from evidence.cameras.points import GridPoint, Point, parse_point
from evidence.cameras.retention import incident_at, overwritten_at, read_clock, read_day
from evidence.cameras.tables import CameraRow
from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON


@dataclass(frozen=True, slots=True)
class Question:
    """Where and when something happened, as somebody typed it."""

    where: str
    """A street, a landmark, or a point."""
    day: str
    time: str
    chosen: bool = False
    """Whether ``where`` is the name of a place that we offered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Which cameras may have captured it, and how long what they recorded is kept."""

    name: str
    """The place, or the point as it was typed."""
    points: tuple[Point, ...]
    cameras: tuple[Covering, ...]
    moment: datetime
    kept_until: datetime
    is_over: bool
    """Whether footage of that time was overwritten by now."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Places that may be meant: whoever asks chooses."""

    places: tuple[Place, ...]
    is_sure: bool
    """Whether they are called so, or only much like it."""
    has_more: bool


@dataclass(frozen=True, slots=True)
class Makers:
    """How many public cameras are of one maker; empty: not stated."""

    maker: str
    origin: str
    count: int


class PublicCameras:
    """Tells strangers of cameras."""

    def __init__(self, *, retention_days: int, points: bool) -> None:
        """``points``: whether the council publishes where exactly its cameras are."""
        self._days = retention_days
        self._points = points

    def page(self, session: Session, *, after: UUID | None, most: int) -> CameraPage:
        """Return a page of the public cameras that there are now."""
        return read_page(session, PUBLIC, HERE, after=after, most=most)

    def every(self, session: Session) -> list[KnownCamera]:
        """Return all of them, without their points where these are not published."""
        found = read_cameras(session, PUBLIC, HERE)
        return found if self._points else list(map(_without_points, found))

    def kinds(self, session: Session) -> Mapping[str, int]:
        """Return how many public cameras there are now of each kind."""
        kind = col(CameraRow.kind)
        counted = select(kind, func.count()).where(PUBLIC, HERE).group_by(kind)
        return {str(name): count for name, count in session.execute(counted.order_by(kind))}

    def makers(self, session: Session) -> list[Makers]:
        """Return who made the public cameras that there are now, whoever made the most first."""
        maker, origin, count = col(CameraRow.maker), col(CameraRow.origin), func.count()
        counted = select(maker, origin, count).where(PUBLIC, HERE).group_by(maker, origin)
        found = session.execute(counted.order_by(count.desc(), maker, origin))
        return [Makers(*row) for row in found]

    def faults(self, question: Question) -> dict[str, str]:
        """Return what is wrong with a question at first sight, by its field: all of it at once."""
        found = {}
        for check in (
            lambda: self._point(question),
            lambda: read_day(question.day),
            lambda: read_clock(question.time),
        ):
            try:
                check()
            except InvalidError as error:
                found[error.field] = str(error)
        return found

    def ask(self, session: Session, question: Question, *, now: datetime) -> Answer | Choice:
        """Answer a question, or ask which place is meant.

        Raises:
            InvalidError: names what is wrong with it, or that no public camera is at such a place.
        """
        moment = incident_at(question.day, question.time, now=now)
        point = self._point(question)
        placed = _placements(read_cameras(session, PUBLIC))
        if point is not None:
            return self._answer(question.where.strip(), (point,), placed, moment, now)
        known = places(placed)
        named = known.get(plain(question.where)) if question.chosen else None
        if named is None:
            meant = find_places(question.where, known)
            if not meant.places:
                more = ", a grid reference, or latitude and longitude" if self._points else ""
                raise InvalidError(
                    "where",
                    "none of our cameras is at a place of this name. Try another street or "
                    f"landmark near it{more}",
                )
            if len(meant.places) > 1 or not meant.sure:
                shown = meant.places[:MOST_PLACES]
                return Choice(shown, meant.sure, len(meant.places) > MOST_PLACES)
            named = meant.places[0]
        return self._answer(named.name, named.points, placed, moment, now)

    def look_up(self, session: Session, sought: Sought) -> Found:
        """Return which public cameras may have captured what is sought, without asking back.

        What would be a question to whoever asks is told as such: a person reads it.
        """
        cameras = read_cameras(session, PUBLIC)
        placed = _placements(cameras)
        points, names, by = meant_by(sought, places(placed), self._located(sought.point))
        found = covering_on(points, placed, sought.days)
        if not self._points:
            found = _without_distances(found)
        wanted = {name.casefold() for name in sought.named}
        called = [one.camera.reference for one in cameras if one.gone_on is None]
        return Found(
            by=FoundBy(by),
            places=names,
            cameras=found,
            named=tuple(name for name in called if name.casefold() in wanted),
            register=register_digest(cameras),
        )

    def _located(self, text: str) -> Point | None:
        """Return where a point is that somebody typed; None: none, or no points are answered."""
        try:
            point = parse_point("point", text) if self._points else None
        except InvalidError:
            return None
        return to_point(point) if isinstance(point, GridPoint) else point

    def _answer(
        self,
        name: str,
        points: tuple[Point, ...],
        placed: Sequence[PublicPlacement],
        moment: datetime,
        now: datetime,
    ) -> Answer:
        day: date = moment.astimezone(LONDON).date()
        until = overwritten_at(moment, self._days)
        found = covering(points, placed, day)
        if not self._points:
            points, found = (), _without_distances(found)
        return Answer(name, points, found, moment, until, now >= until)

    def _point(self, question: Question) -> Point | None:
        """Return the point that is asked about; None: it is words."""
        if not question.where.strip():
            also = ", a landmark or a point on the map" if self._points else " or a landmark"
            raise InvalidError("where", f"enter a street{also}")
        if len(question.where) > LONGEST_QUESTION:
            raise InvalidError("where", f"use {LONGEST_QUESTION} characters at the most")
        point = parse_point("where", question.where)
        if point is not None and not self._points:
            # Whoever may ask about any point finds out by asking where a camera is.
            raise InvalidError("where", "enter a street or a landmark: no points are answered here")
        return to_point(point) if isinstance(point, GridPoint) else point


def _without_distances(found: Sequence[Covering]) -> tuple[Covering, ...]:
    """Return cameras in no order, and at no distance, that would tell what is not told."""
    bare = (replace(one, distance_m=None, at=None) for one in found)
    return tuple(sorted(bare, key=lambda one: one.reference))


def _without_points(known: KnownCamera) -> KnownCamera:
    placements = tuple(replace(one, at=None) for one in known.camera.placements)
    return replace(known, camera=replace(known.camera, placements=placements))


def _placements(cameras: Sequence[KnownCamera]) -> list[PublicPlacement]:
    return [
        PublicPlacement(known.camera.reference, known.camera.kind, known.camera.siting, one)
        for known in cameras
        for one in known.camera.placements
    ]
