"""Service. When packages left the house, and by which way: what the register tells of.

One statement for each way, each along an index of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, cast, func, literal, null, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col

from export.delivery.tables import DownloadRow, HandoffRow, LinkRow
from export.desk.disclosures import How, Period
from export.release.tables import ReleaseRow

_WITHOUT_ANYBODY = cast(null(), Uuid)


@dataclass(frozen=True, slots=True)
class Departure:
    """That something left, or was offered, before it is told in full."""

    at: datetime
    id: UUID
    release: UUID
    how: str
    detail: str
    person: UUID | None


@dataclass(frozen=True, slots=True)
class Way:
    """Where entries of one kind come from: a statement of facts, its moment and its identifier."""

    how: How
    statement: Select[Any]
    at: Any
    id: Any

    def within(self, period: Period) -> "Way":
        """Return the same for the days of a period."""
        wanted = self.statement
        if period.start is not None:
            wanted = wanted.where(self.at >= period.start)
        if period.end is not None:
            wanted = wanted.where(self.at < period.end)
        return Way(self.how, wanted, self.at, self.id)


def departures(period: Period) -> list[Way]:
    """Return what left the house, and what was only offered."""
    every = (_downloads(), _handoffs(), _taken(), _offered())
    return [one.within(period) for one in every]


def _way(how: How, at: Any, identifier: Any, release: Any, *more: Any) -> Way:  # noqa: ANN401 - columns
    detail, person = more or (literal(""), _WITHOUT_ANYBODY)
    columns = (
        at.label("at"),
        identifier.label("id"),
        release.label("release"),
        cast(literal(how.value), Text).label("how"),
        cast(detail, Text).label("detail"),
        person.label("person"),
    )
    return Way(how, select(*columns), at, identifier)


def _downloads() -> Way:
    """Return the first download of each release, by whichever of its links."""
    first, later = DownloadRow, aliased(DownloadRow)
    link, other = LinkRow, aliased(LinkRow)
    earlier = (
        select(col(later.id))
        .join(other, col(other.id) == later.link)
        .where(
            col(other.release) == link.release,
            tuple_(col(later.authorised_at), col(later.id))
            < tuple_(col(first.authorised_at), col(first.id)),
        )
        .correlate(first, link)
    )
    one = _way(How.LINK, col(first.authorised_at), col(first.id), col(link.release))
    joined = one.statement.join(link, col(link.id) == first.link).where(~earlier.exists())
    return Way(one.how, joined, one.at, one.id)


def _handoffs() -> Way:
    detail = func.concat(HandoffRow.system, ", reference ", HandoffRow.reference)
    at, identifier, release = col(HandoffRow.at), col(HandoffRow.id), col(HandoffRow.release)
    return _way(How.HANDOFF, at, identifier, release, detail, _WITHOUT_ANYBODY)


def _taken() -> Way:
    """Return what staff took out of the house."""
    at, identifier = col(ReleaseRow.taken_at), col(ReleaseRow.id)
    one = _way(How.STAFF, at, identifier, identifier, literal(""), col(ReleaseRow.taken_by))
    return Way(one.how, one.statement.where(at.is_not(None)), one.at, one.id)


def _offered() -> Way:
    """Return the first links of releases that never left by any way."""
    link, followed = LinkRow, aliased(LinkRow)
    downloaded = (
        select(col(DownloadRow.id))
        .join(followed, col(followed.id) == DownloadRow.link)
        .where(col(followed.release) == link.release)
        .correlate(link)
    )
    handed = (
        select(col(HandoffRow.id)).where(col(HandoffRow.release) == link.release).correlate(link)
    )
    taken = (
        select(col(ReleaseRow.id))
        .where(col(ReleaseRow.id) == link.release, col(ReleaseRow.taken_at).is_not(None))
        .correlate(link)
    )
    one = _way(How.OFFERED, col(link.issued_at), col(link.id), col(link.release))
    offered = one.statement.where(
        col(link.number) == 1, ~downloaded.exists(), ~handed.exists(), ~taken.exists()
    )
    return Way(one.how, offered, one.at, one.id)
