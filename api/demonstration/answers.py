"""Edge. What the demonstration's payment provider says of its payments, as GOV.UK Pay's API does.

What succeeded is settled on the next day, so that there is something to reconcile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

_TOKEN, _PAGE = 43, 500
FINISHED = {"success", "failed", "cancelled", "error"}
_MESSAGES = {
    "P0010": "Payment method rejected",
    "P0020": "Payment expired",
    "P0030": "Payment was cancelled by the user",
    "P0040": "Payment was cancelled by the service",
    "P0050": "Payment provider returned an error",
}


class Refusal(Exception):  # noqa: N818 - no error of Custos: what this provider answers
    """What the provider refuses."""

    def __init__(self, status: HTTPStatus, code: str, name: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.field = status, code, name


@dataclass
class Charge:
    """One payment."""

    id: str
    amount: int
    reference: str
    description: str
    return_url: str
    metadata: dict[str, Any]
    created: str
    key: str = ""
    status: str = "created"
    code: str = ""
    paid: str = ""
    session: str = ""
    """What the card page's address ends in, once somebody came."""
    tokens: list[str] = field(default_factory=list)
    """What leads to the card page: each once."""
    events: list[dict[str, str]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def available(self) -> int:
        """Pence that can still be given back."""
        gone = sum(int(one["amount"]) for one in self.refunds if one["status"] != "error")
        return self.amount - gone if self.status == "success" else 0


class Answers:
    """The payments of one account, told."""

    def __init__(self, own: str, clock: Callable[[], datetime], draw: Callable[[int], str]) -> None:
        self.charges: dict[str, Charge] = {}
        self._own, self._clock, self._draw = own, clock, draw

    def refund_of(self, charge: Charge, name: str) -> Mapping[str, Any]:
        """Return one refund."""
        for one in charge.refunds:
            if one["refund_id"] == name:
                return self._tell_refund(charge, one)
        raise Refusal(HTTPStatus.NOT_FOUND, "P0700")

    def refunds(self, charge: Charge) -> Mapping[str, Any]:
        """Return all refunds of a payment."""
        return {
            "payment_id": charge.id,
            "_links": self._refund_links(charge, ""),
            "_embedded": {"refunds": [self._tell_refund(charge, one) for one in charge.refunds]},
        }

    def events(self, charge: Charge) -> Mapping[str, Any]:
        """Return what happened to a payment."""
        path = f"{self._own}/v1/payments/{charge.id}"
        return {
            "payment_id": charge.id,
            "_links": {"self": {"href": f"{path}/events", "method": "GET"}},
            "events": [
                {
                    "payment_id": charge.id,
                    "state": _state(one["status"], one["code"]),
                    "updated": one["at"],
                    "_links": {"payment_url": {"href": path, "method": "GET"}},
                }
                for one in charge.events
            ],
        }

    def search_payments(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Return payments by reference, state and settlement."""
        found = [
            self.tell(one, searched=True)
            for one in list(self.charges.values())
            if query.get("reference", one.reference) == one.reference
            and query.get("state", one.status) == one.status
            and _among(query, self._settled(one.paid))
        ]
        return self._paged("/v1/payments", found, query)

    def search_refunds(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Return refunds by settlement."""
        found = [
            {**self._tell_refund(charge, one), "payment_id": charge.id}
            for charge in self.charges.values()
            for one in charge.refunds
            if _among(query, self._settled(one["created_date"]))
        ]
        return self._paged("/v1/refunds", found, query)

    def tell(self, charge: Charge, *, searched: bool = False) -> Mapping[str, Any]:
        """Return a payment as the API tells it."""
        path, links = f"{self._own}/v1/payments/{charge.id}", {}
        if charge.status not in FINISHED:
            links["cancel"] = {"href": f"{path}/cancel", "method": "POST"}
            if not searched:
                # Each time another one, which leads to the card page once.
                charge.tokens.append(self._draw(_TOKEN))
                page = f"{self._own}/secure/{charge.tokens[-1]}"
                links["next_url"] = {"href": page, "method": "GET"}
        for name in ("events", "refunds"):
            links[name] = {"href": f"{path}/{name}", "method": "GET"}
        links["self"] = {"href": path, "method": "GET"}
        settled = self._settled(charge.paid)
        captured = {
            "capture_submit_time": charge.paid,
            "captured_date": charge.paid[:10],
            **({"settled_date": settled.isoformat()} if settled else {}),
        }
        return {
            "payment_id": charge.id,
            "payment_provider": "sandbox",
            "amount": charge.amount,
            "reference": charge.reference,
            "description": charge.description,
            "return_url": charge.return_url,
            "created_date": charge.created,
            "delayed_capture": False,
            "language": "en",
            "moto": False,
            **({"metadata": charge.metadata} if charge.metadata else {}),
            "state": _state(charge.status, charge.code),
            "refund_summary": {
                "status": "available" if charge.available else "unavailable",
                "amount_available": charge.available,
                "amount_submitted": sum(int(one["amount"]) for one in charge.refunds),
            },
            "settlement_summary": captured if charge.paid else {},
            "_links": links,
        }

    def _tell_refund(self, charge: Charge, one: Mapping[str, Any]) -> Mapping[str, Any]:
        settled = self._settled(str(one["created_date"]))
        summary = {"settled_date": settled.isoformat()} if settled else {}
        links = self._refund_links(charge, f"/{one['refund_id']}")
        return {**one, "settlement_summary": summary, "_links": links}

    def _refund_links(self, charge: Charge, name: str) -> Mapping[str, Any]:
        path = f"{self._own}/v1/payments/{charge.id}"
        return {
            "self": {"href": f"{path}/refunds{name}", "method": "GET"},
            "payment": {"href": path, "method": "GET"},
        }

    def _settled(self, moment: str) -> date | None:
        """Return the day on which money of a moment is settled, once it has come."""
        if not moment:
            return None
        day = datetime.fromisoformat(moment).date() + timedelta(days=1)
        return day if day <= self._clock().astimezone(UTC).date() else None

    def _paged(
        self, path: str, found: Sequence[Mapping[str, Any]], query: Mapping[str, str]
    ) -> Mapping[str, Any]:
        page, size = int(query.get("page", "1")), int(query.get("display_size", str(_PAGE)))
        some = found[(page - 1) * size : page * size]
        if page < 1 or (not some and page > 1):
            raise Refusal(HTTPStatus.NOT_FOUND, "P0402")
        here = {"href": f"{self._own}{path}?page={page}", "method": "GET"}
        return {
            "total": len(found),
            "count": len(some),
            "page": page,
            "results": some,
            "_links": {"self": here, "first_page": here, "last_page": here},
        }


def _state(status: str, code: str) -> dict[str, Any]:
    said: dict[str, Any] = {"status": status, "finished": status in FINISHED}
    return {**said, "code": code, "message": _MESSAGES[code]} if code else said


def _among(query: Mapping[str, str], day: date | None) -> bool:
    """Tell whether a day of settlement is asked for; `to_settled_date` is the first not to be."""
    first, after = query.get("from_settled_date"), query.get("to_settled_date")
    if first is None and after is None:
        return True
    if day is None:
        return False
    return (first or "") <= day.isoformat() and (after is None or day.isoformat() < after)
