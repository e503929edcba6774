"""Adapter. The tables of claims systems: for whom each asks, and which calls were answered."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class RequesterRow(SQLModel, table=True):
    """For whom the machines of a mailbox ask; the last row of a person holds."""

    __tablename__: ClassVar[Any] = "requester"
    person: UUID = Field(primary_key=True, foreign_key="person.id")
    number: int = Field(primary_key=True)
    path: str
    organisation: str
    named_by: UUID = Field(foreign_key="person.id")
    named_at: datetime = utc_column()


class FilingRow(SQLModel, table=True):
    """A call that became a request: made again, it is answered the same, and makes no other."""

    __tablename__: ClassVar[Any] = "request_filing"
    person: UUID = Field(primary_key=True, foreign_key="person.id")
    key_mac: str = Field(primary_key=True)
    """Of the caller's Idempotency-Key."""
    answers_mac: str
    """Of what was sent with it: the key of another call is refused."""
    request: UUID = Field(foreign_key="request.id")
    filed_at: datetime = utc_column()
