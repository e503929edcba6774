"""Adapter. The tables of what arrives."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import StoredFile, big_integer, utc_column


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
    removed_by: UUID | None = Field(default=None, foreign_key="person.id")
    removed_at: datetime | None = utc_column(nullable=True)
    """When somebody said that it was a mistake: it is kept as long as it must, and not used."""
    removed_reason: str = ""


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
    start: int = big_integer(primary_key=True)
    length: int = big_integer()
    sha256: str
