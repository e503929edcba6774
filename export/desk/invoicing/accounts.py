"""Service. Accounts of firms that pay monthly, and their statements, as finance sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, func, select

from evidence.errors import UnknownError
from evidence.fees.invoicing.accounts import unsettled
from evidence.fees.invoicing.lines import Line, parse_statement, statement_reference
from evidence.fees.invoicing.statements import find_statement, lines_on
from evidence.fees.invoicing.states import AccountState
from evidence.fees.invoicing.tables import InvoiceAccountRow, InvoiceLineRow, StatementRow
from evidence.fees.invoicing.terms import Terms, parse_terms
from evidence.paging import MOST_COUNTED, Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require

_AT, _ID = col(InvoiceAccountRow.opened_at), col(InvoiceAccountRow.id)
MOST_STATEMENTS = 24
"""Of two years; older ones follow on a page of their own."""


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """An account, and what is on it."""

    row: InvoiceAccountRow
    terms: Terms
    unsettled: int
    """Pence that no settled statement has."""
    waiting: int
    """Pence that are on no statement yet."""
    statements: Sequence[StatementRow]
    """The newest first."""
    older: str
    """Of the last of them: before it there are others; empty: there are none."""
    names: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """A statement with its lines."""

    row: StatementRow
    account: InvoiceAccountRow
    terms: Terms
    lines: Sequence[Line]
    names: Mapping[UUID, str]

    @property
    def reference(self) -> str:
        """How it is quoted."""
        return statement_reference(self.row.number)


class AccountList:
    """Shows accounts and statements; decides and writes nothing."""

    def page(
        self,
        session: Session,
        state: AccountState | None = None,
        *,
        by: Subject,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[InvoiceAccountRow]:
        """Return a page of the accounts, the newest first.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_ACCOUNTS, by)
        statement = select(InvoiceAccountRow).where(_is(state))
        return page_of(
            lambda at: session.exec(beyond(statement, _AT, _ID, at, most=most)).all(),
            lambda row: (row.opened_at, row.id),
            cursor,
            most=most,
        )

    def counts(self, session: Session, *, by: Subject) -> Mapping[AccountState | None, int]:
        """Return how many accounts each state has (None: all), up to one more than `MOST_COUNTED`.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_ACCOUNTS, by)
        states = (None, *AccountState)
        counts = [
            select(func.count())
            .select_from(
                select(InvoiceAccountRow.id).where(_is(one)).limit(MOST_COUNTED + 1).subquery()
            )
            .scalar_subquery()
            for one in states
        ]
        return dict(zip(states, session.execute(select(*counts)).one(), strict=True))

    def shown(
        self, session: Session, account: UUID, *, by: Subject, before: str = ""
    ) -> ShownAccount:
        """Return an account and a page of its statements: those before one, or the newest.

        Raises:
            AccessRefusedError: ``by`` may see none.
            UnknownError: there is no such account.
        """
        require(Action.SHOW_ACCOUNTS, by)
        row = session.get(InvoiceAccountRow, account)
        if row is None:
            raise UnknownError("there is no such account")
        made = select(StatementRow).where(StatementRow.account == account)
        if before:
            # What is quoted otherwise than statements are is before none.
            made = made.where(col(StatementRow.number) < (parse_statement(before) or 0))
        newest = made.order_by(col(StatementRow.number).desc()).limit(MOST_STATEMENTS + 1)
        found = session.exec(newest).all()
        told, more = found[:MOST_STATEMENTS], len(found) > MOST_STATEMENTS
        waiting = select(func.coalesce(func.sum(InvoiceLineRow.pence), 0)).where(
            InvoiceLineRow.account == account, col(InvoiceLineRow.statement).is_(None)
        )
        return ShownAccount(
            row,
            parse_terms(row.terms),
            unsettled(session, account),
            int(session.exec(waiting).one()),
            told,
            statement_reference(told[-1].number) if more else "",
            names_of(session, (row.opened_by, row.approved_by, row.closed_by)),
        )

    def statement(self, session: Session, name: str, *, by: Subject) -> ShownStatement:
        """Return a statement, as it is quoted, with all of its lines.

        Raises:
            AccessRefusedError: ``by`` may see none.
            UnknownError: there is no such statement.
        """
        require(Action.SHOW_ACCOUNTS, by)
        row = find_statement(session, name)
        account = session.get_one(InvoiceAccountRow, row.account)
        lines, names = lines_on(session, row.number), names_of(session, [row.settled_by])
        return ShownStatement(row, account, parse_terms(account.terms), lines, names)


def _is(state: AccountState | None) -> ColumnElement[bool]:
    return true() if state is None else col(InvoiceAccountRow.state) == state.value
