"""Adapter. GOV.UK Pay, by its public API (version 1.0.3 of its description).

Every address is made here, from one base that no setting changes: links in answers are not
followed, but for the card page, and that only where it is on the provider's own pages. One deadline
stands above a whole answer, so that nobody who drips it holds a thread.
"""

import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from api.payments.codes import AWAY, MISMATCH, REFUSALS, ending, payment_state, refund_state
from api.settings.facts import Pay
from evidence.fees.provider import (
    NewPayment,
    ProviderRefusedError,
    Settled,
    ToldPayment,
    ToldRefund,
)
from storage.errors import UnavailableError

Result = TypeVar("Result")
DEADLINE_S = 10.0
"""For one answer."""
_PAUSES_S = (1.0, 2.0)
"""Before each further attempt after "too many requests" (API reference, "Rate limits")."""
_MOST = 4 << 20
"""Bytes of one answer: a page of a search with 500 payments has about 1 MB."""
_PAGE = 500
_MOST_PAGES = 200
_AWAY = "GOV.UK Pay does not answer"
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_STOPPED = str.maketrans("", "", '<>"\\|')
"""What its firewall stops (API reference, P0920)."""
_OK = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)


class GovukPay:
    """Takes payments through one account's key. Fits `evidence.fees.provider.Provider`."""

    def __init__(
        self,
        pay: Pay,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pay = pay
        self._transport = transport
        self._pause = pause

    def create(self, new: NewPayment) -> ToldPayment:
        """Begin a payment; asked again with its key, return the one that was begun.

        Raises:
            UnavailableError, ProviderRefusedError: see `evidence.fees.provider`.
        """
        body = {
            "amount": new.pence,
            "reference": new.reference.translate(_STOPPED),
            "description": new.description.translate(_STOPPED),
            "return_url": new.return_url,
            "metadata": dict(new.metadata),
        }
        said = self._ask("POST", "/v1/payments", body, headers={"Idempotency-Key": str(new.key)})
        return self._payment(said)

    def get(self, reference: str) -> ToldPayment:
        """Return where a payment stands; raises as `create`."""
        return self._payment(self._ask("GET", f"/v1/payments/{_name(reference)}"))

    def cancel(self, reference: str) -> None:
        """End a payment that nobody has finished; raises as `create`."""
        self._ask("POST", f"/v1/payments/{_name(reference)}/cancel", {})

    def refund(self, reference: str, pence: int, *, available: int) -> ToldRefund:
        """Give money back; raises as `create`, and `UnavailableError` for another ``available``."""
        body = {"amount": pence, "refund_amount_available": available}
        return _refund(
            self._ask("POST", f"/v1/payments/{_name(reference)}/refunds", body), reference
        )

    def refunds(self, reference: str) -> Sequence[ToldRefund]:
        """Return the refunds of a payment; raises as `create`."""
        said = self._ask("GET", f"/v1/payments/{_name(reference)}/refunds")
        return [_refund(one, reference) for one in _read(lambda: said["_embedded"]["refunds"])]

    def get_refund(self, reference: str, refund: str) -> ToldRefund:
        """Return where a refund stands; raises as `create`."""
        path = f"/v1/payments/{_name(reference)}/refunds/{_name(refund)}"
        return _refund(self._ask("GET", path), reference)

    def settled(self, first: date, last: date) -> Settled:
        """Return what was settled from one day to another; raises as `create`.

        Only accounts of Stripe tell it: for others nothing is found.
        """
        payments = [self._payment(one) for one in self._found("/v1/payments", first, last)]
        found = self._found("/v1/refunds", first, last)
        refunds = [_refund(one, one.get("payment_id")) for one in found]

        def among(one: ToldPayment | ToldRefund) -> bool:
            return one.settled_on is not None and first <= one.settled_on <= last

        return Settled(tuple(filter(among, payments)), tuple(filter(among, refunds)))

    def _found(self, path: str, first: date, last: date) -> list[dict[str, Any]]:
        """Return all pages of a search; what the last day includes, its end decides."""
        days = {
            "from_settled_date": first.isoformat(),
            "to_settled_date": (last + timedelta(days=1)).isoformat(),
        }
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = {**days, "page": str(page), "display_size": str(_PAGE)}
            said = self._ask("GET", path, params=asked)
            results, total = _read(partial(_page_of, said))
            found += results
            if not results or len(found) >= total:
                return found
        raise UnavailableError("GOV.UK Pay finds more payments of these days than can be read")

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Ask once, and again after "too many requests"; return the answer.

        Raises:
            UnavailableError, ProviderRefusedError: see `evidence.fees.provider`.
        """
        if not self._pay.key:
            raise UnavailableError("this process was not given what payments are taken with")
        more: dict[str, Any] = {"params": params} if params else {}
        if body is not None:
            more["json"] = body
        status, said = self._once(method, path, {**(headers or {})}, more)
        for pause in _PAUSES_S:
            if status != HTTPStatus.TOO_MANY_REQUESTS:
                break
            self._pause(pause)
            status, said = self._once(method, path, {**(headers or {})}, more)
        if status in _OK:
            return said
        refusal = _refusal(status, str(said.get("code", "")))
        if method == "GET" and status != HTTPStatus.NOT_FOUND:
            # What is only asked about is not ended by a no, but by there being nothing.
            raise UnavailableError(str(refusal))
        raise refusal

    def _once(
        self, method: str, path: str, headers: dict[str, str], more: Mapping[str, Any]
    ) -> tuple[int, Mapping[str, Any]]:
        headers |= {"Authorization": f"Bearer {self._pay.key}", "Accept": "application/json"}
        held, ends = bytearray(), time.monotonic() + DEADLINE_S
        url = f"{self._pay.api}{path}"
        try:
            with (
                httpx.Client(
                    verify=_trusted(), transport=self._transport, timeout=DEADLINE_S / 2
                ) as client,
                client.stream(method, url, headers=headers, **more) as answer,
            ):
                for piece in answer.iter_bytes():
                    held += piece
                    if len(held) > _MOST or time.monotonic() > ends:
                        raise UnavailableError(_AWAY)
                status = answer.status_code
            said = httpx.Response(HTTPStatus.OK, content=bytes(held)).json() if held else {}
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
            # Without its words: they may quote what somebody typed at the card page.
            raise UnavailableError(_AWAY) from None
        return status, said if isinstance(said, dict) else {}

    def _payment(self, said: Mapping[str, Any]) -> ToldPayment:
        return _read(lambda: self._told(said))

    def _told(self, said: Mapping[str, Any]) -> ToldPayment:
        state, code = said["state"], str(said["state"].get("code") or "")
        next_url = (said.get("_links") or {}).get("next_url") or {}
        return ToldPayment(
            reference=_name(said["payment_id"]),
            pence=_pence(said["amount"]),
            state=payment_state(state["status"], code),
            reason=ending(code[:20]) if code else "",
            next_url=self._next(next_url.get("href") or ""),
            refundable=_pence((said.get("refund_summary") or {}).get("amount_available") or 0),
            settled_on=_settled(said),
        )

    def _next(self, url: str) -> str:
        """Return where the person goes; nowhere but to the provider's own pages."""
        if url and not url.startswith(f"{self._pay.pages}/"):
            raise UnavailableError("GOV.UK Pay names a card page that is not its own")
        return url


def _read(reading: Callable[[], Result]) -> Result:
    """Return what is read of an answer.

    Raises:
        UnavailableError: it has another form than the description says; it is not repeated.
    """
    try:
        return reading()
    except (LookupError, TypeError, ValueError, AttributeError):
        raise UnavailableError("GOV.UK Pay answers what we cannot read") from None


def _page_of(said: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    return list(said["results"]), int(said["total"])


def _refund(said: Mapping[str, Any], payment: object) -> ToldRefund:
    return _read(
        lambda: ToldRefund(
            reference=_name(said["refund_id"]),
            payment=_name(payment),
            pence=_pence(said["amount"]),
            state=refund_state(said["status"]),
            settled_on=_settled(said),
        )
    )


def _name(value: object) -> str:
    """Return a name of the provider's, which is put into addresses.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("no name of a payment or refund")
    return value


def _pence(value: object) -> int:
    if type(value) is not int or not 0 <= value <= 2**31:
        raise ValueError("no amount")
    return value


def _settled(said: Mapping[str, Any]) -> date | None:
    text = (said.get("settlement_summary") or {}).get("settled_date")
    return None if text is None else date.fromisoformat(text)


def _refusal(status: int, code: str) -> UnavailableError | ProviderRefusedError:
    """Return what an answer that is no success means."""
    if code == MISMATCH or status == HTTPStatus.PRECONDITION_FAILED:
        return UnavailableError("another amount can be refunded now than was said: look again")
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnavailableError(f"GOV.UK Pay has no time for us now ({status})")
    if code in AWAY or status < HTTPStatus.BAD_REQUEST:
        return UnavailableError(_AWAY)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and code not in REFUSALS:
        # A key that was withdrawn is replaced by a person; meanwhile what is begun waits.
        return UnavailableError(f"GOV.UK Pay does not accept our key ({status})")
    words = REFUSALS.get(code, f"it said no, and gave {code[:20] or 'no code'} ({status})")
    return ProviderRefusedError(code[:20] or str(status), f"GOV.UK Pay refused: {words}")


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates are believed; reading them takes longer than all the rest."""
    return httpx.create_ssl_context()
