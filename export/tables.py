"""Adapter. The tables of intake, views, releases and sealing."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from custody.tables import bytes_column, utc_column
from evidence.tables import json_column
from storage.objects import StoredObject


def big_integer() -> Any:  # noqa: ANN401 - SQLModel's Field wants Any here
    """Return a column for sizes and CRCs."""
    return Field(sa_column=Column(BigInteger, nullable=False))


class StoredFile(SQLModel):
    """Where a file lies in the object store, and what its bytes are."""

    bucket: str
    key: str
    version: str
    size: int
    sha256: str
    crc32: int

    def stored(self) -> StoredObject:
        """Return the object that this row names."""
        return StoredObject(
            bucket=self.bucket,
            key=self.key,
            version=self.version,
            size=self.size,
            sha256=self.sha256,
            crc32=self.crc32,
        )


def stored_columns(stored: StoredObject) -> dict[str, Any]:
    """Return the columns of `StoredFile` for a stored object."""
    return {
        "bucket": stored.bucket,
        "key": stored.key,
        "version": stored.version,
        "size": stored.size,
        "sha256": stored.sha256,
        "crc32": stored.crc32,
    }


class UploadRow(StoredFile, table=True):
    """Bytes that arrived, and belong to an exhibit once somebody says to which."""

    __tablename__: ClassVar[Any] = "upload"
    id: UUID = Field(primary_key=True)
    size: int = big_integer()
    crc32: int = big_integer()
    stored_at: datetime = utc_column()
    exhibit: UUID | None = Field(default=None, foreign_key="exhibit.id")
    scan: str = "not scanned"
    """What the malware scanner said, in words."""


class ResumableUploadRow(SQLModel, table=True):
    """An upload that may break off and go on (tus 1.0); its bytes wait in the spool."""

    __tablename__: ClassVar[Any] = "resumable_upload"
    id: UUID = Field(primary_key=True)
    person: UUID = Field(foreign_key="person.id")
    name: str
    length: int = big_integer()
    received: int = big_integer()
    state: str
    """open, complete (all bytes are here), stored (in the vault) or failed."""
    words: str = ""
    created_at: datetime = utc_column()
    expires_at: datetime = utc_column()
    upload: UUID | None = Field(default=None, foreign_key="upload.id")


class ResumableSegmentRow(SQLModel, table=True):
    """Bytes that were acknowledged, hashed as they came: what the vault must hold in the end."""

    __tablename__: ClassVar[Any] = "resumable_segment"
    resumable: UUID = Field(primary_key=True, foreign_key="resumable_upload.id")
    start: int = Field(sa_column=Column(BigInteger, primary_key=True))
    length: int = big_integer()
    sha256: str


class ExhibitFileRow(StoredFile, table=True):
    """One file of an exhibit: a master, or something that was made from masters."""

    __tablename__: ClassVar[Any] = "exhibit_file"
    __table_args__: ClassVar[Any] = (UniqueConstraint("exhibit", "name"),)
    id: UUID = Field(primary_key=True)
    exhibit: UUID = Field(foreign_key="exhibit.id", index=True)
    kind: str
    position: int
    """The master that it is, or was made from, counted from 0."""
    name: str
    original_name: str = ""
    size: int = big_integer()
    crc32: int = big_integer()
    stored_at: datetime = utc_column()
    words: str = ""
    """Of a working copy: how it compares with its master."""


class ViewingRow(SQLModel, table=True):
    """Somebody looked at a working copy: one event, and an address that plays for an hour."""

    __tablename__: ClassVar[Any] = "viewing"
    id: UUID = Field(primary_key=True)
    exhibit: UUID = Field(foreign_key="exhibit.id", index=True)
    file: UUID = Field(foreign_key="exhibit_file.id")
    person: UUID = Field(foreign_key="person.id")
    at: datetime = utc_column()


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
    """When it was revoked."""
    ended_reason: str = ""
    taken_by: UUID | None = Field(default=None, foreign_key="person.id")
    """Who of the staff was the first to take the package out of the house."""
    taken_at: datetime | None = utc_column(nullable=True)


class ReleaseFileRow(SQLModel, table=True):
    """A file that the proposer chose by name; no row: every file of the kinds that go."""

    __tablename__: ClassVar[Any] = "release_file"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    file: UUID = Field(primary_key=True, foreign_key="exhibit_file.id")


class ReleaseExhibitRow(SQLModel, table=True):
    """An exhibit that a release carries."""

    __tablename__: ClassVar[Any] = "release_exhibit"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    exhibit: UUID = Field(primary_key=True, foreign_key="exhibit.id")


class SealStepRow(SQLModel, table=True):
    """A step of sealing that is done, with the facts that later steps need. Written once."""

    __tablename__: ClassVar[Any] = "seal_step"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    step: str = Field(primary_key=True)
    done_at: datetime = utc_column()
    facts: dict[str, Any] = json_column()


class SealFileRow(SQLModel, table=True):
    """A small file of a package, made by a step of sealing. Written once."""

    __tablename__: ClassVar[Any] = "seal_file"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    path: str = Field(primary_key=True)
    data: bytes = bytes_column()


class AttentionRow(SQLModel, table=True):
    """A job that nobody will try again by itself: a person must look."""

    __tablename__: ClassVar[Any] = "attention"
    subject: UUID = Field(primary_key=True)
    job: str = Field(primary_key=True)
    words: str
    at: datetime = utc_column()
