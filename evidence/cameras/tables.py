"""Adapter. The tables of the register. Cameras and placements are changed and never deleted."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import json_column, texts_column, utc_column


class CameraRow(SQLModel, table=True):
    """A camera, also one that has gone: exhibits name it."""

    __tablename__: ClassVar[Any] = "camera"
    id: UUID = Field(primary_key=True)
    reference: str
    former: list[str] = texts_column()
    """The references that it had before, the oldest first."""
    kind: str
    siting: str
    views: list[str] = texts_column()
    owner: str = ""
    maker: str = ""
    origin: str = ""
    sensitive: bool = False
    gone_on: date | None = None


class PlacementRow(SQLModel, table=True):
    """Where a camera is or was; coordinates are millionths of a degree."""

    __tablename__: ClassVar[Any] = "camera_placement"
    camera: UUID = Field(primary_key=True, foreign_key="camera.id")
    number: int = Field(primary_key=True)
    """In the order of the register's canonical form, from 0."""
    location: str
    latitude: int | None = None
    longitude: int | None = None
    since: date | None = None
    until: date | None = None
    area: str = ""


class CameraImportRow(SQLModel, table=True):
    """A list that was taken over. ``record`` is the register's, the same in each."""

    __tablename__: ClassVar[Any] = "camera_import"
    number: int = Field(primary_key=True)
    record: UUID = Field(foreign_key="custody_record.id")
    person: UUID = Field(foreign_key="person.id")
    role: str
    at: datetime = utc_column()
    sha256: str
    """Of the list's bytes."""
    facts: dict[str, Any] = json_column()
    """What `cameras.imported` tells of it: its name and source, its columns, what it changed."""
    register_sha256: str
    """The version of the register that it made."""
