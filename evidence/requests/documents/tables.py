"""Adapter. The tables of documents: what is known of each, and apart from it the bytes, sealed."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import bytes_column, utc_column


class DocumentRow(SQLModel, table=True):
    """One document: of a draft until that is sent, and then of the request that it became."""

    __tablename__: ClassVar[Any] = "request_document"
    id: UUID = Field(primary_key=True)
    draft: str | None = Field(default=None, foreign_key="request_draft.secret_sha256")
    request: UUID | None = Field(default=None, foreign_key="request.id")
    kind: str
    type: str
    """Told by its content."""
    size: int
    sha256: str
    scan: str
    """What the malware scanner said, or why it said nothing."""
    received_at: datetime = utc_column()
    checked_at: datetime | None = utc_column(nullable=True)
    """When it was checked last."""
    deleted_at: datetime | None = utc_column(nullable=True)


class DocumentBytesRow(SQLModel, table=True):
    """The bytes of a document in their envelope, and the key to it: both end with this row."""

    __tablename__: ClassVar[Any] = "request_document_bytes"
    document: UUID = Field(primary_key=True, foreign_key="request_document.id")
    wrapped: bytes = bytes_column()
    sealed: bytes = bytes_column()
