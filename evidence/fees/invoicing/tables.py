"""Adapter. The tables of invoice accounts: firms, what is on account, and their statements."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import json_column, utc_column


class InvoiceAccountRow(SQLModel, table=True):
    """A firm that pays monthly; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "invoice_account"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    state: str
    organisation: str
    """Repeats the terms, to be sorted and searched by."""
    terms: dict[str, Any] = json_column()
    opened_by: UUID = Field(foreign_key="person.id")
    opened_at: datetime = utc_column()
    opened_reason: str
    approved_by: UUID | None = Field(default=None, foreign_key="person.id")
    approved_at: datetime | None = utc_column(nullable=True)
    approved_reason: str = ""
    closed_by: UUID | None = Field(default=None, foreign_key="person.id")
    closed_at: datetime | None = utc_column(nullable=True)
    closed_reason: str = ""


class InvoiceDomainRow(SQLModel, table=True):
    """Whose mailboxes an account is of that is not closed: one account for a domain."""

    __tablename__: ClassVar[Any] = "invoice_domain"
    domain: str = Field(primary_key=True)
    account: UUID = Field(foreign_key="invoice_account.id")


class StatementRow(SQLModel, table=True):
    """What was on an account when a month was over: made once, and fixed."""

    __tablename__: ClassVar[Any] = "invoice_statement"
    __table_args__: ClassVar[Any] = (UniqueConstraint("account", "month"),)
    number: int = Field(primary_key=True)
    """Over all accounts, from 1, without gaps."""
    account: UUID = Field(foreign_key="invoice_account.id")
    month: date
    """Its first day."""
    made_at: datetime = utc_column()
    pence: int
    vat_pence: int
    sha256: str
    """Of its lines (`evidence.fees.invoicing.lines`)."""
    due_on: date
    overdue_at: datetime | None = utc_column(nullable=True)
    """When finance was told that it is late."""
    settled_by: UUID | None = Field(default=None, foreign_key="person.id")
    settled_at: datetime | None = utc_column(nullable=True)
    remittance: str = ""
    """Finance's reference of the money that came."""


class InvoiceLineRow(SQLModel, table=True):
    """A fee on account, or a credit of one; a fee's lines are numbered from 0."""

    __tablename__: ClassVar[Any] = "invoice_line"
    __table_args__: ClassVar[Any] = (UniqueConstraint("fee", "number"),)
    id: UUID = Field(primary_key=True)
    account: UUID = Field(foreign_key="invoice_account.id")
    fee: UUID = Field(foreign_key="fee.id")
    number: int
    pence: int
    """Below zero: a credit."""
    vat_pence: int
    claim_reference: str
    purchase_order: str
    reason: str = ""
    """Of a credit."""
    person: UUID = Field(foreign_key="person.id")
    role: str
    at: datetime = utc_column()
    statement: int | None = Field(default=None, foreign_key="invoice_statement.number")
    """None: it is on none yet."""
