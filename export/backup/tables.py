"""Adapter. The table of objects that came back from a backup."""

from datetime import datetime
from typing import Any, ClassVar

from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class RestoredObjectRow(SQLModel, table=True):
    """What the store calls a version since it came back: rows and events keep the name of before.

    Written once by a restore. The bytes are those on record, or no restore names them.
    """

    __tablename__: ClassVar[Any] = "restored_object"
    bucket: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    """As rows and events name it."""
    now: str
    """As the store names it."""
    restored_at: datetime = utc_column()
