"""Service. The register of cameras: lists are rehearsed and then taken over, on record.

What is applied is what was rehearsed: both work out the same changes, and the name of the rehearsal
is asked for. The register is one record of the ledger; each of its events commits to the version
that it made, and the audit computes that anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.cameras.cameras import KnownCamera, register_digest
from evidence.cameras.differences import Days, Rehearsal, gone, rehearse
from evidence.cameras.grid import to_point
from evidence.cameras.kept.rows import Rows
from evidence.cameras.known import CameraGroup, CameraPage, is_wanted, read_cameras, read_page
from evidence.cameras.lists.columns import ListField, Mapped
from evidence.cameras.lists.listed import read_list
from evidence.cameras.tables import CameraImportRow, CameraRow
from evidence.errors import StateError, UnknownError
from evidence.exhibits.clocks import LONDON
from evidence.people.access import Action, Role, Subject
from evidence.people.people import as_person, require
from evidence.wording import check_words

IMPORTED, MARKED = "cameras.imported", "camera.marked"
SENSITIVE, PUBLIC, ENDED = "sensitive", "public", "gone"
_MOST_IMPORTS = 50
_MOST_SOURCE, _MOST_REASON = 500, 2000


@dataclass(frozen=True, slots=True)
class NewList:
    """A council's list, and what is said about it."""

    content: bytes
    name: str
    """Of the file."""
    mapping: Mapping[ListField, str]
    """Columns that somebody named now."""
    source: str = ""
    """Where it was published."""
    licence: str = ""


class CameraRegister:
    """Knows every camera, and changes the register on record alone."""

    def __init__(self, ledger: Ledger, *, new_id: Callable[[], UUID]) -> None:
        self._ledger = ledger
        self._new_id = new_id

    def rehearse(self, session: Session, new: NewList, *, by: Subject, at: datetime) -> Rehearsal:
        """Return what a list would change; nothing is written.

        Raises:
            AccessRefusedError: ``by`` may not import cameras.
            BrokenListError, InvalidError: the list, or what is said about it, cannot be right.
        """
        require(Action.IMPORT_CAMERAS, by)
        return self._rehearsed(Rows(session), _checked(new), at)

    def apply(
        self, session: Session, new: NewList, rehearsed: str, *, by: Subject, at: datetime
    ) -> Rehearsal:
        """Take a list over, as it was rehearsed; return what was changed.

        Raises:
            AccessRefusedError, BrokenListError, InvalidError: as `rehearse`.
            StateError: something changed since: it would not do what was rehearsed.
        """
        role = require(Action.IMPORT_CAMERAS, by)
        new, rows = _checked(new), Rows(session, lock=True)
        found = self._rehearsed(rows, new, at)
        if found.digest != rehearsed.strip().lower():
            raise StateError(
                "this is not what was rehearsed: the list, its columns or the register are others "
                "by now. Rehearse it again, and look at what it would change"
            )
        after = rows.change(found.changes, self._new_id)
        self._record_import(session, rows, new, found, register_digest(after), role, by, at)
        return found

    def mark(
        self,
        session: Session,
        reference: str,
        *,
        sensitive: bool,
        reason: str,
        by: Subject,
        at: datetime,
    ) -> KnownCamera:
        """Say of a camera whether the public is told of it.

        Raises:
            AccessRefusedError: ``by`` may not.
            UnknownError: there is no such camera now.
            StateError: it is marked so already.
        """
        role = require(Action.MARK_CAMERA, by)
        reason = check_words("reason", reason, most=_MOST_REASON, lines=True)
        rows = Rows(session, lock=True)
        row = rows.called(reference)
        state = SENSITIVE if sensitive else PUBLIC
        if row.sensitive == sensitive:
            raise StateError(f"the camera {row.reference} is {state} already")
        row.sensitive = sensitive
        return self._record_mark(session, rows, row, state, reason, role, by, at)

    def end(
        self, session: Session, reference: str, *, reason: str, by: Subject, at: datetime
    ) -> KnownCamera:
        """Say of a camera that it has gone: it stays in the register, with its placements ended.

        Raises:
            AccessRefusedError: ``by`` may not.
            UnknownError: there is no such camera now.
        """
        role = require(Action.MARK_CAMERA, by)
        reason = check_words("reason", reason, most=_MOST_REASON, lines=True)
        rows = Rows(session, lock=True)
        row = rows.called(reference)
        known = next(one for one in rows.known() if one.id == row.id)
        rows.change([gone(known, _day(at), reason)], self._new_id)
        return self._record_mark(session, rows, row, ENDED, reason, role, by, at)

    def page(
        self,
        session: Session,
        group: CameraGroup | None = None,
        *,
        words: str = "",
        by: Subject,
        after: UUID | None = None,
        most: int,
    ) -> CameraPage:
        """Return a page of the register; without a group gone and sensitive cameras, too.

        Raises:
            AccessRefusedError: ``by`` may not see it.
        """
        require(Action.SHOW_CAMERAS, by)
        return read_page(session, is_wanted(group, words), after=after, most=most)

    def find(self, session: Session, camera: UUID, *, by: Subject) -> KnownCamera:
        """Return a camera, also one that has gone.

        Raises:
            AccessRefusedError, UnknownError: there is none, or not for ``by``.
        """
        require(Action.SHOW_CAMERAS, by)
        found = read_cameras(session, col(CameraRow.id) == camera)
        if not found:
            raise UnknownError("there is no such camera in the register")
        return found[0]

    def imports(self, session: Session, *, by: Subject) -> Sequence[CameraImportRow]:
        """Return the lists that were taken over last, the newest first.

        Raises:
            AccessRefusedError: ``by`` may not see the register.
        """
        require(Action.SHOW_CAMERAS, by)
        statement = select(CameraImportRow).order_by(col(CameraImportRow.number).desc())
        return session.exec(statement.limit(_MOST_IMPORTS)).all()

    def is_empty(self, session: Session) -> bool:
        """Tell whether no list was ever taken over."""
        return session.exec(select(CameraImportRow.number).limit(1)).first() is None

    def _record_mark(
        self,
        session: Session,
        rows: Rows,
        row: CameraRow,
        state: str,
        reason: str,
        role: Role,
        by: Subject,
        at: datetime,
    ) -> KnownCamera:
        known = rows.known()
        values: Values = {
            "actor": as_person(by),
            "role": role.value,
            "reference": row.reference,
            "state": state,
            "reason": reason,
            "register": register_digest(known),
        }
        assert rows.record is not None  # or there would be no camera
        self._ledger.append(session, rows.record, MARKED, values, at=at)
        return next(one for one in known if one.id == row.id)

    def _rehearsed(self, rows: Rows, new: NewList, at: datetime) -> Rehearsal:
        last = rows.last
        remembered = {} if last is None else last.facts["columns"]
        mapped = Mapped(new.mapping, {ListField(name): one for name, one in remembered.items()})
        days = Days(_day(at), None if last is None else _day(last.at))
        listed = read_list(new.content, mapped, to_point=to_point)
        return rehearse(rows.known(), listed, days)

    def _record_import(
        self,
        session: Session,
        rows: Rows,
        new: NewList,
        found: Rehearsal,
        register: str,
        role: Role,
        by: Subject,
        at: datetime,
    ) -> None:
        number = 1 if rows.last is None else rows.last.number + 1
        facts: dict[str, Any] = {
            "number": number,
            "name": new.name,
            "source": new.source,
            "licence": new.licence,
            "columns": {field.value: column for field, column in found.columns.items()},
            "cameras": found.listed,
            "repeated": found.repeated,
            **found.counts,
        }
        values: Values = {
            "actor": as_person(by),
            "role": role.value,
            "sha256": found.list_sha256,
            "facts": facts,
            "register": register,
        }
        record = rows.record or self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        # Two first imports at once: the number of one of them is taken, and it is told so.
        session.add(
            CameraImportRow(
                number=number,
                record=record,
                person=by.person,
                role=role.value,
                at=at,
                sha256=found.list_sha256,
                facts=facts,
                register_sha256=register,
            )
        )
        session.flush()
        self._ledger.append(session, record, IMPORTED, values, at=at)


def _checked(new: NewList) -> NewList:
    return replace(
        new,
        name=check_words("name", new.name, most=_MOST_SOURCE),
        source=check_words("source", new.source, most=_MOST_SOURCE, needed=False),
        licence=check_words("licence", new.licence, most=_MOST_SOURCE, needed=False),
    )


def _day(at: datetime) -> date:
    return at.astimezone(LONDON).date()
