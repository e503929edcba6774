"""Edge. What a letter says of the record that it is about: each kind of record has one reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import Session

from custody.formats.events import RecordKind
from custody.ledger.tables import CustodyRecord
from evidence.exhibits.tables import ExhibitRow
from evidence.requests.asked import parse_asked
from evidence.requests.tables import RequestFactsRow, RequestRow
from export.release.releases import label
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow


@dataclass(frozen=True, slots=True)
class Facts:
    """What letters about a record may say of it."""

    reference: str
    """How people call it, such as JS/1: made by us, so that it stands in letters as it is."""
    thing: str
    """What it is to whoever gets the letter, such as "CCTV package"."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What people wrote, by the name under which letters ask for it."""
    over: str = ""
    """Why nobody should be led to it any more; empty: they may."""


def facts_of(session: Session, record: UUID) -> Facts:
    """Return what a letter may say of ``record``, whatever kind of record that is."""
    row = session.get(CustodyRecord, record)
    if row is None:
        return Facts("", "CCTV request")  # of a request that is still being filled in
    return READERS[RecordKind(row.kind)](session, record)


def _release(session: Session, record: UUID) -> Facts:
    row = session.get_one(ReleaseRow, record)
    revoked = row.state == ReleaseState.REVOKED
    return Facts(
        reference=label(row),
        thing="CCTV package",
        names={"organisation": row.organisation},
        over="the release was taken back before it could be sent" if revoked else "",
    )


def _exhibit(session: Session, record: UUID) -> Facts:
    return Facts(session.get_one(ExhibitRow, record).reference, "CCTV exhibit")


def _request(session: Session, record: UUID) -> Facts:
    row = session.get_one(RequestRow, record)
    facts = session.get(RequestFactsRow, record)
    contact = "" if facts is None else parse_asked(facts.facts).contact
    return Facts(row.urn, "CCTV request", names={"contact": contact})


READERS: Mapping[RecordKind, Callable[[Session, UUID], Facts]] = {
    RecordKind.RELEASE: _release,
    RecordKind.EXHIBIT: _exhibit,
    RecordKind.REQUEST: _request,
}
"""Who knows a record of each kind; of the others there are no letters yet."""
