"""Adapter. The tables of fees: what is owed, attempts to pay it, what goes back, what differs."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import utc_column


class FeeRow(SQLModel, table=True):
    """What one stage of a request costs: at most one row for each."""

    __tablename__: ClassVar[Any] = "fee"
    __table_args__: ClassVar[Any] = (UniqueConstraint("request", "stage"),)
    id: UUID = Field(primary_key=True)
    request: UUID = Field(foreign_key="custody_record.id")
    urn: str
    stage: str
    pence: int
    """Including VAT."""
    vat_pence: int
    vat_basis_points: int
    state: str
    opened_at: datetime = utc_column()
    demanded: bool
    """Whether anybody was asked for it; who pays nothing never was."""
    waived_at: datetime | None = utc_column(nullable=True)
    waived_reason: str = ""
    paid_by: UUID | None = None
    """The payment that counts; every other one that succeeded is given back."""
    paid_at: datetime | None = utc_column(nullable=True)
    """When it was paid, or went on account: since then nobody waits for it."""


class PaymentRow(SQLModel, table=True):
    """One attempt to pay; ``id`` is its Idempotency-Key at the provider."""

    __tablename__: ClassVar[Any] = "payment"
    __table_args__: ClassVar[Any] = (UniqueConstraint("fee", "number"),)
    id: UUID = Field(primary_key=True)
    fee: UUID = Field(foreign_key="fee.id")
    number: int
    state: str
    reason: str = ""
    """Why it ended without money, in words."""
    provider_reference: str = ""
    """Empty until we know that the provider has it."""
    begun_at: datetime = utc_column()
    requested_at: datetime | None = utc_column(nullable=True)
    failed_at: datetime | None = utc_column(nullable=True)
    succeeded_at: datetime | None = utc_column(nullable=True)
    check_at: datetime | None = utc_column(nullable=True)
    """When the provider is asked next, whoever tells or does not tell us of it."""
    settled_on: date | None = None


class RefundRow(SQLModel, table=True):
    """Money on its way back."""

    __tablename__: ClassVar[Any] = "refund"
    __table_args__: ClassVar[Any] = (UniqueConstraint("payment", "number"),)
    id: UUID = Field(primary_key=True)
    payment: UUID = Field(foreign_key="payment.id")
    number: int
    pence: int
    reason: str
    ordered_by: UUID = Field(foreign_key="person.id")
    role: str
    ordered_at: datetime = utc_column()
    state: str
    refund_reference: str = ""
    failed_reason: str = ""
    ended_at: datetime | None = utc_column(nullable=True)
    check_at: datetime | None = utc_column(nullable=True)
    settled_on: date | None = None


class PaymentNoticeRow(SQLModel, table=True):
    """A call of the provider's that was heard: told again, it is known. No more of it stays."""

    __tablename__: ClassVar[Any] = "payment_notice"
    id: str = Field(primary_key=True)
    heard_at: datetime = utc_column()


class DifferenceRow(SQLModel, table=True):
    """Something that does not agree; ``id`` is its custody record."""

    __tablename__: ClassVar[Any] = "payment_difference"
    id: UUID = Field(primary_key=True, foreign_key="custody_record.id")
    what: str
    provider_reference: str
    """Of the payment or refund; "none" where the provider has none."""
    words: str
    fee: UUID | None = Field(default=None, foreign_key="fee.id")
    found_at: datetime = utc_column()
    settled_by: UUID | None = Field(default=None, foreign_key="person.id")
    settled_at: datetime | None = utc_column(nullable=True)
    settled_reason: str = ""


class SettlementDayRow(SQLModel, table=True):
    """A day whose settlement is, or was, held against our rows."""

    __tablename__: ClassVar[Any] = "settlement_day"
    id: UUID = Field(primary_key=True)
    day: date = Field(unique=True)
    looked_at: datetime | None = utc_column(nullable=True)
    """None: its job has still to do it."""
    payments: int = 0
    refunds: int = 0
    net_pence: int = 0
    """What came to the account, less what left it."""
