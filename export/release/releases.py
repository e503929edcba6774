"""Service. Releases: proposed by one person, approved by another, then sealed by a job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.canonical import JSON
from custody.events import RecordKind
from custody.ledger import Ledger, Person, Values
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.clocks import utc_text
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.references import format_release, make_urn, parse_release, parse_urn
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject, decide_approval, decide_second
from evidence.people.people import People, as_person, require
from evidence.people.tables import PersonRow
from evidence.states import move
from evidence.wording import check_words
from export.holdings.files import MASTER
from export.holdings.tables import ExhibitFileRow
from export.release.contents import carried, choose, refuse_infected, released_kinds
from export.release.proposals import WITH_MASTER, NewRelease, ReleaseKind, check_proposal
from export.release.states import RELEASE_NEXT, ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseFileRow, ReleaseRow
from storage.jobs import Jobs

__all__ = ["JOB_SEAL", "NewRelease", "ReleaseKind", "Releases", "label", "released_kinds"]

JOB_SEAL = "release.seal"
JOB_ISSUE = "link.issue"
"""Subject: a release. Deferred when one that goes by link is sealed, in that transaction."""
_NAME, _TEXT = 200, 2000
SECOND_WITHIN = timedelta(hours=24)
"""By when a second person must have confirmed an urgent release."""


@dataclass(frozen=True, slots=True)
class CheckedRelease:
    """A proposal that could be made, with what its names stand for."""

    new: NewRelease
    exhibits: tuple[ExhibitRow, ...]
    chosen: tuple[ExhibitFileRow, ...]
    """Masters and working copies that were named; none: every file of the kinds that go."""
    with_master: bool


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
        police_domains: Sequence[str] = (),
        link_days: int = 14,
    ) -> None:
        self._ledger = ledger
        self._exhibits = exhibits
        self._people = people
        self._jobs = jobs
        self._urn_prefix = urn_prefix
        self._choose = choose
        self._may_self_approve = may_self_approve
        self._police_domains = tuple(police_domains)
        self._link_days = link_days

    def propose(
        self, session: Session, new: NewRelease, *, by: Subject, at: datetime
    ) -> ReleaseRow:
        """Propose a release of exhibits that are ready, or kept without a copy.

        A proposal under an identifier that ``by`` has used already is the one that was made then.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.PROPOSE_RELEASE, by)
        if (made := self._made_already(session, new.id, by)) is not None:
            return made
        checked = self.check(session, new, by=by)
        new, exhibits, chosen = checked.new, checked.exhibits, checked.chosen
        with_master = checked.with_master
        recipient = self._people.add(session, new.recipient_name, email=new.recipient_email)
        row = self._add(session, new, recipient, with_master=with_master, by=by, at=at)
        session.add_all(
            ReleaseExhibitRow(release=row.id, exhibit=exhibit.id) for exhibit in exhibits
        )
        session.add_all(ReleaseFileRow(release=row.id, file=file.id) for file in chosen)
        session.flush()
        who = Person(recipient, f"{new.recipient_name} <{new.recipient_email}>")
        files: list[JSON] = [
            {"sha256": file.sha256, "size": file.size} for file in self.files(session, row)
        ]
        self._ledger.append(
            session,
            row.id,
            "release.proposed",
            {
                "actor": as_person(by),
                "role": role.value,
                "kind": new.kind.value,
                "recipient": who,
                "files": files,
                "exhibits": [str(exhibit.id) for exhibit in exhibits],
                "basis": row.basis,
                "purpose": row.purpose,
            },
            at=at,
        )
        return row

    def check(self, session: Session, new: NewRelease, *, by: Subject) -> CheckedRelease:
        """Return what would be proposed, after every check of `propose`; records nothing.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: it would be refused.
        """
        require(Action.PROPOSE_RELEASE, by)
        new = check_proposal(new, police_domains=self._police_domains, link_days=self._link_days)
        if new.urn:
            new = replace(new, urn=parse_urn(new.urn))
        exhibits = [self._exhibits.find(session, name) for name in new.exhibits]
        if not exhibits or len({exhibit.id for exhibit in exhibits}) != len(exhibits):
            raise InvalidError("exhibits", "name each exhibit that is released, once")
        chosen = choose(session, exhibits, new.files)
        with_master = _with_master(new, chosen)
        for exhibit in exhibits:
            _check_exhibit(exhibit, enough=with_master or bool(chosen))
        refuse_infected(session, exhibits, chosen, with_master=with_master)
        return CheckedRelease(new, tuple(exhibits), tuple(chosen), with_master)

    def _made_already(
        self, session: Session, release: UUID | None, by: Subject
    ) -> ReleaseRow | None:
        row = None if release is None else session.get(ReleaseRow, release)
        if row is not None and row.proposed_by != by.person:
            raise InvalidError("id", "there is a release of this identifier already")
        return row

    def _add(
        self,
        session: Session,
        new: NewRelease,
        recipient: UUID,
        *,
        with_master: bool,
        by: Subject,
        at: datetime,
    ) -> ReleaseRow:
        urn = new.urn or make_urn(self._urn_prefix, self._choose)
        row = ReleaseRow(
            id=self._ledger.open_record(session, RecordKind.RELEASE, new.id),
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
            delivery=new.delivery,
            urgent=new.urgent,
            link_days=new.link_days or self._link_days,
        )
        session.add(row)
        session.flush()
        return row

    def files(self, session: Session, row: ReleaseRow) -> list[ExhibitFileRow]:
        """Return every file that a release carries, exhibit by exhibit."""
        return [
            file
            for exhibit in self.exhibits(session, row.id)
            for file in carried(session, row, exhibit.id)
        ]

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
        seal: bool = False,
    ) -> ReleaseRow:
        """Approve a release as a second person; an urgent one as the only person so far.

        With ``seal`` the sealing is deferred in the same transaction.

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
        due = ""
        if row.urgent and not self_approve:
            due = utc_text((at + SECOND_WITHIN).replace(microsecond=0))
        decision = decide_approval(row.proposed_by, by.person, self_approve=self_approve, due=due)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_RELEASE, decision.reason)
        words = _reason(decision.reason, reason)
        self._decide(session, row, ReleaseState.APPROVED, by, role, words, at)
        return self.start_sealing(session, str(row.id), by=by) if seal else row

    def second(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str = ""
    ) -> ReleaseRow:
        """Confirm an urgent release that one person approved.

        Never while it is sealed: an event between the history that goes into the package and the
        seal would stop the sealing for good.

        Raises:
            AccessRefusedError: the role is missing, or it is the same person.
            StateError: it needs no confirmation, has it, or is just being sealed.
        """
        role = require(Action.APPROVE_RELEASE, by)
        row = self.find(session, name, lock=True)
        if not row.urgent or row.approved_by is None or row.approved_at is None:
            raise StateError(f"release {label(row)} waits for no second approval")
        if row.seconded_by is not None:
            raise StateError(f"release {label(row)} was confirmed by a second person already")
        if row.state == ReleaseState.SEALING:
            raise StateError(f"release {label(row)} is being sealed: confirm it when that is done")
        if row.state in {ReleaseState.REFUSED, ReleaseState.REVOKED}:
            raise StateError(f"release {label(row)} is {row.state}: there is nothing to confirm")
        late = at > row.approved_at + SECOND_WITHIN
        decision = decide_second(row.approved_by, by.person, late=late)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_RELEASE, decision.reason)
        row.seconded_by, row.seconded_at = by.person, at
        row.seconded_reason = _reason(decision.reason, reason)
        values: Values = {
            "actor": as_person(by),
            "role": role.value,
            "reason": row.seconded_reason,
        }
        self._ledger.append(session, row.id, "release.approved", values, at=at)
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
        row.state = move(f"release {label(row)}", ReleaseState(row.state), state, RELEASE_NEXT)
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
            called = f"release {label(row)}"
            if row.state == ReleaseState.PROPOSED:
                raise StateError(f"{called} must be approved by a second person first")
            row.state = move(called, ReleaseState(row.state), ReleaseState.SEALING, RELEASE_NEXT)
        session.flush()
        self._jobs.defer(session, JOB_SEAL, str(row.id))
        return row

    def find(self, session: Session, name: str, *, lock: bool = False) -> ReleaseRow:
        """Return the release with this identifier, or this name such as ``BAR-…-J-R1``.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
        """
        name = check_words("release", name, most=_NAME)
        called = parse_release(name)
        row = None
        if called is not None:
            statement = select(ReleaseRow).where(
                ReleaseRow.urn == called[0], ReleaseRow.number == called[1]
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


def label(row: ReleaseRow) -> str:
    """Return how people call a release: ``BAR-7K4M-2XQ9-J-R1``."""
    return format_release(row.urn, row.number)


def _reason(ours: str, theirs: str) -> str:
    """Return the reason of an approval: what it is, always first, then what somebody said."""
    said = check_words("reason", theirs, most=_TEXT, needed=False, lines=True)
    return "; ".join(filter(None, (ours, said)))


def _with_master(new: NewRelease, chosen: Sequence[ExhibitFileRow]) -> bool:
    """Return whether a master goes: as the files say that were chosen, as asked, or as usual."""
    if not chosen:
        return new.kind in WITH_MASTER if new.with_master is None else new.with_master
    found = any(file.kind == MASTER for file in chosen)
    if new.with_master is not None and new.with_master != found:
        raise InvalidError("files", "the files that were chosen say something else of the master")
    return found


def _check_exhibit(row: ExhibitRow, *, enough: bool) -> None:
    """Demand that an exhibit can go; ``enough``: even if nothing plays, there is a file of it."""
    if row.state == ExhibitState.READY:
        return
    if row.state != ExhibitState.ATTENTION:
        raise StateError(f"{row.reference} is still being worked on ({row.state}): try again soon")
    if not enough:
        raise StateError(
            f"{row.reference} has no working copy (see its findings), so a release without the "
            "master would hold nothing of it"
        )
