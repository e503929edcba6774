"""Service. The papers of a sealing: small files that name people, erased when they may go.

A sealing keeps what it makes until it is done: records, events with their openings, the README.
Afterwards all of it is in the package, and here it is a second copy of names and addresses that
nobody needs. Three files stay, which name nobody, and which `release.sealed` commits to by digest:
tag manifest, signature and timestamp. What an erasure leaves is its row and its event.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, func, select

from custody.ledger.ledger import Ledger, Values
from evidence.errors import StateError
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from export.package.format import layout
from export.release.releases import Releases, label
from export.release.states import ReleaseState
from export.release.steps import needed_reason
from export.release.tables import ReleaseRow
from export.sealing.tables import SealErasureRow, SealFileRow

KEPT = (layout.TAG_MANIFEST, layout.SIGNATURE, layout.TIMESTAMP)
"""What stays: digests, a signature and a timestamp over them."""
ERASED = "release.papers_erased"


class Papers:
    """Erases the papers of sealings, each release in the caller's transaction."""

    def __init__(self, ledger: Ledger, releases: Releases) -> None:
        self._ledger = ledger
        self._releases = releases

    def left_of(self, session: Session, person: UUID) -> Sequence[UUID]:
        """Return the releases to a person of which there are papers yet, in a steady order.

        Whoever erases them one after another, and is killed, begins again with what this returns.
        """
        rows = session.exec(
            select(ReleaseRow.id)
            .where(ReleaseRow.recipient == person, _has_papers())
            .order_by(col(ReleaseRow.id))
        )
        return rows.all()

    def erase(self, session: Session, name: str, *, by: Subject, at: datetime, reason: str) -> int:
        """Erase the papers of one release; return how many files went, 0 if they had gone before.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is being sealed, and needs them; or there never were any.
        """
        role = require(Action.ERASE_PAPERS, by)
        said = needed_reason(reason)
        row = self._releases.find(session, name, lock=True)
        if session.get(SealErasureRow, row.id) is not None:
            return 0
        if row.state == ReleaseState.SEALING:
            raise StateError(f"release {label(row)} is being sealed: its papers are needed for it")
        gone = self._erase(session, row, said, by=by, role=role.value, at=at)
        if not gone:
            raise StateError(f"release {label(row)} was never sealed: there are no papers of it")
        return gone

    def erase_again(
        self, session: Session, release: UUID, *, by: Subject, role: str, at: datetime, reason: str
    ) -> int:
        """Erase the papers that a backup brought back, whatever the release is about to be.

        Done again, or where there are none, nothing is recorded.
        """
        row = self._releases.find(session, str(release), lock=True)
        if session.get(SealErasureRow, release) is not None:
            return 0
        return self._erase(session, row, reason, by=by, role=role, at=at)

    def _erase(
        self,
        session: Session,
        row: ReleaseRow,
        reason: str,
        *,
        by: Subject,
        role: str,
        at: datetime,
    ) -> int:
        """Erase the papers of a release that is locked."""
        own = (col(SealFileRow.release) == row.id) & col(SealFileRow.path).not_in(KEPT)
        left = session.exec(select(func.count()).select_from(SealFileRow).where(own)).one()
        if left:
            session.add(
                SealErasureRow(release=row.id, person=by.person, at=at, reason=reason, files=left)
            )
            session.flush()  # the database lets nothing go before that row is there
            session.exec(delete(SealFileRow).where(own))
            said: Values = {"actor": as_person(by), "role": role, "reason": reason}
            self._ledger.append(session, row.id, ERASED, said, at=at)
        return left


def _has_papers() -> ColumnElement[bool]:
    paper = select(SealFileRow.path).where(
        SealFileRow.release == ReleaseRow.id, col(SealFileRow.path).not_in(KEPT)
    )
    return paper.exists()
