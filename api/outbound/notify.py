"""Adapter. Mail by GOV.UK Notify: one template with ((subject)) and ((body)).

Its reference for us is the message's own identifier, which holds no personal data. Before each
attempt we ask whether it has that reference already, so that no attempt is made twice.
"""

import logging
from typing import Any
from uuid import UUID

import requests
from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError
from urllib3.exceptions import SSLError as TlsError

from api.outbound.mailer import Letter, LostMailError, RefusedMailError
from api.settings.facts import Notify
from storage.errors import UnavailableError

_Client: Any = NotificationsAPIClient  # it has a py.typed, and no types
_TIMEOUT_S = 30
_TOO_MANY, _SERVER_ERROR = 429, 500
_NOT_OUR_KEY = (401, 403)
_AWAY = "GOV.UK Notify does not answer"
# Its warnings quote the answers of the API, and these may quote an address.
logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL)


class NotifyMailer:
    """Sends through one service's key and one template."""

    def __init__(self, notify: Notify, *, base_url: str = "") -> None:
        more = {"base_url": base_url} if base_url else {}
        self._client: Any = _Client(notify.key, timeout=_TIMEOUT_S, **more)
        self._template = notify.template

    def find(self, message: UUID) -> str | None:
        """Return Notify's name of a message that it took before.

        Raises:
            UnavailableError: it does not answer.
        """
        try:
            found: Any = self._client.get_all_notifications(reference=str(message))
            taken = found["notifications"]
            return str(taken[0]["id"]) if taken else None
        except (APIError, requests.RequestException, KeyError, TypeError):
            raise UnavailableError(_AWAY) from None

    def send(self, letter: Letter) -> str:
        """Hand a letter over; return Notify's name of it.

        Raises:
            UnavailableError, RefusedMailError, LostMailError: see `api.outbound.mailer`.
        """
        taken = self.find(letter.message)
        if taken is not None:
            return taken
        try:
            answer: Any = self._client.send_email_notification(
                email_address=letter.to,
                template_id=self._template,
                personalisation={"subject": letter.subject, "body": letter.text},
                reference=str(letter.message),
            )
            return str(answer["id"])
        except (APIError, requests.RequestException, KeyError, TypeError) as error:
            return self._failed(letter, error)

    def _failed(self, letter: Letter, error: Exception) -> str:
        """Find out what a failed attempt means; return Notify's name if it took the letter."""
        response = getattr(error, "response", None)
        if response is not None and response.status_code >= requests.codes.bad_request:
            _refuse(response.status_code)
        if _never_began(error):
            raise UnavailableError(_AWAY) from None
        # It was sent, and the answer was lost: Notify itself knows best.
        try:
            taken = self.find(letter.message)
        except UnavailableError:
            taken = None
        if taken is None:
            raise LostMailError(
                "the connection broke while GOV.UK Notify had the message: it may have arrived"
            ) from None
        return taken


def _refuse(status: int) -> None:
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        raise UnavailableError(f"GOV.UK Notify did not take the message now ({status})") from None
    if status in _NOT_OUR_KEY:
        # A key that was withdrawn is replaced by a person; meanwhile the message waits.
        raise UnavailableError(f"GOV.UK Notify does not let us send ({status})") from None
    raise RefusedMailError(f"GOV.UK Notify refused the message ({status})") from None


def _never_began(error: Exception) -> bool:
    """Tell whether a request failed before a byte of it was sent."""
    cause = error.__cause__ or error
    reason = cause.args[0] if cause.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError, TlsError))
