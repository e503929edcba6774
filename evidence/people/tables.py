"""Adapter. The tables of people, their tokens and sessions. Names live here, and can be erased."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Column, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import texts_column, utc_column


class PersonRow(SQLModel, table=True):
    """Somebody the ledger commits to under a key of their own; ``id`` is their record."""

    __tablename__: ClassVar[Any] = "person"
    __table_args__: ClassVar[Any] = (UniqueConstraint("issuer", "subject"),)
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    name: str
    email: str = ""
    issuer: str | None = None
    """Who signs this member of staff in, and as whom: never recognised by an address."""
    subject: str | None = None
    roles: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    """The roles that the identity provider named last."""


class StaffSessionRow(SQLModel, table=True):
    """A member of staff who is signed in; known by the SHA-256 of the cookie's secret."""

    __tablename__: ClassVar[Any] = "staff_session"
    sha256: str = Field(primary_key=True)
    person: UUID = Field(foreign_key="person.id")
    roles: list[str] = texts_column()
    started_at: datetime = utc_column()
    seen_at: datetime = utc_column()
    ended_at: datetime | None = utc_column(nullable=True)


class TokenRow(SQLModel, table=True):
    """An API token, known only by its SHA-256: one subject, and its roles."""

    __tablename__: ClassVar[Any] = "api_token"
    sha256: str = Field(primary_key=True)
    person: UUID = Field(foreign_key="person.id")
    roles: list[str] = texts_column()
    created_at: datetime = utc_column()
    expires_at: datetime = utc_column()
    """When it ends by itself."""
    revoked_at: datetime | None = utc_column(nullable=True)


class RefusalRow(SQLModel, table=True):
    """What somebody was refused lately: told once, and counted from then on for an hour."""

    __tablename__: ClassVar[Any] = "refusal"
    person: UUID = Field(primary_key=True, foreign_key="person.id")
    action: str = Field(primary_key=True)
    role: str
    """The roles that they had when they were refused last."""
    since: datetime = utc_column()
    more: int = 0
    """How often since then; the event tells it when the hour is over."""
