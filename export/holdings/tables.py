"""Adapter. The tables of an exhibit's files, and of what is done with them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import StoredFile, big_integer, utc_column


class ExhibitFileRow(StoredFile, table=True):
    """One file of an exhibit: a master, or something that was made from masters."""

    __tablename__: ClassVar[Any] = "exhibit_file"
    __table_args__: ClassVar[Any] = (UniqueConstraint("exhibit", "name"),)
    id: UUID = Field(primary_key=True)
    exhibit: UUID = Field(foreign_key="exhibit.id", index=True)
    kind: str
    position: int
    """The master that it is, or was made from, counted from 0; players are counted apart."""
    name: str
    original_name: str = ""
    size: int = big_integer()
    crc32: int = big_integer()
    stored_at: datetime = utc_column()
    words: str = ""
    """Of a working copy: how it compares with its master."""
    added_by: UUID | None = Field(default=None, foreign_key="custody_event.id")
    """Of an original that came later: the event that took it down."""


class ViewingRow(SQLModel, table=True):
    """Somebody looked at a working copy: one event, and for an hour it plays for them."""

    __tablename__: ClassVar[Any] = "viewing"
    id: UUID = Field(primary_key=True)
    exhibit: UUID = Field(foreign_key="exhibit.id", index=True)
    file: UUID = Field(foreign_key="exhibit_file.id")
    person: UUID = Field(foreign_key="person.id")
    at: datetime = utc_column()


class LegalHoldRow(SQLModel, table=True):
    """A legal hold on an exhibit, at most one that is not lifted; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "legal_hold"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    exhibit: UUID = Field(foreign_key="exhibit.id")
    placed_by: UUID = Field(foreign_key="person.id")
    placed_at: datetime = utc_column()
    reason: str
    lifted_by: UUID | None = Field(default=None, foreign_key="person.id")
    lifted_at: datetime | None = utc_column(nullable=True)
    lifted_reason: str = ""
    settled_at: datetime | None = utc_column(nullable=True)
    """When the store was seen to hold, or to let go, as this row says."""
