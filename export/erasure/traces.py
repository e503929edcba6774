"""Service. Everything here that speaks of somebody: what an erasure takes, and what stays, and why.

Found by a mailbox, or by a name. A mailbox finds everybody who was ever named with it: the
recipient of each release, whoever asked from it. A name finds who is called so; and both find where
people wrote it down: in what others asked, in the words of releases, in titles of exhibits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast
from sqlmodel import Session, col, func, or_, select

from custody.ledger.tables import CustodyValueRow
from evidence.errors import InvalidError
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.addresses import check_address
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Action, Subject
from evidence.people.people import people_at, require
from evidence.people.tables import PersonRow
from evidence.requests.tables import RequestDraftRow, RequestFactsRow, RequestRow
from evidence.wording import check_words
from export.erasure.obstacles import obstacles, releases_to, requests_of
from export.feedback.tables import FeedbackRow
from export.release.releases import label
from export.release.tables import ReleaseErasureRow, ReleaseRow
from export.sealing.tables import SealFileRow

MOST = 50
"""Rows of one kind that are named one by one."""
_SHORTEST = 3
_LEDGER = (
    "the council answers for whom it gave footage to (UK GDPR articles 5(2) and 17(3)(b)): number, "
    "kind, basis, files, days and who of the staff decided stay; nobody is named in them"
)
_OTHERS = "it is part of somebody else\u2019s request, and goes with it"
_EVIDENCE = "it states what the footage is: it goes when the exhibit is disposed of"


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing that speaks of somebody."""

    what: str
    goes: str
    """What an erasure takes of it; empty: nothing."""
    stays: str
    """What stays of it, and why; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What was found by an address or a name."""

    address: str
    """Empty: a name was asked for."""
    mailboxes: tuple[str, ...]
    """Each one can be erased by itself."""
    people: tuple[UUID, ...]
    found: tuple[Trace, ...]
    obstacles: tuple[str, ...]
    """Why nobody can be erased now, and what to do about it."""


def traces_of(session: Session, asked: str, *, by: Subject, at: datetime) -> Traces:
    """Return everything that speaks of somebody, by an address or a name; records nothing.

    Raises:
        AccessRefusedError, InvalidError: nothing was looked for.
    """
    require(Action.ERASE_PERSON, by)
    words = check_words("asked", asked, most=254)
    if len(words) < _SHORTEST:
        raise InvalidError("asked", f"enter an address or a name of {_SHORTEST} letters or more")
    address = check_address(words) if "@" in words else ""
    rows = people_at(session, address) if address else _called(session, words)
    people = [row.id for row in rows]
    found = (
        *_people(session, rows),
        *_requests(session, people),
        *_releases(session, people),
        *_counted(session, people, [row.email for row in rows]),
        *_written(session, words, people),
    )
    kept = obstacles(session, people, at=at) if address else ()
    mailboxes = tuple(sorted({row.email for row in rows if row.email}))
    return Traces(address, mailboxes, tuple(people), found, tuple(kept))


def _called(session: Session, name: str) -> Sequence[PersonRow]:
    """Return who is called so, and has an address: staff and machines are erased by nobody."""
    found = select(PersonRow).where(_holds(PersonRow.name, name), PersonRow.email != "")
    return session.exec(found.order_by(col(PersonRow.id)).limit(MOST)).all()


def _people(session: Session, rows: Sequence[PersonRow]) -> Iterator[Trace]:
    owned = col(CustodyValueRow.key_record).in_([row.id for row in rows])
    values = session.exec(select(func.count()).select_from(CustodyValueRow).where(owned)).one()
    for row in rows:
        yield Trace(
            f"{row.name}, {row.email}: record {row.id}",
            "name, address and the key of this record",
            "that there was a record, and when something happened in it: nobody can read what",
        )
    if rows:
        yield Trace(f"{values} values in the custody record", "every one that names them", "")


def _requests(session: Session, people: Sequence[UUID]) -> Iterator[Trace]:
    for row in requests_of(session, people):
        yield Trace(
            f"request {row.urn}, {row.state.replace('_', ' ')}",
            "what was asked, messages, documents, reasons and the key of its record",
            "its number, path, days, steps and amounts: they are counted, and held against money",
        )


def _releases(session: Session, people: Sequence[UUID]) -> Iterator[Trace]:
    for row in releases_to(session, people):
        if session.get(ReleaseErasureRow, row.id) is None:
            yield Trace(
                f"release {label(row)}, {row.state}",
                "recipient, organisation, purpose, reasons, letters, codes, papers, the words of "
                "feedback, and the package in our store",
                f"{_LEDGER}. A package that was collected is in the recipient\u2019s hands",
            )


def _counted(session: Session, people: Sequence[UUID], addresses: Sequence[str]) -> Iterator[Trace]:
    """Yield what goes as a whole, and is not named one by one."""
    releases = select(ReleaseRow.id).where(col(ReleaseRow.recipient).in_(people))
    kinds = (
        ("letters", MessageRow.id, col(MessageRow.person).in_(people)),
        (
            "forms that were begun and not sent",
            RequestDraftRow.secret_sha256,
            col(RequestDraftRow.mailbox).in_(addresses) & (RequestDraftRow.mailbox != ""),
        ),
        ("papers of sealings", SealFileRow.path, col(SealFileRow.release).in_(releases)),
        (
            "answers whether footage helped",
            FeedbackRow.number,
            col(FeedbackRow.release).in_(releases) & col(FeedbackRow.erased_at).is_(None),
        ),
    )
    for what, column, condition in kinds:
        number = session.exec(select(func.count(col(column))).where(condition)).one()
        if number:
            yield Trace(f"{number} {what}", "all of them", "")


def _written(session: Session, words: str, people: Sequence[UUID]) -> Iterator[Trace]:
    """Yield where others wrote it down."""
    asked = (
        select(RequestRow.urn)
        .join(RequestFactsRow, col(RequestFactsRow.request) == RequestRow.id)
        .where(_holds(RequestFactsRow.facts, words), col(RequestRow.person).not_in(people))
        .order_by(RequestRow.urn)
    )
    for urn in session.exec(asked.limit(MOST)):
        yield Trace(f"request {urn} of somebody else", "", _OTHERS)
    written = or_(
        *(
            _holds(getattr(ReleaseRow, name), words)
            for name in ("purpose", "basis", "reason", "seconded_reason", "ended_reason")
        )
    )
    told = select(ReleaseRow).where(written, col(ReleaseRow.recipient).not_in(people))
    for row in session.exec(told.order_by(col(ReleaseRow.id)).limit(MOST)):
        yield Trace(f"words of release {label(row)} to somebody else", "", _LEDGER)
    stated = or_(_holds(ExhibitRow.title, words), _holds(ExhibitRow.description, words))
    exhibits = select(ExhibitRow.reference).where(stated).order_by(ExhibitRow.reference)
    for reference in session.exec(exhibits.limit(MOST)):
        yield Trace(f"what is stated of exhibit {reference}", "", _EVIDENCE)


def _holds(column: object, words: str) -> ColumnElement[bool]:
    """Return the condition that a column holds these words, in whatever letters."""
    text = func.lower(cast(column, String))
    return text.contains(words.lower(), autoescape=True)
