"""Adapter. The tables of mailboxes: what stands before a code, and letters.

Of every secret only a digest is kept.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Column, DateTime
from sqlmodel import Field, SQLModel

from storage.columns import maybe_bytes_column, utc_column


class GateRow(SQLModel, table=True):
    """What stands before a secret that somebody holds, good or not: all are counted alike."""

    __tablename__: ClassVar[Any] = "gate"
    token_sha256: str = Field(primary_key=True)
    seen_at: datetime = utc_column()
    """When somebody last asked or entered something; long after it, the row is forgotten."""
    asks: list[datetime] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False),
    )
    """When codes were asked for in the last day, the latest last."""
    window_at: datetime | None = utc_column(nullable=True)
    """Since when wrong codes are counted."""
    refused: int = 0
    """Wrong codes since ``window_at``: the number stays here, the ledger gets one event an hour."""
    refused_event_at: datetime | None = utc_column(nullable=True)
    """When an event for wrong codes was last called for."""
    locked_until: datetime | None = utc_column(nullable=True)
    code_hmac: bytes | None = maybe_bytes_column()
    code_expires_at: datetime | None = utc_column(nullable=True)
    attempts: int = 0
    """Wrong entries of the present code."""


class MessageRow(SQLModel, table=True):
    """A message to one person. ``once`` is what it is about: the same is never queued twice."""

    __tablename__: ClassVar[Any] = "message"
    id: UUID = Field(primary_key=True)
    once: str = Field(unique=True)
    kind: str
    person: UUID | None = Field(default=None, foreign_key="person.id")
    """None: to a mailbox that is nobody's yet; the sealed part says which."""
    about: UUID = Field(index=True)
    """The record that it concerns: a release, an exhibit, or what comes next."""
    state: str
    sealed: bytes | None = maybe_bytes_column()
    """What it says beside the rows (a token, a code), encrypted, and gone once it was sent."""
    queued_at: datetime = utc_column()
    sent_at: datetime | None = utc_column(nullable=True)
    reference: str = ""
    """The provider's name for it."""
    words: str = ""
    """Why it did not arrive."""
    settled_by: UUID | None = Field(default=None, foreign_key="person.id")
    """Who said, of one that did not arrive as far as we know, that it is dealt with."""
    settled_at: datetime | None = utc_column(nullable=True)
