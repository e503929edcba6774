"""Service. The control room's queue of requests, and everything about one of them.

What is overwritten next stands first. Deciding and writing is `evidence/requests/decisions`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from evidence.cameras.coverage import Found
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.tables import FeeRow
from evidence.paging import MOST_COUNTED, Cursor, Page, page_of, soonest
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require
from evidence.people.tables import PersonRow
from evidence.requests.asked import Asked, parse_asked
from evidence.requests.clocks import DayKind, Pause, answer_due, days_left, is_late, month_due
from evidence.requests.coverage.findings import latest_found
from evidence.requests.links.links import incident_of, taken_in
from evidence.requests.recorded import (
    PAUSED,
    RESUMED,
    found_exhibits,
    pauses_of,
    standing_of,
    steps_of,
)
from evidence.requests.states import (
    ANSWERED,
    WAITS_FOR_FOOTAGE,
    Path,
    RequestStep,
    allowed_steps,
)
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestFactsRow, RequestRow, RequestStepRow
from export.desk.asked.queue import EVERY, RequestGroup, WantedRequests, is_in, is_wanted
from export.release.releases import label
from export.release.tables import ReleaseRow

_TURNS_CLOCKS = (PAUSED, RESUMED)


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """One request, as the queue shows it."""

    row: RequestRow
    organisation: str
    """Empty: what was asked is erased."""
    place: str
    claim: str
    """The claim or case reference of who asks."""
    left: int | None
    """Whole days until the recorder overwrites, below zero: it did; None: that is no matter."""
    due: date | None
    """By the end of which day an answer is due; None: it was given, or its clock stands."""
    late: bool
    since: datetime
    """From when on the time for an answer counts."""
    pauses: tuple[Pause, ...]
    stands: bool
    """Whether that time stands now, because something is asked of the person."""


@dataclass(frozen=True, slots=True)
class RequestStory:
    """Everything about one request."""

    listed: ListedRequest
    asked: Asked | None
    email: str
    steps: tuple[tuple[RequestStepRow, str], ...]
    """What was done, the first first, and by whom."""
    exhibits: tuple[str, ...]
    """The references of what the review found."""
    taken_in: Mapping[UUID, str]
    """What was taken in for it, by its references."""
    found: Found | None
    """What the register of cameras said of it last."""
    incident: str
    """The number of the council's incident that it belongs to; empty: none."""
    releases: tuple[str, ...]
    fees: tuple[FeeRow, ...]
    """What was asked for it, the first first; of who pays nothing, that they do not."""
    allowed: frozenset[RequestStep]
    """The steps that the table has from here; who may take them, `access` says."""
    reviewer: UUID | None
    paused: bool

    @property
    def row(self) -> RequestRow:
        """The request."""
        return self.listed.row


class RequestList:
    """Shows requests; decides and writes nothing."""

    def __init__(self, requests: Requests, *, answer_days: int, count: DayKind) -> None:
        self._requests = requests
        self._answer_days = answer_days
        self._count = count

    def page(
        self,
        session: Session,
        group: RequestGroup,
        *,
        wanted: WantedRequests = EVERY,
        by: Subject,
        at: datetime,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[ListedRequest]:
        """Return a page of the requests, what is overwritten next first.

        Raises:
            AccessRefusedError: ``by`` may see no request.
        """
        require(Action.SHOW_REQUEST, by)
        statement = select(RequestRow).where(is_in(group, at), is_wanted(wanted))
        due, identifier = col(RequestRow.overwrite_due_at), col(RequestRow.id)
        found = page_of(
            lambda place: session.exec(soonest(statement, due, identifier, place, most=most)).all(),
            lambda row: (row.overwrite_due_at, row.id),
            cursor,
            most=most,
        )
        return found.of(self.listed(session, found.rows, at))

    def counts(
        self, session: Session, *, wanted: WantedRequests = EVERY, by: Subject, at: datetime
    ) -> Mapping[RequestGroup, int]:
        """Return how many requests each group has, counted up to one more than `MOST_COUNTED`.

        Raises:
            AccessRefusedError: ``by`` may see no request.
        """
        require(Action.SHOW_REQUEST, by)
        counts = [
            select(func.count())
            .select_from(
                select(RequestRow.id)
                .where(is_in(group, at), is_wanted(wanted))
                .limit(MOST_COUNTED + 1)
                .subquery()
            )
            .scalar_subquery()
            for group in RequestGroup
        ]
        return dict(zip(RequestGroup, session.execute(select(*counts)).one(), strict=True))

    def story(self, session: Session, name: str, *, by: Subject, at: datetime) -> RequestStory:
        """Return everything about a request, for the staff.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: there is none, or not for ``by``.
        """
        require(Action.SHOW_REQUEST, by)
        return self.own(session, self._requests.find(session, name), at=at)

    def own(self, session: Session, row: RequestRow, *, at: datetime) -> RequestStory:
        """Return everything about a request, for whoever asked and proved it."""
        steps = steps_of(session, row.id)
        (listed,) = self.listed(session, [row], at)
        names = names_of(session, [step.person for step in steps])
        email = session.get_one(PersonRow, row.person).email
        found, kept = found_exhibits(steps), taken_in(steps)
        called = dict(
            session.exec(
                select(ExhibitRow.id, ExhibitRow.reference)
                .where(col(ExhibitRow.id).in_((*found, *kept)))
                .order_by(col(ExhibitRow.reference).collate("C"))
            ).all()
        )
        releases = session.exec(
            select(ReleaseRow).where(ReleaseRow.urn == row.urn).order_by(col(ReleaseRow.number))
        ).all()
        fees = session.exec(
            select(FeeRow)
            .where(FeeRow.request == row.id)
            .order_by(col(FeeRow.opened_at), col(FeeRow.stage).desc())
        ).all()
        standing = standing_of(row, steps)
        return RequestStory(
            listed=listed,
            asked=self._requests.asked(session, row.id),
            email=email,
            steps=tuple((step, _name(step, row, names)) for step in steps),
            exhibits=tuple(name for one, name in called.items() if one in found),
            taken_in={one: name for one, name in called.items() if one in kept},
            found=latest_found(steps),
            incident=incident_of(steps),
            releases=tuple(map(label, releases)),
            fees=tuple(fees),
            allowed=allowed_steps(standing),
            reviewer=standing.reviewer,
            paused=standing.paused,
        )

    def listed(
        self, session: Session, rows: Sequence[RequestRow], at: datetime
    ) -> list[ListedRequest]:
        """Return what the queue shows of requests, by as many statements as for one."""
        ids = [row.id for row in rows]
        asked = select(RequestFactsRow).where(col(RequestFactsRow.request).in_(ids))
        facts = {one.request: parse_asked(one.facts) for one in session.exec(asked)}
        pausing = select(RequestStepRow).where(
            col(RequestStepRow.request).in_(ids), col(RequestStepRow.event).in_(_TURNS_CLOCKS)
        )
        # Until it was paid it was the turn of who asked.
        paid: dict[UUID, datetime | None] = dict(
            session.exec(
                select(FeeRow.request, func.max(FeeRow.paid_at))
                .where(col(FeeRow.request).in_(ids))
                .group_by(col(FeeRow.request))
            ).all()
        )
        steps: dict[UUID, list[RequestStepRow]] = {}
        for step in session.exec(pausing.order_by(col(RequestStepRow.number))):
            steps.setdefault(step.request, []).append(step)
        return [
            self._shown(
                row,
                facts.get(row.id),
                steps.get(row.id, ()),
                paid.get(row.id) or row.submitted_at,
                at,
            )
            for row in rows
        ]

    def _shown(
        self,
        row: RequestRow,
        asked: Asked | None,
        steps: Sequence[RequestStepRow],
        since: datetime,
        at: datetime,
    ) -> ListedRequest:
        pauses = pauses_of(steps)
        waits = row.preserved_at is None and row.state in WAITS_FOR_FOOTAGE
        due = None
        if row.state not in ANSWERED and row.path == Path.SUBJECT:
            due = month_due(row.submitted_at, pauses)
        elif row.state not in ANSWERED:
            due = answer_due(since, self._answer_days, self._count)
        return ListedRequest(
            row=row,
            organisation="" if asked is None else asked.organisation,
            place="" if asked is None else asked.said("street"),
            claim="" if asked is None else asked.said("claim_reference"),
            left=days_left(row.overwrite_due_at, at) if waits else None,
            due=due,
            late=is_late(due, at),
            since=since,
            pauses=pauses,
            stands=row.state not in ANSWERED and bool(pauses) and pauses[-1].until is None,
        )


def _name(step: RequestStepRow, row: RequestRow, names: Mapping[UUID, str]) -> str:
    if step.person is None:
        return ""
    return "whoever asks" if step.person == row.person else names.get(step.person, "")
