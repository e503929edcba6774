"""Edge. `/webhooks/pay`: GOV.UK Pay calls about a payment; it is then asked about it.

A call is believed to be a call, and nothing that it says: its signature is over the very bytes that
came, and all that is read of them is which payment to ask about. It is answered at once.
"""

import hashlib
import hmac
import json
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from api.demonstration.standins import pay_of
from api.denials import UnauthorisedError
from api.depends import UsesServices
from evidence.errors import InvalidError
from evidence.secrets import is_same_secret

router = APIRouter(prefix="/webhooks", tags=["payments"])
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_EXAMPLE = {
    "webhook_message_id": "s0wjen129ejalk21nfjkdknf1jejklh",
    "event_type": "card_payment_succeeded",
    "resource_type": "payment",
    "resource_id": "hu20sqlact5260q2nanm0q8u93",
}


async def body_of(request: Request) -> bytes:
    """Return the bytes that came."""
    return await request.body()


@router.post(
    "/pay",
    status_code=204,
    summary="Something became of a payment (GOV.UK Pay)",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
        }
    },
)
def heard(
    services: UsesServices,
    body: Annotated[bytes, Depends(body_of)],
    signature: Annotated[
        str, Header(alias="Pay-Signature", max_length=200, description="HMAC-SHA256 of the body")
    ] = "",
) -> Response:
    """Note a call, and ask about its payment in a job. Told twice, or of others', nothing happens.

    Raises:
        UnauthorisedError: it is not signed with the secret of CUSTOS_PAY_WEBHOOK_SECRET.
        InvalidError: it is signed, and no call of this kind.
    """
    secret = pay_of(services.settings).webhook_secret
    if not secret or not is_same_secret(signature, sign(secret, body)):
        raise UnauthorisedError("this call is not signed as GOV.UK Pay signs")
    message, payment = _read(body)
    with services.transaction() as session:
        services.payments.hear(session, message, payment, at=services.clock())
    return Response(status_code=204)


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a call (GOV.UK Pay, "Check webhook signatures")."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _read(body: bytes) -> tuple[str, str]:
    """Return the number of a call, and the payment that it is about."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    values = said if isinstance(said, dict) else {}
    message, payment = (values.get(name) for name in ("webhook_message_id", "resource_id"))
    for name, value in (("webhook_message_id", message), ("resource_id", payment)):
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise InvalidError(name, f"{name} is missing, or no name")
    return str(message), str(payment)
