"""Service. How often an address may ask something within an hour: counted in the database.

So every process counts together, and a start forgets nothing. The address itself is never kept:
what is kept is a digest under a key of ours, another one each hour, gone with the hour after it.
"""

import hmac
from datetime import datetime, timedelta
from typing import Any, ClassVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, SQLModel, col, delete

from custody.formats.canonical import format_time
from storage.columns import utc_column

HOUR = timedelta(hours=1)
_INFO = b"custos/asked-often/v1"
_KEY_BYTES = 32


class AskedOftenRow(SQLModel, table=True):
    """How often somebody asked within an hour."""

    __tablename__: ClassVar[Any] = "asked_often"
    what: str = Field(primary_key=True)
    hour: datetime = utc_column(primary_key=True)
    address: str = Field(primary_key=True)
    """An HMAC of the address and the hour."""
    times: int


class Limits:
    """Counts what addresses ask."""

    def __init__(self, *, key: bytes) -> None:
        self._key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_INFO).derive(key)

    def count(
        self, session: Session, what: str, address: str, *, most: int, at: datetime
    ) -> timedelta | None:
        """Count one more of ``address``; return how long to wait, if that is one too many.

        None: it is welcome. The caller commits in either case.
        """
        hour = at.replace(minute=0, second=0, microsecond=0)
        told = f"{what}\0{format_time(hour)}\0{address}"
        row = {
            "what": what,
            "hour": hour,
            "address": hmac.digest(self._key, told.encode(), "sha256").hex(),
            "times": 1,
        }
        keys = ["what", "hour", "address"]
        # What is over its limit is counted no further: a flood writes nothing.
        counted = (
            insert(AskedOftenRow)
            .values(row)
            .on_conflict_do_update(
                index_elements=keys,
                set_={"times": col(AskedOftenRow.times) + 1},
                where=col(AskedOftenRow.times) < most,
            )
        )
        times = session.scalar(counted.returning(col(AskedOftenRow.times)))
        if times == 1:
            self._forget(session, what, before=hour - HOUR)
        return hour + HOUR - at if times is None else None

    def _forget(self, session: Session, what: str, *, before: datetime) -> None:
        """Delete what was counted in hours that are over."""
        session.exec(
            delete(AskedOftenRow).where(
                col(AskedOftenRow.what) == what, col(AskedOftenRow.hour) < before
            )
        )
