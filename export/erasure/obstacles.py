"""Service. What keeps people from being erased now, and what to do about each.

Erasing is refused, never done in part: whoever is answered is answered about all of it.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.people.people import signs_in
from evidence.requests.erasure.owed import is_unsettled
from evidence.requests.recorded import reviewed_exhibits, steps_of
from evidence.requests.states import ENDS
from evidence.requests.systems.tables import RequesterRow
from evidence.requests.tables import RequestRow
from export.delivery.alive import is_live
from export.delivery.tables import LinkRow
from export.holdings.holds import any_held
from export.release.releases import label
from export.release.states import ReleaseState
from export.release.tables import ReleaseErasureRow, ReleaseExhibitRow, ReleaseRow

_ON_THE_WAY = {ReleaseState.PROPOSED, ReleaseState.APPROVED, ReleaseState.SEALING}


def obstacles(session: Session, people: Collection[UUID], *, at: datetime) -> Sequence[str]:
    """Return what speaks against erasing these people at this moment; nothing: they can be."""
    return [
        *_known_otherwise(session, people),
        *_requests(session, people),
        *_releases(session, people, at),
    ]


def requests_of(session: Session, people: Collection[UUID]) -> Sequence[RequestRow]:
    """Return the requests of these people that are not erased, the first first."""
    found = select(RequestRow).where(
        col(RequestRow.person).in_(people), col(RequestRow.erased_at).is_(None)
    )
    return session.exec(found.order_by(col(RequestRow.submitted_at), col(RequestRow.id))).all()


def releases_to(session: Session, people: Collection[UUID]) -> Sequence[ReleaseRow]:
    """Return every release to one of these people, in a steady order."""
    found = select(ReleaseRow).where(col(ReleaseRow.recipient).in_(people))
    return session.exec(found.order_by(col(ReleaseRow.id))).all()


def _known_otherwise(session: Session, people: Collection[UUID]) -> Iterator[str]:
    if any(signs_in(session, person) for person in people):
        yield (
            "somebody with this address works here, or had a token: what staff did is evidence. "
            "Have their account closed at the identity provider, and their tokens revoked"
        )
    machine = select(RequesterRow.number).where(col(RequesterRow.person).in_(people)).limit(1)
    if session.exec(machine).first() is not None:
        yield "a claims system asks from this mailbox: end its agreement and its token first"


def _requests(session: Session, people: Collection[UUID]) -> Iterator[str]:
    for row in requests_of(session, people):
        if row.state not in ENDS:
            yield f"request {row.urn} is open: withdraw, refuse or close it first"
        elif is_unsettled(session, row.id):
            yield f"money of request {row.urn} is on its way: wait, or settle it first"
        elif any_held(session, reviewed_exhibits(steps_of(session, row.id))):
            yield f"footage of request {row.urn} is under a legal hold: it must be lifted first"


def _releases(session: Session, people: Collection[UUID], at: datetime) -> Iterator[str]:
    for row in releases_to(session, people):
        carried = select(ReleaseExhibitRow.exhibit).where(ReleaseExhibitRow.release == row.id)
        if is_on_the_way(row):
            yield f"release {label(row)} is {row.state}: refuse, withdraw or finish it first"
        elif is_collectable(session, row, at):
            yield f"release {label(row)} can be collected: revoke it, or wait until its link ended"
        elif any_held(session, session.exec(carried).all()):
            yield f"footage of release {label(row)} is under a legal hold: it must be lifted first"


def is_on_the_way(row: ReleaseRow) -> bool:
    """Tell whether a release may yet be sealed."""
    return row.state in _ON_THE_WAY


def is_collectable(session: Session, row: ReleaseRow, at: datetime) -> bool:
    """Tell whether somebody may yet take out what they have not: by a link, or at all."""
    if row.state != ReleaseState.SEALED or session.get(ReleaseErasureRow, row.id) is not None:
        return False
    links = session.exec(select(LinkRow).where(LinkRow.release == row.id)).all()
    return row.collected_at is None or any(is_live(session, link, at=at) for link in links)
