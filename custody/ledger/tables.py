"""Adapter. The ledger's tables; grants and triggers are in the migrations.

Append-only for the service's role, by grant and by trigger: `custody_event` and every `log_…`
table but `log_state`. Erasable: `record_key` and `custody_value`. Moving: `custody_record` (the
head of each record), `custody_outbox` (what has no index yet), `log_state` and `log_publication`
(one row each).
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import big_integer, bytes_column, utc_column


class CustodyRecord(SQLModel, table=True):
    """The head of one record: the next n, and the SHA-256 of its last entry ("" if none)."""

    __tablename__: ClassVar[Any] = "custody_record"
    id: UUID = Field(primary_key=True)
    kind: str
    next_n: int = 0
    head: str = ""


class RecordKeyRow(SQLModel, table=True):
    """A record's key K, wrapped; without the row the record is erased."""

    __tablename__: ClassVar[Any] = "record_key"
    record: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    wrapped: bytes = bytes_column()
    epoch: int = 0
    """Under the key of which epoch: it says which are left to wrap anew, and nothing else."""


class CustodyEventRow(SQLModel, table=True):
    """One event as it was written, with the service's MAC over the entry."""

    __tablename__: ClassVar[Any] = "custody_event"
    __table_args__: ClassVar[Any] = (UniqueConstraint("record", "n"), UniqueConstraint("seq"))
    id: UUID = Field(primary_key=True)
    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False)
    )
    record: UUID = Field(foreign_key="custody_record.id")
    n: int
    event: str
    at: datetime = utc_column()
    entry: bytes = bytes_column()
    mac: bytes = bytes_column()


class CustodyValueRow(SQLModel, table=True):
    """What one commitment hides: canonical JSON, and the record whose K blinds it."""

    __tablename__: ClassVar[Any] = "custody_value"
    event: UUID = Field(primary_key=True, foreign_key="custody_event.id")
    field: str = Field(primary_key=True)
    value: str
    key_record: UUID = Field(foreign_key="custody_record.id")


class OutboxRow(SQLModel, table=True):
    """An event that waits for its index in the tree."""

    __tablename__: ClassVar[Any] = "custody_outbox"
    event: UUID = Field(primary_key=True, foreign_key="custody_event.id")


class LogEntryRow(SQLModel, table=True):
    """The tree's leaf at ``index``: the raw bytes that are hashed."""

    __tablename__: ClassVar[Any] = "log_entry"
    index: int = big_integer(primary_key=True)
    event: UUID = Field(foreign_key="custody_event.id", unique=True)
    entry: bytes = bytes_column()


class LogNodeRow(SQLModel, table=True):
    """The hash of one complete subtree, level 0 being the leaves."""

    __tablename__: ClassVar[Any] = "log_node"
    level: int = Field(primary_key=True)
    index: int = big_integer(primary_key=True)
    hash: bytes = bytes_column()


class LogRootRow(SQLModel, table=True):
    """The one root that this log will ever sign for ``size``."""

    __tablename__: ClassVar[Any] = "log_root"
    size: int = big_integer(primary_key=True)
    root: bytes = bytes_column()


class LogCheckpointRow(SQLModel, table=True):
    """A signed checkpoint, the note's bytes verbatim."""

    __tablename__: ClassVar[Any] = "log_checkpoint"
    size: int = big_integer(primary_key=True)
    note: bytes = bytes_column()


class LogStampRow(SQLModel, table=True):
    """The RFC 3161 timestamp of a checkpoint's note."""

    __tablename__: ClassVar[Any] = "log_stamp"
    size: int = big_integer(primary_key=True)
    tsr: bytes = bytes_column()
    authority: str
    stamped_at: datetime = utc_column()


class LogStateRow(SQLModel, table=True):
    """The one row that the sequencer moves: size and root, its last sign of life, its alarm."""

    __tablename__: ClassVar[Any] = "log_state"
    id: int = Field(primary_key=True)
    size: int = big_integer()
    root: bytes = bytes_column()
    beat: datetime | None = utc_column(nullable=True)
    alarm: str = ""


class LogPublicationRow(SQLModel, table=True):
    """The one row that says whether publication keeps up, for those who do not ask the bucket.

    What was published last, the bucket itself says: this decides nothing but what is cleared away.
    """

    __tablename__: ClassVar[Any] = "log_publication"
    id: int = Field(primary_key=True)
    collected: int = big_integer()
    """Partial objects of smaller logs than this are gone."""
    words: str = ""
    """Why publication is behind; empty: it is not."""
