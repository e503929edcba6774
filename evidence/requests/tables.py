"""Adapter. The tables of requests. What somebody asked stands apart, and can be erased."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import json_column, utc_column


class RequestRow(SQLModel, table=True):
    """One request; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "request"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    urn: str = Field(unique=True)
    path: str
    state: str
    person: UUID = Field(foreign_key="person.id")
    """Whoever asks: the person of the mailbox that was proven."""
    submitted_at: datetime = utc_column()
    overwrite_due_at: datetime = utc_column()
    """When the recorder has overwritten the first moment that is asked for."""
    preserved_at: datetime | None = utc_column(nullable=True)
    """When the control room confirmed that the whole of it is preserved; a correction undoes it."""
    warned: int = 0
    """How many of the warnings were written that nobody preserved it yet."""
    erased_at: datetime | None = utc_column(nullable=True)
    """When what is personal of it was erased."""
    erase_at: datetime | None = utc_column(nullable=True)
    """When it is looked again whether that can be done; none: nobody looked yet."""
    outcome: str = ""
    """This and what follows is what its steps come to (`evidence.requests.course`)."""
    settled_at: datetime | None = utc_column(nullable=True)
    answered_on: date | None = None
    stood: int = 0
    left_at: datetime | None = utc_column(nullable=True)


class RequestFactsRow(SQLModel, table=True):
    """What is asked, as `evidence.requests.asked` writes it: personal, and erasable."""

    __tablename__: ClassVar[Any] = "request_facts"
    request: UUID = Field(primary_key=True, foreign_key="request.id")
    facts: dict[str, Any] = json_column()


class RequestStepRow(SQLModel, table=True):
    """What was done with a request, one step after another, as the event of it says."""

    __tablename__: ClassVar[Any] = "request_step"
    request: UUID = Field(primary_key=True, foreign_key="request.id")
    number: int = Field(primary_key=True)
    event: str
    person: UUID | None = Field(default=None, foreign_key="person.id")
    """Who did it; none: nobody, or whom the row of the request names."""
    at: datetime = utc_column()
    told: dict[str, Any] = json_column()
    """What the event says beside people, by the names of its fields."""


class RequestDraftRow(SQLModel, table=True):
    """What somebody is filling in: no evidence, known by the digest of a cookie's secret."""

    __tablename__: ClassVar[Any] = "request_draft"
    secret_sha256: str = Field(primary_key=True)
    path: str
    answers: dict[str, Any] = json_column()
    mailbox: str = ""
    """The address that a code has proven."""
    started_at: datetime = utc_column()
    seen_at: datetime = utc_column()
    request: UUID | None = Field(default=None, foreign_key="request.id")
    """What became of it; it is submitted once."""
    corrects: UUID | None = Field(default=None, foreign_key="request.id")
    """The request that it corrects, begun by whoever asked for that one."""


class RequestVisitRow(SQLModel, table=True):
    """Somebody who looks after a request, from the number they typed on; there need not be one."""

    __tablename__: ClassVar[Any] = "request_visit"
    secret_sha256: str = Field(primary_key=True)
    urn: str
    proven_at: datetime | None = utc_column(nullable=True)
    """When they entered the code that went to the mailbox of who asked."""
    seen_at: datetime = utc_column()
