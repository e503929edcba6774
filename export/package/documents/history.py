"""Pure. The history of a package in sentences: one for each event that the package carries.

A sentence says what the event's openings say and no more: where a reader may not see who acted,
it names the role, and where a package opens neither, nobody. Nothing here comes from a database.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from re import sub
from typing import Final

from custody.formats.canonical import JSON, format_time
from custody.formats.disclosure import LoggedEvent, open_event
from export.package.documents.moments import Moment, lasting, moment
from export.package.format.records import CopyType

Values = Mapping[str, JSON]

KINDS: Final = {
    CopyType.BIT_COPY: "a bit-for-bit copy",
    CopyType.PROCESSED: "a processed working copy",
    CopyType.COURT_PLAYABLE: "a working copy that plays anywhere",
    CopyType.REDACTED: "a redacted working copy",
    CopyType.STILL: "still pictures",
}
"""What kind of copy was made, in words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event, as the history tells it."""

    at: Moment
    words: str


@dataclass(frozen=True, slots=True)
class Names:
    """How the history calls what events name by identifier or digest."""

    records: Mapping[str, str]
    """Exhibit references by record: `JS/1`."""
    copies: Mapping[str, str]
    """Names of the copies in the package by their SHA-256: `JS-1-CP1`."""


def history(events: Sequence[LoggedEvent], names: Names) -> tuple[Line, ...]:
    """Tell what happened, in the order of the ledger.

    Raises:
        FormatError, ProofError: an opening does not open its event.
    """
    return tuple(_line(event, names) for event in sorted(events, key=lambda event: event.index))


def proposal(events: Sequence[LoggedEvent]) -> Values:
    """Return what the package opens of `release.proposed`; empty where there is no such event."""
    found = (open_event(event) for event in events if event.entry.event == "release.proposed")
    return next(found, {})


def person(values: Values) -> str:
    """Say who acted, as far as the package opens it; empty where it opens nothing."""
    role, actor = values.get("role"), values.get("actor")
    if not isinstance(actor, str):
        return f"a member of staff ({role})" if role else ""
    # The ledger names a person with the identifier of their record; a reader needs the name.
    name = sub(r" \([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\)$", "", actor)
    return f"{name} ({role})" if role else name


def _line(event: LoggedEvent, names: Names) -> Line:
    entry, values = event.entry, open_event(event)
    record = names.records.get(str(values.get("record")), "the exhibit")
    say = SENTENCES.get(entry.event)
    words = say(values, record, names) if say else f"The event {entry.event} was recorded."
    return Line(moment(format_time(entry.at)), words)


def _by(values: Values) -> str:
    who = person(values)
    return f" by {who}" if who else ""


def _because(values: Values) -> str:
    reason = values.get("reason")
    return f": {reason}" if reason else ""


def _files(values: Values) -> str:
    files = values.get("files")
    if not isinstance(files, Sequence) or isinstance(files, str):
        return ""
    return " (1 file)" if len(files) == 1 else f" ({len(files)} files)"


def _plain(before: str, after: str = "") -> Callable[[Values, str, Names], str]:
    """Make sentences such as "A legal hold was placed on JS/1 by A. Khan (releaser)."."""

    def say(values: Values, record: str, _: Names) -> str:
        return f"{before.format(record=record)}{_by(values)}{after.format(record=record)}."

    return say


def _reasoned(before: str) -> Callable[[Values, str, Names], str]:
    """Make sentences that end in the reason, where the package opens it."""

    def say(values: Values, record: str, _: Names) -> str:
        return f"{before.format(record=record)}{_by(values)}{_because(values)}."

    return say


def _received(values: Values, record: str, _: Names) -> str:
    words = "was received and its digest recorded"
    return f"The original of {record}{_files(values)} {words}{_by(values)}."


def _extended(values: Values, record: str, _: Names) -> str:
    words = f"More of the original of {record}{_files(values)} was received and its digest recorded"
    return f"{words}{_by(values)}{_because(values)}."


def _clock_checked(values: Values, record: str, _: Names) -> str:
    reference, offset = values.get("reference"), values.get("offset_ms")
    against = f" against {reference}" if reference else ""
    words = f"The clock of the system that recorded {record} was checked{against}{_by(values)}"
    return f"{words}: it was {off(offset)}." if isinstance(offset, int) else f"{words}."


def off(offset_ms: int) -> str:
    """Say how a clock compared with its reference; positive milliseconds mean that it was fast."""
    if offset_ms == 0:
        return "right"
    word = "fast" if offset_ms > 0 else "slow"
    return f"{lasting(timedelta(milliseconds=abs(offset_ms)))} {word}"


def _derived(values: Values, record: str, names: Names) -> str:
    kind = values.get("kind")
    what = KINDS[CopyType(kind)] if kind in set(CopyType) else "a copy"
    name = names.copies.get(str(values.get("copy")))
    called = f", {name}," if name else ", which is not in this package,"
    made = "were" if kind == CopyType.STILL else "was"
    return f"{what[:1].upper()}{what[1:]}{called} {made} made from the original of {record}."


def _viewed(values: Values, record: str, names: Names) -> str:
    name = names.copies.get(str(values.get("copy")))
    return f"{name or f'A copy of {record}'} was viewed{_by(values)}."


def _checked(values: Values, record: str, _: Names) -> str:
    result = values.get("result")
    words = f"The stored files of {record} were read again and compared with their digests"
    return f"{words}: {result}." if result else f"{words}."


def _proposed(values: Values, _: str, __: Names) -> str:
    recipient = values.get("recipient")
    to = f" to {recipient}" if recipient else ""
    return f"The release of these files{to} was proposed{_by(values)}."


def _approved(values: Values, _: str, __: Names) -> str:
    how = values.get("how")
    return f"The release was approved{_by(values)}" + (f": {how}." if how else ".")


SENTENCES: Final[Mapping[str, Callable[[Values, str, Names], str]]] = {
    "exhibit.received": _received,
    "exhibit.described": _plain("What is stated of {record} was recorded"),
    "exhibit.corrected": _reasoned("What is stated of {record} was corrected"),
    "exhibit.extended": _extended,
    "exhibit.accepted": _reasoned("{record} was found to be right without a working copy"),
    "exhibit.set_aside": _reasoned("{record} was set aside for a person to look at"),
    "exhibit.disposed": _plain("{record} was disposed of: its files and its key were destroyed"),
    "exhibit.retried": _plain("The examination of {record} was asked for once more"),
    "exhibit.stored": _plain("The council recorded where it keeps the files of {record}"),
    "exhibit.examined": _plain("The original of {record} was examined, and what was measured kept"),
    "clock.checked": _clock_checked,
    "exhibit.derived": _derived,
    "exhibit.viewed": _viewed,
    "integrity.checked": _checked,
    "integrity.failed": _checked,
    "statement.signed": _plain("A witness statement about {record} was signed"),
    "hold.placed": _plain("A legal hold was placed on {record}"),
    "hold.lifted": _plain("A legal hold on {record} was lifted"),
    "exhibit.released": _plain("Files of {record} left the council"),
    "exhibit.classified": _plain("The council said for what {record} is kept"),
    "exhibit.reviewed": _plain("{record} was reviewed, and is kept"),
    "disposal.approved": _plain("The disposal of files of {record} was approved"),
    "disposal.done": _plain("Files of {record} were disposed of"),
    "release.proposed": _proposed,
    "release.approved": _approved,
}
"""How each event is told that a package can carry: an exhibit's, and a release's before sealing."""
