"""Adapter. The tables of what leaves: links, collections, downloads, receipts, hand-offs.

Of every secret (a link's token, a collection's cookie) only a digest is kept.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import utc_column


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


class DepartureRow(SQLModel, table=True):
    """A package that left the house, each time: with it goes an event of every exhibit in it."""

    __tablename__: ClassVar[Any] = "departure"
    id: UUID = Field(primary_key=True)
    release: UUID = Field(foreign_key="release.id")
    way: str
    """link, staff or handoff."""
    person: UUID = Field(foreign_key="person.id")
    """Who took it out."""
    role: str
    """The role in which they did."""
    sha256: str
    at: datetime = utc_column()
    download: UUID | None = Field(default=None, foreign_key="download.id")
    """Of one by link: under which download."""
    handoff: UUID | None = Field(default=None, foreign_key="handoff.id")
