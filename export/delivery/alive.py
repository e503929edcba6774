"""Service. Which links and collections are alive: the clock decides, whatever is written down.

Everybody who is about to let something happen by a link asks here, and takes the locks in the one
order: the release, its link, the collection.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from evidence.errors import StateError
from evidence.secrets import secret_digest
from export.delivery.tables import CollectionRow, DownloadRow, LinkRow
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow

LONGEST = timedelta(hours=12)
"""How long a collection lives at most, from the right code on."""
IDLE = timedelta(minutes=60)
"""How long a browser may show no page before its collection is over."""
OVER = (
    "This collection is over: it was open for too long, or its link ended. Open the link in your "
    "e-mail again and ask for a new code."
)
"""What the recipient reads then, whatever it was that ended."""


def open_collection(
    session: Session,
    secret: str,
    *,
    at: datetime,
    resuming: bool = False,
    lock: bool = False,
) -> tuple[CollectionRow, LinkRow]:
    """Return a collection and its link, both alive at ``at``.

    ``resuming``: something that was authorised goes on. A browser does that by itself, hours
    later and without a page being opened, so being idle does not end it.

    Raises:
        StateError: the collection is over, or there is none; one sentence for both.
    """
    row = session.exec(select(CollectionRow).where(known_by(secret))).first()
    if row is None:
        raise StateError(OVER)
    link = lock_link(session, row.link) if lock else session.get_one(LinkRow, row.link)
    if lock:
        session.refresh(row, with_for_update=True)  # it may have been left while we waited
    idle = not resuming and at >= row.seen_at + IDLE
    if row.ended_at is not None or at >= row.started_at + LONGEST or idle:
        raise StateError(OVER)
    if not is_live(session, link, at=at):
        raise StateError(OVER)
    return row, link


def known_by(secret: str) -> ColumnElement[bool]:
    """Return the condition for the collection of a browser that holds this secret."""
    return col(CollectionRow.secret_sha256) == secret_digest(secret)


def is_live(session: Session, link: LinkRow, *, at: datetime) -> bool:
    """Tell whether a link works: the clock decides, not whether its end was written down."""
    ended = link.revoked_at is not None or link.expired_at is not None or at >= link.expires_at
    return not ended and session.get_one(ReleaseRow, link.release).state == ReleaseState.SEALED


def lock_link(session: Session, link: UUID) -> LinkRow:
    """Lock a link's release and then the link, as everybody does; return the link as it is now."""
    release = session.get_one(LinkRow, link).release
    session.get_one(ReleaseRow, release, with_for_update=True, populate_existing=True)
    return session.get_one(LinkRow, link, with_for_update=True, populate_existing=True)


def downloads_of(session: Session, link: UUID) -> Sequence[DownloadRow]:
    """Return what was authorised of a link, the first first."""
    return session.exec(
        select(DownloadRow)
        .where(DownloadRow.link == link)
        .order_by(col(DownloadRow.authorised_at), col(DownloadRow.id))
    ).all()
