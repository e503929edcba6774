"""Service. What waits for a person, because no job will try it again: the one owner of it.

Whoever calls a person says in which words; whoever shows something asks here what was said of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Subquery, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, SQLModel, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.columns import utc_column

THE_LOG = UUID("c0570d1a-0000-4000-8000-000000000106")
"""The subject of calls about the custody log as a whole: every page of the staff tells them."""
NOT_AS_STORED = "exhibit.recheck"
"""The job that found files of an exhibit which are not what was stored: every page tells of it."""

NOT_READ = "exhibit.unread"
"""That the same job was given up before it knew anything of the files: nothing was found."""


class AttentionRow(SQLModel, table=True):
    """A call to a person: at most one for each subject and job."""

    __tablename__: ClassVar[Any] = "attention"
    subject: UUID = Field(primary_key=True)
    """The exhibit, release or request that it is about; or `THE_LOG`."""
    job: str = Field(primary_key=True)
    """The job that nobody will try again by itself, or another name of what is wrong."""
    words: str
    at: datetime = utc_column()


@dataclass(frozen=True, slots=True)
class Call:
    """What a person must look at."""

    job: str
    words: str
    at: datetime


def call(session: Session, subject: UUID, job: str, words: str, *, at: datetime) -> None:
    """Call a person to ``subject``; of one job, what was said last stands."""
    said = {"words": words, "at": at}
    calling = insert(AttentionRow).values(subject=subject, job=job, **said)
    session.execute(calling.on_conflict_do_update(index_elements=["subject", "job"], set_=said))


def call_once(session: Session, subject: UUID, job: str, words: str, *, at: datetime) -> None:
    """Call a person to ``subject``; of one job, what was said first stands."""
    calling = insert(AttentionRow).values(subject=subject, job=job, words=words, at=at)
    session.execute(calling.on_conflict_do_nothing())


def settle(session: Session, subject: UUID, job: str) -> None:
    """Take a call back, because its cause is gone; where there is none, nothing happens."""
    found = col(AttentionRow.subject) == subject
    session.exec(delete(AttentionRow).where(found, col(AttentionRow.job) == job))


def calls_to(session: Session, subject: UUID) -> Sequence[Call]:
    """Return what a person must look at in ``subject``, the first first."""
    return calls_among(session, [subject]).get(subject, ())


def calls_among(session: Session, subjects: Collection[UUID]) -> Mapping[UUID, Sequence[Call]]:
    """Return what a person must look at in each of these, the first first; nothing: no key."""
    # Columns, not rows: what this transaction itself said last is seen, too.
    said = select(AttentionRow.subject, AttentionRow.job, AttentionRow.words, AttentionRow.at)
    of = said.where(col(AttentionRow.subject).in_(subjects))
    found: dict[UUID, list[Call]] = {}
    for subject, job, words, at in session.exec(
        of.order_by(col(AttentionRow.at), AttentionRow.job)
    ):
        found.setdefault(subject, []).append(Call(job, words, at))
    return found


def calls_before(
    session: Session, jobs: Collection[str], before: datetime, *, most: int
) -> Sequence[tuple[UUID, str]]:
    """Return subject and job of the oldest calls of these jobs that were made ``before``."""
    said = select(AttentionRow.subject, AttentionRow.job).where(
        col(AttentionRow.job).in_(jobs), col(AttentionRow.at) <= before
    )
    return session.exec(said.order_by(col(AttentionRow.at)).limit(most)).all()


def how_many(job: str) -> SelectOfScalar[int]:
    """Return the statement that counts the calls of one job, for a larger question."""
    return select(func.count()).where(AttentionRow.job == job)


def calls(job: str | None = None) -> Subquery:
    """Return all calls (of one job) as ``subject``, ``words`` and ``at``, for a larger question."""
    statement = select(AttentionRow.subject, AttentionRow.words, AttentionRow.at)
    if job is not None:
        statement = statement.where(AttentionRow.job == job)
    return statement.subquery("calls")
