"""Adapter. The tables of what claims systems are told: changes, where we call, and each call."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity
from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class ChangeRow(SQLModel, table=True):
    """A request of a claims system came into another state."""

    __tablename__: ClassVar[Any] = "request_change"
    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    """Of one request, in the order in which they came; of several, in any."""
    person: UUID = Field(foreign_key="person.id")
    request: UUID = Field(foreign_key="request.id")
    urn: str
    state: str
    at: datetime = utc_column()
    number: int | None = None
    """Its place among the changes of a mailbox; none: it has none yet."""


class WebhookRow(SQLModel, table=True):
    """Where changes of a mailbox's requests are told."""

    __tablename__: ClassVar[Any] = "webhook"
    person: UUID = Field(primary_key=True, foreign_key="person.id")
    url: str
    secret_id: UUID
    """Of which the secret is computed; no row holds that."""
    former_id: UUID | None = None
    set_at: datetime = utc_column()
    told: int
    """The number of the last change that the system took."""
    attempts: int = 0
    """How often the next one was tried."""
    failing_since: datetime | None = utc_column(nullable=True)
    next_at: datetime | None = utc_column(nullable=True)
    """When it is tried again."""
    stopped_at: datetime | None = utc_column(nullable=True)
    """When we gave up."""


class WebhookCallRow(SQLModel, table=True):
    """A call that was made; of each mailbox the last ones are kept."""

    __tablename__: ClassVar[Any] = "webhook_call"
    id: UUID = Field(primary_key=True)
    person: UUID = Field(foreign_key="person.id")
    number: int
    at: datetime = utc_column()
    taken: bool
    words: str
