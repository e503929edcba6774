"""Service. The control room's queue of requests, and everything about one of them.

What is overwritten next stands first. Deciding and writing is `evidence/requests/decisions`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, true
from sqlmodel import Session, col, func, select

from evidence.errors import InvalidError
from evidence.exhibits.references import parse_urn
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.tables import FeeRow
from evidence.paging import MOST_COUNTED, Cursor, Page, page_of, soonest
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require
from evidence.people.tables import PersonRow
from evidence.requests.asked import Asked, parse_asked
from evidence.requests.clocks import DayKind, answer_due, days_left, is_late, month_due
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
    ENDS,
    OPEN,
    WAITS_FOR_FOOTAGE,
    Path,
    RequestState,
    RequestStep,
    allowed_steps,
)
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestFactsRow, RequestRow, RequestStepRow
from export.release.releases import label
from export.release.tables import ReleaseRow


class RequestGroup(StrEnum):
    """Which requests the queue shows."""

    PRESERVE = "preserve"
    """Nobody has confirmed that their footage is preserved."""
    OPEN = "open"
    REVIEW = "review"
    """Somebody may look, or is looking."""
    APPROVE = "approve"
    """Footage was found; a second person has yet to agree."""
    UNPAID = "unpaid"
    RELEASE = "release"
    ENDED = "ended"


_S = RequestState
_TURNS_CLOCKS = (PAUSED, RESUMED)
_STATES: Mapping[RequestGroup, frozenset[RequestState]] = {
    RequestGroup.PRESERVE: WAITS_FOR_FOOTAGE,
    RequestGroup.OPEN: OPEN,
    RequestGroup.REVIEW: frozenset({_S.SUBMITTED, _S.REVIEWABLE, _S.IN_REVIEW}),
    RequestGroup.APPROVE: frozenset({_S.FOUND}),
    RequestGroup.UNPAID: frozenset({_S.REVIEW_DUE, _S.RELEASE_DUE}),
    RequestGroup.RELEASE: frozenset({_S.RELEASING, _S.RELEASED, _S.AWAITING_REDACTION}),
    RequestGroup.ENDED: ENDS,
}


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
        words: str = "",
        by: Subject,
        at: datetime,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[ListedRequest]:
        """Return a page of the requests, what is overwritten next first; ``words``: a number.

        Raises:
            AccessRefusedError: ``by`` may see no request.
        """
        require(Action.SHOW_REQUEST, by)
        statement = select(RequestRow).where(_is_in(group), _matching(words))
        due, identifier = col(RequestRow.overwrite_due_at), col(RequestRow.id)
        found = page_of(
            lambda place: session.exec(soonest(statement, due, identifier, place, most=most)).all(),
            lambda row: (row.overwrite_due_at, row.id),
            cursor,
            most=most,
        )
        return found.of(self.listed(session, found.rows, at))

    def counts(
        self, session: Session, *, words: str = "", by: Subject
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
                .where(_is_in(group), _matching(words))
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
        exhibits = session.exec(
            select(ExhibitRow.reference)
            .where(col(ExhibitRow.id).in_(found_exhibits(steps)))
            .order_by(col(ExhibitRow.reference).collate("C"))
        ).all()
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
            exhibits=tuple(exhibits),
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
        facts = {
            one.request: parse_asked(one.facts)
            for one in session.exec(
                select(RequestFactsRow).where(col(RequestFactsRow.request).in_(ids))
            )
        }
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
        """``since``: from when on the time for the answer counts."""
        waits = row.preserved_at is None and row.state in WAITS_FOR_FOOTAGE
        due = None
        if row.state not in ANSWERED and row.path == Path.SUBJECT:
            due = month_due(row.submitted_at, pauses_of(steps))
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
        )


def _name(step: RequestStepRow, row: RequestRow, names: Mapping[UUID, str]) -> str:
    if step.person is None:
        return ""
    return "whoever asks" if step.person == row.person else names.get(step.person, "")


def _is_in(group: RequestGroup) -> ColumnElement[bool]:
    states = col(RequestRow.state).in_(sorted(_STATES[group]))
    if group is not RequestGroup.PRESERVE:
        return states
    return and_(states, col(RequestRow.preserved_at).is_(None))


def _matching(words: str) -> ColumnElement[bool]:
    """Return the condition that this is the number, however it is typed; no words: every one."""
    if not words.strip():
        return true()
    try:
        return col(RequestRow.urn) == parse_urn(words)
    except InvalidError:
        return col(RequestRow.urn) == words.strip()
