"""Service. How cameras are read from their rows: all of them, or a page in the order of references.

Each reads two statements, whatever their number.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true, tuple_
from sqlmodel import Session, SQLModel, col

from evidence.cameras.cameras import Camera, CameraKind, KnownCamera, Placement, Siting
from evidence.cameras.points import Point
from evidence.cameras.tables import CameraRow, PlacementRow

PUBLIC = ~col(CameraRow.sensitive)
"""What the public is told goes by this: a row that it leaves out is not read at all."""
_CAMERAS, _PLACED = (
    SQLModel.metadata.tables[str(table.__tablename__)] for table in (CameraRow, PlacementRow)
)
"""Rows instead of objects, each of which costs as much as ten."""
HERE = col(CameraRow.gone_on).is_(None)
_ORDER = (
    # 2 before 10, as people count.
    func.char_length(col(CameraRow.reference)),
    col(CameraRow.reference).collate("C"),
    col(CameraRow.id),
)


@dataclass(frozen=True, slots=True)
class CameraPage:
    """Some cameras, and after which one the next page begins, if there is one."""

    cameras: tuple[KnownCamera, ...]
    after: UUID | None = None


def read_cameras(session: Session, *wanted: ColumnElement[bool]) -> list[KnownCamera]:
    """Return every camera that is wanted, by reference."""
    rows = session.execute(select(_CAMERAS).where(*wanted).order_by(*_ORDER)).all()
    placed = select(_PLACED).join(CameraRow, col(CameraRow.id) == PlacementRow.camera)
    return known_of(rows, session.execute(placed.where(*wanted)))


class CameraGroup(StrEnum):
    """Which cameras a list for staff shows."""

    HERE = "here"
    PUBLIC = "public"
    SENSITIVE = "sensitive"
    GONE = "gone"


_GROUPS: Mapping[CameraGroup, ColumnElement[bool]] = {
    CameraGroup.HERE: HERE,
    CameraGroup.PUBLIC: and_(PUBLIC, HERE),
    CameraGroup.SENSITIVE: and_(~PUBLIC, HERE),
    CameraGroup.GONE: ~HERE,
}


def is_wanted(group: CameraGroup | None, words: str) -> ColumnElement[bool]:
    """Return the condition that a camera is of a group, and that words stand in what it is called.

    No group, or no words: each one is. Words are those of a reference or of a place.
    """
    called = true() if not words.strip() else _is_called(words.strip())
    return and_(called, true() if group is None else _GROUPS[group])


def _is_called(words: str) -> ColumnElement[bool]:
    placed = select(_PLACED.c.camera).where(_PLACED.c.location.icontains(words, autoescape=True))
    named = col(CameraRow.reference).icontains(words, autoescape=True)
    return or_(named, col(CameraRow.id).in_(placed))


def read_page(
    session: Session, *wanted: ColumnElement[bool], after: UUID | None, most: int
) -> CameraPage:
    """Return a page of the cameras that are wanted, by reference."""
    statement = select(_CAMERAS).where(*wanted)
    if after is not None:
        # Among those that are wanted alone: another one is as good as none.
        last = select(*_ORDER).where(col(CameraRow.id) == after, *wanted)
        place = session.execute(last).one_or_none()
        if place is not None:
            statement = statement.where(tuple_(*_ORDER) > tuple(place))
    rows = session.execute(statement.order_by(*_ORDER).limit(most + 1)).all()
    shown = rows[:most]
    ids = [row.id for row in shown]
    placed = session.execute(select(_PLACED).where(col(PlacementRow.camera).in_(ids)))
    return CameraPage(tuple(known_of(shown, placed)), ids[-1] if len(rows) > most else None)


def known_of(rows: Iterable[Any], placed: Iterable[Any]) -> list[KnownCamera]:
    """Return the cameras of rows, in their order, with the placements of each.

    Raises:
        ValueError: a row holds what this service never wrote.
    """
    places: Mapping[UUID, list[Any]] = defaultdict(list)
    for one in placed:
        places[one.camera].append(one)
    return [_known(row, sorted(places[row.id], key=lambda one: int(one.number))) for row in rows]


def _known(row: Any, placed: Sequence[Any]) -> KnownCamera:  # noqa: ANN401 - also bare columns
    if [one.number for one in placed] != list(range(len(placed))):
        raise ValueError("placements are not numbered one after another")
    camera = Camera(
        reference=row.reference,
        placements=tuple(map(_placement, placed)),
        kind=CameraKind(row.kind),
        siting=Siting(row.siting),
        views=tuple(row.views),
        owner=row.owner,
        maker=row.maker,
        origin=row.origin,
        sensitive=row.sensitive,
    )
    return KnownCamera(row.id, camera, tuple(row.former), row.gone_on)


def _placement(row: Any) -> Placement:  # noqa: ANN401 - as above
    if (row.latitude is None) != (row.longitude is None):
        raise ValueError("one coordinate without the other")
    at = None if row.latitude is None else Point(row.latitude, row.longitude)
    return Placement(row.location, at, row.since, row.until, row.area)
