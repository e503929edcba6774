"""Adapter. The tables of sealing: written once."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import bytes_column, json_column, utc_column


class SealStepRow(SQLModel, table=True):
    """A step of sealing that is done, with the facts that later steps need. Written once."""

    __tablename__: ClassVar[Any] = "seal_step"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    step: str = Field(primary_key=True)
    done_at: datetime = utc_column()
    facts: dict[str, Any] = json_column()


class SealFileRow(SQLModel, table=True):
    """A small file of a package, made by a step of sealing. Written once; see `aftercare`."""

    __tablename__: ClassVar[Any] = "seal_file"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    path: str = Field(primary_key=True)
    data: bytes = bytes_column()


class SealErasureRow(SQLModel, table=True):
    """That the papers of a sealing were erased, by whom and why. Written once."""

    __tablename__: ClassVar[Any] = "seal_erasure"
    release: UUID = Field(primary_key=True, foreign_key="release.id")
    person: UUID = Field(foreign_key="person.id")
    at: datetime = utc_column()
    reason: str
    files: int
    """How many went."""
