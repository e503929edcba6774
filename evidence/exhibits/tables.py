"""Adapter. The tables of exhibits."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import json_column, texts_column, utc_column


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
    """As displayed where the clock was not compared: lists are sorted by it."""
    corrected_end: datetime = utc_column()
    description: dict[str, Any] = json_column()
    """All that is stated, as the latest event commits to it; `evidence.exhibits.description`."""
    state: str
    received_at: datetime = utc_column()
    received_event: UUID = Field(foreign_key="custody_event.id")
    facts: list[dict[str, Any]] = json_column()
    findings: list[dict[str, Any]] = json_column()
    read_at: datetime | None = utc_column(nullable=True)
    """When every file was last read again and found as it was stored; None: not since it came."""
    examined_before: list[str] = texts_column()
    """The SHA-256 of the facts of each examination before the last one, in their order."""
    retention_class: str | None = None
    """Into which class somebody put it; None: the council's default holds."""
    review_due_at: datetime | None = utc_column(nullable=True)
    """When somebody is to look whether it is needed yet; None: by the council's default."""


class ExhibitDecisionRow(SQLModel, table=True):
    """What a person decided about an exhibit: set aside, or right as a master alone."""

    __tablename__: ClassVar[Any] = "exhibit_decision"
    id: UUID = Field(primary_key=True)
    exhibit: UUID = Field(foreign_key="exhibit.id", index=True)
    event: str
    """The custody event that says it."""
    person: UUID = Field(foreign_key="person.id")
    at: datetime = utc_column()
    reason: str
