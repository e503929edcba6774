"""Edge. What the demonstration's payment provider does: one account, its payments and refunds.

States, codes and the 90 minutes are those of GOV.UK Pay's API reference.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from api.demonstration.answers import FINISHED, Answers, Charge, Refusal

_LASTS = timedelta(minutes=90)
_NAME, _TOKEN = 26, 43
_MOST_PENCE, _MOST_TEXT, _MOST_URL = 10_000_000, 255, 2000
_EVENTS = {
    "started": "card_payment_started",
    "success": "card_payment_succeeded",
    "failed": "card_payment_failed",
    "error": "card_payment_failed",
}


class Account(Answers):
    """The payments of one account."""

    def __init__(self, own: str, clock: Callable[[], datetime], draw: Callable[[int], str]) -> None:
        super().__init__(own, clock, draw)
        self._told: list[dict[str, Any]] = []

    @classmethod
    def read(
        cls,
        said: Mapping[str, Any],
        own: str,
        clock: Callable[[], datetime],
        draw: Callable[[int], str],
    ) -> "Account":
        """Read what `write` wrote."""
        account = cls(own, clock, draw)
        account.charges = {name: Charge(**one) for name, one in said.items()}
        return account

    def write(self) -> Mapping[str, Any]:
        """Return all of it, as JSON can hold it."""
        return {name: asdict(one) for name, one in self.charges.items()}

    def take_told(self) -> list[dict[str, Any]]:
        """Return what happened since this was asked last, as webhooks tell it."""
        told, self._told = self._told, []
        return told

    def create(self, asked: Mapping[str, Any], key: str) -> tuple[Charge, bool]:
        """Make a payment, or return the one that was made with this key, and whether it is new."""
        _check(asked)
        values = {
            "amount": asked["amount"],
            "reference": asked["reference"],
            "description": asked["description"],
            "return_url": asked["return_url"],
            "metadata": asked.get("metadata", {}),
        }
        for one in self.charges.values():
            if key and one.key == key:
                if any(getattr(one, name) != value for name, value in values.items()):
                    raise Refusal(HTTPStatus.CONFLICT, "P0191", "Idempotency-Key")
                return one, False
        charge = Charge(id=self._draw(_NAME), created=self._now(), key=key, **values)
        self.charges[charge.id] = charge
        self._note(charge)
        return charge, True

    def find(self, name: str, code: str) -> Charge:
        """Return a payment; one that nobody finished within 90 minutes has expired."""
        charge = self.charges.get(name)
        if charge is None:
            raise Refusal(HTTPStatus.NOT_FOUND, code)
        over = self._clock() - datetime.fromisoformat(charge.created) >= _LASTS
        if over and charge.status not in FINISHED:
            self.end(charge, "failed", "P0020", event="card_payment_expired")
        return charge

    def begin(self, token: str) -> Charge | None:
        """Return the payment to which a token leads, once."""
        for name, one in list(self.charges.items()):
            if token in one.tokens:
                charge = self.find(name, "P0200")
                charge.tokens.remove(token)
                if charge.status in FINISHED:
                    return None
                charge.session = charge.session or self._draw(_TOKEN)
                if charge.status == "created":
                    self.end(charge, "started")
                return charge
        return None

    def at_card(self, session: str) -> Charge | None:
        """Return the unfinished payment of somebody at the card page."""
        for name, one in list(self.charges.items()):
            if session and one.session == session:
                charge = self.find(name, "P0200")
                return None if charge.status in FINISHED else charge
        return None

    def pay(self, charge: Charge, status: str, code: str) -> None:
        """Take a card, or not."""
        if status == "success":
            self.end(charge, "submitted")
            charge.paid = self._now()
        self.end(charge, status, code)

    def end(self, charge: Charge, status: str, code: str = "", *, event: str = "") -> None:
        """Bring a payment into another status, and tell of it."""
        charge.status, charge.code = status, code
        self._note(charge)
        if name := event or _EVENTS.get(status, ""):
            self._tell_of(charge, name)

    def cancel(self, charge: Charge) -> None:
        """Cancel a payment that is not finished."""
        if charge.status in FINISHED:
            raise Refusal(HTTPStatus.BAD_REQUEST, "P0501")
        self.end(charge, "cancelled", "P0040")

    def give_back(self, charge: Charge, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refund a part of a payment, or all of it."""
        amount, available = asked.get("amount"), asked.get("refund_amount_available")
        if amount is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, "P0601", "amount")
        if type(amount) is not int or not 0 < amount <= _MOST_PENCE:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "P0602", "amount")
        if not charge.available:
            raise Refusal(HTTPStatus.BAD_REQUEST, "P0603")
        if available is not None and available != charge.available:
            raise Refusal(HTTPStatus.PRECONDITION_FAILED, "P0604")
        if amount > charge.available:
            raise Refusal(HTTPStatus.BAD_REQUEST, "P0602", "amount")
        given: dict[str, Any] = {
            "refund_id": self._draw(_NAME),
            "amount": amount,
            "created_date": self._now(),
            "status": "submitted",
        }
        charge.refunds.append(given)
        told = self._tell_refund(charge, given)
        # Asked for again, it went through; and that is told.
        given["status"] = "success"
        self._tell_of(charge, "card_payment_refunded")
        return told

    def _note(self, charge: Charge) -> None:
        event = {"status": charge.status, "code": charge.code, "at": self._now()}
        charge.events.append(event)

    def _tell_of(self, charge: Charge, event: str) -> None:
        self._told.append(
            {
                "webhook_message_id": self._draw(_NAME),
                "api_version": 1,
                "created_date": self._now(),
                "resource_id": charge.id,
                "resource_type": "payment",
                "event_type": event,
                "resource": self.tell(charge, searched=True),
            }
        )

    def _now(self) -> str:
        at = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
        return at.replace("+00:00", "Z")


def _check(asked: Mapping[str, Any]) -> None:
    """Refuse a payment that the description does not allow."""
    lengths = {"reference": _MOST_TEXT, "description": _MOST_TEXT, "return_url": _MOST_URL}
    for name in ("amount", *lengths):
        if name not in asked:
            raise Refusal(HTTPStatus.BAD_REQUEST, "P0101", name)
    for name, most in lengths.items():
        if not isinstance(asked[name], str) or not 0 < len(asked[name]) <= most:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "P0102", name)
    amount = asked["amount"]
    if type(amount) is not int or not 0 < amount <= _MOST_PENCE:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "P0102", "amount")
    if not set(_metadata(asked)) <= {str, int, bool}:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "P0102", "metadata")


def _metadata(asked: Mapping[str, Any]) -> Iterator[type]:
    metadata = asked.get("metadata", {})
    most_keys, most_key, most_value = 15, 30, 100
    right = isinstance(metadata, dict) and len(metadata) <= most_keys
    for name, value in metadata.items() if right else [("", None)]:
        fits = len(name) <= most_key and len(str(value)) <= most_value
        yield type(value) if fits else type(None)
