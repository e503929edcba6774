"""Pure. V7: the history of each record that a release covers is whole, and lets the release go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import pairwise

from custody.check.audience import opened_fields
from custody.check.decided import (
    History,
    Opened,
    check_approval,
    check_handling,
    check_nothing_against,
    check_proposal,
)
from custody.check.finding import Finding, Outcome
from custody.check.findings import Findings
from custody.check.sealed import RecordHead, SealedRelease
from custody.errors import FormatError, ProofError
from custody.formats.canonical import JSON, format_time
from custody.formats.disclosure import LoggedEvent, open_event, parse_events
from custody.formats.events import COMMON_FIELDS, RecordKind, event_type
from custody.formats.proof import check_proof, parse_proof

CLOCK_SLACK = timedelta(seconds=2)
"""Two machines' clocks may differ by this much before the report mentions it."""

_EVENTS = "custody/events.jsonl"
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Link:
    """One event of a record's history, opened, and found in the log."""

    subject: str
    event: str
    record: str
    n: int
    prev: str
    hash: str
    at: datetime
    opened: Opened


def check_custody(
    events: bytes,
    proofs: Mapping[int, bytes],
    sealed: SealedRelease,
    *,
    stamped_at: datetime,
) -> tuple[Finding, ...]:
    """Check step V7: every event, then the history of each record that the release covers.

    `events` is `custody/events.jsonl`, `proofs` the files of `seal/proofs` by the index in their
    name, `stamped_at` the time of the timestamp. Times out of order are notes: `n` decides.
    """
    report = Findings("V7")
    logged = report.ask(_EVENTS, lambda: parse_events(events))
    if logged is None:
        return report.findings
    for index in sorted(proofs.keys() - {event.index for event in logged}):
        report.say(Outcome.FAIL, "This proof belongs to no event of the package", _proof(index))
    kind = _kind(logged, sealed)
    links = [
        report.ask(_event(event), partial(_check_event, event, proofs, sealed, kind))
        for event in logged
    ]
    if not report.failed:
        words = f"All {len(links)} custody events open, and are in the ledger before the sealing"
        report.say(Outcome.PASS, words, _EVENTS)
    heads = (*sealed.exhibits, RecordHead(sealed.record, sealed.n - 1, sealed.prev))
    histories = []
    for head in heads:
        own = sorted((x for x in links if x and x.record == head.record), key=lambda x: x.n)
        report.ask(_EVENTS, partial(_check_history, own, head), _whole(head))
        _say_times(report, own, stamped_at)
        histories.append([link.opened for link in own])
    _check_decision(report, histories[-1], histories[:-1], sealed)
    return report.findings


def _check_decision(
    report: Findings, release: History, exhibits: Sequence[History], sealed: SealedRelease
) -> None:
    """Check that the release was proposed and approved, and that nothing stood against it."""
    if report.ask(_EVENTS, partial(check_proposal, release, sealed)) is None:
        return
    words = "The release was proposed and approved, and nothing stands against it"
    report.ask(_EVENTS, partial(check_nothing_against, release))
    for exhibit in exhibits:
        report.ask(_EVENTS, partial(check_handling, exhibit))
    report.ask(_EVENTS, partial(check_approval, release, exhibits), words)


def _kind(logged: Sequence[LoggedEvent], sealed: SealedRelease) -> str | None:
    """Return the kind of the release, as its proposal opens it; None where none does."""
    for event in logged:
        if event.entry.event == "release.proposed":
            try:
                values = open_event(event)
            except (FormatError, ProofError):
                continue  # the check of each event says so
            if values.get("record") == sealed.record:
                return str(values.get("kind"))
    return None


def _check_event(
    event: LoggedEvent, proofs: Mapping[int, bytes], sealed: SealedRelease, kind: str | None
) -> _Link:
    """Check one event of `custody/events.jsonl` on its own."""
    values, entry = open_event(event), event.entry
    if not values.keys() >= COMMON_FIELDS.keys():
        raise ProofError(
            "The event does not disclose its record, its place in it and what precedes"
        )
    link = _Link(
        subject=_event(event),
        event=entry.event,
        record=_text(values["record"]),
        n=_number(values["n"]),
        prev=_text(values["prev"]),
        hash=sha256(event.data).hexdigest(),
        at=entry.at,
        opened=Opened(_event(event), event.index, entry.event, values),
    )
    _require_covered(link, sealed)
    if kind is not None:
        _require_disclosure(link, kind, sealed)
    if event.index not in proofs:
        raise ProofError("The proof that this event is in the ledger is missing")
    proof = parse_proof(proofs[event.index])
    if proof.index != event.index or event.index >= sealed.index:
        raise ProofError(
            "The proof is for another place in the ledger, or for one after the sealing",
            expected=f"{event.index}, before {sealed.index}",
            found=str(proof.index),
        )
    if proof.checkpoint != sealed.note:
        raise ProofError("The proof is under another checkpoint than the sealing")
    check_proof(proof, event.data, sealed.checkpoint)
    return link


def _require_covered(link: _Link, sealed: SealedRelease) -> None:
    """Refuse an event of a record that the release does not cover, or of another kind."""
    kinds = {head.record: RecordKind.EXHIBIT for head in sealed.exhibits}
    kinds[sealed.record] = RecordKind.RELEASE
    if link.record not in kinds:
        raise ProofError(f"The event {link.event} belongs to a record that is not released")
    kind = event_type(link.event).record
    if kind is not kinds[link.record]:
        raise ProofError(
            f"The event {link.event} cannot stand in this record",
            expected=kinds[link.record],
            found=kind,
        )


def _require_disclosure(link: _Link, kind: str, sealed: SealedRelease) -> None:
    """Refuse an event that opens more than its audience may read, or keeps back what it may."""
    values = link.opened.values
    own = values.get("release") == sealed.record
    allowed = opened_fields(kind, link.event, of_this_release=own)
    if values.keys() != allowed:
        raise ProofError(
            f"The event {link.event} does not open exactly what a package of this kind ({kind}) "
            "opens",
            expected=", ".join(sorted(allowed)),
            found=", ".join(sorted(values)),
        )


def _check_history(links: Sequence[_Link], head: RecordHead) -> None:
    """Check that `links`, sorted by n, lead from the first event to the head without a gap."""
    places = [link.n for link in links]
    if places != list(range(len(places))) or len(places) != head.n + 1:
        raise ProofError(
            f"The history of record {head.record} has a gap, a repetition, or too much",
            expected=f"0 to {head.n}" if head.n >= 0 else "no events",
            found=_spelled(places),
        )
    hashes = ["", *(link.hash for link in links)]
    expected = [*(link.prev for link in links), head.head]
    for n, (named, found) in enumerate(zip(expected, hashes, strict=True)):
        if named != found:
            what = f"event {n} of" if n < len(links) else "the sealing for"
            raise ProofError(
                f"What precedes {what} record {head.record} is another entry",
                expected=named,
                found=found,
            )


def _spelled(places: Sequence[int]) -> str:
    shown = ", ".join(map(str, places[:_SHOWN])) or "no events"
    return shown + (", …" if len(places) > _SHOWN else "")


def _say_times(report: Findings, links: Sequence[_Link], stamped_at: datetime) -> None:
    for earlier, later in pairwise(links):
        if earlier.at - later.at > CLOCK_SLACK:
            report.say(
                Outcome.NOTE,
                f"{later.event} is dated before the event that precedes it; their order stands",
                later.subject,
                expected=f"{format_time(earlier.at)} or later",
                found=format_time(later.at),
            )
    for link in links:
        if link.at - stamped_at > CLOCK_SLACK:
            report.say(
                Outcome.NOTE,
                f"{link.event} is dated after the timestamp of the package",
                link.subject,
                expected=f"{stamped_at.isoformat()} or earlier",
                found=format_time(link.at),
            )


def _event(event: LoggedEvent) -> str:
    return f"{_EVENTS}: entry {event.index}"


def _proof(index: int) -> str:
    return f"seal/proofs/{index}.tlog-proof"


def _whole(head: RecordHead) -> str:
    return f"The history of record {head.record} is whole: {head.n + 1} events up to the sealing"


# `check_field` has already held every disclosed value to its type; these tell the type checker.


def _text(value: JSON) -> str:
    assert isinstance(value, str)
    return value


def _number(value: JSON) -> int:
    assert isinstance(value, int)
    return value
