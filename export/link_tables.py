"""Adapter. The tables of the recipient's path: links, codes, collections, receipts, messages.

Of every secret (a link's token, a code, a collection's cookie) only a digest is kept.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, DateTime, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from custody.tables import utc_column


def _maybe_bytes() -> Any:  # noqa: ANN401 - SQLModel's Field wants Any here
    return Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class LinkRow(SQLModel, table=True):
    """A link of a release; a re-issue is the next number, and ends the one before."""

    __tablename__: ClassVar[Any] = "link"
    __table_args__: ClassVar[Any] = (UniqueConstraint("release", "number"),)
    id: UUID = Field(primary_key=True)
    release: UUID = Field(foreign_key="release.id")
    number: int
    token_sha256: str = Field(unique=True)
    issued_at: datetime = utc_column()
    expires_at: datetime = utc_column()
    downloads_allowed: int
    revoked_at: datetime | None = utc_column(nullable=True)
    expired_at: datetime | None = utc_column(nullable=True)
    """When its expiry was written into the ledger."""
    warned_at: datetime | None = utc_column(nullable=True)


class GateRow(SQLModel, table=True):
    """What stands before a token, good or not: codes, attempts and locks are counted alike."""

    __tablename__: ClassVar[Any] = "gate"
    token_sha256: str = Field(primary_key=True)
    seen_at: datetime = utc_column()
    """When somebody last asked or entered something; long after it, the row is forgotten."""
    asks: list[datetime] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False),
    )
    """When codes were asked for in the last day, the latest last."""
    window_at: datetime | None = utc_column(nullable=True)
    """Since when wrong codes are counted."""
    refused: int = 0
    """Wrong codes since ``window_at``: the number stays here, the ledger gets one event an hour."""
    refused_event_at: datetime | None = utc_column(nullable=True)
    """When an event for wrong codes was last called for."""
    locked_until: datetime | None = utc_column(nullable=True)
    code_hmac: bytes | None = _maybe_bytes()
    code_expires_at: datetime | None = utc_column(nullable=True)
    attempts: int = 0
    """Wrong entries of the present code."""


class CollectionRow(SQLModel, table=True):
    """A recipient past the code, in one browser; ``id`` is its name in the ledger, no secret."""

    __tablename__: ClassVar[Any] = "collection"
    id: UUID = Field(primary_key=True)
    secret_sha256: str = Field(unique=True)
    link: UUID = Field(foreign_key="link.id", index=True)
    started_at: datetime = utc_column()
    seen_at: datetime = utc_column()
    terms_sha256: str = ""
    terms_at: datetime | None = utc_column(nullable=True)
    ended_at: datetime | None = utc_column(nullable=True)
    """When the recipient left it."""


class DownloadRow(SQLModel, table=True):
    """A download that was authorised; resuming it is the same one."""

    __tablename__: ClassVar[Any] = "download"
    id: UUID = Field(primary_key=True)
    collection: UUID = Field(foreign_key="collection.id")
    link: UUID = Field(foreign_key="link.id", index=True)
    authorised_at: datetime = utc_column()


class ReceiptRow(SQLModel, table=True):
    """The recipient's word that the package arrived whole: the digest that they computed."""

    __tablename__: ClassVar[Any] = "receipt"
    collection: UUID = Field(primary_key=True, foreign_key="collection.id")
    sha256: str
    confirmed_at: datetime = utc_column()


class MessageRow(SQLModel, table=True):
    """A message to one person. ``once`` is what it is about: the same is never queued twice."""

    __tablename__: ClassVar[Any] = "message"
    id: UUID = Field(primary_key=True)
    once: str = Field(unique=True)
    kind: str
    person: UUID = Field(foreign_key="person.id")
    about: UUID = Field(index=True)
    """The release that it concerns."""
    state: str
    sealed: bytes | None = _maybe_bytes()
    """What it says beside the rows (a token, a code), encrypted, and gone once it was sent."""
    queued_at: datetime = utc_column()
    sent_at: datetime | None = utc_column(nullable=True)
    reference: str = ""
    """The provider's name for it."""
    words: str = ""
    """Why it did not arrive."""


class HandoffRow(SQLModel, table=True):
    """A package that went another way: to a force's own system, or on encrypted media."""

    __tablename__: ClassVar[Any] = "handoff"
    id: UUID = Field(primary_key=True)
    release: UUID = Field(foreign_key="release.id")
    person: UUID = Field(foreign_key="person.id")
    system: str
    reference: str
    acceptance: str
    sha256: str
    at: datetime = utc_column()
