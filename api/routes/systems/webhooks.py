"""Edge. `/api/v1/requests/webhook` and `/changes`: what becomes of one's requests is told."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.acts import act
from api.depends import Acts, UsesServices
from api.routes.pages import Limit, link
from api.views import View
from evidence.requests.notices.webhooks import Webhook
from evidence.requests.states import RequestState

router = APIRouter(prefix="/api/v1/requests", tags=["claims systems"])
_LAST = 2**31 - 1


class ChangeView(View):
    """A request of yours came into another state."""

    number: int
    """Its place among the changes of your requests: 1, 2, 3 and so on."""
    urn: str
    state: RequestState
    at: datetime


class WebhookRequest(View):
    """Where your system is called."""

    url: str = Field(min_length=1, max_length=500, examples=["https://claims.example/custos"])


class CallView(View):
    """A call that was made."""

    number: int
    at: datetime
    taken: bool
    words: str


class WebhookView(View):
    """Where your system is called, and how that goes."""

    url: str
    set_at: datetime
    told: int
    """The number of the last change that your system took."""
    failing_since: datetime | None
    next_at: datetime | None
    """When the next change is tried again."""
    stopped_at: datetime | None
    """When we gave up; set the webhook again, and we go on."""
    calls: list[CallView]
    """The last ones, the newest first."""


class SetWebhookView(WebhookView):
    """The same, with its secret, which is told this once."""

    secret: str


@router.get("/changes", summary="List what became of your own requests")
def changes(
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    after: Annotated[int, Query(ge=0, le=_LAST, description="a number", examples=[0])] = 0,
    limit: Limit = 50,
) -> list[ChangeView]:
    """List the changes after a number, the first first: all that a webhook tells, or missed."""
    found = act(
        services,
        subject,
        lambda s: services.changes.after(s, after, by=subject, most=limit),
    )
    shown = [
        ChangeView(number=one.number or 0, urn=one.urn, state=RequestState(one.state), at=one.at)
        for one in found
    ]
    if len(shown) == limit:
        link(request, response, next={"after": shown[-1].number, "limit": limit})
    return shown


@router.put("/webhook", summary="Say where your system is called")
def set_webhook(sent: WebhookRequest, services: UsesServices, subject: Acts) -> SetWebhookView:
    """Have each change of your requests told to an address, signed with the secret that this tells.

    Set again, there is another secret; for a day calls are signed with both.
    """
    at = services.clock()

    def work(session: Session) -> SetWebhookView:
        secret = services.webhooks.set(session, sent.url, by=subject, at=at)
        shown = _view(services.webhooks.find(session, by=subject))
        return SetWebhookView(**shown.model_dump(), secret=secret)

    return act(services, subject, work)


@router.get("/webhook", summary="Show how the calls to your system go")
def show_webhook(services: UsesServices, subject: Acts) -> WebhookView:
    """Show where your system is called, what it took, and the last calls."""
    return _view(act(services, subject, lambda s: services.webhooks.find(s, by=subject)))


@router.delete("/webhook", status_code=204, summary="Have your system called no more")
def remove_webhook(services: UsesServices, subject: Acts) -> Response:
    """Call your system no more; what became of your requests is still listed at `changes`."""
    act(services, subject, lambda s: services.webhooks.remove(s, by=subject))
    return Response(status_code=204)


def _view(webhook: Webhook) -> WebhookView:
    row = webhook.row
    return WebhookView(
        url=row.url,
        set_at=row.set_at,
        told=row.told,
        failing_since=row.failing_since,
        next_at=row.next_at,
        stopped_at=row.stopped_at,
        calls=[
            CallView(number=one.number, at=one.at, taken=one.taken, words=one.words)
            for one in webhook.calls
        ],
    )
