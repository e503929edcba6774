"""Adapter. The table of what messages say: apart from the steps that tell of them, and erasable."""

from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, SQLModel


class RequestMessageRow(SQLModel, table=True):
    """The words of one message; who sent it and when, the step of this number says."""

    __tablename__: ClassVar[Any] = "request_message"
    request: UUID = Field(primary_key=True, foreign_key="request.id")
    number: int = Field(primary_key=True)
    words: str
