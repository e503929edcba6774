"""Service. Exhibits: their references, their clocks, their states and their custody events."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from custody.ledger.houseclock import measured_offset
from custody.ledger.ledger import Ledger, Person, Values
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.description import Description, clock_values, description_json
from evidence.exhibits.particulars import CameraOn, MasterDigest, NewExhibit, describe
from evidence.exhibits.recorded import describing_columns, facts_digest
from evidence.exhibits.references import MOST_NUMBER, MOST_SKIPPED, parse_reference
from evidence.exhibits.states import EXHIBIT_NEXT, ExhibitState
from evidence.exhibits.tables import ExhibitCounterRow, ExhibitRow
from evidence.people.access import Action, Role, Subject
from evidence.people.people import as_person, require
from evidence.states import move
from evidence.wording import check_words

EXTENDED = "exhibit.extended"
"""The event that takes down files that came after the first ones."""
STORED = "exhibit.stored"
_NAME = 200


class Exhibits:
    """Knows every exhibit."""

    def __init__(self, ledger: Ledger, cameras_on: Callable[[Session], CameraOn]) -> None:
        self._ledger = ledger
        self.cameras_on = cameras_on
        """What is known of cameras, as a transaction sees it."""

    def receive(
        self,
        session: Session,
        new: NewExhibit,
        files: Sequence[MasterDigest],
        *,
        by: Subject,
        at: datetime,
    ) -> ExhibitRow:
        """Take in an exhibit whose masters are already stored; write its first custody events.

        Raises:
            AccessRefusedError, InvalidError, StateError: nothing was recorded.
        """
        role = require(Action.ADD_EXHIBIT, by)
        known = self.cameras_on(session)
        description = describe(new, files, role=role.value, at=at, camera_on=known)
        reference = self._reserve(session, new.reference)
        description = replace(description, exhibit_ref=reference)
        record = self._ledger.open_record(session, RecordKind.EXHIBIT)
        actor = _acting(by, role)
        row = ExhibitRow(
            id=record,
            reference=reference,
            **describing_columns(description),
            description=description_json(description),
            state=ExhibitState.RECEIVED,
            received_at=at,
            received_event=self._record_receipt(session, record, actor, files, description, at),
            facts=[],
            findings=[],
        )
        session.add(row)
        session.flush()
        return row

    def _record_receipt(
        self,
        session: Session,
        record: UUID,
        actor: Values,
        files: Sequence[MasterDigest],
        description: Description,
        at: datetime,
    ) -> UUID:
        """Write what came, what is stated of it, and how the clock compared; return the first."""
        # Null: no time server is set, or it has not answered lately.
        ahead = measured_offset(session, at=at)
        values: Values = {**actor, "files": _digests(files), "clock_ntp_offset_ms": ahead}
        received = self._ledger.append(session, record, "exhibit.received", values, at=at)
        stated: Values = {**actor, "facts": description_json(description)}
        self._ledger.append(session, record, "exhibit.described", stated, at=at)
        clock = description.clock_check
        if clock is not None:
            checked: Values = {**actor, **clock_values(clock)}
            self._ledger.append(session, record, "clock.checked", checked, at=at)
        return received

    def correct(
        self,
        session: Session,
        row: ExhibitRow,
        description: Description,
        *,
        by: Subject,
        role: Role,
        reason: str,
        at: datetime,
    ) -> None:
        """Put another description into a locked row; `export.release.corrections` calls this."""
        values = {**_restate(row, description), **_acting(by, role), "reason": reason}
        self._ledger.append(session, row.id, "exhibit.corrected", values, at=at)

    def extend(
        self,
        session: Session,
        row: ExhibitRow,
        description: Description,
        files: Sequence[MasterDigest],
        *,
        by: Subject,
        role: Role,
        reason: str,
        at: datetime,
    ) -> UUID:
        """Take more files into a locked exhibit; return the event that takes them down.

        ``description`` states the exhibit with them, all of it anew. What it describes of them is
        recordings, and then everything is examined once more; the rest only goes along.

        Raises:
            StateError: it is set aside, or still being worked on.
        """
        if row.state in {ExhibitState.RECEIVED, ExhibitState.EXAMINED}:
            raise StateError(
                f"{row.reference} is still being worked on ({row.state}): add the file when that "
                "is done, or have it tried again first"
            )
        if row.state == ExhibitState.SET_ASIDE:
            raise StateError(f"{row.reference} is set aside: nothing is added to it any more")
        described = {file.sha256 for file in description.files}
        if any(file.sha256 in described for file in files):
            examine_anew(row)
        values = {**_restate(row, description), **_acting(by, role), "reason": reason}
        values["files"] = _digests(files)
        return self._ledger.append(session, row.id, EXTENDED, values, at=at)

    def _reserve(self, session: Session, wanted: str) -> str:
        """Draw an exhibit number. One counter per initials; a number is never given twice."""
        automatic = "/" not in wanted
        initials, number = parse_reference(f"{wanted}/1" if automatic else wanted)
        # Two first exhibits at once: the second waits here, and finds the counter of the first.
        first = insert(ExhibitCounterRow).values(initials=initials, highest=0)
        session.execute(first.on_conflict_do_nothing())
        counter = session.get_one(ExhibitCounterRow, initials, with_for_update=True)
        following = counter.highest + 1
        if automatic:
            number = following
        elif number < following:
            raise StateError(
                f"{wanted} was used already, and an exhibit reference is never used again: "
                f"the next free one is {initials}/{following}"
            )
        elif number > counter.highest + 1 + MOST_SKIPPED:
            raise InvalidError(
                "ref",
                f"{wanted} would skip more than {MOST_SKIPPED} numbers, which are never used then: "
                f"the next free one is {initials}/{following}",
            )
        if number > MOST_NUMBER:
            raise InvalidError(
                "ref", f"the numbers of {initials} are used up: use other initials, such as a third"
            )
        counter.highest = number
        session.flush()
        return f"{initials}/{number}"

    def find(self, session: Session, name: str, *, disposed: bool = False) -> ExhibitRow:
        """Return the exhibit with this reference or identifier.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
            StateError: it was disposed of, and ``disposed`` is not asked for.
        """
        name = check_words("exhibit", name, most=_NAME)
        row = session.exec(select(ExhibitRow).where(ExhibitRow.reference == name)).first()
        with suppress(ValueError):
            row = row or session.get(ExhibitRow, UUID(name))
        if row is None:
            raise UnknownError(f"there is no exhibit {name!r}")
        if row.state == ExhibitState.DISPOSED and not disposed:
            raise StateError(f"{row.reference} was disposed of: its certificate says what went")
        return row

    def examined(
        self,
        session: Session,
        exhibit: UUID,
        *,
        facts: Sequence[dict[str, Any]],
        findings: Sequence[dict[str, Any]],
        facts_digest: str,
        copyable: bool,
        at: datetime,
    ) -> bool:
        """Record what the examination found; return False if that was recorded before."""
        row = session.get_one(ExhibitRow, exhibit, with_for_update=True)
        if row.state != ExhibitState.RECEIVED:
            return False
        row.facts, row.findings = list(facts), list(findings)
        row.state = move(
            row.reference,
            ExhibitState(row.state),
            ExhibitState.EXAMINED if copyable else ExhibitState.ATTENTION,
            EXHIBIT_NEXT,
        )
        # The packet index comes with a later version.
        self._ledger.append(
            session,
            exhibit,
            "exhibit.examined",
            {"facts": facts_digest, "packet_index": None},
            at=at,
        )
        return True

    def stored(
        self, session: Session, row: ExhibitRow, places: Sequence[JSON], *, at: datetime
    ) -> None:
        """Record what a piece of work left: files at their ``places``, findings, and the state.

        After the receipt, each examination and each run of copying, also one that made no copy:
        so that every row of a file, the findings and the state stand in the ledger.
        """
        found = facts_digest(row.findings)
        values: Values = {"places": places, "findings": found, "state": row.state}
        self._ledger.append(session, row.id, STORED, values, at=at)

    def derived(
        self,
        session: Session,
        exhibit: UUID,
        copies: Sequence[tuple[str, str, str]],
        *,
        findings: Sequence[dict[str, Any]] = (),
        complete: bool,
        at: datetime,
    ) -> bool:
        """Record the copies made: (copy, its kind, derivation); False if recorded before.

        Copy and derivation are SHA-256. Of stills the derivation is that of the copy they show.
        ``complete`` says whether every master that can be played has its copy.
        """
        row = session.get_one(ExhibitRow, exhibit, with_for_update=True)
        if row.state != ExhibitState.EXAMINED:
            return False
        # A copy that was tried again says what it said before, once.
        row.findings = [*row.findings, *(one for one in findings if one not in row.findings)]
        row.state = move(
            row.reference,
            ExhibitState(row.state),
            ExhibitState.READY if complete else ExhibitState.ATTENTION,
            EXHIBIT_NEXT,
        )
        for copy, kind, derivation in copies:
            values: dict[str, JSON] = {"copy": copy, "kind": kind, "derivation": derivation}
            self._ledger.append(session, exhibit, "exhibit.derived", values, at=at)
        return True


def examine_anew(row: ExhibitRow) -> None:
    """Move a locked exhibit back to where it waits for its examination; what was found is kept.

    Raises:
        StateError: it is not examined, or set aside.
    """
    row.examined_before = [*row.examined_before, facts_digest(row.facts)]
    row.facts, row.findings = [], []
    now = ExhibitState(row.state)
    row.state = move(row.reference, now, ExhibitState.RECEIVED, EXHIBIT_NEXT)


def _restate(row: ExhibitRow, description: Description) -> "dict[str, JSON | Person]":
    """Put a description into a row; return it as the event commits to it."""
    for column, value in describing_columns(description).items():
        setattr(row, column, value)
    row.description = description_json(description)
    return {"facts": description_json(description)}


def _acting(by: Subject, role: Role) -> "dict[str, JSON | Person]":
    return {"actor": as_person(by), "role": role.value}


def _digests(files: Sequence[MasterDigest]) -> list[JSON]:
    return [{"sha256": file.sha256, "size": file.size} for file in files]
