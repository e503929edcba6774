"""Adapter. Writes much of the database at once: rows by COPY, and a ledger that a log audit passes.

Events are made by the functions that `custody.ledger.ledger` uses, and the tree by those that audit
it; only the statements are other ones. Nothing else may write to the log meanwhile.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from psycopg import Cursor, sql

from api.builders.record.trust import time_authority
from api.services import Services
from custody.audit.tree import Frontier
from custody.formats.canonical import JSON, canonical_json
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.entry import write_entry
from custody.formats.events import RecordKind
from custody.formats.note import format_note, sign_note
from custody.ledger.ledger import Person, Values, event_mac
from custody.ledger.recordkeys import RecordKeys
from custody.stamping.timestamp import stamp
from evidence.people.people import named_digest

_TABLES = {
    "custody_record": "id uuid, kind text, next_n int4, head text",
    "record_key": "record uuid, wrapped bytea",
    "person": "id uuid, name text, email text",
    "custody_event": "id uuid, record uuid, n int4, event text, at timestamptz, entry bytea, "
    "mac bytea",
    "custody_value": "event uuid, field text, value text, key_record uuid",
    "exhibit": "id uuid, reference text, title text, camera text, displayed_start text, "
    "displayed_end text, corrected_start timestamptz, corrected_end timestamptz, "
    "description jsonb, state text, received_at timestamptz, received_event uuid, facts jsonb, "
    "findings jsonb",
    "exhibit_file": "bucket text, key text, version text, size int8, sha256 text, crc32 int8, "
    "id uuid, exhibit uuid, kind text, position int4, name text, original_name text, "
    "stored_at timestamptz, words text",
    "upload": "bucket text, key text, version text, size int8, sha256 text, crc32 int8, id uuid, "
    "stored_at timestamptz, exhibit uuid, scan text",
    "exhibit_decision": "id uuid, exhibit uuid, event text, person uuid, at timestamptz, "
    "reason text",
    "viewing": "id uuid, exhibit uuid, file uuid, person uuid, at timestamptz",
    "legal_hold": "id uuid, exhibit uuid, placed_by uuid, placed_at timestamptz, reason text, "
    "lifted_by uuid, lifted_at timestamptz, lifted_reason text, settled_at timestamptz",
    "release": "id uuid, urn text, number int4, kind text, state text, recipient uuid, "
    "organisation text, purpose text, basis text, with_master bool, proposed_by uuid, "
    "proposed_at timestamptz, approved_by uuid, approved_at timestamptz, reason text, "
    "collected_at timestamptz, delivery text, urgent bool, link_days int4, seconded_by uuid, "
    "seconded_at timestamptz, seconded_reason text, ended_by uuid, ended_at timestamptz, "
    "ended_reason text, taken_by uuid, taken_at timestamptz",
    "release_exhibit": "release uuid, exhibit uuid",
    "seal_step": "release uuid, step text, done_at timestamptz, facts jsonb",
    "seal_file": "release uuid, path text, data bytea",
    "link": "id uuid, release uuid, number int4, token_sha256 text, issued_at timestamptz, "
    "expires_at timestamptz, downloads_allowed int4, revoked_at timestamptz, "
    "expired_at timestamptz, warned_at timestamptz",
    "collection": "id uuid, secret_sha256 text, link uuid, started_at timestamptz, "
    "seen_at timestamptz, terms_sha256 text, terms_at timestamptz, ended_at timestamptz",
    "download": "id uuid, collection uuid, link uuid, authorised_at timestamptz",
    "receipt": "collection uuid, sha256 text, confirmed_at timestamptz",
    "message": "id uuid, once text, kind text, person uuid, about uuid, state text, "
    "queued_at timestamptz, sent_at timestamptz, reference text, words text",
    "handoff": "id uuid, release uuid, person uuid, system text, reference text, acceptance text, "
    "sha256 text, at timestamptz",
    "departure": "id uuid, release uuid, way text, person uuid, role text, sha256 text, "
    "at timestamptz, download uuid, handoff uuid",
    "request": "id uuid, urn text, path text, state text, person uuid, submitted_at timestamptz, "
    "overwrite_due_at timestamptz, preserved_at timestamptz, warned int4, outcome text, "
    "settled_at timestamptz, answered_on date, stood int4, left_at timestamptz",
    "request_facts": "request uuid, facts jsonb",
    "request_step": "request uuid, number int4, event text, person uuid, at timestamptz, "
    "told jsonb",
    "fee": "id uuid, request uuid, urn text, stage text, pence int4, vat_pence int4, "
    "vat_basis_points int4, state text, opened_at timestamptz, demanded bool, "
    "waived_at timestamptz, waived_reason text, paid_by uuid, paid_at timestamptz",
    "log_entry": "index int8, event uuid, entry bytea",
    "log_node": "level int4, index int8, hash bytea",
    "log_root": "size int8, root bytea",
    "log_checkpoint": "size int8, note bytea",
    "log_stamp": "size int8, tsr bytea, authority text, stamped_at timestamptz",
}
"""Each table's columns with their types, every table after those that it refers to."""
_COLUMNS = {
    table: [column.split() for column in columns.split(", ")] for table, columns in _TABLES.items()
}
_NONCE_BITS = 64
_EVENTS_AT_ONCE = 5000


class Bulk:
    """Collects rows and events in memory, and writes them when there are many."""

    def __init__(self, services: Services, *, batch: int) -> None:
        """Go on from the log as it is; ``batch`` is how many entries one checkpoint adds."""
        self._services = services
        self._batch = batch
        self._keys = RecordKeys(services.keyring.epochs, secrets.token_bytes)
        self._authority = time_authority(services.settings, services.keyring)
        self._opened: dict[UUID, bytes] = {}
        self._heads: dict[UUID, tuple[int, str]] = {}
        self._new: dict[UUID, RecordKind] = {}
        self._moved: set[UUID] = set()
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
        self._frontier = Frontier()
        with self._cursor() as cursor:
            for (entry,) in cursor.execute("SELECT entry FROM log_entry ORDER BY index").fetchall():
                self._frontier.add(entry)
        self._written = self._signed = self._frontier.size

    @property
    def size(self) -> int:
        """How many entries the log will have."""
        return self._frontier.size

    def add(self, table: str, **row: Any) -> None:  # noqa: ANN401 - any column's value
        """Add a row; columns that are not given are null."""
        self._rows[table].append(tuple(row.pop(name, None) for name, _ in _COLUMNS[table]))
        if row:
            raise KeyError(f"{table} has no column {', '.join(row)}")

    def open_record(self, kind: RecordKind) -> UUID:
        """Begin a record, with a key of its own."""
        record = uuid4()
        self._opened[record], wrapped = self._keys.draw(record)
        self._heads[record], self._new[record] = (0, ""), kind
        self.add("record_key", record=record, wrapped=wrapped)
        return record

    def person(self, name: str, email: str = "", *, at: datetime) -> Person:
        """Add a person, named ``at`` a moment; return what events commit to of them."""
        record = self.open_record(RecordKind.PERSON)
        row = {"name": name, "email": email, "issuer": None, "subject": None}
        self.add("person", id=record, name=name, email=email)
        digest = named_digest(SimpleNamespace(**row))
        self.append(record, "person.named", {"facts": digest}, at=at)
        return Person(record, f"{name} <{email}>" if email else f"{name} ({record})")

    def head(self, record: UUID) -> tuple[int, str]:
        """Return n and SHA-256 of a record's last event."""
        n, head = self._heads[record]
        return n - 1, head

    def append(self, record: UUID, event: str, values: Values, *, at: datetime) -> UUID:
        """Write an event, as `Ledger.append` does, and give it its place in the tree."""
        at = at.replace(microsecond=0)
        event_id, (n, head) = uuid4(), self._heads[record]
        plain: dict[str, JSON] = {"record": str(record), "n": n, "prev": head}
        owners: dict[str, UUID] = {}
        for field, value in values.items():
            if isinstance(value, Person):
                plain[field], owners[field] = value.words, value.record
            else:
                plain[field] = value
        entry, _ = write_entry(event, at, event_id, plain, self._key_of(record, owners))
        mac = event_mac(self._services.keyring.event_hmac, entry)
        self.add(
            "custody_event",
            id=event_id,
            record=record,
            n=n,
            event=event,
            at=at,
            entry=entry,
            mac=mac,
        )
        for field, value in plain.items():
            text, owner = canonical_json(value).decode(), owners.get(field, record)
            self.add("custody_value", event=event_id, field=field, value=text, key_record=owner)
        self._heads[record] = n + 1, hashlib.sha256(entry).hexdigest()
        self._moved.add(record)
        self._grow(event_id, entry, at)
        return event_id

    def _key_of(self, record: UUID, owners: Mapping[str, UUID]) -> Callable[[str], bytes]:
        return lambda field: self._opened[owners.get(field, record)]

    def _grow(self, event: UUID, entry: bytes, at: datetime) -> None:
        """Do the sequencer's work for one event."""
        self.add("log_entry", index=self._frontier.size, event=event, entry=entry)
        for level, index, value in self._frontier.add(entry):
            self.add("log_node", level=level, index=index, hash=value)
        if self._frontier.size - self._signed >= self._batch:
            self._sign(at)

    def _sign(self, at: datetime) -> None:
        """Sign a checkpoint, and stamp it: some exhibit's receipt has waited for it."""
        size, root = self._frontier.size, self._frontier.root
        signer = self._services.keyring.log_signer
        text = format_checkpoint(Checkpoint(signer.key.name, size, root))
        note = format_note(sign_note(text, [signer]))
        tsr = stamp(note, self._authority, nonce=secrets.randbits(_NONCE_BITS))
        self.add("log_root", size=size, root=root)
        self.add("log_checkpoint", size=size, note=note)
        self.add("log_stamp", size=size, tsr=tsr, authority=self._authority.name, stamped_at=at)
        self._signed = size

    def write_some(self, at: datetime) -> None:
        """Write what there is, if that is much."""
        if len(self._rows["custody_event"]) >= _EVENTS_AT_ONCE:
            self.write(at)

    def write(self, at: datetime) -> None:
        """Write everything, under a checkpoint of its own."""
        if self._signed < self._frontier.size:
            self._sign(at)
        with self._cursor() as cursor:
            cursor.execute("SELECT size FROM log_state FOR UPDATE")
            if cursor.fetchone() != (self._written,):
                raise RuntimeError("somebody else wrote to the log: load a house that nobody uses")
            self._keep_heads(cursor)
            for table, rows in self._rows.items():
                _copy(cursor, table, rows)
                rows.clear()
            root = self._frontier.root
            cursor.execute("UPDATE log_state SET size = %s, root = %s", [self._signed, root])
        self._written = self._signed

    def _keep_heads(self, cursor: Cursor) -> None:
        for record, kind in self._new.items():
            n, head = self._heads[record]
            self.add("custody_record", id=record, kind=kind.value, next_n=n, head=head)
        moved = list(self._moved - self._new.keys())
        numbers, heads = ([self._heads[record][i] for record in moved] for i in (0, 1))
        cursor.execute(
            "UPDATE custody_record SET next_n = n, head = h FROM "
            "unnest(%s::uuid[], %s::int[], %s::text[]) AS moved (record, n, h) WHERE id = record",
            [moved, numbers, heads],
        )
        self._new.clear()
        self._moved.clear()

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        """Open one transaction, past the session: rows go as they are."""
        with self._services.transaction() as session:
            driver = session.connection().connection.driver_connection
            assert driver is not None
            with driver.cursor() as cursor:
                yield cursor


def _copy(cursor: Cursor, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = _COLUMNS[table]
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)")
    with cursor.copy(statement.format(sql.Identifier(table), names)) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            copy.write_row(row)
