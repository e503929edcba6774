"""Adapter. The tables of audits: what each found, and what is kept where nothing is recorded."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import big_integer, json_column, utc_column


class AuditOutcome(StrEnum):
    """What an audit came to."""

    WHOLE = "whole"
    DIFFERS = "differs"


class LogAuditRow(SQLModel, table=True):
    """An audit that is on record: its event is the first of the record ``id``, `log.audited`."""

    __tablename__: ClassVar[Any] = "log_audit"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    at: datetime = utc_column()
    size: int = big_integer()
    """Entries in the tree."""
    root: str
    outcome: str
    failures: int
    findings: list[dict[str, str]] = json_column()
    """What was found, without the values that differ: those name people, and are not kept."""
    duration_ms: int = big_integer()


class UnrecordedAuditRow(SQLModel, table=True):
    """An audit while nothing could be recorded, as the log had stopped: it only says what is wrong.

    No event vouches for it.
    """

    __tablename__: ClassVar[Any] = "log_audit_unrecorded"
    at: datetime = utc_column(primary_key=True)
    why: str
    size: int = big_integer()
    root: str
    outcome: str
    failures: int
    findings: list[dict[str, str]] = json_column()
    duration_ms: int = big_integer()
