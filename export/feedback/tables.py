"""Adapter. The table of answers: each is added, and of each the words can be erased."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class FeedbackRow(SQLModel, table=True):
    """One answer about one release; the last one counts."""

    __tablename__: ClassVar[Any] = "feedback"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    number: int = Field(primary_key=True)
    person: UUID = Field(foreign_key="person.id")
    role: str
    outcome: str
    words: str = ""
    salt: str = ""
    """What makes the digest of the words useless without them; empty: erased."""
    at: datetime = utc_column()
    erased_by: UUID | None = Field(default=None, foreign_key="person.id")
    erased_at: datetime | None = utc_column(nullable=True)
    erased_reason: str = ""
