"""Pure. What a provider of card payments must be able to do: the small protocol behind which it is.

Two ends of asking it for something, beside the answer: `UnavailableError` (it did not answer, or
has no time: ask again, nothing is lost by it) and `ProviderRefusedError` (it said no, and would
again). None of them carries what a server said in its own words, which may quote a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from evidence.errors import EvidenceError
from evidence.fees.states import PaymentState, RefundState


class ProviderRefusedError(EvidenceError):
    """The provider of payments said no; refuse, or tell a person. ``code`` is its own word."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What a provider is told of a payment: nobody's name, and nothing of the incident."""

    key: UUID
    """Ours: whoever asks twice with one key gets one payment."""
    pence: int
    reference: str
    description: str
    return_url: str
    """Where the browser comes back to."""
    metadata: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class ToldPayment:
    """What a provider says of a payment now."""

    reference: str
    """Its own name for it."""
    pence: int
    state: PaymentState
    reason: str = ""
    """Why it ended without money, in words for people."""
    next_url: str = ""
    """Where the person goes to pay; empty once there is nothing left to do."""
    refundable: int = 0
    """Pence that can still be given back."""
    settled_on: date | None = None
    """When the money came to the council's account, in UTC."""


@dataclass(frozen=True, slots=True)
class ToldRefund:
    """What a provider says of a refund now."""

    reference: str
    payment: str
    """Its name for the payment."""
    pence: int
    state: RefundState
    settled_on: date | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What came to the account, and what left it, on some days."""

    payments: Sequence[ToldPayment]
    refunds: Sequence[ToldRefund]


class Provider(Protocol):
    """Takes card payments for us. Everything may raise the two errors of this module."""

    def create(self, new: NewPayment) -> ToldPayment:
        """Begin a payment, or return the one that was begun with this key."""
        ...

    def get(self, reference: str) -> ToldPayment:
        """Say where a payment stands: the only truth about it."""
        ...

    def cancel(self, reference: str) -> None:
        """End a payment that nobody has finished."""
        ...

    def refund(self, reference: str, pence: int, *, available: int) -> ToldRefund:
        """Give money back, if exactly ``available`` pence can still be given back.

        Raises:
            UnavailableError: it is another amount now: look again.
        """
        ...

    def refunds(self, reference: str) -> Sequence[ToldRefund]:
        """Return the refunds of a payment; those of the last moments may be missing."""
        ...

    def get_refund(self, reference: str, refund: str) -> ToldRefund:
        """Say where a refund stands."""
        ...

    def settled(self, first: date, last: date) -> Settled:
        """Return what was settled from one day to another, both included."""
        ...
