"""Service. Custody events taken out as a file: with openings, and proofs against one checkpoint.

To take them out is an event. What is in the file can be checked without us; its README says how.
"""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlmodel import Session

from custody.formats.canonical import JSON, canonical_text
from custody.formats.disclosure import LoggedEvent, format_events
from custody.formats.events import RecordKind
from custody.formats.note import VerifierKey, format_verifier_key
from custody.ledger.histories import FoundEvent, Histories, Told
from custody.ledger.ledger import Ledger, Values
from custody.ledger.search import CustodySearch, Newest, Wanted
from evidence.errors import InvalidError, StateError
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from export.desk.search import Search
from export.desk.spreadsheet import ExtractLine, format_extract

MOST = 1000
"""Events in one file: more are taken out in parts."""
_TOGETHER = 100
_STAMP = (1980, 1, 1, 0, 0, 0)
README = """\
CUSTODY EVENTS, AND HOW TO CHECK THEM WITHOUT {council}

{count} events were found ({what}), and taken out on {at} by
{by}. That they were is itself an event of the log.
{waiting}
events.csv      what happened, one event a line, for a spreadsheet
events.jsonl    the same for programs: each entry with the openings of its fields
entries/        each entry, byte for byte as the log has it, by its place in the log
proofs/         for each, the proof that it stands in the log (C2SP tlog-proof)
checkpoint      what the log signed: its name, length and root hash (C2SP signed note)
{stamp}log.vkey        the key of the log. COMPARE IT with the one that the council tells you by
                another road: a letter, the telephone. A forger would put his own in here

1. An entry stands in the log. Its leaf hash is the SHA-256 of a zero byte and the entry:

       (printf '\\0'; cat entries/{index}.json) | sha256sum

   Any program that reads C2SP tlog-proof files leads from it, by proofs/{index}.tlog-proof, to the
   root hash in the checkpoint, and checks the signature of the log with log.vkey.
{stamp_words}
2. A value is what the entry committed to. The entry holds no words, only commitments. In
   events.jsonl each opening has a field, a value and a key. HMAC-SHA256 under that key, over

       {{"event":EVENT,"field":FIELD,"id":ID,"value":VALUE}}

   without spaces, keys in this order, is the commitment of that name in the entry. For one field
   of one entry:

       printf '%s' '{{"event":…}}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY

   A field without an opening was erased, as the law asks: its commitment stays, and opens no more.

3. Nothing is missing inside of a record. "record" says which one an event belongs to, "n" counts
   its events from 0, and "prev" is the SHA-256 of the entry before.

What this file does not prove: that it holds every event that you asked for. Ask for the whole of
a record, and its numbers say so; or audit the whole log.
"""


@dataclass(frozen=True, slots=True)
class Extract:
    """What was written."""

    events: int
    size: int
    """Of the checkpoint that everything is proven against."""


class Extracts:
    """Takes events out."""

    def __init__(
        self,
        ledger: Ledger,
        histories: Histories,
        custody: CustodySearch,
        search: Search,
        *,
        council: str,
        log_key: VerifierKey,
    ) -> None:
        self._ledger = ledger
        self._histories = histories
        self._custody = custody
        self._search = search
        self._council = council
        self._log_key = log_key

    def write(
        self,
        session: Session,
        wanted: Wanted,
        file: IO[bytes],
        *,
        what: str,
        by: Subject,
        at: datetime,
    ) -> Extract:
        """Write a ZIP file of all events that are wanted; ``what`` says in words which those are.

        Raises:
            AccessRefusedError: ``by`` may not read the custody record.
            InvalidError: more than `MOST` were found. Nothing was recorded.
            StateError: nothing was found that a checkpoint covers.
        """
        role = require(Action.READ_CUSTODY, by)
        newest = self._custody.newest_checkpoint(session)
        events = self._search.events(session, wanted, by=by, most=MOST + 1)
        if len(events) > MOST:
            raise InvalidError(
                "since",
                f"More than {MOST:,} events were found, and one file holds that many at most. "
                "Say from when to when, or of which record",
            )
        covered = [one for one in events if newest is not None and _is_covered(one, newest)]
        if newest is None or not covered:
            raise StateError("nothing was found that can be proven yet: there is no file to make")
        covered.sort(key=lambda one: one.index or 0)
        self._fill(session, file, covered, newest, _readme_facts(what, by, at, len(events)))
        values: Values = {
            "actor": as_person(by),
            "role": role.value,
            "what": f"custody events, {len(covered)} ({what})",
        }
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        self._ledger.append(session, record, "register.exported", values, at=at)
        return Extract(len(covered), newest.size)

    def _fill(
        self,
        session: Session,
        file: IO[bytes],
        events: Sequence[FoundEvent],
        newest: Newest,
        facts: Mapping[str, str],
    ) -> None:
        lines: list[ExtractLine] = []
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            logged: list[bytes] = []
            for start in range(0, len(events), _TOGETHER):
                some = events[start : start + _TOGETHER]
                lines += self._lines(session, some)
                logged.append(format_events(self._logged(session, some)))
                places = [one.index for one in some if one.index is not None]
                for place, proof in self._custody.prove_all(session, places, newest).items():
                    _put(archive, f"proofs/{place}.tlog-proof", proof)
                for one in some:
                    _put(archive, f"entries/{one.index}.json", one.entry)
            _put(archive, "README.txt", self._readme(events, newest, facts).encode())
            _put(archive, "events.csv", "".join(format_extract(lines)).encode())
            _put(archive, "events.jsonl", b"".join(logged))
            _put(archive, "checkpoint", newest.note)
            if newest.tsr is not None:
                _put(archive, "checkpoint.tsr", newest.tsr)
            _put(archive, "log.vkey", f"{format_verifier_key(self._log_key)}\n".encode())

    def _logged(self, session: Session, events: Sequence[FoundEvent]) -> list[LoggedEvent]:
        openings = self._ledger.openings_of(session, [one.id for one in events])
        return [
            LoggedEvent(index=one.index or 0, data=one.entry, openings=openings[one.id])
            for one in events
        ]

    def _lines(self, session: Session, events: Sequence[FoundEvent]) -> Iterable[ExtractLine]:
        told = self._histories.tell(session, events)
        named = self._search.named(session, (one.record for one in events))
        return [
            ExtractLine(
                place=one.index or 0,
                at=one.at,
                event=one.event,
                kind=one.kind,
                record=str(one.record),
                name=named[one.record].name if one.record in named else "",
                actor=_actor(told[one.id]),
                says=_says(told[one.id]),
            )
            for one in events
        ]

    def _readme(
        self, events: Sequence[FoundEvent], newest: Newest, facts: Mapping[str, str]
    ) -> str:
        left = int(facts["found"]) - len(events)
        waiting = f"\n{left} more wait for their place in the log, and are not in here.\n"
        stamp = "checkpoint.tsr  the timestamp of the checkpoint by an authority (RFC 3161)\n"
        checked = (
            "\n   The checkpoint was there when its authority says, whose root certificate you "
            "need:\n\n       openssl ts -verify -in checkpoint.tsr -data checkpoint "
            "-CAfile tsa-root.pem\n"
        )
        return README.format(
            council=self._council.upper(),
            count=len(events),
            what=facts["what"],
            at=facts["at"],
            by=facts["by"],
            waiting=waiting if left else "",
            stamp=stamp if newest.tsr is not None else "",
            stamp_words=checked if newest.tsr is not None else "",
            index=events[0].index,
        )


def _readme_facts(what: str, by: Subject, at: datetime, found: int) -> Mapping[str, str]:
    moment = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return {"what": what, "by": by.name, "at": moment, "found": str(found)}


def _is_covered(event: FoundEvent, newest: Newest) -> bool:
    return event.index is not None and event.index < newest.size


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    one = zipfile.ZipInfo(name, _STAMP)
    one.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(one, data)


def _actor(told: Sequence[Told]) -> str:
    return next((str(one.value or "") for one in told if one.field == "actor"), "")


def _says(told: Sequence[Told]) -> str:
    """Return what an event says in one cell; what is erased or altered says so instead."""
    said: dict[str, JSON] = {}
    for one in told:
        if one.field in _COMMON:
            continue
        said[one.field] = one.value
        if one.altered or one.erased:
            said[one.field] = "NOT WHAT WAS RECORDED" if one.altered else "erased"
    return canonical_text(said)


_COMMON = frozenset({"record", "n", "prev", "actor"})


def words_of(asked: Mapping[str, str]) -> str:
    """Return in words what was looked for, as it was typed."""
    said = [f"{name}: {value.strip()}" for name, value in asked.items() if value.strip()]
    return "; ".join(said) or "everything"
