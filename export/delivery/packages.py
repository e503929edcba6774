"""Service. Sealed packages, and who takes them out of the house: each time is on record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger, Person, Values
from evidence.errors import StateError
from evidence.exhibits.references import format_release
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.requests.decisions import RequestDecisions
from export.delivery.recorded import Recorded
from export.delivery.tables import DepartureRow
from export.release.contents import require_clean
from export.release.releases import Releases, label, require_recipient, require_second
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStore

RESUMES = timedelta(hours=1)
"""How long somebody of the staff goes on with what they began to take out."""


class Way(StrEnum):
    """How a package left the house."""

    LINK = "link"
    STAFF = "staff"
    """Somebody of the staff, or a machine of theirs: at a page, by the API, at the command line."""
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Package:
    """A sealed package, where it lies and what its bytes are."""

    name: str
    key: str
    version: str
    size: int
    sha256: str
    made_at: datetime
    """When it was joined and read back; it never changes after that."""


class Packages:
    """Hands out packages that were sealed and read back."""

    def __init__(
        self,
        releases: Releases,
        ledger: Ledger,
        recorded: Recorded,
        requests: RequestDecisions,
        *,
        new_id: Callable[[], UUID],
    ) -> None:
        self._releases = releases
        self._ledger = ledger
        self._recorded = recorded
        self._requests = requests
        self._new_id = new_id

    def find(self, session: Session, name: str, *, by: Subject) -> Package:
        """Return a package that ``by`` may take out at this moment; writes nothing.

        Raises:
            AccessRefusedError, StateError, UnknownError: they may not, or not any more.
        """
        require(Action.COLLECT_PACKAGE, by)
        row = self._releases.find(session, name)
        require_second(row, Action.COLLECT_PACKAGE)
        return self._sealed(session, row)

    def collect(
        self, session: Session, name: str, *, by: Subject, at: datetime, resumed: bool = False
    ) -> Package:
        """Return a package for ``by`` to take out; each time is an event of every exhibit.

        ``resumed``: they ask for a part behind its first byte. That goes on with what they began
        less than `RESUMES` ago, and is no other time; if they began nothing, it is one.

        Raises:
            AccessRefusedError, StateError, UnknownError: nothing was handed out.
        """
        role = require(Action.COLLECT_PACKAGE, by)
        row = self._releases.find(session, name, lock=True)
        require_second(row, Action.COLLECT_PACKAGE)
        package = self._sealed(session, row)
        if resumed and self._goes_on(session, row, by.person, at):
            return package
        self.mark_left(session, row, Way.STAFF, to=as_person(by), role=role.value, at=at)
        if row.taken_at is None:
            row.taken_by, row.taken_at = by.person, at
        return package

    def _goes_on(self, session: Session, row: ReleaseRow, person: UUID, at: datetime) -> bool:
        """Tell whether somebody of the staff began to take a package out a short time ago."""
        began = select(DepartureRow.id).where(
            DepartureRow.release == row.id,
            DepartureRow.person == person,
            DepartureRow.way == Way.STAFF,
            col(DepartureRow.at) > at - RESUMES,
            col(DepartureRow.at) <= at,
        )
        return session.exec(began.limit(1)).first() is not None

    def mark_left(
        self,
        session: Session,
        row: ReleaseRow,
        way: Way,
        *,
        to: Person,
        role: str,
        at: datetime,
        download: UUID | None = None,
        handoff: UUID | None = None,
    ) -> None:
        """Record that the package of a locked release leaves: a row, and an event each exhibit.

        Whoever calls this has decided that ``to``, who acts as ``role``, may have it, and hands
        nothing out before this transaction is committed.

        Raises:
            StateError: it is not sealed.
        """
        require_recipient(session, row)
        sha256 = self.package(session, row).sha256
        row.collected_at = row.collected_at or at
        self._requests.collected(session, row.urn, row.id, at=at)
        session.add(
            DepartureRow(
                id=self._new_id(),
                release=row.id,
                way=way.value,
                person=to.record,
                role=role,
                sha256=sha256,
                at=at,
                download=download,
                handoff=handoff,
            )
        )
        for exhibit in self._releases.exhibits(session, row.id):
            values: Values = {
                "actor": to,
                "role": role,
                "release": str(row.id),
                "sha256": sha256,
            }
            self._ledger.append(session, exhibit.id, "exhibit.released", values, at=at)

    def _sealed(self, session: Session, row: ReleaseRow) -> Package:
        """Return the package of a release that may leave now; raises StateError if it may not."""
        if row.state != ReleaseState.SEALED:
            label = format_release(row.urn, row.number)
            raise StateError(f"release {label} is {row.state}: it must be sealed first")
        require_recipient(session, row)
        require_clean(session, row)
        package = self.package(session, row)
        self._recorded.require_package(session, row)
        return package

    def package(self, session: Session, row: ReleaseRow) -> Package:
        """Return the package of a release that was sealed; writes nothing.

        Raises:
            StateError: it is not sealed yet.
        """
        joined = SealStore(row.id).joined(session)
        if joined is None:
            raise StateError(f"release {label(row)} is {row.state}: it must be sealed first")
        return Package(
            f"{label(row)}.zip",
            joined.archive["key"],
            joined.archive["version"],
            joined.archive["size"],
            joined.checked["sha256"],
            made_at=joined.at,
        )
