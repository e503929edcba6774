"""Service. Views of footage: each is an event, and lasts an hour, for one person.

The contact sheet is footage too: it is shown inside a view, and nowhere else.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger, Values
from evidence.errors import AccessRefusedError, StateError, UnknownError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from export.holdings.files import CLOCK_SHOWN, CONTACT_SHEET, COPY, files_of
from export.holdings.tables import ExhibitFileRow, ViewingRow

LASTS = timedelta(hours=1)
MEDIA = {COPY: "video/mp4", CONTACT_SHEET: "image/jpeg", CLOCK_SHOWN: "image/jpeg"}
"""What is shown, and as what."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """One view of one working copy."""

    id: UUID
    exhibit: ExhibitRow
    copy: ExhibitFileRow
    sheet: ExhibitFileRow | None
    at: datetime

    @property
    def ends_at(self) -> datetime:
        """When it plays no more."""
        return self.at + LASTS

    def over(self, at: datetime) -> bool:
        """Tell whether it has ended."""
        return at >= self.ends_at


class Views:
    """Knows who looked at what."""

    def __init__(self, exhibits: Exhibits, ledger: Ledger, *, new_id: Callable[[], UUID]) -> None:
        self._exhibits = exhibits
        self._ledger = ledger
        self._new_id = new_id

    def copies(self, session: Session, exhibit: UUID) -> Sequence[ExhibitFileRow]:
        """Return the working copies of an exhibit, in the order of their masters."""
        return files_of(session, exhibit, COPY)

    def open(
        self,
        session: Session,
        name: str,
        *,
        copy: UUID | None = None,
        by: Subject,
        at: datetime,
    ) -> ViewingRow:
        """Open a view of a working copy (the first, unless it is named), and record it.

        Raises:
            AccessRefusedError, UnknownError: nothing was recorded.
            StateError: there is no working copy.
        """
        role = require(Action.VIEW_FOOTAGE, by)
        exhibit = self._exhibits.find(session, name)
        copies = self.copies(session, exhibit.id)
        if not copies:
            raise StateError(f"{exhibit.reference} has no working copy that could be watched")
        chosen = next((one for one in copies if copy in (None, one.id)), None)
        if chosen is None:
            raise UnknownError(f"this is no working copy of {exhibit.reference}")
        row = ViewingRow(
            id=self._new_id(), exhibit=exhibit.id, file=chosen.id, person=by.person, at=at
        )
        session.add(row)
        values: Values = {"actor": as_person(by), "role": role.value, "copy": chosen.sha256}
        self._ledger.append(session, exhibit.id, "exhibit.viewed", values, at=at)
        return row

    def find(self, session: Session, viewing: UUID, *, by: Subject) -> Viewing:
        """Return a view to whoever opened it, though it may have ended.

        Raises:
            AccessRefusedError: it is somebody else's, or ``by`` may see no footage any more.
            UnknownError: there is none.
        """
        require(Action.VIEW_FOOTAGE, by)
        row = session.get(ViewingRow, viewing)
        if row is None:
            raise UnknownError("there is no such view")
        if row.person != by.person:
            raise AccessRefusedError(
                Action.VIEW_FOOTAGE, "somebody else opened this view: open one of your own"
            )
        copy = session.get_one(ExhibitFileRow, row.file)
        sheets = files_of(session, row.exhibit, CONTACT_SHEET)
        return Viewing(
            id=row.id,
            exhibit=session.get_one(ExhibitRow, row.exhibit),
            copy=copy,
            sheet=next((sheet for sheet in sheets if sheet.position == copy.position), None),
            at=row.at,
        )

    def media(
        self, session: Session, viewing: UUID, kind: str, *, by: Subject, at: datetime
    ) -> ExhibitFileRow:
        """Return a file that a view shows: its copy, or the contact sheet of that copy.

        Raises:
            AccessRefusedError, UnknownError: as `find`; or the view does not show such a file.
            StateError: the view has ended.
        """
        found = self.find(session, viewing, by=by)
        if found.over(at):
            raise StateError("this view has ended: open a new one on the page of the exhibit")
        file = {COPY: found.copy, CONTACT_SHEET: found.sheet}.get(kind)
        if file is None:
            raise UnknownError("this view shows no such file")
        return file


def sheet_positions(files: Sequence[ExhibitFileRow]) -> frozenset[int]:
    """Return of which masters, by their positions, there are stills that a view can show."""
    return frozenset(file.position for file in files if file.kind == CONTACT_SHEET)


def open_views(
    session: Session, person: UUID, exhibits: Collection[UUID], *, at: datetime
) -> Mapping[UUID, UUID]:
    """Return the views that somebody has open of these exhibits: by the copy, the latest view."""
    rows = session.exec(
        select(ViewingRow)
        .where(
            col(ViewingRow.exhibit).in_(exhibits),
            ViewingRow.person == person,
            col(ViewingRow.at) > at - LASTS,
            col(ViewingRow.at) <= at,
        )
        .order_by(col(ViewingRow.at))
    )
    return {row.file: row.id for row in rows}
