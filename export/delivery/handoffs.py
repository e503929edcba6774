"""Service. Packages that went another way than by our link: to whom, where, and on whose word."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from custody.formats.canonical import format_time
from custody.ledger.ledger import Ledger, Values
from evidence.errors import InvalidError, StateError
from evidence.exhibits.clocks import parse_local
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.wording import check_words
from export.delivery.packages import Packages, Way
from export.delivery.tables import HandoffRow
from export.release.releases import Releases, label, require_second
from export.release.states import ReleaseState

_NAME, _TEXT = 200, 2000
_CLOCK_SLACK = timedelta(minutes=5)
"""How far somebody's watch may be ahead of this machine."""
_OUT = frozenset({ReleaseState.SEALED, ReleaseState.EXPIRED})


@dataclass(frozen=True, slots=True)
class NewHandoff:
    """What whoever handed it over says."""

    system: str
    """Where it went: the force's own evidence system, or encrypted media with their number."""
    reference: str
    """How it is called there."""
    acceptance: str
    """Who took it, and in which words they accepted it."""
    handed_at: str = ""
    """When, as the clock on the wall showed; empty: now."""


class Handoffs:
    """Records hand-offs."""

    def __init__(
        self,
        ledger: Ledger,
        releases: Releases,
        packages: Packages,
        *,
        new_id: Callable[[], UUID],
    ) -> None:
        self._ledger = ledger
        self._releases = releases
        self._packages = packages
        self._new_id = new_id

    def record(
        self, session: Session, name: str, new: NewHandoff, *, by: Subject, at: datetime
    ) -> HandoffRow:
        """Record that a sealed package was handed over; the digest is ours, of what was sealed.

        The same hand-off recorded twice is one.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is not sealed, or was taken back.
        """
        role = require(Action.RECORD_HANDOFF, by)
        system = check_words("system", new.system, most=_NAME)
        reference = check_words("reference", new.reference, most=_NAME)
        acceptance = check_words("acceptance", new.acceptance, most=_TEXT, lines=True)
        row = self._releases.find(session, name, lock=True)
        if row.state not in _OUT:
            raise StateError(
                f"release {label(row)} is {row.state}: only a sealed package can be handed over"
            )
        require_second(row, Action.RECORD_HANDOFF)
        handed_at = _handed_at(new.handed_at, since=row.proposed_at, now=at)
        for made in self.of(session, row.id):
            if (made.system, made.reference) == (system, reference):
                return made
        handoff = HandoffRow(
            id=self._new_id(),
            release=row.id,
            person=by.person,
            system=system,
            reference=reference,
            acceptance=acceptance,
            sha256=self._packages.package(session, row).sha256,
            at=handed_at,
        )
        session.add(handoff)
        values: Values = {
            "actor": as_person(by),
            "role": role.value,
            "system": system,
            "reference": reference,
            "acceptance": acceptance,
            "handed": format_time(handed_at.replace(microsecond=0)),
            "sha256": handoff.sha256,
        }
        self._ledger.append(session, row.id, "handoff.recorded", values, at=at)
        self._packages.mark_left(
            session, row, Way.HANDOFF, to=as_person(by), role=role.value, at=at, handoff=handoff.id
        )
        return handoff

    def of(self, session: Session, release: UUID) -> Sequence[HandoffRow]:
        """Return the hand-offs of a release, the first first."""
        return session.exec(
            select(HandoffRow).where(HandoffRow.release == release).order_by(col(HandoffRow.at))
        ).all()


def _handed_at(text: str, *, since: datetime, now: datetime) -> datetime:
    """Return when it was handed over: not before it was proposed, and not in the future."""
    if not text.strip():
        return now
    moment = parse_local("handed_at", text)
    if moment - now > _CLOCK_SLACK:
        raise InvalidError("handed_at", "this time lies in the future: say when it was handed over")
    if moment < since.replace(second=0, microsecond=0):
        raise InvalidError("handed_at", "this time lies before the release was proposed")
    return moment
