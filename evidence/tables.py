"""Adapter. The domain's tables: people, tokens, exhibits. Names live here, and can be erased."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from custody.tables import utc_column


def json_column() -> Any:  # noqa: ANN401 - SQLModel's Field wants Any here
    """Return a column for canonical facts that are only ever read whole."""
    return Field(sa_column=Column(JSONB, nullable=False))


class PersonRow(SQLModel, table=True):
    """Somebody the ledger commits to under a key of their own; ``id`` is their record."""

    __tablename__: ClassVar[Any] = "person"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    name: str
    email: str = ""


class TokenRow(SQLModel, table=True):
    """An API token, known only by its SHA-256: one subject, and its roles."""

    __tablename__: ClassVar[Any] = "api_token"
    sha256: str = Field(primary_key=True)
    person: UUID = Field(foreign_key="person.id")
    roles: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
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
