"""Edge. `/api/v1/notify/callback`: GOV.UK Notify says what became of a message."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from api.denials import UnauthorisedError
from api.depends import UsesServices
from evidence.secrets import is_same_secret

router = APIRouter(prefix="/api/v1/notify", tags=["messages"])
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="NotifyCallback",
    description="The token of CUSTOS_NOTIFY_CALLBACK_TOKEN, as set for callbacks at GOV.UK Notify",
)
BOUNCES = {
    "permanent-failure": "the mailbox does not exist, or refuses us",
    "temporary-failure": "the mailbox could not be reached for days: it may be full",
    "technical-failure": "GOV.UK Notify could not send it",
}
"""What each status that is a failure means, in our words."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Callback(BaseModel):
    """What Notify posts; of its fields we read these two, and keep no address."""

    model_config = ConfigDict(extra="ignore")

    reference: str | None = Field(
        default=None, max_length=1000, examples=["6c237c25-e686-43f3-94d7-461249ab6674"]
    )
    status: str = Field(max_length=100, examples=["permanent-failure"])


@router.post("/callback", status_code=204, summary="What became of a message (GOV.UK Notify)")
def callback(
    told: Callback,
    services: UsesServices,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Response:
    """Record that a message came back. Told twice, or of a message of nobody, nothing happens."""
    notify = services.settings.mail.notify
    given = credentials.credentials if credentials is not None else ""
    if notify is None or not is_same_secret(given, notify.callback_token):
        raise UnauthorisedError("this is not the token that Notify was given for callbacks")
    words = BOUNCES.get(told.status)
    if words is not None and told.reference and _UUID.fullmatch(told.reference):
        services.posting.bounced(UUID(told.reference), words)
    return Response(status_code=204)
