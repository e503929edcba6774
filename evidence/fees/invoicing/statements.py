"""Service. Statements of the months that are over: made once, fixed, and settled by finance.

What goes on an account after its statement was made, a credit of an older fee as well, goes on the
next one. A statement that is not settled when it should be is a difference that finance sees.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.formats.canonical import format_time
from custody.ledger.ledger import Ledger, Values
from evidence.errors import StateError, UnknownError
from evidence.exhibits.clocks import LONDON
from evidence.fees.differences import Differences, What
from evidence.fees.invoicing.lines import (
    Line,
    parse_statement,
    statement_reference,
    statement_sha256,
)
from evidence.fees.invoicing.months import due_on, month_end, month_over
from evidence.fees.invoicing.tables import InvoiceAccountRow, InvoiceLineRow, StatementRow
from evidence.fees.invoicing.terms import parse_terms
from evidence.fees.prices import pounds
from evidence.fees.tables import FeeRow
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.wording import check_words
from storage.database import hold_lock

_NUMBERS = "numbers of statements"
_MOST = 100
_MOST_REMITTANCE = 200


class Statements:
    """Makes statements, and settles them."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        differences: Differences,
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._differences = differences

    def due(self, *, at: datetime) -> None:
        """Make the statement of each account of the month that is over; tell of late ones.

        Each by itself: killed between two, the next run goes on. Again, it does nothing.
        """
        month = month_over(at)
        end, line = month_end(month), InvoiceLineRow
        made = select(StatementRow.account).where(StatementRow.month == month)
        waiting = (
            select(line.account)
            .where(col(line.statement).is_(None), line.at < end, col(line.account).not_in(made))
            .distinct()
        )
        with self._begin() as session:
            accounts = session.exec(waiting.limit(_MOST)).all()
        for account in accounts:
            with self._begin() as session:
                self._make(session, account, month, at=at)
        with self._begin() as session:
            self._late(session, at)

    def _make(self, session: Session, account: UUID, month: date, *, at: datetime) -> None:
        row = session.get_one(InvoiceAccountRow, account, with_for_update=True)
        made = select(StatementRow).where(
            StatementRow.account == account, StatementRow.month == month
        )
        # Numbers are given one after another: whoever comes second finds it done, or comes again.
        if not hold_lock(session, _NUMBERS) or session.exec(made).first() is not None:
            return
        end = month_end(month)
        found = select(InvoiceLineRow).where(
            InvoiceLineRow.account == account,
            col(InvoiceLineRow.statement).is_(None),
            InvoiceLineRow.at < end,
        )
        lines = session.exec(found.with_for_update()).all()
        if not lines:
            return
        last = session.exec(select(func.coalesce(func.max(StatementRow.number), 0))).one()
        statement = StatementRow(
            number=last + 1,
            account=account,
            month=month,
            made_at=at,
            pence=sum(one.pence for one in lines),
            vat_pence=sum(one.vat_pence for one in lines),
            sha256="",
            due_on=due_on(at, parse_terms(row.terms).days),
        )
        session.add(statement)
        session.flush()
        for one in lines:
            one.statement = statement.number
        session.flush()
        told = lines_on(session, statement.number)
        statement.sha256 = statement_sha256(statement.number, account, month, told)
        said: Values = {
            "reference": statement_reference(statement.number),
            "until": format_time(end),
            "sha256": statement.sha256,
        }
        session.flush()
        self._ledger.append(session, account, "statement.made", said, at=at)

    def _late(self, session: Session, at: datetime) -> None:
        """Note statements that should be settled and are not, each once."""
        late = select(StatementRow).where(
            StatementRow.due_on < at.astimezone(LONDON).date(),
            col(StatementRow.settled_at).is_(None),
            col(StatementRow.overdue_at).is_(None),
            StatementRow.pence != 0,
        )
        found = late.order_by(col(StatementRow.number)).limit(_MOST)
        for row in session.exec(found.with_for_update(skip_locked=True)).all():
            row.overdue_at = at
            owed = pounds(abs(row.pence)) + ("" if row.pence > 0 else " to the organisation")
            words = f"{owed} was due by {row.due_on.isoformat()}, and is not settled"
            reference = statement_reference(row.number)
            self._differences.find(
                session, What.STATEMENT_OVERDUE, reference, words, fee=None, at=at
            )

    def settle(
        self, session: Session, name: str, *, by: Subject, at: datetime, remittance: str
    ) -> StatementRow:
        """Say that the money of a statement came, under which reference; what differs is settled.

        ``name`` is how the statement is quoted.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
            UnknownError: there is no such statement.
            StateError: somebody settled it before.
        """
        role = require(Action.SETTLE_STATEMENT, by)
        remittance = check_words("remittance", remittance, most=_MOST_REMITTANCE)
        row = find_statement(session, name, lock=True)
        if row.settled_at is not None:
            raise StateError("somebody settled this statement before")
        row.settled_by, row.settled_at, row.remittance = by.person, at, remittance
        reference = statement_reference(row.number)
        said: Values = {
            "actor": as_person(by),
            "role": role.value,
            "reference": reference,
            "remittance": remittance,
        }
        session.flush()
        self._ledger.append(session, row.account, "statement.settled", said, at=at)
        words = f"the statement was settled: {remittance}"
        self._differences.settle_of(
            session, What.STATEMENT_OVERDUE, reference, by=by, at=at, reason=words
        )
        return row


def find_statement(session: Session, name: str, *, lock: bool = False) -> StatementRow:
    """Return a statement as it is quoted, perhaps held until the transaction ends.

    Raises:
        UnknownError: there is none.
    """
    found = select(StatementRow).where(StatementRow.number == parse_statement(name))
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = session.exec(found).first()
    if row is None:
        raise UnknownError("there is no such statement")
    return row


def lines_on(session: Session, statement: int) -> list[Line]:
    """Return what stands on a statement, in its order."""
    found = (
        select(InvoiceLineRow, FeeRow)
        .join(FeeRow, col(FeeRow.id) == InvoiceLineRow.fee)
        .where(InvoiceLineRow.statement == statement)
        .order_by(col(InvoiceLineRow.at), col(InvoiceLineRow.fee), col(InvoiceLineRow.number))
    )
    return [line_of(line, fee) for line, fee in session.exec(found).all()]


def line_of(line: InvoiceLineRow, fee: FeeRow) -> Line:
    """Return a line as statements tell it."""
    return Line(
        urn=fee.urn,
        stage=fee.stage,
        claim_reference=line.claim_reference,
        purchase_order=line.purchase_order,
        pence=line.pence,
        vat_pence=line.vat_pence,
        at=line.at,
    )
