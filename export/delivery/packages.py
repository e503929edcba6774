"""Service. Sealed packages, and who takes them out of the house."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from custody.ledger import Ledger, Person, Values
from evidence.errors import StateError
from evidence.exhibits.references import format_release
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from export.delivery.recorded import Recorded
from export.release.contents import require_clean
from export.release.releases import Releases, label
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep, SealStore
from export.sealing.tables import SealStepRow


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

    def __init__(self, releases: Releases, ledger: Ledger, recorded: Recorded) -> None:
        self._releases = releases
        self._ledger = ledger
        self._recorded = recorded

    def find(self, session: Session, name: str, *, by: Subject) -> Package:
        """Return a package that ``by`` may take out at this moment; writes nothing.

        Raises:
            AccessRefusedError, StateError, UnknownError: they may not, or not any more.
        """
        require(Action.COLLECT_PACKAGE, by)
        return self._sealed(session, self._releases.find(session, name))

    def collect(self, session: Session, name: str, *, by: Subject, at: datetime) -> Package:
        """Return a package for ``by`` to take out; the first time is an event of each exhibit.

        Raises:
            AccessRefusedError, StateError, UnknownError: nothing was handed out.
        """
        role = require(Action.COLLECT_PACKAGE, by)
        row = self._releases.find(session, name, lock=True)
        left_before = row.collected_at is not None
        package = self.hand_over(session, row, to=as_person(by), role=role.value, at=at)
        if row.taken_at is None:
            row.taken_by, row.taken_at = by.person, at
            if left_before:
                # It left another way before: that staff took it too is on record all the same.
                self._record(session, row, package.sha256, to=as_person(by), role=role.value, at=at)
        return package

    def hand_over(
        self, session: Session, row: ReleaseRow, *, to: Person, role: str, at: datetime
    ) -> Package:
        """Return the package of a release that is locked; the first time is an event each exhibit.

        Whoever calls this has decided that ``to``, who acts as ``role``, may have it.

        Raises:
            StateError: nothing was handed out.
        """
        package = self._sealed(session, row)
        self.mark_left(session, row, to=to, role=role, at=at)
        return package

    def mark_left(
        self, session: Session, row: ReleaseRow, *, to: Person, role: str, at: datetime
    ) -> None:
        """Record that a package left the house, whichever way; only the first time is an event."""
        if row.collected_at is not None:
            return
        row.collected_at = at
        self._record(session, row, self.package(session, row).sha256, to=to, role=role, at=at)

    def _record(
        self, session: Session, row: ReleaseRow, sha256: str, *, to: Person, role: str, at: datetime
    ) -> None:
        """Write `exhibit.released` for each exhibit of a package that leaves."""
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
        require_clean(session, row)
        package = self.package(session, row)
        self._recorded.require_package(session, row)
        return package

    def package(self, session: Session, row: ReleaseRow) -> Package:
        """Return the package of a release that was sealed; writes nothing.

        Raises:
            StateError: it is not sealed yet.
        """
        store = SealStore(row.id)
        archive = store.facts(session, SealStep.ARCHIVE)
        checked = store.facts(session, SealStep.CHECK)
        if archive is None or checked is None:
            raise StateError(f"release {label(row)} is {row.state}: it must be sealed first")
        return Package(
            f"{label(row)}.zip",
            archive["key"],
            archive["version"],
            archive["size"],
            checked["sha256"],
            made_at=session.get_one(SealStepRow, (row.id, SealStep.CHECK.value)).done_at,
        )
