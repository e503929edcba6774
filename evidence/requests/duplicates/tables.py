"""Adapter. The table by which requests for the same are found, and nothing of them is read."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class LikenessRow(SQLModel, table=True):
    """What a request is found by: MACs, computed of what is asked and gone with it."""

    __tablename__: ClassVar[Any] = "request_likeness"
    request: UUID = Field(primary_key=True, foreign_key="request.id")
    claim_mac: str
    """Empty: no claim is named."""
    organisation_mac: str
    starts_at: datetime = utc_column()
    ends_at: datetime = utc_column()
