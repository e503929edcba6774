"""Service. What waits for a person of the staff, by what they may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, union
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import Select as RowsSelect

from evidence import attention
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.invoicing.states import AccountState
from evidence.fees.invoicing.tables import InvoiceAccountRow
from evidence.fees.tables import DifferenceRow
from evidence.mailbox.messages import LOST
from evidence.mailbox.tables import MessageRow
from evidence.paging import MOST_COUNTED
from evidence.people.access import Action, Subject, decide
from evidence.people.tokens import ending
from evidence.requests.correspondence.messages import ANSWERED
from evidence.requests.recorded import REVIEWED
from evidence.requests.tables import RequestRow, RequestStepRow
from evidence.retention.due import DueReviews
from export.desk.asked.queue import RequestGroup, is_in
from export.disposal.disposals import JOB_DISPOSE
from export.erasure.erasures import JOB_ERASE
from export.release.notices import ReleaseLetter
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow

_SHOWN = 5
_Rows: TypeAlias = RowsSelect[Any, Any]


@dataclass(frozen=True, slots=True)
class Queue:
    """Things that wait: how many, and the first few."""

    count: int
    first: Sequence[Any]


@dataclass(frozen=True, slots=True)
class LostMessage:
    """A message that did not arrive, and the release that it is about."""

    kind: str
    state: str
    words: str
    release: ReleaseRow


@dataclass(frozen=True, slots=True)
class StuckRelease:
    """A release of which a job was given up."""

    release: ReleaseRow
    words: str


@dataclass(frozen=True, slots=True)
class StoppedEnding:
    """The erasure of a person, or the disposal of an exhibit, whose job was given up."""

    subject: UUID
    words: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on somebody's desk; None: it is nothing of theirs."""

    attention: Queue | None
    stuck: Queue | None
    approvals: Queue | None
    seconds: Queue | None
    own: Queue | None
    """What they proposed themselves: somebody else must decide."""
    messages: Queue | None
    preserve: Queue | None
    """Requests whose footage nobody has preserved, what is overwritten next first."""
    documents: Queue | None
    """Requests with a document that nobody has checked."""
    found: Queue | None
    """Requests whose footage somebody else found, which wait for an approval in principle."""
    answers: Queue | None
    """Requests on which whoever asked has written, and nobody has answered or read it."""
    differences: Queue | None
    """What does not agree about money."""
    accounts: Queue | None
    """Accounts of firms that somebody else opened."""
    tokens: Queue | None
    """API tokens that end soon, the next one first."""
    reviews: Queue | None
    """Exhibits of which somebody is to say whether they are needed yet."""
    erasures: Queue | None
    """Erasures of people that stopped half way: to approve one again begins it anew."""
    disposals: Queue | None
    """Disposals of exhibits that stopped half way."""
    recent: Sequence[ExhibitRow]


def desk_of(session: Session, by: Subject, at: datetime, reviews: DueReviews) -> Desk:
    """Return what waits for ``by``; what they may not see is not looked for."""

    def may(action: Action) -> bool:
        return decide(action, by.roles).allowed

    def asked(group: RequestGroup, *conditions: ColumnElement[bool]) -> Queue:
        return _requests(session, is_in(group, at), *conditions)

    shows, releases = may(Action.SHOW_EXHIBIT), may(Action.SHOW_RELEASE)
    approves, proposed = may(Action.APPROVE_RELEASE), col(ReleaseRow.state) == _PROPOSED
    mine = col(ReleaseRow.proposed_by) == by.person
    return Desk(
        attention=_attention(session) if shows else None,
        stuck=_stuck(session) if releases else None,
        approvals=_releases(session, proposed, ~mine) if approves else None,
        seconds=_seconds(session, by.person) if approves else None,
        own=_releases(session, proposed, mine) if may(Action.PROPOSE_RELEASE) else None,
        messages=_lost(session) if may(Action.SHOW_MESSAGES) else None,
        preserve=asked(RequestGroup.PRESERVE) if may(Action.PRESERVE_FOOTAGE) else None,
        documents=asked(RequestGroup.DOCUMENTS) if may(Action.CHECK_DOCUMENT) else None,
        found=(
            asked(RequestGroup.APPROVE, ~_reviewed_by(by.person))
            if may(Action.APPROVE_REQUEST)
            else None
        ),
        answers=_answers(session) if may(Action.WRITE_MESSAGE) else None,
        differences=_differences(session) if may(Action.SETTLE_DIFFERENCE) else None,
        accounts=_accounts(session, by) if may(Action.APPROVE_ACCOUNT) else None,
        tokens=_tokens(session, at) if may(Action.SHOW_TOKENS) else None,
        reviews=(
            Queue(*reviews.waiting(session, at=at, most=_SHOWN))
            if may(Action.REVIEW_EXHIBIT)
            else None
        ),
        erasures=_stopped(session, JOB_ERASE) if may(Action.ERASE_PERSON) else None,
        disposals=_stopped(session, JOB_DISPOSE) if may(Action.APPROVE_DISPOSAL) else None,
        recent=_recent(session) if shows else (),
    )


_PROPOSED = ReleaseState.PROPOSED.value


def _queue(session: Session, wanted: Select[Any], first: Select[Any] | _Rows) -> Queue:
    """Return the first of what waits, and how many it is, up to one more than `MOST_COUNTED`.

    Few are counted by being read: most desks have a dozen queues, and most queues are short.
    """
    rows = session.execute(first.limit(_SHOWN + 1)).all()
    shown = [row[0] if len(row) == 1 else row for row in rows]
    if len(shown) <= _SHOWN:
        return Queue(len(shown), shown)
    some = wanted.limit(MOST_COUNTED + 1).subquery()
    count = session.scalar(select(func.count()).select_from(some)) or 0
    return Queue(count, shown[:_SHOWN])


def _recent(session: Session) -> Sequence[ExhibitRow]:
    newest = col(ExhibitRow.received_at).desc()
    return session.exec(select(ExhibitRow).order_by(newest).limit(_SHOWN)).all()


def _requests(session: Session, *conditions: ColumnElement[bool]) -> Queue:
    """Return requests, what is overwritten next first."""
    next_ones = select(RequestRow).where(*conditions).order_by(col(RequestRow.overwrite_due_at))
    return _queue(session, select(RequestRow.id).where(*conditions), next_ones)


def _reviewed_by(person: UUID) -> ColumnElement[bool]:
    """Return the condition that somebody said what the review of a request came to."""
    reviews = select(RequestStepRow.request).where(
        RequestStepRow.event == REVIEWED, RequestStepRow.person == person
    )
    return col(RequestRow.id).in_(reviews)


def _answers(session: Session) -> Queue:
    """Return requests on which a message waits for somebody, the one that waits longest first."""
    calls = attention.calls(ANSWERED)
    on = calls.c.subject == col(RequestRow.id)
    oldest = select(RequestRow).join(calls, on).order_by(calls.c.at)
    return _queue(session, select(RequestRow.id).join(calls, on), oldest)


def _attention(session: Session) -> Queue:
    """Return exhibits of which an examination, or a job, says that a person must look."""
    newest = col(ExhibitRow.received_at).desc()
    said = select(ExhibitRow.id).where(ExhibitRow.state == ExhibitState.ATTENTION.value)
    called = select(attention.calls().c.subject)

    def among(most: int) -> ColumnElement[bool]:
        # Two indexes, one after the other; with "or" PostgreSQL would read every exhibit.
        some = said.order_by(newest).limit(most).subquery()
        return col(ExhibitRow.id).in_(union(select(some.c.id), called))

    shown = select(ExhibitRow).where(among(_SHOWN + 1)).order_by(newest)
    return _queue(session, select(ExhibitRow.id).where(among(MOST_COUNTED + 1)), shown)


def _stuck(session: Session) -> Queue:
    calls = attention.calls()
    on = calls.c.subject == col(ReleaseRow.id)
    newest = select(ReleaseRow, calls.c.words).join(calls, on).order_by(calls.c.at.desc())
    found = _queue(session, select(ReleaseRow.id).join(calls, on), newest)
    return Queue(found.count, [StuckRelease(release, words) for release, words in found.first])


def _stopped(session: Session, job: str) -> Queue:
    """Return what was approved to go and has not gone wholly, what stopped first first."""
    calls = attention.calls(job)
    oldest = select(calls.c.subject, calls.c.words).order_by(calls.c.at)
    found = _queue(session, select(calls.c.subject), oldest)
    return Queue(found.count, [StoppedEnding(subject, words) for subject, words in found.first])


def _releases(session: Session, *wanted: ColumnElement[bool]) -> Queue:
    """Return releases, the one that has waited longest first."""
    oldest = select(ReleaseRow).where(*wanted).order_by(col(ReleaseRow.proposed_at))
    return _queue(session, select(ReleaseRow.id).where(*wanted), oldest)


def _seconds(session: Session, person: UUID) -> Queue:
    """Return urgent releases that one person approved, and no second one has confirmed."""
    over = (ReleaseState.REFUSED.value, ReleaseState.REVOKED.value)
    return _releases(
        session,
        col(ReleaseRow.urgent).is_(True),
        col(ReleaseRow.approved_at).is_not(None),
        col(ReleaseRow.seconded_at).is_(None),
        col(ReleaseRow.state).not_in(over),
        col(ReleaseRow.approved_by) != person,
    )


def _lost(session: Session) -> Queue:
    """Return letters to recipients that did not arrive, of releases not collected yet."""
    on = col(ReleaseRow.id) == col(MessageRow.about)
    lost = (
        col(MessageRow.state).in_(LOST),
        col(MessageRow.settled_at).is_(None),
        col(MessageRow.kind).not_in([kind.value for kind in ReleaseLetter]),
        col(ReleaseRow.collected_at).is_(None),
    )
    newest = col(MessageRow.queued_at).desc()
    found = _queue(
        session,
        select(MessageRow.id).join(ReleaseRow, on).where(*lost),
        select(MessageRow, ReleaseRow).join(ReleaseRow, on).where(*lost).order_by(newest),
    )
    return Queue(
        found.count,
        [LostMessage(row.kind, row.state, row.words, release) for row, release in found.first],
    )


def _differences(session: Session) -> Queue:
    """Return what does not agree about money and nobody has settled, the oldest first."""
    unsettled = col(DifferenceRow.settled_at).is_(None)
    oldest = select(DifferenceRow).where(unsettled).order_by(col(DifferenceRow.found_at))
    return _queue(session, select(DifferenceRow.id).where(unsettled), oldest)


def _accounts(session: Session, by: Subject) -> Queue:
    """Return accounts of firms that ``by`` may approve, the one that has waited longest first."""
    row = InvoiceAccountRow
    wanted = (col(row.state) == AccountState.PROPOSED.value, col(row.opened_by) != by.person)
    oldest = select(row).where(*wanted).order_by(col(row.opened_at))
    return _queue(session, select(row.id).where(*wanted), oldest)


def _tokens(session: Session, at: datetime) -> Queue:
    found = ending(session, at=at, most=MOST_COUNTED + 1)
    return Queue(len(found), found[:_SHOWN])
