"""Edge. Custody events in plain words: what happened, and what each field of it says.

A test holds both tables against `custody.formats.events`: an event or a field without words
fails it.

Over 300 lines, because it says every event in the same way: two files would say one in two ways.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.web.console.places import record_path
from api.words import local_time, offset
from custody.formats.canonical import JSON, canonical_json, parse_time
from custody.formats.events import EVENTS, PERSON_FIELDS, FieldType
from custody.ledger.histories import FoundEvent, Told
from export.desk.search import Named
from export.package.documents.contents import size_words

EVENT_WORDS: Mapping[str, str] = {
    "exhibit.received": "Exhibit taken in",
    "exhibit.described": "Exhibit described",
    "exhibit.corrected": "Description corrected",
    "exhibit.extended": "File added",
    "exhibit.set_aside": "Set aside",
    "exhibit.accepted": "Said to be right as a master alone",
    "exhibit.retried": "Tried again",
    "exhibit.stored": "Files and findings kept",
    "exhibit.examined": "Files examined",
    "clock.checked": "Recorder's clock compared",
    "exhibit.derived": "Working copy made",
    "exhibit.viewed": "Footage watched",
    "integrity.checked": "Stored files read again and found whole",
    "integrity.failed": "Stored files read again and found changed",
    "statement.signed": "Statement signed",
    "hold.placed": "Legal hold placed",
    "hold.lifted": "Legal hold lifted",
    "exhibit.released": "Footage left the house in a release",
    "exhibit.classified": "Put into a class of retention",
    "exhibit.reviewed": "Reviewed, and needed yet",
    "disposal.proposed": "Disposal proposed",
    "disposal.refused": "Disposal refused",
    "disposal.approved": "Disposal approved",
    "exhibit.disposed": "Exhibit disposed of",
    "disposal.done": "Disposed of",
    "request.submitted": "Request received",
    "request.corrected": "Request corrected by who asked",
    "urn.issued": "Reference number given",
    "preservation.requested": "Control room asked to preserve footage",
    "preservation.confirmed": "Control room confirmed that footage is preserved",
    "fee.demanded": "Fee asked for",
    "fee.waived": "Fee waived",
    "payment.requested": "Payment begun at the provider",
    "payment.succeeded": "Payment received",
    "payment.failed": "Payment ended without money",
    "refund.ordered": "Refund ordered",
    "payment.refunded": "Payment returned",
    "refund.failed": "Refund did not go through",
    "coverage.found": "Register of cameras looked up",
    "fee.on_account": "Fee put on account",
    "fee.credited": "Fee credited on the account",
    "request.covered": "Cameras may have captured it",
    "request.not_covered": "No camera covers it",
    "request.approved": "Request approved in principle",
    "request.expired": "Request expired",
    "preserved.searched": "Footage already preserved was searched",
    "review.begun": "Review of the footage begun",
    "review.completed": "Footage reviewed",
    "request.refused": "Request refused",
    "request.withdrawn": "Request withdrawn",
    "request.paused": "Clock of the request stopped",
    "request.resumed": "Clock of the request goes on",
    "incident.linked": "Linked to an incident",
    "incident.unlinked": "No longer linked to an incident",
    "footage.taken_in": "Clip taken in for the request",
    "request.released": "Package for the request sealed",
    "request.collected": "Package for the request collected",
    "request.closed": "Request closed",
    "document.asked": "Document asked for",
    "document.received": "Document received",
    "document.viewed": "Document looked at",
    "document.checked": "Document checked",
    "document.seen": "Document seen in person or by post",
    "document.deleted": "Document deleted",
    "correspondence.sent": "Message sent to who asked",
    "correspondence.received": "Message from who asked",
    "correspondence.read": "Messages read",
    "request.erasure_begun": "Erasure of the request begun",
    "request.erased": "What is personal of the request erased",
    "release.proposed": "Release proposed",
    "release.approved": "Release approved",
    "release.refused": "Release refused",
    "release.withdrawn": "Proposal withdrawn",
    "release.sealed": "Package sealed: signed and time-stamped",
    "release.assembled": "Package put together",
    "release.checked": "Package read back and found whole",
    "link.issued": "Link sent to the recipient",
    "link.requested": "Code asked for at the link",
    "code.sent": "Code sent to the mailbox",
    "code.accepted": "Right code entered",
    "code.refused": "Wrong codes entered",
    "terms.accepted": "Terms accepted by the recipient",
    "download.authorised": "Download allowed",
    "receipt.confirmed": "Recipient confirmed that the package arrived whole",
    "release.revoked": "Release taken back",
    "release.expired": "Link expired",
    "release.papers_erased": "Papers of its sealing erased",
    "handoff.recorded": "Handed over by another system",
    "feedback.given": "Recipient said whether it helped",
    "feedback.erased": "Words of an answer erased",
    "person.named": "Name and address kept",
    "mailbox.proven": "Mailbox proven by a code",
    "identity.checked": "Identity document checked",
    "requester.named": "Organisation of a claims system named",
    "erase.requested": "Erasure asked for",
    "erase.done": "Personal data erased",
    "epoch.ended": "Key of an epoch destroyed",
    "erasure.asked": "Erasure of a person asked for",
    "erasure.approved": "Erasure of a person approved",
    "erasure.refused": "Erasure of a person refused",
    "erasure.done": "Person erased",
    "release.recipient_erased": "Recipient erased",
    "access.refused": "Refused to a member of staff",
    "register.exported": "Register, statistics or custody events taken out as a file",
    "log.audited": "Log held against the database",
    "report.made": "Report made of who could read what",
    "backup.restored": "A backup was restored",
    "record.values_lost": "Values of a record were lost",
    "role.changed": "Role given",
    "cameras.imported": "List of cameras taken over",
    "camera.marked": "Camera marked as sensitive or public",
    "clock.apart": "Our clock was found apart from the time",
    "clock.confirmed": "Our clock was said to be right",
    "difference.found": "Difference found about money",
    "difference.settled": "Difference settled",
    "account.opened": "Invoice account opened",
    "account.approved": "Invoice account approved",
    "account.closed": "Invoice account closed",
    "statement.made": "Statement of a month made",
    "statement.settled": "Statement settled",
    "token.made": "Access token made",
    "token.revoked": "Access token taken back",
}
"""What each event is called on a page."""

REFUSALS = frozenset(
    {
        "access.refused",
        "backup.restored",
        "clock.apart",
        "code.refused",
        "difference.found",
        "disposal.refused",
        "erasure.refused",
        "integrity.failed",
        "record.values_lost",
        "refund.failed",
        "release.refused",
        "request.refused",
    }
)
"""Events that somebody should look at twice."""

FIELD_WORDS: Mapping[str, str] = {
    "record": "Record",
    "n": "Number in the record",
    "prev": "Entry before it (SHA-256)",
    "acceptance": "Accepted in these words",
    "account": "Invoice account",
    "action": "What was tried",
    "actor": "Done by",
    "against": "Compared with",
    "ahead_ms": "Ahead by (milliseconds)",
    "appeal": "What can be done about it",
    "basis": "Legal basis",
    "certificate": "Certificate (SHA-256)",
    "clock_ntp_offset_ms": "Our own clock's error",
    "conditions": "Conditions",
    "contents": "Small files of the package",
    "copy": "Copy (SHA-256)",
    "crc32": "CRC-32",
    "derivation": "How it was made (SHA-256)",
    "disposal": "Disposal",
    "document": "Document",
    "document_kind": "Kind of document",
    "downloads": "Downloads allowed",
    "duration_ms": "Took (milliseconds)",
    "epoch": "Epoch",
    "exhibit": "Exhibit",
    "exhibits": "Exhibits",
    "entries": "Entries taken from the published log",
    "expires": "Expires",
    "facts": "Facts",
    "failures": "Found to be wrong",
    "files": "Files",
    "findings": "Findings (SHA-256)",
    "handed": "Handed over at",
    "how": "How",
    "incident": "Incident",
    "kind": "Kind",
    "known": "Events that the backup had",
    "lost_record": "Record whose values were lost",
    "message": "Message (SHA-256)",
    "offset_ms": "Recorder's clock was",
    "organisation": "Organisation",
    "outcome": "Outcome",
    "packet_index": "Index of packets (SHA-256)",
    "pence": "Amount in pence",
    "people": "People",
    "person": "Person",
    "places": "Where files lie",
    "policy": "Log policy (SHA-256)",
    "provider_reference": "Payment provider's reference",
    "purpose": "Purpose",
    "reason": "Reason",
    "recipient": "Recipient",
    "reference": "Reference",
    "register": "Register of cameras (SHA-256)",
    "remittance": "Reference of the money that came",
    "refund_reference": "Payment provider's reference of the refund",
    "release": "Release",
    "result": "Result",
    "retention_class": "Class of retention",
    "review": "Next review",
    "role": "In the role",
    "root": "Root of the log (SHA-256)",
    "seal": "Seal (SHA-256)",
    "seen": "Seen",
    "session": "Collection",
    "sha256": "SHA-256",
    "signature": "Signature (SHA-256)",
    "size": "Size",
    "stage": "Stage",
    "state": "State",
    "statement": "Statement (SHA-256)",
    "steps": "Steps of the sealing (SHA-256)",
    "subject": "Given to",
    "system": "System",
    "terms": "Terms (SHA-256)",
    "timestamp": "Timestamp (SHA-256)",
    "token": "Token (SHA-256)",
    "type": "Type",
    "until": "Until",
    "urn": "Reference number",
    "vat_basis_points": "VAT in hundredths of a per cent",
    "vat_pence": "VAT in pence",
    "what": "What was taken",
}
"""What each field is called on a page."""

COMMON = ("record", "n", "prev")
_IDENTIFIER = re.compile(r" \([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\)")
_DIGESTS = {FieldType.DIGEST, FieldType.DIGEST_OR_NULL, FieldType.PREVIOUS, FieldType.CRC32}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a value: text, perhaps a digest, perhaps a link."""

    text: str
    digest: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class ToldField:
    """A field as a page shows it."""

    field: str
    words: str
    lines: tuple[Line, ...]
    commitment: str
    erased: bool
    altered: bool


def told_fields(
    event: str, told: Sequence[Told], named: Mapping[UUID, Named], *, whole: bool = False
) -> list[ToldField]:
    """Return the fields of an event for a page; those of every event only on its own page."""
    types = EVENTS[event].all_fields
    return [
        ToldField(
            field=one.field,
            words=FIELD_WORDS[one.field],
            lines=() if one.erased else _lines(one, types[one.field], named, whole=whole),
            commitment=one.commitment,
            erased=one.erased,
            altered=one.altered,
        )
        for one in sorted(told, key=lambda one: one.field in COMMON)  # its own fields first
        if whole or one.field not in COMMON
    ]


def records_in(event: FoundEvent, told: Sequence[Told]) -> set[UUID]:
    """Return the records that an event names, its own included, to learn what they are called."""
    found = {event.record}
    for one in told:
        if one.field in {"release", "lost_record", "exhibit", "exhibits"} and not one.altered:
            found |= set(_identifiers(one.value))
    return found


def _identifiers(value: JSON) -> list[UUID]:
    values = value if isinstance(value, list | tuple) else [value]
    named = [one.get("record") if isinstance(one, Mapping) else one for one in values]
    return [UUID(one) for one in named if isinstance(one, str)]


def _lines(
    told: Told, kind: FieldType, named: Mapping[UUID, Named], *, whole: bool
) -> tuple[Line, ...]:
    if told.altered:  # of any form: somebody wrote it past us
        return (Line(canonical_json(told.value).decode()),)
    value = told.value
    if kind in _PARTED:
        return tuple(_PARTED[kind](value))
    if kind in {FieldType.RECORD, FieldType.RECORDS, FieldType.HEADS}:
        return tuple(_record(one, named) for one in _identifiers(value))
    if kind in _DIGESTS:
        return (Line(str(value) if value else "none", digest=bool(value)),)
    if kind is FieldType.TIME:
        return (Line(local_time(parse_time(value))),)
    return (Line(_text(told.field, value, whole=whole)),)


def _text(field: str, value: JSON, *, whole: bool) -> str:
    if value is None:
        return "not measured"
    if field == "offset_ms" and isinstance(value, int):
        return offset(value)
    if field == "size" and isinstance(value, int):
        return size_words(value)
    if field in PERSON_FIELDS and not whole:
        return _IDENTIFIER.sub("", str(value))
    return str(value)


def _parts(value: JSON) -> Iterator[Line]:
    """Yield a line for each file of a list, and for each fact of a description."""
    if isinstance(value, Mapping):
        for name, one in sorted(value.items()):
            yield Line(f"{name}: {one if isinstance(one, str) else canonical_json(one).decode()}")
    elif isinstance(value, list | tuple):
        yield from map(_file, value)


def _file(value: JSON) -> Line:
    assert isinstance(value, Mapping)  # as `custody.formats.events` has checked
    return Line(f"{value['sha256']} ({value['size']:,} bytes)", digest=True)


def _listed(value: JSON) -> Iterator[Line]:
    """Yield a line for each file: what it is called, and where it lies if that is told."""
    assert isinstance(value, list | tuple)  # as `custody.formats.events` has checked
    for one in value:
        assert isinstance(one, Mapping)
        place = f" in {one['bucket']}/{one['key']}, {one['version']}" if "key" in one else ""
        yield Line(f"{one.get('name', one.get('path'))}{place}: {one['sha256']}", digest=True)


_PARTED: Mapping[FieldType, Callable[[JSON], Iterator[Line]]] = {
    FieldType.FILES: _parts,
    FieldType.DESCRIPTION: _parts,
    FieldType.CONDITIONS: _parts,
    FieldType.PLACES: _listed,
    FieldType.CONTENTS: _listed,
}
"""How values of several lines are told."""


def _record(record: UUID, named: Mapping[UUID, Named]) -> Line:
    called = named.get(record)
    return Line(called.name, href=record_path(called)) if called else Line(str(record), digest=True)
