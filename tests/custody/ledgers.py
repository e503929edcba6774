"""A small ledger in memory, with keys from fixed seeds, for tests of proofs and of packages."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from custody.check.audience import disclose
from custody.formats.canonical import JSON
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.disclosure import LoggedEvent, format_events, format_openings
from custody.formats.entry import Opening, write_entry
from custody.formats.events import PERSON_FIELDS
from custody.formats.note import (
    Ed25519Cosigner,
    Ed25519NoteSigner,
    MlDsa44Cosigner,
    NoteSigner,
    format_note,
    sign_note,
)
from custody.formats.policy import LogPolicy, Witness, WitnessGroup
from custody.formats.proof import LogProof, format_consistency, format_proof
from custody.tree.merkle import (
    NodeId,
    leaf_hash,
    new_nodes,
    prove_consistency,
    prove_inclusion,
    tree_root,
)

ORIGIN = "log.barchester.example/custody"
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
EXHIBIT = UUID(int=0xE1)
RELEASE = UUID(int=0xB1)
PERSON = UUID(int=0xA1)
DIGESTS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("seal", "p7s", "tsr")}


def private_key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def pq_key(name: str) -> MLDSA44PrivateKey:
    return MLDSA44PrivateKey.from_seed_bytes(hashlib.sha256(name.encode()).digest())


LOOKED = 1_795_262_400
"""When the witnesses have looked, in POSIX seconds; they have seen nothing of the log."""
LOG = Ed25519NoteSigner(ORIGIN, private_key("log"))
NEIGHBOUR = Ed25519Cosigner(
    "witness.neighbour.example", private_key("witness.neighbour.example"), LOOKED
)
POLICE = Ed25519Cosigner("witness.police.example", private_key("witness.police.example"), LOOKED)
PQ_WITNESS = MlDsa44Cosigner("witness.auditor.example", pq_key("witness.auditor.example"), LOOKED)
ALONE = LogPolicy(LOG.key)
WITNESSED = LogPolicy(
    LOG.key,
    (Witness("neighbour", NEIGHBOUR.key), Witness("police", POLICE.key)),
    (WitnessGroup("one-of-two", "any", ("neighbour", "police")),),
    "one-of-two",
)


@dataclass(slots=True)
class MemoryLog:
    """Entries, the nodes over them, and proofs: the tree as a sequencer would store it."""

    entries: list[bytes] = field(default_factory=list)
    nodes: dict[NodeId, bytes] = field(default_factory=dict)

    def append(self, entry: bytes) -> int:
        index = len(self.entries)
        self.nodes.update(new_nodes(index, [leaf_hash(entry)], self.read))
        self.entries.append(entry)
        return index

    def read(self, nodes: Sequence[NodeId]) -> list[bytes]:
        return [self.nodes[node] for node in nodes]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(ORIGIN, size, tree_root(size, self.read))

    def note(self, size: int | None = None, signers: Sequence[NoteSigner] = (LOG,)) -> bytes:
        return format_note(sign_note(format_checkpoint(self.checkpoint(size)), signers))

    def proof(self, index: int, note: bytes, size: int | None = None) -> bytes:
        size = len(self.entries) if size is None else size
        return format_proof(LogProof(index, prove_inclusion(index, size, self.read), note))

    def consistency(self, old: int) -> bytes:
        return format_consistency(prove_consistency(old, len(self.entries), self.read))


def key_of(record: UUID) -> bytes:
    return hashlib.sha256(b"key of " + record.bytes).digest()


@dataclass(slots=True)
class RecordChain:
    """Writes the events of one record, each naming the one before it."""

    log: MemoryLog
    record: UUID
    n: int = 0
    prev: str = ""
    events: list[LoggedEvent] = field(default_factory=list)

    def key_of_field(self, field: str) -> bytes:
        return key_of(PERSON if field in PERSON_FIELDS else self.record)

    def write(
        self, event: str, values: Mapping[str, JSON], at: datetime, **given: JSON
    ) -> LoggedEvent:
        """Append an event; `given` replaces its record, n or prev, as a forger would."""
        whole: dict[str, JSON] = {"record": str(self.record), "n": self.n, "prev": self.prev}
        whole |= values
        whole |= given
        event_id = UUID(int=len(self.log.entries), version=4)
        entry, openings = write_entry(event, at, event_id, whole, self.key_of_field)
        logged = LoggedEvent(self.log.append(entry), entry, openings)
        self.n, self.prev = self.n + 1, hashlib.sha256(entry).hexdigest()
        self.events.append(logged)
        return logged


RECEIVED: dict[str, JSON] = {
    "actor": "j.smith",
    "role": "operator",
    "files": [{"sha256": "11" * 32, "size": 1_048_576}],
    "clock_ntp_offset_ms": None,
}
CHECKED: dict[str, JSON] = {
    "actor": "j.smith",
    "role": "operator",
    "reference": "speaking clock",
    "offset_ms": -61_000,
}
EXAMINED: dict[str, JSON] = {"facts": "22" * 32, "packet_index": None}
PLACE: dict[str, JSON] = {
    "id": "00000000-0000-4000-8000-00000000000f",
    "kind": "master",
    "position": 0,
    "name": "Cam_1.mp4",
    "original_name": "Cam 1.mp4",
    "bucket": "custos-vault",
    "key": "uploads/1",
    "version": "1",
    "sha256": "11" * 32,
    "size": 1_048_576,
    "crc32": "0badcafe",
    "stored_at": "2026-11-21T12:00:00Z",
    "words": "",
}
CONDITIONS: dict[str, JSON] = {
    "urn": "BAR-7K4M-2XQ9-J",
    "number": 1,
    "delivery": "link",
    "link_days": 14,
    "urgent": False,
    "with_master": True,
    "chosen": [],
    "replaces": None,
}
PROPOSED: dict[str, JSON] = {
    "actor": "j.smith",
    "role": "operator",
    "kind": "police",
    "recipient": "dc.jones@police.example",
    "files": [{"sha256": "11" * 32, "size": 1_048_576}],
    "exhibits": [str(EXHIBIT)],
    "basis": "DPA 2018 Sch 2 para 2",
    "purpose": "investigation of a theft",
    "conditions": CONDITIONS,
}
APPROVED: dict[str, JSON] = {
    "actor": "a.khan",
    "role": "releaser",
    "how": "second person",
    "reason": "necessary",
}


@dataclass(slots=True)
class SealedLedger:
    """One exhibit, one release of it, sealed; with strangers' entries in between."""

    policy: LogPolicy = ALONE
    signers: tuple[NoteSigner, ...] = (LOG,)
    log: MemoryLog = field(default_factory=MemoryLog)
    exhibit: RecordChain = field(init=False)
    release: RecordChain = field(init=False)
    sealing: LoggedEvent = field(init=False)
    first_size: int = 0

    def __post_init__(self) -> None:
        self.exhibit = RecordChain(self.log, EXHIBIT)
        self.release = RecordChain(self.log, RELEASE)

    def run(self) -> "SealedLedger":
        """Let the ordinary course of things happen, from receipt to sealing."""
        self.log.append(b"an entry of another record")
        self.exhibit.write("exhibit.received", RECEIVED, NOON)
        self.first_size = len(self.log.entries)
        self.exhibit.write("clock.checked", CHECKED, NOON)
        self.log.append(b"another one")
        self.exhibit.write("exhibit.examined", EXAMINED, NOON + timedelta(seconds=9))
        self.release.write("release.proposed", PROPOSED, NOON + timedelta(hours=1))
        self.release.write("release.approved", APPROVED, NOON + timedelta(hours=2))
        self.seal()
        self.log.append(b"what came after")
        return self

    def seal(self, **given: JSON) -> None:
        head: dict[str, JSON] = {
            "record": str(EXHIBIT),
            "n": self.exhibit.n - 1,
            "head": self.exhibit.prev,
        }
        values: dict[str, JSON] = {
            "seal": DIGESTS["seal"],
            "signature": DIGESTS["p7s"],
            "timestamp": DIGESTS["tsr"],
            "exhibits": [head],
            "policy": "33" * 32,
        }
        at = NOON + timedelta(hours=3)
        self.sealing = self.release.write("release.sealed", values, at, **given)
        self.release.events.pop()  # the sealing lies in seal/, not in custody/events.jsonl

    @property
    def note(self) -> bytes:
        return self.log.note(signers=self.signers)

    @property
    def openings(self) -> bytes:
        return format_openings(self.sealing.openings)

    @property
    def proof(self) -> bytes:
        return self.log.proof(self.sealing.index, self.note)

    @property
    def logged(self) -> tuple[LoggedEvent, ...]:
        both = [*self.exhibit.events, *self.release.events]
        told = (disclose(event, str(PROPOSED["kind"]), str(RELEASE)) for event in both)
        return tuple(sorted(told, key=lambda event: event.index))

    @property
    def events(self) -> bytes:
        return format_events(self.logged)

    @property
    def proofs(self) -> dict[int, bytes]:
        note = self.note
        return {event.index: self.log.proof(event.index, note) for event in self.logged}


def without(openings: Sequence[Opening], *fields: str) -> tuple[Opening, ...]:
    return tuple(opening for opening in openings if opening.field not in fields)
