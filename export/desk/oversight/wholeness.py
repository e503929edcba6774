"""Service. Whether the log is whole, as far as it is on record: what was looked at, and by whom.

Nothing is computed here that an audit computes. What was never done is None, and told as "never".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.check.cms import parse_timestamp
from custody.errors import CustodyError
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.note import NoteSignature, SignedNote, VerifierKey, check_note, parse_note
from custody.ledger.entries import publication_behind
from custody.ledger.histories import Histories
from custody.ledger.tables import (
    CustodyEventRow,
    LogCheckpointRow,
    LogEntryRow,
    LogStampRow,
    LogStateRow,
)
from evidence import attention
from evidence.attention import THE_LOG, Call
from evidence.paging import MOST_COUNTED
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.desk.oversight.nightly import findings_sha256
from export.desk.oversight.tables import LogAuditRow, UnrecordedAuditRow

CHECKED, FAILED = "integrity.checked", "integrity.failed"
_ED25519_SIZE = 64
_TIME_SIZE = 8
_LATEST_TIME = 2**40
"""Seconds: some 35,000 years; beyond it, what begins a signature is no time."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint, and what its signature by the log says."""

    size: int
    root: bytes
    by_log: bool
    """Whether the log's own key signed it."""
    covers_until: datetime
    """When its last entry was written."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """The last checkpoint that an authority stamped."""

    size: int
    at: datetime
    authority: str


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness put under the newest checkpoint, if it did."""

    name: str
    keyid: str
    at: datetime | None
    """When it looked, by its own word; None: the line says no time."""
    checked: bool
    """Whether the signature is that of a witness whose key this house was given."""
    signed: bool = True
    """False: the house knows this witness, and it is not under this checkpoint."""


@dataclass(frozen=True, slots=True)
class Audited:
    """The newest audit on record."""

    row: LogAuditRow
    index: int | None
    """Of its event; None: it waits for its place."""
    as_recorded: bool
    """Whether the row says what the event committed to, which is ours."""


@dataclass(frozen=True, slots=True)
class Reread:
    """How often stored files were read again and compared, with one result."""

    count: int
    """Up to one more than `MOST_COUNTED`."""
    first: datetime
    last: datetime
    index: int | None
    """Where the last one stands in the log."""


@dataclass(frozen=True, slots=True)
class Wholeness:
    """What is known."""

    size: int
    alarm: str
    behind: str
    """Why nothing newer than the checkpoint is signed and published; empty: it is."""
    beat: datetime | None
    checkpoint: Signed | None
    stamp: Stamped | None
    witnesses: Sequence[Cosigned]
    audit: Audited | None
    unrecorded: UnrecordedAuditRow | None
    """The newest audit while nothing could be recorded, if none on record followed."""
    checked: Reread | None
    failed: Reread | None
    calls: Sequence[Call]


class Overview:
    """Reads what is known."""

    def __init__(
        self, histories: Histories, log_key: VerifierKey, witnesses: Sequence[VerifierKey] = ()
    ) -> None:
        self._histories = histories
        self._log_key = log_key
        self._witnesses = tuple(witnesses)

    def look(self, session: Session, *, by: Subject) -> Wholeness:
        """Return what is known; a dozen statements, each over an index, however long the log is.

        Raises:
            AccessRefusedError: ``by`` may not audit the log.
        """
        require(Action.AUDIT_LOG, by)
        state = session.get_one(LogStateRow, 1)
        newest = select(LogCheckpointRow).order_by(col(LogCheckpointRow.size).desc()).limit(1)
        row = session.exec(newest).first()
        note = None if row is None else parse_note(row.note)
        return Wholeness(
            size=state.size,
            alarm=state.alarm,
            behind=publication_behind(session),
            beat=state.beat,
            checkpoint=None if note is None else self._signed(session, note),
            stamp=_stamped(session),
            witnesses=() if note is None else cosigned(note, self._log_key, self._witnesses),
            audit=(audited := self._audited(session)),
            unrecorded=_unrecorded(session, audited),
            checked=_reread(session, CHECKED),
            failed=_reread(session, FAILED),
            calls=attention.calls_to(session, THE_LOG),
        )

    def _signed(self, session: Session, note: SignedNote) -> Signed | None:
        said = parse_checkpoint(note.text)
        if not said.size:
            return None
        last = (
            select(CustodyEventRow.at)
            .join(LogEntryRow, col(LogEntryRow.event) == CustodyEventRow.id)
            .where(LogEntryRow.index == said.size - 1)
        )
        return Signed(said.size, said.root, _signs(note, self._log_key), session.exec(last).one())

    def _audited(self, session: Session) -> Audited | None:
        newest = select(LogAuditRow).order_by(col(LogAuditRow.at).desc()).limit(1)
        row = session.exec(newest).first()
        if row is None:
            return None
        events = self._histories.of(session, row.id, most=1)
        if not events:
            return Audited(row, None, as_recorded=False)
        told = self._histories.tell(session, events)[events[0].id]
        said = {
            **{name: getattr(row, name) for name in ("size", "root", "outcome", "failures")},
            "findings": findings_sha256(row.findings),
            "duration_ms": row.duration_ms,
        }
        agrees = all(
            not one.altered and said.get(one.field, one.value) == one.value for one in told
        )
        return Audited(row, events[0].index, as_recorded=agrees and events[0].at == row.at)


def cosigned(
    note: SignedNote, log_key: VerifierKey, known: Sequence[VerifierKey]
) -> tuple[Cosigned, ...]:
    """Return who put their name under a checkpoint beside the log, and of ``known`` who did not."""
    own = (log_key.name, log_key.keyid)
    keys = {(key.name, key.keyid): key for key in known}
    lines = {(line.name, line.keyid) for line in note.signatures}
    absent = (
        Cosigned(key.name, key.keyid.hex(), None, checked=False, signed=False)
        for key in known
        if (key.name, key.keyid) not in lines
    )
    present = (
        Cosigned(
            line.name,
            line.keyid.hex(),
            _looked_at(line),
            (key := keys.get((line.name, line.keyid))) is not None and _signs(note, key),
        )
        for line in note.signatures
        if (line.name, line.keyid) != own
    )
    return (*present, *absent)


def _signs(note: SignedNote, key: VerifierKey) -> bool:
    try:
        return bool(check_note(note, [key]))
    except CustodyError:
        return False


def _looked_at(line: NoteSignature) -> datetime | None:
    """Return the time that a cosignature begins with (C2SP tlog-cosignature)."""
    seconds = int.from_bytes(line.signature[:_TIME_SIZE])
    if len(line.signature) <= _ED25519_SIZE or seconds >= _LATEST_TIME:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError):
        return None


def _stamped(session: Session) -> Stamped | None:
    newest = select(LogStampRow).order_by(col(LogStampRow.size).desc()).limit(1)
    row = session.exec(newest).first()
    return None if row is None else Stamped(row.size, parse_timestamp(row.tsr).at, row.authority)


def _unrecorded(session: Session, audited: Audited | None) -> UnrecordedAuditRow | None:
    newest = select(UnrecordedAuditRow).order_by(col(UnrecordedAuditRow.at).desc()).limit(1)
    row = session.exec(newest).first()
    return None if row is None or (audited and audited.row.at > row.at) else row


def _reread(session: Session, event: str) -> Reread | None:
    found = select(CustodyEventRow.at, CustodyEventRow.id).where(CustodyEventRow.event == event)
    at, seq = col(CustodyEventRow.at), col(CustodyEventRow.seq)
    last = session.exec(found.order_by(at.desc(), seq.desc()).limit(1)).first()
    first = session.exec(found.order_by(at, seq).limit(1)).first()
    if first is None or last is None:
        return None
    count = session.exec(
        select(func.count()).select_from(found.limit(MOST_COUNTED + 1).subquery())
    ).one()
    return Reread(count, first[0], last[0], _place(session, last[1]))


def _place(session: Session, event: UUID) -> int | None:
    return session.exec(select(LogEntryRow.index).where(LogEntryRow.event == event)).first()
