"""Service. Requests as whoever made them may follow them by a machine: theirs, and nobody else's.

Somebody else's number is answered as one that there is not.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.errors import InvalidError, UnknownError
from evidence.fees.fees import Fees
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from evidence.paging import Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.people.tables import PersonRow
from evidence.requests.documents.contents import FIELD
from evidence.requests.documents.documents import Documents, require_kind, require_open
from evidence.requests.documents.kinds import DocumentKind
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.states import OPEN, Path
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow
from export.desk.asking.papers import OwnPaper, own_papers
from export.desk.requests import ListedRequest, RequestList


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A request, and what is owed for it."""

    listed: ListedRequest
    owed: tuple[tuple[FeeRow, str], ...]
    """Each fee that is due, and what the address of its page ends in."""
    again: tuple[str, ...] = ()
    """The numbers of their other requests for the same claim, place and time."""
    papers: tuple[OwnPaper, ...] = ()
    """How it stands with each kind of document that it takes; of one request alone."""


@dataclass(frozen=True, slots=True)
class AwaitedDocument:
    """A document that may be sent: for which request, and of whose mailbox."""

    request: UUID
    kind: DocumentKind
    mailbox: str


class OwnRequests:
    """Shows each organisation its own requests."""

    def __init__(
        self,
        requests: Requests,
        duplicates: Duplicates,
        documents: Documents,
        listing: RequestList,
        fees: Fees,
    ) -> None:
        self._requests = requests
        self._duplicates = duplicates
        self._documents = documents
        self._listing = listing
        self._fees = fees

    def page(
        self, session: Session, *, by: Subject, at: datetime, cursor: Cursor | None, most: int
    ) -> Page[OwnRequest]:
        """Return a page of the requests of a machine's mailbox, the newest first.

        Raises:
            AccessRefusedError: ``by`` follows no requests.
        """
        require(Action.FOLLOW_REQUEST, by)
        statement = select(RequestRow).where(RequestRow.person == by.person)
        made, identifier = col(RequestRow.submitted_at), col(RequestRow.id)
        found = page_of(
            lambda place: session.exec(beyond(statement, made, identifier, place, most=most)).all(),
            lambda row: (row.submitted_at, row.id),
            cursor,
            most=most,
        )
        return found.of(self.told(session, found.rows, at))

    def one(self, session: Session, name: str, *, by: Subject, at: datetime) -> OwnRequest:
        """Return one of them, by its number or its identifier.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: there is none of theirs.
        """
        require(Action.FOLLOW_REQUEST, by)
        return self.whole(session, self._own(session, name, by), at)

    def awaiting(self, session: Session, name: str, kind: str, *, by: Subject) -> AwaitedDocument:
        """See that one of their requests takes a document of this kind.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: there is none of theirs.
            StateError: it has ended.
        """
        require(Action.SUBMIT_REQUEST, by)
        row = self._own(session, name, by)
        require_open(row)
        if kind not in tuple(DocumentKind):
            raise InvalidError(FIELD, f"name its kind: {', '.join(DocumentKind)}")
        require_kind(row, DocumentKind(kind))
        mailbox = session.get_one(PersonRow, row.person).email
        return AwaitedDocument(row.id, DocumentKind(kind), mailbox)

    def _own(self, session: Session, name: str, by: Subject) -> RequestRow:
        row = self._requests.find(session, name)
        if row.person != by.person:
            raise UnknownError(f"there is no request {name[:60]!r}")
        return row

    def whole(self, session: Session, row: RequestRow, at: datetime) -> OwnRequest:
        """Return everything that is told of one request, to whoever made it."""
        (found,) = self.told(session, [row], at)
        alike = self._duplicates.of(session, row.id)
        again = [one.row for one in alike if one.claim and one.row.person == row.person]
        return replace(
            found,
            again=tuple(one.urn for one in again if one.state in OPEN),
            papers=tuple(own_papers(Path(row.path), self._documents.papers(session, row))),
        )

    def told(
        self, session: Session, rows: Sequence[RequestRow], at: datetime
    ) -> Sequence[OwnRequest]:
        """Return what is told of requests, by as many statements as of one."""
        due = select(FeeRow).where(
            col(FeeRow.request).in_([row.id for row in rows]), FeeRow.state == FeeState.DUE
        )
        owed: dict[UUID, list[tuple[FeeRow, str]]] = defaultdict(list)
        for fee in session.exec(due.order_by(col(FeeRow.opened_at))):
            owed[fee.request].append((fee, self._fees.address(fee.id)))
        return [
            OwnRequest(one, tuple(owed[one.row.id]))
            for one in self._listing.listed(session, rows, at)
        ]
