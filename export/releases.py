"""Service. Releases: proposed by one person, approved by another, then sealed by a job."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.canonical import JSON
from custody.events import RecordKind
from custody.ledger import Ledger, Person, Values
from evidence.access import Action, Subject, decide_approval
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits import Exhibits
from evidence.naming import make_urn, parse_urn
from evidence.people import People, as_person, require
from evidence.states import RELEASE_NEXT, ExhibitState, ReleaseState, move
from evidence.tables import ExhibitRow, PersonRow
from evidence.wording import check_words
from export.tables import ExhibitFileRow, ReleaseExhibitRow, ReleaseRow
from storage.jobs import Jobs

JOB_SEAL = "release.seal"
_NAME, _TEXT = 200, 2000
_CALLED = re.compile(r"(?P<urn>[A-Z0-9-]+)-R(?P<number>[1-9][0-9]{0,5})")


class ReleaseKind(StrEnum):
    """Who asks, which decides what a package opens and whether the master goes by default."""

    POLICE = "police"
    CPS = "cps"
    COUNCIL = "council"
    INSURER = "insurer"


WITH_MASTER = frozenset({ReleaseKind.POLICE, ReleaseKind.CPS, ReleaseKind.COUNCIL})
"""The kinds that are given the master unless the proposer says otherwise."""


@dataclass(frozen=True, slots=True)
class NewRelease:
    """What is proposed: which exhibits, to whom, on which legal basis and for what."""

    exhibits: tuple[str, ...]
    kind: ReleaseKind
    recipient_name: str
    recipient_email: str
    organisation: str
    purpose: str
    basis: str
    with_master: bool | None = None
    urn: str = ""


class Releases:
    """Knows every release."""

    def __init__(
        self,
        ledger: Ledger,
        exhibits: Exhibits,
        people: People,
        jobs: Jobs,
        *,
        urn_prefix: str,
        choose: Callable[[str], str],
        may_self_approve: bool,
    ) -> None:
        self._ledger = ledger
        self._exhibits = exhibits
        self._people = people
        self._jobs = jobs
        self._urn_prefix = urn_prefix
        self._choose = choose
        self._may_self_approve = may_self_approve

    def propose(
        self, session: Session, new: NewRelease, *, by: Subject, at: datetime
    ) -> ReleaseRow:
        """Propose a release of exhibits that are ready, or kept without a copy.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.PROPOSE_RELEASE, by)
        new = _check(new)
        exhibits = [self._exhibits.find(session, name) for name in new.exhibits]
        if not exhibits or len({exhibit.id for exhibit in exhibits}) != len(exhibits):
            raise InvalidError("exhibits", "name each exhibit that is released, once")
        with_master = new.kind in WITH_MASTER if new.with_master is None else new.with_master
        for exhibit in exhibits:
            _check_exhibit(exhibit, with_master=with_master)
        urn = parse_urn(new.urn) if new.urn else make_urn(self._urn_prefix, self._choose)
        recipient = self._people.add(session, new.recipient_name, email=new.recipient_email)
        record = self._ledger.open_record(session, RecordKind.RELEASE)
        row = ReleaseRow(
            id=record,
            urn=urn,
            number=self._next_number(session, urn),
            kind=new.kind,
            state=ReleaseState.PROPOSED,
            recipient=recipient,
            organisation=new.organisation,
            purpose=new.purpose,
            basis=new.basis,
            with_master=with_master,
            proposed_by=by.person,
            proposed_at=at,
        )
        session.add(row)
        session.flush()
        session.add_all(
            ReleaseExhibitRow(release=record, exhibit=exhibit.id) for exhibit in exhibits
        )
        who = Person(recipient, f"{new.recipient_name} <{new.recipient_email}>")
        self._ledger.append(
            session,
            record,
            "release.proposed",
            {
                "actor": as_person(by),
                "role": role.value,
                "kind": new.kind.value,
                "recipient": who,
                "files": self._files(session, exhibits, with_master=with_master),
                "exhibits": [str(exhibit.id) for exhibit in exhibits],
                "basis": row.basis,
                "purpose": row.purpose,
            },
            at=at,
        )
        return row

    def _files(
        self, session: Session, exhibits: Sequence[ExhibitRow], *, with_master: bool
    ) -> list[JSON]:
        """Return each file of the exhibits that the release would carry."""
        rows = session.exec(
            select(ExhibitFileRow)
            .where(col(ExhibitFileRow.exhibit).in_([exhibit.id for exhibit in exhibits]))
            .order_by(col(ExhibitFileRow.name))
        )
        kinds = released_kinds(with_master=with_master)
        return [{"sha256": row.sha256, "size": row.size} for row in rows if row.kind in kinds]

    def _next_number(self, session: Session, urn: str) -> int:
        highest = session.exec(select(func.max(ReleaseRow.number)).where(ReleaseRow.urn == urn))
        return (highest.one() or 0) + 1

    def approve(
        self,
        session: Session,
        name: str,
        *,
        by: Subject,
        at: datetime,
        reason: str = "",
        self_approve: bool = False,
    ) -> ReleaseRow:
        """Approve a release as a second person.

        Raises:
            AccessRefusedError: the role is missing, or the proposer approves what they proposed.
            StateError: it is not waiting for approval.
        """
        if self_approve and not self._may_self_approve:
            raise AccessRefusedError(
                Action.APPROVE_RELEASE, "only a demonstration can approve its own release"
            )
        # What a demonstration allows is to be one person, never to be without a role.
        needed = Action.PROPOSE_RELEASE if self_approve else Action.APPROVE_RELEASE
        role = require(needed, by)
        row = self.find(session, name, lock=True)
        if row.proposed_by != by.person:
            role = require(Action.APPROVE_RELEASE, by)
        decision = decide_approval(row.proposed_by, by.person, self_approve=self_approve)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_RELEASE, decision.reason)
        said = check_words("reason", reason, most=_TEXT, needed=False, lines=True)
        words = "; ".join(filter(None, (decision.reason, said)))
        self._decide(session, row, ReleaseState.APPROVED, by, role, words, at)
        return row

    def refuse(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ReleaseRow:
        """Refuse a release, with the reason that will be told.

        Raises:
            AccessRefusedError, StateError, InvalidError: nothing was recorded.
        """
        role = require(Action.REFUSE_RELEASE, by).value
        said = check_words("reason", reason, most=_TEXT, lines=True)
        row = self.find(session, name, lock=True)
        self._decide(session, row, ReleaseState.REFUSED, by, role, said, at)
        return row

    def _decide(
        self,
        session: Session,
        row: ReleaseRow,
        state: ReleaseState,
        by: Subject,
        role: str,
        reason: str,
        at: datetime,
    ) -> None:
        row.state = move(
            f"release {row.urn}-R{row.number}", ReleaseState(row.state), state, RELEASE_NEXT
        )
        row.reason = reason
        if state is ReleaseState.APPROVED:
            row.approved_by, row.approved_at = by.person, at
        values: Values = {"actor": as_person(by), "role": role, "reason": reason}
        self._ledger.append(session, row.id, f"release.{state}", values, at=at)

    def start_sealing(self, session: Session, name: str, *, by: Subject) -> ReleaseRow:
        """Defer the sealing of an approved release; asking again while it runs changes nothing.

        Raises:
            AccessRefusedError, StateError: nothing was deferred.
        """
        require(Action.SEAL_RELEASE, by)
        row = self.find(session, name, lock=True)
        if row.state == ReleaseState.SEALED:
            return row
        if row.state != ReleaseState.SEALING:
            label = f"release {row.urn}-R{row.number}"
            if row.state == ReleaseState.PROPOSED:
                raise StateError(f"{label} must be approved by a second person first")
            row.state = move(label, ReleaseState(row.state), ReleaseState.SEALING, RELEASE_NEXT)
        session.flush()
        self._jobs.defer(session, JOB_SEAL, str(row.id))
        return row

    def find(self, session: Session, name: str, *, lock: bool = False) -> ReleaseRow:
        """Return the release with this identifier, or this name such as ``BAR-…-J-R1``.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
        """
        name = check_words("release", name, most=_NAME)
        called = _CALLED.fullmatch(name.upper())
        row = None
        if called is not None:
            statement = select(ReleaseRow).where(
                ReleaseRow.urn == called["urn"], ReleaseRow.number == int(called["number"])
            )
            row = session.exec(statement.with_for_update() if lock else statement).first()
        else:
            try:
                row = session.get(ReleaseRow, UUID(name), with_for_update=lock or None)
            except ValueError:
                row = None
        if row is None:
            raise UnknownError(f"there is no release {name!r}: they look like BAR-7K4M-2XQ9-J-R1")
        return row

    def visible(self, session: Session, *, by: Subject) -> Sequence[ReleaseRow]:
        """Return every release, the newest first.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_RELEASE, by)
        return session.exec(select(ReleaseRow).order_by(col(ReleaseRow.proposed_at).desc())).all()

    def exhibits(self, session: Session, release: UUID) -> list[ExhibitRow]:
        """Return the exhibits of a release, by reference."""
        rows = session.exec(
            select(ExhibitRow)
            .join(ReleaseExhibitRow, col(ReleaseExhibitRow.exhibit) == ExhibitRow.id)
            .where(ReleaseExhibitRow.release == release)
        ).all()
        return sorted(rows, key=lambda row: row.reference)

    def recipient(self, session: Session, row: ReleaseRow) -> PersonRow:
        """Return the one person whom the release is for."""
        return session.get_one(PersonRow, row.recipient)


def released_kinds(*, with_master: bool) -> frozenset[str]:
    """Return the kinds of an exhibit's files that go into a package."""
    kinds = {"copy", "derivation", "frames", "contact_sheet"}
    return frozenset(kinds | {"master"} if with_master else kinds)


def _check(new: NewRelease) -> NewRelease:
    """Return what was said, in plain words."""
    email = check_words("recipient_email", new.recipient_email, most=254)
    local, _, domain = email.partition("@")
    if not local or "." not in domain or any(c.isspace() or c in "<>,;@" for c in local + domain):
        raise InvalidError("recipient_email", f"{email!r} is no e-mail address of one named person")
    return replace(
        new,
        recipient_email=email,
        recipient_name=check_words("recipient_name", new.recipient_name, most=_NAME),
        organisation=check_words("organisation", new.organisation, most=_NAME),
        purpose=check_words("purpose", new.purpose, most=_TEXT, lines=True),
        basis=check_words("basis", new.basis, most=_TEXT, lines=True),
    )


def _check_exhibit(row: ExhibitRow, *, with_master: bool) -> None:
    if row.state == ExhibitState.READY:
        return
    if row.state != ExhibitState.ATTENTION:
        raise StateError(f"{row.reference} is still being worked on ({row.state}): try again soon")
    if not with_master:
        raise StateError(
            f"{row.reference} has no working copy (see its findings), so a release without the "
            "master would hold nothing of it"
        )
