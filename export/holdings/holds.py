"""Service. Legal holds: decided by a person, recorded, and then set in the store by a job.

A hold is on each file of the exhibit, each version that a row names. Packages are not held: they
are made of these files, and the store keeps them for their own time. A hold is no handling of the
footage: its events are a custody record of their own, which names the exhibit, so that no package
tells of it. The store's hold is set with the disposal identity; whoever takes clips in has no right
to (storage/embedded/weed/policies.py).
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.errors import StateError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Role, Subject
from evidence.people.people import as_person, require
from evidence.wording import check_words
from export.holdings.files import files_of
from export.holdings.tables import ExhibitFileRow, LegalHoldRow
from storage.jobs import Jobs
from storage.objects.store import ObjectStore

JOB_HOLD = "hold.apply"
_TEXT = 2000


class HoldState(StrEnum):
    """Where a legal hold stands, as far as the store was seen to follow."""

    APPLYING = "applying"
    HELD = "held"
    LIFTING = "lifting"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold, and where it stands."""

    row: LegalHoldRow
    standing: HoldState


class Holds:
    """Places and lifts legal holds; ``vault`` is seen by the disposal identity."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        vault: ObjectStore,
        exhibits: Exhibits,
        ledger: Ledger,
        jobs: Jobs,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._vault = vault
        self._exhibits = exhibits
        self._ledger = ledger
        self._jobs = jobs
        self._clock = clock

    @property
    def vault(self) -> ObjectStore:
        """The vault, as the disposal identity sees it."""
        return self._vault

    def close(self) -> None:
        """Close the connections to the store."""
        self._vault.close()

    def place(
        self, session: Session, name: str, *, reason: str, by: Subject, at: datetime
    ) -> LegalHoldRow:
        """Place a hold; the store follows by a job of the same transaction.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: there is a hold already.
        """
        role = require(Action.PLACE_HOLD, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        exhibit = self._locked(session, name)
        if _open_hold(session, exhibit.id) is not None:
            raise StateError(f"{exhibit.reference} is under a legal hold already")
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        row = LegalHoldRow(
            id=record, exhibit=exhibit.id, placed_by=by.person, placed_at=at, reason=said
        )
        session.add(row)
        self._record(session, row, "hold.placed", by, role, said, at)
        return row

    def lift(
        self, session: Session, name: str, *, reason: str, by: Subject, at: datetime
    ) -> LegalHoldRow:
        """Lift the hold; the store follows by a job of the same transaction.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: there is no hold.
        """
        role = require(Action.LIFT_HOLD, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        exhibit = self._locked(session, name)
        row = _open_hold(session, exhibit.id)
        if row is None:
            raise StateError(f"{exhibit.reference} is under no legal hold")
        row.lifted_by, row.lifted_at, row.lifted_reason = by.person, at, said
        row.settled_at = None
        self._record(session, row, "hold.lifted", by, role, said, at)
        return row

    def _locked(self, session: Session, name: str) -> ExhibitRow:
        """Lock the exhibit: `apply` reads what is wanted under the same lock.

        So a job that waits already, and is not deferred a second time, cannot have read before us.
        """
        exhibit = self._exhibits.find(session, name)
        session.refresh(exhibit, with_for_update=True)
        return exhibit

    def _record(
        self,
        session: Session,
        row: LegalHoldRow,
        event: str,
        by: Subject,
        role: Role,
        reason: str,
        at: datetime,
    ) -> None:
        values: Values = {
            "actor": as_person(by),
            "role": role.value,
            "exhibit": str(row.exhibit),
            "reason": reason,
        }
        self._ledger.append(session, row.id, event, values, at=at)
        session.flush()
        self._jobs.defer(session, JOB_HOLD, str(row.exhibit))

    def of(self, session: Session, exhibit: UUID) -> Sequence[Hold]:
        """Return the holds of an exhibit, the newest first."""
        rows = session.exec(
            select(LegalHoldRow)
            .where(LegalHoldRow.exhibit == exhibit)
            .order_by(col(LegalHoldRow.placed_at).desc())
        ).all()
        if not rows:
            return ()
        newest_file = session.exec(
            select(func.max(ExhibitFileRow.stored_at)).where(ExhibitFileRow.exhibit == exhibit)
        ).one()
        newest = _newest_hold(session, exhibit)
        # What came before the newest hold is over, whether the store was asked in between or not.
        return [
            Hold(row, _standing(row, newest_file) if row == newest else HoldState.LIFTED)
            for row in rows
        ]

    def follow(self, exhibit: UUID) -> None:
        """Defer the job for an exhibit that got new files, if it is under a hold.

        Deferred and not done: only that job touches holds, and never two of it side by side.
        """
        with self._begin() as session:
            if is_held(session, exhibit):
                self._jobs.defer(session, JOB_HOLD, str(exhibit))

    def apply(self, exhibit: UUID) -> None:
        """Make the store hold each file of an exhibit, or let it go, as the rows say.

        The job. Does the same when it is called again; does nothing for an exhibit that never was
        under a hold. Each version is read back.

        Raises:
            UnavailableError: retry.
            RefusedError, NotFoundError: a person must look.
        """
        with self._begin() as session:
            session.get_one(ExhibitRow, exhibit, with_for_update=True)
            newest = _newest_hold(session, exhibit)
            if newest is None:
                return
            wanted, on = newest.id, newest.lifted_at is None
            files = files_of(session, exhibit)
            asked_at = self._clock()
        for file in files:
            self._vault.hold(file.key, file.version, on=on)
        # A crash here: the job does it again.
        with self._begin() as session:
            session.get_one(ExhibitRow, exhibit, with_for_update=True)
            row = session.get_one(LegalHoldRow, wanted)
            newest = _newest_hold(session, exhibit)
            unchanged = newest is not None and newest.id == wanted
            if unchanged and (row.lifted_at is None) == on:
                # Not a moment later: a file that was stored meanwhile is not held yet.
                row.settled_at = asked_at


def is_held(session: Session, exhibit: UUID) -> bool:
    """Tell whether an exhibit is under a legal hold, whatever the store has done about it."""
    return _open_hold(session, exhibit) is not None


def held_of(session: Session, exhibits: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of the exhibits that are under a legal hold."""
    rows = session.exec(
        select(LegalHoldRow.exhibit).where(
            col(LegalHoldRow.exhibit).in_(exhibits), col(LegalHoldRow.lifted_at).is_(None)
        )
    )
    return frozenset(rows)


def any_held(session: Session, exhibits: Collection[UUID]) -> bool:
    """Tell whether one of these exhibits is under a legal hold now."""
    held = select(LegalHoldRow.id).where(
        col(LegalHoldRow.exhibit).in_(exhibits), col(LegalHoldRow.lifted_at).is_(None)
    )
    return session.exec(held.limit(1)).first() is not None


def _open_hold(session: Session, exhibit: UUID) -> LegalHoldRow | None:
    return session.exec(
        select(LegalHoldRow).where(
            LegalHoldRow.exhibit == exhibit, col(LegalHoldRow.lifted_at).is_(None)
        )
    ).first()


def _newest_hold(session: Session, exhibit: UUID) -> LegalHoldRow | None:
    """Return the open hold, or the one that was lifted last."""
    return session.exec(
        select(LegalHoldRow)
        .where(LegalHoldRow.exhibit == exhibit)
        .order_by(col(LegalHoldRow.lifted_at).desc().nulls_first())
    ).first()


def _standing(row: LegalHoldRow, newest_file: datetime | None) -> HoldState:
    settled = row.settled_at
    if row.lifted_at is not None:
        return HoldState.LIFTED if settled else HoldState.LIFTING
    behind = settled is None or (newest_file is not None and newest_file > settled)
    return HoldState.APPLYING if behind else HoldState.HELD
