"""Service. What the rows tell of the register of cameras: each list, and the version of it all."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Latest, Span
from custody.formats.events import RecordKind
from evidence.cameras.cameras import register_digest
from evidence.cameras.known import known_of
from evidence.cameras.register import IMPORTED, MARKED
from evidence.cameras.tables import CameraImportRow, CameraRow, PlacementRow
from export.desk.claims.rows import columns, dated, pick

_NAME = "the register of cameras"
_IMPORT = columns(CameraImportRow, "record number person role at sha256 facts register_sha256")
_CAMERA = columns(
    CameraRow,
    "id reference former kind siting views owner maker origin sensitive gone_on",
)
_PLACED = columns(PlacementRow, "camera number location latitude longitude since until area")


def cameras(session: Session, span: Span) -> Iterator[Claim]:
    """Yield the claim of the register, if its record is of a span."""
    found = session.connection().execute(
        pick(*_IMPORT)
        .where(col(CameraImportRow.record).between(span.first, span.last))
        .order_by(col(CameraImportRow.record), col(CameraImportRow.number))
    )
    for _, imports in groupby(found.all(), key=lambda row: row.record):
        yield _claim(session, list(imports))


def _claim(session: Session, imports: Sequence[Any]) -> Claim:
    """Return the claim of a register, each list of which is an event of one record."""
    record = imports[0].record
    connection = session.connection()
    try:
        rows = connection.execute(pick(*_CAMERA)).all()
        register = register_digest(known_of(rows, connection.execute(pick(*_PLACED))))
        expected = [_imported(row) for row in imports]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        flaw = f"holds what this service never wrote ({type(error).__name__})"
        return Claim(record, _NAME, RecordKind.STAFF_ACTION, {}, flaws=(flaw,))
    return Claim(
        record,
        _NAME,
        RecordKind.STAFF_ACTION,
        {IMPORTED: expected},
        latest=(Latest((IMPORTED, MARKED), {"register": register}),),
        flaws=tuple(_flaws(imports)),
    )


def _imported(row: Any) -> Expected:  # noqa: ANN401 - the columns of CameraImportRow
    return Expected(
        {
            "actor": str(row.person),
            "role": row.role,
            "sha256": row.sha256,
            "facts": row.facts,
            "register": row.register_sha256,
            "at": dated(row.at),
        }
    )


def _flaws(imports: Sequence[Any]) -> Iterator[str]:
    if [row.number for row in imports] != [row.facts["number"] for row in imports]:
        yield "has a list of another number than its event tells"
