"""Adapter. Columns that tables of several rooms have: moments, bytes, facts, stored files."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from storage.stored import StoredObject


def utc_column(*, nullable: bool = False, primary_key: bool = False) -> Any:  # noqa: ANN401 - SQLModel's Field wants Any here
    """Return a column for a moment in time; every moment in the database is UTC."""
    kind = DateTime(timezone=True)
    return Field(sa_column=Column(kind, nullable=nullable, primary_key=primary_key))


def moments_column() -> Any:  # noqa: ANN401 - as above
    """Return a column for a list of moments."""
    return Field(
        default_factory=list, sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False)
    )


def bytes_column() -> Any:  # noqa: ANN401 - as above
    """Return a column for raw bytes."""
    return Field(sa_column=Column(LargeBinary, nullable=False))


def maybe_bytes_column() -> Any:  # noqa: ANN401 - as above
    """Return a column for raw bytes that may be missing."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=True))


def json_column() -> Any:  # noqa: ANN401 - as above
    """Return a column for canonical facts that are only ever read whole."""
    return Field(sa_column=Column(JSONB, nullable=False))


def texts_column() -> Any:  # noqa: ANN401 - as above
    """Return a column for a list of words."""
    return Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))


def big_integer(*, primary_key: bool = False) -> Any:  # noqa: ANN401 - as above
    """Return a column for sizes, CRCs and places in a log: up to 2^63 - 1, never counted up."""
    if primary_key:
        return Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
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
