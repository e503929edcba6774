"""Pure. The closed table of custody events, and what each of their fields may hold.

An event is added to docs/formats/ledger.md first, with test vectors. Every event commits to
`record` (the record that it belongs to), `n` (its place in that record, from 0) and `prev` (the
SHA-256 of the record's previous entry, empty for n = 0) beside the fields of its row here.

Over 300 lines, because it is one table: two files of it could contradict each other.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from custody.errors import FormatError
from custody.formats.approval import Approval
from custody.formats.canonical import JSON, MAX_INTEGER, parse_hex, parse_time, parse_uuid

MAX_TEXT = 10_000
"""Characters in one text field: a reason, not a document."""


class RecordKind(StrEnum):
    """What a record is the history of; each record has one kind and one key."""

    EXHIBIT = "exhibit"
    REQUEST = "request"
    PERSON = "person"
    RELEASE = "release"
    STAFF_ACTION = "staff action"


class FieldType(StrEnum):
    """What a field holds, in the words of docs/formats/ledger.md."""

    TEXT = "text"
    """Not empty, at most `MAX_TEXT` characters."""
    COUNT = "count"
    """An integer from 0 to 2**53 - 1."""
    INTEGER = "integer"
    """An integer within 2**53 - 1 of zero."""
    MEASURED = "measured"
    """An integer, or null where nothing was measured: an unknown offset is not an offset of 0."""
    DIGEST = "digest"
    """A SHA-256 as 64 lower-case hexadecimal digits."""
    DIGEST_OR_NULL = "digest or null"
    """A digest, or null where there is no such thing."""
    PREVIOUS = "previous"
    """A digest, or empty text at n = 0."""
    APPROVAL = "approval"
    """One of the words of `custody.formats.approval.Approval`."""
    CRC32 = "crc32"
    """Eight lower-case hexadecimal digits."""
    RECORD = "record"
    """A record's UUID in lower case."""
    RECORDS = "records"
    """A list of records, each once."""
    TIME = "time"
    """UTC to the second: 2026-11-21T03:05:11Z."""
    FILES = "files"
    """A list, not empty, of {"sha256": digest, "size": count}."""
    HEADS = "heads"
    """A list of {"head": digest, "n": count, "record": record}, each record once."""
    DESCRIPTION = "description"
    """An object, not empty: what is stated of an exhibit (docs/formats/exhibit.md), asked for or
    preserved (docs/formats/requests.md), or said of a list of cameras (docs/formats/cameras.md)."""
    PLACES = "places"
    """A list of stored files: each one's row, as `PLACE` names its columns."""
    CONDITIONS = "conditions"
    """An object: under which number, and how, a release is to leave, as `CONDITIONS` names it."""
    CONTENTS = "contents"
    """A list, not empty, of {"path": text, "sha256": digest}, each path once."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One row of the table."""

    name: str
    record: RecordKind
    fields: Mapping[str, FieldType]
    """Beside `COMMON_FIELDS`."""
    premis: str
    """Its PREMIS 3 event type: the Library of Congress term, or `name` where there is none."""

    @property
    def all_fields(self) -> Mapping[str, FieldType]:
        """Every field that the event commits to."""
        return {**COMMON_FIELDS, **self.fields}


COMMON_FIELDS: Mapping[str, FieldType] = MappingProxyType(
    {"record": FieldType.RECORD, "n": FieldType.COUNT, "prev": FieldType.PREVIOUS}
)
PERSON_FIELDS = frozenset({"actor", "subject", "person", "recipient"})
"""Committed under the key of that person; every other field under the key of the record."""

PLACE = frozenset(
    (
        *("id", "kind", "position", "name", "original_name", "words"),
        *("bucket", "key", "version", "sha256", "size", "crc32", "stored_at"),
    )
)
"""What a place says of a file: which one it is, what its bytes are, and where they lie."""
CONDITIONS = frozenset(
    (
        *("urn", "number", "delivery", "link_days"),
        *("urgent", "with_master", "chosen", "replaces"),
    )
)
"""What the conditions of a release say beside what its proposal tells every audience."""

# A field means the same in every event; `exhibits` alone does not, and is typed at its row.
_FIELDS = """
text | acceptance action actor against appeal basis document document_kind incident kind
text | organisation outcome person provider_reference purpose reason recipient reference
text | refund_reference remittance result retention_class role seen session stage state subject
text | system type urn what
digest | certificate copy derivation facts findings message policy register root seal sha256
digest | signature statement steps terms timestamp token
digest or null | packet_index
count | downloads duration_ms entries epoch failures known pence size vat_basis_points vat_pence
integer | ahead_ms offset_ms
measured | clock_ntp_offset_ms
record | account disposal exhibit lost_record release
records | people
time | expires handed review until
files | files
crc32 | crc32
approval | how
places | places
conditions | conditions
contents | contents
"""
_EXHIBIT = """
exhibit.received | accession | actor role files clock_ntp_offset_ms
exhibit.described | metadata modification | actor role facts:description
exhibit.corrected | metadata modification | actor role facts:description reason
exhibit.extended | accession | actor role files facts:description reason
exhibit.set_aside | | actor role reason
exhibit.accepted | | actor role reason
exhibit.retried | | actor role state
exhibit.stored | | places findings state
exhibit.examined | metadata extraction | facts packet_index
clock.checked | metadata modification | actor role reference offset_ms
exhibit.derived | creation | copy kind derivation
exhibit.viewed | displaying | actor role copy
integrity.checked | fixity check | files result
integrity.failed | fixity check | files result
statement.signed | digital signature generation | actor role statement
exhibit.classified | policy assignment | actor role reason retention_class review
exhibit.reviewed | appraisal | actor role reason review
exhibit.disposed | deletion | actor role disposal
exhibit.released | dissemination | actor role release sha256
"""
_REQUEST = """
request.submitted | accession | person kind facts:description
request.corrected | metadata modification | actor role facts:description
urn.issued | | urn
preservation.requested | | actor role until
preservation.confirmed | policy assignment | actor role until facts:description
fee.demanded | | urn stage pence vat_pence vat_basis_points
fee.waived | | urn stage pence vat_pence vat_basis_points reason
payment.requested | | stage pence provider_reference
payment.succeeded | | stage pence provider_reference
payment.failed | | stage pence provider_reference state reason
refund.ordered | | actor role stage pence provider_reference reason
payment.refunded | | stage pence provider_reference refund_reference
refund.failed | | stage pence provider_reference refund_reference reason
coverage.found | | facts:description
fee.on_account | | actor role stage pence vat_pence account facts:description
fee.credited | | actor role stage pence vat_pence account reason
request.covered | | actor role reason
request.not_covered | | actor role reason
request.approved | | actor role reason
request.expired | | actor role reason
preserved.searched | | actor role result
review.begun | | actor role
review.completed | appraisal | actor role outcome reason exhibits:records
request.refused | | actor role basis reason appeal
request.withdrawn | | actor role reason
request.paused | | actor role reason
request.resumed | | actor role reason
incident.linked | | actor role incident
incident.unlinked | | actor role incident reason
footage.taken_in | | actor role exhibit
request.released | | release
request.collected | | release
request.closed | | actor role reason
document.asked | | actor role document_kind reason
document.received | accession | actor role document document_kind type size sha256 result
document.viewed | displaying | actor role document
document.checked | appraisal | actor role document document_kind result reason
document.seen | appraisal | actor role document_kind seen reason
document.deleted | deletion | actor role document reason
correspondence.sent | | actor role message
correspondence.received | | actor role message
correspondence.read | | actor role
request.erasure_begun | | actor role basis
request.erased | deletion | actor role basis
"""
_RELEASE = """
release.proposed | | actor role kind recipient files exhibits:records basis purpose conditions
release.approved | | actor role how reason
release.refused | | actor role reason
release.withdrawn | | actor role reason
release.sealed | digital signature generation | seal signature timestamp exhibits:heads policy
release.assembled | information package creation | crc32 size facts
release.checked | fixity check | sha256 size contents steps
link.issued | | recipient expires token downloads
link.requested | |
code.sent | |
code.accepted | |
code.refused | |
terms.accepted | | terms
download.authorised | dissemination | session
receipt.confirmed | fixity check | sha256
release.revoked | | actor role reason
release.expired | | actor role reason
release.papers_erased | deletion | actor role reason
release.recipient_erased | deletion | actor role reason
handoff.recorded | transfer | actor role system reference acceptance handed sha256
feedback.given | | actor role outcome facts
feedback.erased | deletion | actor role reason
"""
_PERSON = """
person.named | | facts
mailbox.proven | |
identity.checked | | actor role document_kind
requester.named | | actor role kind organisation
erase.requested | | basis
erase.done | deletion | basis
"""
_STAFF_ACTION = """
hold.placed | policy assignment | actor role exhibit reason
hold.lifted | policy assignment | actor role exhibit reason
epoch.ended | deletion | actor role epoch
erasure.asked | | actor role people basis
erasure.approved | | actor role people
erasure.refused | | actor role reason
erasure.done | deletion | actor role people
disposal.proposed | | actor role exhibit basis
disposal.refused | | actor role reason
disposal.approved | deaccession | actor role exhibit basis files
disposal.done | deletion | actor role exhibit basis files certificate
access.refused | | actor role action reason
log.audited | | size root outcome failures findings duration_ms
report.made | | actor role what
register.exported | | actor role what
backup.restored | | actor role sha256 size entries known
record.values_lost | | lost_record
role.changed | | actor subject role
cameras.imported | | actor role sha256 facts:description register
camera.marked | | actor role reference state reason register
clock.apart | | against ahead_ms
clock.confirmed | | actor role reason
difference.found | | what provider_reference reason
difference.settled | | actor role reason
account.opened | | actor role facts:description reason
account.approved | | actor role reason
account.closed | | actor role reason
statement.made | | reference until sha256
statement.settled | | actor role reference remittance
token.made | | actor subject role sha256 until
token.revoked | | actor subject role sha256
"""


def check_fields(event: str, values: Mapping[str, JSON]) -> None:
    """Check that an event carries its fields, all of them, no other, each of its type.

    Raises:
        FormatError: an unknown event, a missing, additional or wrong field.

    """
    expected = event_type(event).all_fields
    missing, extra = expected.keys() - values.keys(), values.keys() - expected.keys()
    if missing or extra:
        raise FormatError(
            f"{event} must have exactly its fields: missing {sorted(missing)}, "
            f"not its own {sorted(extra)}"
        )
    for field, value in values.items():
        _check_value(event, field, expected[field], value)
    if (values["n"] == 0) != (values["prev"] == ""):
        raise FormatError(f"{event}: prev is empty for n = 0, and only then")


def check_field(event: str, field: str, value: JSON) -> None:
    """Check one value against the table.

    Raises:
        FormatError: the event has no such field, or the value is not of its type.

    """
    kind = event_type(event).all_fields.get(field)
    if kind is None:
        raise FormatError(f"{event} has no field {field!r}")
    _check_value(event, field, kind, value)


def _check_value(event: str, field: str, kind: FieldType, value: JSON) -> None:
    try:
        _CHECKS[kind](value)
    except FormatError as error:
        raise FormatError(f"{event}: {field} must be a {kind}: {error}") from error


def event_type(name: str) -> EventType:
    """Find an event in the table.

    Raises:
        FormatError: there is no such event.

    """
    try:
        return EVENTS[name]
    except KeyError as error:
        raise FormatError(f"There is no custody event {name[:80]!r}") from error


def _field_types() -> dict[str, FieldType]:
    types: dict[str, FieldType] = {}
    for kind, fields in _cells(_FIELDS):
        types |= dict.fromkeys(fields.split(), FieldType(kind))
    return types


def _rows(record: RecordKind, table: str) -> dict[str, EventType]:
    known = _field_types()
    events: dict[str, EventType] = {}
    for name, premis, words in _cells(table):
        fields: dict[str, FieldType] = {}
        for word in words.split():
            field, _, given = word.partition(":")
            fields[field] = FieldType(given) if given else known[field]
        events[name] = EventType(name, record, MappingProxyType(fields), premis or name)
    return events


def _cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


EVENTS: Mapping[str, EventType] = MappingProxyType(
    {
        **_rows(RecordKind.EXHIBIT, _EXHIBIT),
        **_rows(RecordKind.REQUEST, _REQUEST),
        **_rows(RecordKind.RELEASE, _RELEASE),
        **_rows(RecordKind.PERSON, _PERSON),
        **_rows(RecordKind.STAFF_ACTION, _STAFF_ACTION),
    }
)
"""Every event there is, by name."""


def _text(value: JSON) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise FormatError(f"1 to {MAX_TEXT} characters were expected")


def _integer(value: JSON) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INTEGER:
        raise FormatError("an integer was expected")


def _count(value: JSON) -> None:
    _integer(value)
    if isinstance(value, int) and value < 0:
        raise FormatError("it is negative")


def _measured(value: JSON) -> None:
    if value is not None:
        _integer(value)


def _digest(value: JSON) -> None:
    parse_hex(value, 32)


def _digest_or_null(value: JSON) -> None:
    if value is not None:
        _digest(value)


def _previous(value: JSON) -> None:
    if value != "":
        _digest(value)


def _crc32(value: JSON) -> None:
    parse_hex(value, 4)


def _approval(value: JSON) -> None:
    if value not in tuple(Approval):
        raise FormatError(f"one of {', '.join(Approval)} was expected")


def _record(value: JSON) -> None:
    parse_uuid(value)


def _time(value: JSON) -> None:
    parse_time(value)


def _records(value: JSON) -> None:
    records = _list(value)
    for record in records:
        parse_uuid(record)
    if len(set(map(str, records))) != len(records):
        raise FormatError("a record stands in it twice")


def _files(value: JSON) -> None:
    files = _list(value)
    if not files:
        raise FormatError("it names no file")
    for file in files:
        parts = _object(file, {"sha256", "size"})
        _digest(parts["sha256"])
        _count(parts["size"])


def _heads(value: JSON) -> None:
    heads = [_object(head, {"head", "n", "record"}) for head in _list(value)]
    for head in heads:
        _digest(head["head"])
        _count(head["n"])
    _records([head["record"] for head in heads])


def _list(value: JSON) -> list[JSON]:
    if not isinstance(value, list | tuple):
        raise FormatError("a list was expected")
    return list(value)


def _object(value: JSON, keys: AbstractSet[str]) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping) or set(value) != keys:
        raise FormatError(f"an object with exactly {', '.join(sorted(keys))} was expected")
    return value


def _description(value: JSON) -> None:
    if not isinstance(value, Mapping) or not value:
        raise FormatError("an object that says something was expected")


def _places(value: JSON) -> None:
    for place in _list(value):
        parts = _object(place, PLACE)
        _digest(parts["sha256"])
        _crc32(parts["crc32"])
        _record(parts["id"])
        _time(parts["stored_at"])
        _count(parts["position"])
        _count(parts["size"])
        _texts(parts, "bucket key kind name original_name version words")


def _conditions(value: JSON) -> None:
    parts = _object(value, CONDITIONS)
    _records(parts["chosen"])
    _count(parts["number"])
    _count(parts["link_days"])
    _texts(parts, "delivery urn")
    if parts["replaces"] is not None:
        _record(parts["replaces"])
    if not all(isinstance(parts[name], bool) for name in ("urgent", "with_master")):
        raise FormatError("urgent and with_master are true or false")


def _contents(value: JSON) -> None:
    files = [_object(file, {"path", "sha256"}) for file in _list(value)]
    for file in files:
        _digest(file["sha256"])
        _texts(file, "path")
    if not files or len({str(file["path"]) for file in files}) != len(files):
        raise FormatError("it names no file, or one twice")


def _texts(parts: Mapping[str, JSON], names: str) -> None:
    for name in names.split():
        if not isinstance(parts[name], str):
            raise FormatError(f"{name} must be text")


_CHECKS: Mapping[FieldType, Callable[[JSON], None]] = {
    FieldType.TEXT: _text,
    FieldType.COUNT: _count,
    FieldType.INTEGER: _integer,
    FieldType.MEASURED: _measured,
    FieldType.DIGEST: _digest,
    FieldType.DIGEST_OR_NULL: _digest_or_null,
    FieldType.PREVIOUS: _previous,
    FieldType.CRC32: _crc32,
    FieldType.APPROVAL: _approval,
    FieldType.RECORD: _record,
    FieldType.RECORDS: _records,
    FieldType.TIME: _time,
    FieldType.FILES: _files,
    FieldType.HEADS: _heads,
    FieldType.DESCRIPTION: _description,
    FieldType.PLACES: _places,
    FieldType.CONDITIONS: _conditions,
    FieldType.CONTENTS: _contents,
}
