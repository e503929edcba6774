"""Adapter. How rows are read that claim something: in batches, a statement a table.

A batch is the rows of one table from one identifier to another; the rows of other tables that
belong to them are read together, and found by that identifier.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from sqlalchemy import CursorResult, Select, inspect, select
from sqlmodel import Session, SQLModel

from custody.audit.facts import Claim, Span
from custody.formats.canonical import JSON, format_time
from custody.formats.events import RecordKind

_AT_ONCE = 500
"""Rows of which everything is read together."""
_UTC = "+00:00"


class Known(Protocol):
    """What other tables tell of the rows of one batch."""

    kind: ClassVar[RecordKind]
    """Of the records that the rows are of."""

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns that were asked for
        """Return the claim of one of them."""


def columns(table: type[SQLModel], names: str) -> Sequence[Any]:
    """Return columns of a table by their names, the key first."""
    found = inspect(table).local_table.c
    return [found[name] for name in names.split()]


def claims_of(
    session: Session,
    wanted: Sequence[Any],
    read: Callable[[Session, UUID, UUID], Known],
    span: Span,
) -> Iterator[Claim]:
    """Yield the claims of one table, sorted by its key, which is the first of ``wanted``."""
    identifier = wanted[0]
    rows = session.connection().execute(
        select(*wanted)
        .where(identifier.between(span.first, span.last))
        .order_by(identifier)
        .execution_options(yield_per=_AT_ONCE)
    )
    for some in rows.partitions():
        known = read(session, some[0].id, some[-1].id)
        for row in some:
            yield _claim(known, row)


def _claim(known: Known, row: Any) -> Claim:  # noqa: ANN401 - as above
    """Return the claim of a row; of one in which something has no form of ours, that it has none.

    Whoever changed a row may have left in it what nobody ever wrote: then the audit names it, and
    goes on with the next.
    """
    try:
        return known.claim(row)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        flaw = f"holds what this service never wrote ({type(error).__name__})"
        return Claim(row.id, f"{known.kind} {row.id}", known.kind, {}, flaws=(flaw,))


def pick(*wanted: Any) -> "Select[Any]":  # noqa: ANN401 - more columns than SQLModel can type
    """Select columns instead of objects: each of these costs as much as ten rows."""
    return select(*wanted)


def grouped(session: Session, statement: "Select[Any]") -> Mapping[UUID, list[Any]]:
    """Return the rows of a statement by their first column."""
    found: CursorResult[Any] = session.connection().execute(statement)
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for row in found.all():
        groups[row[0]].append(row)
    return groups


def dated(at: datetime) -> str:
    """Return a moment as events tell it: to the second."""
    text = at.isoformat(timespec="seconds")
    if text.endswith(_UTC):  # as every connection of ours speaks it
        return f"{text.removesuffix(_UTC)}Z"
    return format_time(at.replace(microsecond=0))


def digests(files: Iterable[Any]) -> list[JSON]:
    """Return files as events name them."""
    return [{"sha256": file.sha256, "size": file.size} for file in files]
