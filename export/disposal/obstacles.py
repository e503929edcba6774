"""Service. What keeps an exhibit from being disposed of now, and what to do about each."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.requests.states import ENDS
from evidence.requests.tables import RequestRow, RequestStepRow
from export.erasure.obstacles import is_collectable, is_on_the_way
from export.holdings.files import files_of
from export.holdings.holds import is_held
from export.release.releases import label
from export.release.tables import ReleaseExhibitRow, ReleaseRow


def obstacles(
    session: Session, row: ExhibitRow, *, early: bool, retention: timedelta, at: datetime
) -> Sequence[str]:
    """Return what speaks against disposing of an exhibit at this moment; nothing: it can be.

    ``early``: whoever decides has said that it goes before its ``retention`` ended.
    """
    return list(_speaking(session, row, early=early, retention=retention, at=at))


def releases_of(session: Session, row: ExhibitRow) -> Sequence[ReleaseRow]:
    """Return every release that carries an exhibit, in a steady order."""
    found = (
        select(ReleaseRow)
        .join(ReleaseExhibitRow, col(ReleaseExhibitRow.release) == ReleaseRow.id)
        .where(ReleaseExhibitRow.exhibit == row.id)
    )
    return session.exec(found.order_by(col(ReleaseRow.id))).all()


def _speaking(
    session: Session, row: ExhibitRow, *, early: bool, retention: timedelta, at: datetime
) -> Iterator[str]:
    if is_held(session, row.id):
        yield "it is under a legal hold: that must be lifted first"
    if row.state in {ExhibitState.RECEIVED, ExhibitState.EXAMINED}:
        yield "it is still being worked on: try again when that is done"
    for release in releases_of(session, row):
        if is_on_the_way(release):
            yield f"release {label(release)} is {release.state}: refuse, withdraw or finish it"
        elif is_collectable(session, release, at):
            yield f"release {label(release)} can be collected: revoke it, or wait for its end"
    for urn in _asking(session, row):
        yield f"request {urn} is open and names it: close the request first"
    ends = max((one.stored_at for one in files_of(session, row.id)), default=at) + retention
    if not early and at < ends:
        yield (
            f"the store keeps it until {ends.date().isoformat()}: wait, or say that it is to go "
            "before its time"
        )


def _asking(session: Session, row: ExhibitRow) -> Sequence[str]:
    """Return the open requests for which this exhibit was found, or taken in."""
    told = col(RequestStepRow.told)
    named = or_(
        told.contains({"exhibits": [str(row.id)]}),
        told.contains({"exhibit": str(row.id)}),
    )
    steps = select(RequestStepRow.request).where(named)
    found = select(RequestRow.urn).where(
        col(RequestRow.id).in_(steps), col(RequestRow.state).not_in(sorted(ENDS))
    )
    return session.exec(found.order_by(RequestRow.urn)).all()
