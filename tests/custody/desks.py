"""A ledger and its sequencer over a real database, with people and exhibits to write about."""

import secrets
import uuid
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, insert
from sqlmodel import Session, col, func, select

from custody.audit.facts import Claim, Span, Tally
from custody.audit.log import Material
from custody.audit.shares import ClaimsReader
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.events import RecordKind
from custody.formats.note import Ed25519NoteSigner, parse_note
from custody.ledger.ledger import Ledger, Person, Values, event_mac, node_reader
from custody.ledger.publication.outside import Publication, Witnesses
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.sequencer import Sequencer
from custody.ledger.tables import (
    CustodyEventRow,
    LogCheckpointRow,
    LogEntryRow,
    LogRootRow,
    LogStateRow,
    OutboxRow,
)
from custody.tree import merkle
from storage.database import transaction
from tests.custody.ledgers import NOON, ORIGIN, private_key


def no_roles(_session: Session, _tally: Tally) -> None:
    """Leave the roles alone: there is nobody here."""


def nothing_claimed(_session: Session, _span: Span) -> tuple[Claim, ...]:
    """Claim nothing of any record."""
    return ()


class Desk:
    """Writes events, and gives them their place."""

    def __init__(self, engine: Engine, *, kek: bytes, mac_key: bytes) -> None:
        self.engine = engine
        self.kek, self.mac_key = kek, mac_key
        self.keys = RecordKeys(kek, secrets.token_bytes)
        self.ledger = Ledger(self.keys, mac_key=mac_key, new_id=uuid.uuid4)
        self.signer = Ed25519NoteSigner(ORIGIN, private_key("log"))
        self.sequencer = self.another_sequencer()

    def another_sequencer(
        self,
        *,
        clock: datetime = NOON,
        publication: Publication | None = None,
        witnesses: Witnesses | None = None,
    ) -> Sequencer:
        return Sequencer(
            self.engine,
            mac_key=self.mac_key,
            signers=(self.signer,),
            clock=lambda: clock,
            publication=publication,
            witnesses=witnesses,
        )

    def material(self, claims: ClaimsReader = nothing_claimed) -> Material:
        """Return what an audit of this ledger needs."""
        return Material(
            record_kek=self.kek,
            mac_key=self.mac_key,
            log_key=self.signer.key,
            tsa_chain_pem=b"",
            claims=claims,
            roles=no_roles,
            now=NOON,
        )

    def open_record(self, kind: RecordKind = RecordKind.EXHIBIT) -> UUID:
        with transaction(self.engine) as session:
            return self.ledger.open_record(session, kind)

    def append(self, session: Session, record: UUID, words: str = "a checked file") -> UUID:
        """Write an event that names nobody."""
        values: Values = {"files": [{"sha256": "ab" * 32, "size": 1}], "result": words}
        return self.ledger.append(session, record, "integrity.checked", values, at=NOON)

    def lose(self, session: Session, record: UUID) -> UUID:
        """Write an event of a record of staff actions."""
        values: Values = {"lost_record": str(record)}
        return self.ledger.append(session, record, "record.values_lost", values, at=NOON)

    def first_event(self, record: UUID) -> UUID:
        with transaction(self.engine) as session:
            return next(iter(self.ledger.indices(session, record)))

    def write(self, record: UUID, words: str = "a checked file") -> UUID:
        with transaction(self.engine) as session:
            return self.append(session, record, words)

    def write_many(self, record: UUID, count: int) -> None:
        """Write many events at once, of which nobody will ask what they say.

        They are one event again and again under other identifiers: a thousandth of the work.
        """
        with transaction(self.engine) as session:
            n = session.exec(
                select(func.coalesce(func.max(CustodyEventRow.n), -1)).where(
                    CustodyEventRow.record == record
                )
            ).one()
            if n < 0:
                self.append(session, record)
                count, n = count - 1, 0
            first = session.exec(
                select(CustodyEventRow).where(
                    CustodyEventRow.record == record, CustodyEventRow.n == 0
                )
            ).one()
            rows = []
            for place in range(n + 1, n + 1 + count):
                event = uuid.uuid4()
                entry = first.entry.replace(str(first.id).encode(), str(event).encode())
                mac = event_mac(self.mac_key, entry)
                rows.append(
                    {"id": event, "record": record, "n": place, "event": first.event}
                    | {"at": NOON, "entry": entry, "mac": mac}
                )
            if rows:
                session.execute(insert(CustodyEventRow), rows)
                session.execute(insert(OutboxRow), [{"event": row["id"]} for row in rows])

    def write_person(self, record: UUID, person: UUID) -> UUID:
        """Write an event that names somebody."""
        values: Values = {
            "actor": Person(person, "Jo Smith"),
            "role": "operator",
            "reference": "speaking clock",
            "offset_ms": 0,
        }
        with transaction(self.engine) as session:
            return self.ledger.append(session, record, "clock.checked", values, at=NOON)

    def state(self) -> LogStateRow:
        with transaction(self.engine) as session:
            return session.get_one(LogStateRow, 1)

    def indices(self, record: UUID) -> list[int | None]:
        with transaction(self.engine) as session:
            return list(self.ledger.indices(session, record).values())

    def checkpoint_sizes(self) -> list[int]:
        with transaction(self.engine) as session:
            return sorted(session.exec(select(LogCheckpointRow.size)))

    def check_log(self) -> int:
        """Compute the tree anew from its entries; return its size."""
        with transaction(self.engine) as session:
            entries = session.exec(select(LogEntryRow).order_by(col(LogEntryRow.index))).all()
            assert [row.index for row in entries] == list(range(len(entries)))
            state = session.get_one(LogStateRow, 1)
            assert state.size == len(entries)
            assert state.root == root_of([row.entry for row in entries])
            assert merkle.tree_root(state.size, node_reader(session)) == state.root
            for row in session.exec(select(LogRootRow)):
                assert row.root == root_of([one.entry for one in entries[: row.size]])
            for checkpoint in session.exec(select(LogCheckpointRow)):
                note = parse_note(checkpoint.note)
                said = parse_checkpoint(note.text)
                assert said.size == checkpoint.size
                assert said.root == session.get_one(LogRootRow, said.size).root
            assert self.checkpoint_sizes()[-1] == state.size
            return state.size


def root_of(entries: list[bytes]) -> bytes:
    """Compute a tree's root by the recursion of RFC 6962, section 2.1."""
    if not entries:
        return merkle.EMPTY_ROOT
    if len(entries) == 1:
        return merkle.leaf_hash(entries[0])
    half = 1 << (len(entries) - 1).bit_length() - 1
    return merkle.node_hash(root_of(entries[:half]), root_of(entries[half:]))
