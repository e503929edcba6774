"""Service. Exhibits: their references, their clocks, their states and their custody events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from custody.canonical import JSON
from custody.events import RecordKind
from custody.ledger import Ledger, Values
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.clocks import ClockCheck, parse_local, utc_text
from evidence.exhibits.references import parse_reference
from evidence.exhibits.states import EXHIBIT_NEXT, ExhibitState
from evidence.exhibits.tables import ExhibitCounterRow, ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.states import move
from evidence.wording import check_words

MOST_OFFSET_MS = 10**12
_NAME, _LINE = 200, 500
_CLOCK_SLACK = timedelta(minutes=5)
"""How far an operator's watch may be ahead of this machine."""


@dataclass(frozen=True, slots=True)
class NewExhibit:
    """What the operator says about a clip. Times are as the system displayed them."""

    reference: str
    """``JS/1``, or only ``JS`` for the next number."""
    camera: str
    displayed_start: str
    displayed_end: str
    clock_offset_ms: int
    clock_reference: str = "not stated"
    clock_checked_at: str = ""
    """When the system's clock was compared, on the reference's; empty: at intake."""
    title: str = ""
    method: str = ""
    """How the recorder exported it."""
    exported_at: str = ""
    """When the recorder exported it; empty: nobody said."""


@dataclass(frozen=True, slots=True)
class MasterDigest:
    """One file as it came: what `exhibit.received` commits to."""

    sha256: str
    size: int


class Exhibits:
    """Knows every exhibit."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

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
        start = parse_local("displayed_start", new.displayed_start)
        end = parse_local("displayed_end", new.displayed_end)
        new = _check(new, start, end, files)
        checked_at = _past("clock_checked_at", new.clock_checked_at, at) or at
        exported_at = _past("exported_at", new.exported_at, at)
        clock = ClockCheck(new.clock_offset_ms, new.clock_reference, checked_at)
        reference = self._reserve(session, new.reference)
        record = self._ledger.open_record(session, RecordKind.EXHIBIT)
        actor: Mapping[str, Any] = {"actor": as_person(by), "role": role.value}
        row = ExhibitRow(
            id=record,
            reference=reference,
            title=new.title,
            camera=new.camera,
            displayed_start=start.isoformat(),
            displayed_end=end.isoformat(),
            corrected_start=clock.correct(start),
            corrected_end=clock.correct(end),
            clock={
                "offset_ms": clock.offset_ms,
                "reference": clock.reference,
                "checked_at": utc_text(clock.checked_at),
            },
            taken_in={
                "role": role.value,
                "method": new.method,
                "exported_at": utc_text(exported_at) if exported_at else None,
            },
            state=ExhibitState.RECEIVED,
            received_at=at,
            received_event=self._record_receipt(session, record, actor, files, clock, at),
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
        actor: Mapping[str, Any],
        files: Sequence[MasterDigest],
        clock: ClockCheck,
        at: datetime,
    ) -> UUID:
        """Write `exhibit.received` and `clock.checked`; return the first."""
        digests: list[JSON] = [{"sha256": file.sha256, "size": file.size} for file in files]
        # We cannot know how far our own clock is from NTP without asking a server: null.
        values: Values = {**actor, "files": digests, "clock_ntp_offset_ms": None}
        received = self._ledger.append(session, record, "exhibit.received", values, at=at)
        checked: Values = {**actor, "reference": clock.reference, "offset_ms": clock.offset_ms}
        self._ledger.append(session, record, "clock.checked", checked, at=at)
        return received

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
        counter.highest = number
        session.flush()
        return f"{initials}/{number}"

    def find(self, session: Session, name: str) -> ExhibitRow:
        """Return the exhibit with this reference or identifier.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
        """
        name = check_words("exhibit", name, most=_NAME)
        row = session.exec(select(ExhibitRow).where(ExhibitRow.reference == name)).first()
        if row is None:
            try:
                row = session.get(ExhibitRow, UUID(name))
            except ValueError:
                row = None
        if row is None:
            raise UnknownError(f"there is no exhibit {name!r}")
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
        # The packet index comes with a later version: until then the event says that there is none.
        self._ledger.append(
            session,
            exhibit,
            "exhibit.examined",
            {"facts": facts_digest, "packet_index": None},
            at=at,
        )
        return True

    def derived(
        self,
        session: Session,
        exhibit: UUID,
        copies: Sequence[tuple[str, str]],
        *,
        findings: Sequence[dict[str, Any]] = (),
        complete: bool,
        at: datetime,
    ) -> bool:
        """Record the copies made: (copy, derivation), both SHA-256; False if recorded before.

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
        for copy, derivation in copies:
            values: dict[str, JSON] = {
                "copy": copy,
                "kind": "COURT_PLAYABLE",
                "derivation": derivation,
            }
            self._ledger.append(session, exhibit, "exhibit.derived", values, at=at)
        return True


def _check(
    new: NewExhibit, start: datetime, end: datetime, files: Sequence[MasterDigest]
) -> NewExhibit:
    """Return what was said, in plain words."""
    if not files:
        raise InvalidError("files", "an exhibit needs at least one file")
    if end <= start:
        raise InvalidError(
            "displayed_end",
            f"the recording would end ({new.displayed_end}) before it starts "
            f"({new.displayed_start})",
        )
    if abs(new.clock_offset_ms) > MOST_OFFSET_MS:
        raise InvalidError("clock_offset", "no clock is off by more than thirty years")
    return replace(
        new,
        camera=check_words("camera", new.camera, most=_NAME),
        clock_reference=check_words("clock_reference", new.clock_reference, most=_NAME),
        title=check_words("title", new.title, most=_LINE, needed=False),
        method=check_words("method", new.method, most=_LINE, needed=False),
    )


def _past(field: str, text: str, now: datetime) -> datetime | None:
    """Return when something was done, or None if nobody said."""
    if not text.strip():
        return None
    moment = parse_local(field, text)
    if moment - now > _CLOCK_SLACK:
        raise InvalidError(field, f"{text!r} lies in the future, and it is a time when it was done")
    return moment
