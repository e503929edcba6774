"""Service. When packages left the house, and by which way: what the register tells of.

One statement for each way, each along an index of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Select, Text, Uuid, cast, func, literal, null, select
from sqlmodel import col

from export.delivery.packages import Way
from export.delivery.tables import DepartureRow, DownloadRow, HandoffRow, LinkRow, ReceiptRow
from export.desk.disclosures import How, Period
from export.release.tables import ReleaseRow

_WITHOUT_ANYBODY = cast(null(), Uuid)
_WITHOUT_A_MOMENT = cast(null(), DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Departure:
    """That something left, or was offered, before it is told in full."""

    at: datetime
    id: UUID
    release: UUID
    how: str
    detail: str
    person: UUID | None
    """Who took it out; None: nobody, it was only offered."""
    role: str
    receipt: datetime | None


@dataclass(frozen=True, slots=True)
class Entries:
    """Where entries of one kind come from: a statement of facts, its moment and its identifier."""

    how: How
    statement: Select[Any]
    at: Any
    id: Any

    def within(self, period: Period) -> "Entries":
        """Return the same for the days of a period."""
        wanted = self.statement
        if period.start is not None:
            wanted = wanted.where(self.at >= period.start)
        if period.end is not None:
            wanted = wanted.where(self.at < period.end)
        return Entries(self.how, wanted, self.at, self.id)


def departures(period: Period) -> list[Entries]:
    """Return what left the house, each time, and what was only offered."""
    every = (_left(How.LINK, Way.LINK), _left(How.STAFF, Way.STAFF), _handoffs(), _offered())
    return [one.within(period) for one in every]


def _entries(how: How, at: Any, identifier: Any, release: Any, **more: Any) -> Entries:  # noqa: ANN401 - columns
    columns = (
        at.label("at"),
        identifier.label("id"),
        release.label("release"),
        cast(literal(how.value), Text).label("how"),
        cast(more.get("detail", literal("")), Text).label("detail"),
        more.get("person", _WITHOUT_ANYBODY).label("person"),
        cast(more.get("role", literal("")), Text).label("role"),
        more.get("receipt", _WITHOUT_A_MOMENT).label("receipt"),
    )
    return Entries(how, select(*columns), at, identifier)


def _left(how: How, way: Way) -> Entries:
    """Return each time that a package was taken out by link, or by somebody of the staff."""
    row = DepartureRow
    confirmed = (
        select(col(ReceiptRow.confirmed_at))
        .join(DownloadRow, col(DownloadRow.collection) == ReceiptRow.collection)
        .where(col(DownloadRow.id) == row.download)
        .correlate(row)
        .scalar_subquery()
    )
    one = _entries(
        how,
        col(row.at),
        col(row.id),
        col(row.release),
        person=col(row.person),
        role=col(row.role),
        receipt=confirmed,
    )
    return Entries(how, one.statement.where(col(row.way) == way.value), one.at, one.id)


def _handoffs() -> Entries:
    """Return each hand-off, by its own moment: it was recorded afterwards."""
    row = HandoffRow
    role = (
        select(col(DepartureRow.role))
        .where(col(DepartureRow.handoff) == row.id)
        .correlate(row)
        .scalar_subquery()
    )
    return _entries(
        How.HANDOFF,
        col(row.at),
        col(row.id),
        col(row.release),
        detail=func.concat(row.system, ", reference ", row.reference),
        person=col(row.person),
        role=func.coalesce(role, ""),
    )


def _offered() -> Entries:
    """Return the first links of releases that never left by any way."""
    link = LinkRow
    one = _entries(How.OFFERED, col(link.issued_at), col(link.id), col(link.release))
    # The release says it of itself, so that nobody looks through all that ever left.
    release = one.statement.join(ReleaseRow, col(ReleaseRow.id) == link.release)
    offered = release.where(col(link.number) == 1, col(ReleaseRow.collected_at).is_(None))
    return Entries(one.how, offered, one.at, one.id)
