"""Service. Proposals: checked, and made into releases that wait for a second person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, func, select

from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger
from evidence.errors import InvalidError, StateError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.references import make_urn, parse_urn
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Role, Subject
from evidence.people.people import People, as_person, require
from evidence.requests.submissions import Requests
from export.holdings.files import MASTER
from export.holdings.tables import ExhibitFileRow
from export.release.contents import refuse_infected, refuse_undecided
from export.release.notices import Notices
from export.release.proposals import WITH_MASTER, NewRelease, check_proposal
from export.release.proposing.choices import choose
from export.release.releases import Releases, conditions_of, recipient_of
from export.release.requested import require_agreement
from export.release.states import ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseFileRow, ReleaseRow


@dataclass(frozen=True, slots=True)
class CheckedRelease:
    """A proposal that could be made, with what its names stand for."""

    new: NewRelease
    exhibits: tuple[ExhibitRow, ...]
    chosen: tuple[ExhibitFileRow, ...]
    """Masters and working copies that were named; none: every file of the kinds that go."""
    with_master: bool


class Proposals:
    """Takes proposals of the staff."""

    def __init__(
        self,
        ledger: Ledger,
        exhibits: Exhibits,
        people: People,
        releases: Releases,
        notices: Notices,
        requests: Requests,
        *,
        urn_prefix: str,
        choose: Callable[[str], str],
        police_domains: Sequence[str] = (),
        free: Sequence[str] = (),
        link_days: int = 14,
    ) -> None:
        self._ledger = ledger
        self._exhibits = exhibits
        self._people = people
        self._releases = releases
        self._notices = notices
        self._requests = requests
        self._urn_prefix = urn_prefix
        self._choose = choose
        self._police_domains = tuple(police_domains)
        self._free = frozenset(free)
        self._link_days = link_days

    def propose(
        self,
        session: Session,
        new: NewRelease,
        *,
        by: Subject,
        at: datetime,
        replaces: UUID | None = None,
    ) -> ReleaseRow:
        """Propose a release of exhibits that are ready, or kept without a copy.

        A proposal under an identifier that ``by`` has used already is the one that was made then.
        ``replaces``: the proposal that the caller withdraws, as this one takes its place.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.PROPOSE_RELEASE, by)
        if (made := self._made_already(session, new.id, by)) is not None:
            return made
        checked = self.check(session, new, by=by)
        recipient = self._people.add(
            session, checked.new.recipient_name, email=checked.new.recipient_email
        )
        row = self._add(session, checked, recipient, by=by, at=at, replaces=replaces)
        session.add_all(
            ReleaseExhibitRow(release=row.id, exhibit=exhibit.id) for exhibit in checked.exhibits
        )
        session.add_all(ReleaseFileRow(release=row.id, file=file.id) for file in checked.chosen)
        session.flush()
        self._record(session, row, checked, by=by, role=role, at=at)
        self._notices.waits(session, row, at=at)
        return row

    def check(self, session: Session, new: NewRelease, *, by: Subject) -> CheckedRelease:
        """Return what would be proposed, after every check of `propose`; records nothing.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: it would be refused.
        """
        require(Action.PROPOSE_RELEASE, by)
        new = check_proposal(
            new, police_domains=self._police_domains, free=self._free, link_days=self._link_days
        )
        if new.urn:
            new = replace(new, urn=parse_urn(new.urn))
        exhibits = [self._exhibits.find(session, name) for name in new.exhibits]
        if not exhibits or len({exhibit.id for exhibit in exhibits}) != len(exhibits):
            raise InvalidError("exhibits", "name each exhibit that is released, once")
        require_agreement(session, self._requests, new, exhibits)
        usual = new.kind in WITH_MASTER if new.with_master is None else new.with_master
        chosen = choose(session, exhibits, new.files, new.kind, with_master=usual)
        with_master = _with_master(new, chosen) if new.files else usual
        for exhibit in exhibits:
            _check_exhibit(exhibit, enough=with_master or bool(new.files))
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
        checked: CheckedRelease,
        recipient: UUID,
        *,
        by: Subject,
        at: datetime,
        replaces: UUID | None,
    ) -> ReleaseRow:
        new = checked.new
        urn = new.urn or make_urn(self._urn_prefix, self._choose)
        row = ReleaseRow(
            id=self._ledger.open_record(session, RecordKind.RELEASE, new.id),
            urn=urn,
            number=_next_number(session, urn),
            kind=new.kind,
            state=ReleaseState.PROPOSED,
            recipient=recipient,
            organisation=new.organisation,
            purpose=new.purpose,
            basis=new.basis,
            with_master=checked.with_master,
            proposed_by=by.person,
            proposed_at=at,
            delivery=new.delivery,
            urgent=new.urgent,
            link_days=new.link_days or self._link_days,
            replaces=replaces,
        )
        session.add(row)
        session.flush()
        return row

    def _record(
        self,
        session: Session,
        row: ReleaseRow,
        checked: CheckedRelease,
        *,
        by: Subject,
        role: Role,
        at: datetime,
    ) -> None:
        """Write `release.proposed`, the first event of the release's record."""
        new = checked.new
        files: list[JSON] = [
            {"sha256": file.sha256, "size": file.size}
            for file in self._releases.files(session, row)
        ]
        self._ledger.append(
            session,
            row.id,
            "release.proposed",
            {
                "actor": as_person(by),
                "role": role.value,
                "kind": new.kind.value,
                "recipient": recipient_of(session, row),
                "files": files,
                "exhibits": [str(exhibit.id) for exhibit in checked.exhibits],
                "basis": row.basis,
                "purpose": row.purpose,
                "conditions": conditions_of(row, [file.id for file in checked.chosen]),
            },
            at=at,
        )


def _next_number(session: Session, urn: str) -> int:
    highest = session.exec(select(func.max(ReleaseRow.number)).where(ReleaseRow.urn == urn))
    return (highest.one() or 0) + 1


def _with_master(new: NewRelease, chosen: Sequence[ExhibitFileRow]) -> bool:
    """Return whether a master goes, as the files say that were chosen."""
    found = any(file.kind == MASTER for file in chosen)
    if new.with_master is not None and new.with_master != found:
        raise InvalidError("files", "the files that were chosen say something else of the master")
    return found


def _check_exhibit(row: ExhibitRow, *, enough: bool) -> None:
    """Demand that an exhibit can go; ``enough``: even if nothing plays, there is a file of it."""
    refuse_undecided([row])
    if row.state != ExhibitState.READY and not enough:
        raise StateError(
            f"{row.reference} has no working copy (see its findings), so a release without the "
            "master would hold nothing of it"
        )
