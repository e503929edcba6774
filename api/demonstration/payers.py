"""Edge. Somebody who pays at the card page of the demonstration's payment provider."""

import httpx

_CARD = "4444333322221111"
_TIMEOUT_S = 10


def pay_at(next_url: str) -> None:
    """Enter a card that pays on the page of an address, and go no further.

    Raises:
        httpx.HTTPError: the stand-in does not answer.
    """
    with httpx.Client(timeout=_TIMEOUT_S) as browser:
        shown = browser.get(next_url, follow_redirects=True).raise_for_status()
        paid = browser.post(shown.url, data={"number": _CARD, "action": "pay"})
        assert paid.is_redirect, paid.status_code
