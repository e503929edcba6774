"""Service. Accounts of firms that pay monthly: opened, approved by a second person, closed."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, func, or_, select

from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.errors import InvalidError, UnknownError
from evidence.fees.invoicing.states import AccountState, approved, closed
from evidence.fees.invoicing.tables import (
    InvoiceAccountRow,
    InvoiceDomainRow,
    InvoiceLineRow,
    StatementRow,
)
from evidence.fees.invoicing.terms import Terms, check_terms, terms_json
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.wording import check_words

_MOST = 2000


class InvoiceAccounts:
    """Keeps the accounts."""

    def __init__(
        self, ledger: Ledger, *, free: Collection[str], new_id: Callable[[], UUID]
    ) -> None:
        """``free`` is what the council counts as free mail beside what everybody knows."""
        self._ledger = ledger
        self._free = free
        self._new_id = new_id

    def open(
        self, session: Session, terms: Terms, *, by: Subject, at: datetime, reason: str
    ) -> InvoiceAccountRow:
        """Open an account; a second person has to approve it.

        Raises:
            AccessRefusedError: ``by`` may not.
            InvalidError: something is missing or cannot be, or a domain has an account.
        """
        role = require(Action.OPEN_ACCOUNT, by)
        terms = check_terms(terms, free=self._free)
        reason = check_words("reason", reason, most=_MOST, lines=True)
        row = InvoiceAccountRow(
            id=self._ledger.open_record(session, RecordKind.STAFF_ACTION, self._new_id()),
            state=AccountState.PROPOSED,
            organisation=terms.organisation,
            terms=terms_json(terms),
            opened_by=by.person,
            opened_at=at,
            opened_reason=reason,
        )
        session.add(row)
        session.flush()
        for domain in sorted(terms.domains):  # in one order: two who open at once wait in turn
            taken = insert(InvoiceDomainRow).values({"domain": domain, "account": row.id})
            mine = taken.on_conflict_do_nothing().returning(col(InvoiceDomainRow.domain))
            if session.exec(mine).first() is None:
                raise InvalidError(
                    "domains", f"there is an account of {domain} already: close it first"
                )
        said: Values = {"actor": as_person(by), "role": role.value, "reason": reason}
        self._ledger.append(session, row.id, "account.opened", {**said, "facts": row.terms}, at=at)
        return row

    def approve(
        self, session: Session, account: UUID, *, by: Subject, at: datetime, reason: str
    ) -> InvoiceAccountRow:
        """Approve an account that somebody else opened: from now on fees go on it.

        Raises:
            AccessRefusedError: ``by`` may not, or opened it.
            InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.APPROVE_ACCOUNT, by)
        reason = check_words("reason", reason, most=_MOST, lines=True)
        row = self._locked(session, account)
        row.state = approved(AccountState(row.state), row.opened_by, by.person)
        row.approved_by, row.approved_at, row.approved_reason = by.person, at, reason
        said: Values = {"actor": as_person(by), "role": role.value, "reason": reason}
        session.flush()
        self._ledger.append(session, row.id, "account.approved", said, at=at)
        return row

    def close(
        self, session: Session, account: UUID, *, by: Subject, at: datetime, reason: str
    ) -> InvoiceAccountRow:
        """Close an account for good; its domains are free for another one.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.CLOSE_ACCOUNT, by)
        reason = check_words("reason", reason, most=_MOST, lines=True)
        row = self._locked(session, account)
        row.state = closed(AccountState(row.state))
        row.closed_by, row.closed_at, row.closed_reason = by.person, at, reason
        session.exec(delete(InvoiceDomainRow).where(col(InvoiceDomainRow.account) == account))
        said: Values = {"actor": as_person(by), "role": role.value, "reason": reason}
        session.flush()
        self._ledger.append(session, row.id, "account.closed", said, at=at)
        return row

    def of_mailbox(
        self, session: Session, mailbox: str, *, lock: bool = False
    ) -> InvoiceAccountRow | None:
        """Return the open account of a proven mailbox, by exactly its domain; None: there is none.

        ``lock`` holds it until the transaction ends: what goes on it is counted one by one.
        """
        found = (
            select(InvoiceAccountRow)
            .join(InvoiceDomainRow, col(InvoiceDomainRow.account) == InvoiceAccountRow.id)
            .where(
                InvoiceDomainRow.domain == mailbox.rpartition("@")[2].lower(),
                InvoiceAccountRow.state == AccountState.OPEN,
            )
        )
        if lock:
            locked = found.with_for_update(of=InvoiceAccountRow)
            found = locked.execution_options(populate_existing=True)
        return session.exec(found).first()

    def _locked(self, session: Session, account: UUID) -> InvoiceAccountRow:
        row = session.get(InvoiceAccountRow, account, with_for_update=True, populate_existing=True)
        if row is None:
            raise UnknownError("there is no such account")
        return row


def unsettled(session: Session, account: UUID) -> int:
    """Return how many pence are on an account that no settled statement has."""
    line, statement = InvoiceLineRow, StatementRow
    open_ones = (
        select(func.coalesce(func.sum(line.pence), 0))
        .outerjoin(statement, col(statement.number) == line.statement)
        .where(
            line.account == account,
            or_(col(line.statement).is_(None), col(statement.settled_at).is_(None)),
        )
    )
    return int(session.exec(open_ones).one())
