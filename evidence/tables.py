"""Adapter. The domain's tables: people, tokens, sessions, exhibits, holds.

Names live here, and can be erased.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from custody.tables import utc_column


def json_column() -> Any:  # noqa: ANN401 - SQLModel's Field wants Any here
    """Return a column for canonical facts that are only ever read whole."""
    return Field(sa_column=Column(JSONB, nullable=False))


def texts_column() -> Any:  # noqa: ANN401 - SQLModel's Field wants Any here
    """Return a column for a list of words."""
    return Field(sa_column=Column(ARRAY(String), nullable=False))


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
    revoked_at: datetime | None = utc_column(nullable=True)


class ExhibitCounterRow(SQLModel, table=True):
    """The highest exhibit number used for some initials; never goes back, never reuses one."""

    __tablename__: ClassVar[Any] = "exhibit_counter"
    initials: str = Field(primary_key=True)
    highest: int


class ExhibitRow(SQLModel, table=True):
    """One exhibit; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "exhibit"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    reference: str = Field(unique=True)
    title: str = ""
    camera: str
    displayed_start: str
    displayed_end: str
    corrected_start: datetime = utc_column()
    corrected_end: datetime = utc_column()
    clock: dict[str, Any] = json_column()
    taken_in: dict[str, Any] = json_column()
    state: str
    received_at: datetime = utc_column()
    received_event: UUID = Field(foreign_key="custody_event.id")
    facts: list[dict[str, Any]] = json_column()
    findings: list[dict[str, Any]] = json_column()


class LegalHoldRow(SQLModel, table=True):
    """A legal hold on an exhibit; at most one that is not lifted."""

    __tablename__: ClassVar[Any] = "legal_hold"
    id: UUID = Field(primary_key=True)
    exhibit: UUID = Field(foreign_key="exhibit.id")
    placed_by: UUID = Field(foreign_key="person.id")
    placed_at: datetime = utc_column()
    reason: str
    lifted_by: UUID | None = Field(default=None, foreign_key="person.id")
    lifted_at: datetime | None = utc_column(nullable=True)
    lifted_reason: str = ""
    settled_at: datetime | None = utc_column(nullable=True)
    """When the store was seen to hold, or to let go, as this row says."""
