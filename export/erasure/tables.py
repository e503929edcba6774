"""Adapter. The tables of erasures of people. They name nobody but by the identifier of a record."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class PersonErasureRow(SQLModel, table=True):
    """That everybody of one mailbox is to be erased; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "person_erasure"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    basis: str
    asked_by: UUID = Field(foreign_key="person.id")
    asked_at: datetime = utc_column()
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    decided_at: datetime | None = utc_column(nullable=True)
    """When it was approved, or refused."""
    refused_reason: str = ""
    done_at: datetime | None = utc_column(nullable=True)


class PersonErasureSubjectRow(SQLModel, table=True):
    """One of those whom an erasure is about."""

    __tablename__: ClassVar[Any] = "person_erasure_subject"
    erasure: UUID = Field(primary_key=True, foreign_key="person_erasure.id")
    person: UUID = Field(primary_key=True, foreign_key="person.id")
