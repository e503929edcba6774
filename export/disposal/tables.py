"""Adapter. The table of disposals."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import maybe_bytes_column, utc_column


class DisposalRow(SQLModel, table=True):
    """That an exhibit is to be disposed of, or was; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "disposal"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    exhibit: UUID = Field(foreign_key="exhibit.id")
    basis: str
    early: bool = False
    """Before the store would let it go by itself."""
    proposed_by: UUID = Field(foreign_key="person.id")
    proposed_at: datetime = utc_column()
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    decided_at: datetime | None = utc_column(nullable=True)
    """When it was approved, or refused."""
    refused_reason: str = ""
    done_at: datetime | None = utc_column(nullable=True)
    certificate: bytes | None = maybe_bytes_column()
    """What was destroyed, when, by whose word: as `certificates` writes it."""
