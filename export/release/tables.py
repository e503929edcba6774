"""Adapter. The tables of releases."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class ReleaseRow(SQLModel, table=True):
    """One release; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "release"
    __table_args__: ClassVar[Any] = (UniqueConstraint("urn", "number"),)
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    urn: str
    number: int
    kind: str
    state: str
    recipient: UUID = Field(foreign_key="person.id")
    organisation: str
    purpose: str
    basis: str
    with_master: bool
    proposed_by: UUID = Field(foreign_key="person.id")
    proposed_at: datetime = utc_column()
    approved_by: UUID | None = Field(default=None, foreign_key="person.id")
    approved_at: datetime | None = utc_column(nullable=True)
    reason: str = ""
    """Why it was approved or refused."""
    collected_at: datetime | None = utc_column(nullable=True)
    """When the package first left the house."""
    delivery: str = "none"
    """link, handoff (to a system that is not ours) or none (an edge fetches the package)."""
    urgent: bool = False
    """Threat to life: one approver now, a second within 24 hours."""
    link_days: int = 14
    seconded_by: UUID | None = Field(default=None, foreign_key="person.id")
    seconded_at: datetime | None = utc_column(nullable=True)
    seconded_reason: str = ""
    ended_by: UUID | None = Field(default=None, foreign_key="person.id")
    ended_at: datetime | None = utc_column(nullable=True)
    """When it was revoked or withdrawn."""
    ended_reason: str = ""
    taken_by: UUID | None = Field(default=None, foreign_key="person.id")
    """Who of the staff was the first to take the package out of the house."""
    taken_at: datetime | None = utc_column(nullable=True)
    replaces: UUID | None = Field(default=None, foreign_key="release.id", unique=True)
    """The proposal that was withdrawn as this one was made in its place."""


class ReleaseFileRow(SQLModel, table=True):
    """A file that the proposer chose by name; no row: every file of the kinds that go.

    Before a file is added to an exhibit, those that go are named here in the proposer's place.
    """

    __tablename__: ClassVar[Any] = "release_file"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    file: UUID = Field(primary_key=True, foreign_key="exhibit_file.id")
    fixed: bool = False
    """Named in the proposer's place: the proposal itself says of what digests it was made."""


class EarlierApprovalRow(SQLModel, table=True):
    """An approval that a correction of an exhibit has undone; its event stays."""

    __tablename__: ClassVar[Any] = "earlier_approval"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    number: int = Field(primary_key=True)
    approved_by: UUID = Field(foreign_key="person.id")
    approved_at: datetime = utc_column()
    reason: str
    undone_at: datetime = utc_column()


class ReleaseExhibitRow(SQLModel, table=True):
    """An exhibit that a release carries."""

    __tablename__: ClassVar[Any] = "release_exhibit"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    exhibit: UUID = Field(primary_key=True, foreign_key="exhibit.id")
    corrected_at: datetime | None = utc_column(nullable=True)
    """When it was corrected after the release was sealed: the package states another version."""


class ReleaseErasureRow(SQLModel, table=True):
    """That what a release says of its recipient was erased, by whom and why. Written once."""

    __tablename__: ClassVar[Any] = "release_erasure"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    person: UUID = Field(foreign_key="person.id")
    at: datetime = utc_column()
    reason: str
