"""Edge. The two cookies of whoever asks: of what they fill in, and of the request they look after.

Each holds a secret of which only the digest is kept. Strict: the pages that others lead to need
none, and from there on every request is made by a page of ours.
"""

from datetime import timedelta

from fastapi import Request, Response

from api.denials import ForgedFormError
from api.depends import UsesServices
from api.services import Services
from api.web.collect.limiter import network_of
from api.web.staff import same_site
from evidence.requests.drafts import FORGET_DRAFTS

_DRAFT, _VISIT = "custos_draft", "custos_request"
_HOST = "__Host-"


def draft_cookie(services: Services) -> str:
    """Return the name of the cookie of what is filled in."""
    return f"{_HOST if services.settings.secure else ''}{_DRAFT}"


def visit_cookie(services: Services) -> str:
    """Return the name of the cookie of whoever looks after a request."""
    return f"{_HOST if services.settings.secure else ''}{_VISIT}"


def keep_draft(answer: Response, services: Services, secret: str) -> None:
    """Have the browser keep a draft's secret, as long as we keep the draft."""
    _keep(answer, services, draft_cookie(services), secret, FORGET_DRAFTS)


def keep_visit(answer: Response, services: Services, secret: str) -> None:
    """Have the browser keep a visit's secret until it is closed."""
    _keep(answer, services, visit_cookie(services), secret, None)


def drop(answer: Response, services: Services, name: str) -> None:
    """Have the browser forget a secret."""
    answer.delete_cookie(
        name, path="/", secure=services.settings.secure, httponly=True, samesite="strict"
    )


def _keep(
    answer: Response, services: Services, name: str, secret: str, lasts: timedelta | None
) -> None:
    answer.set_cookie(
        name,
        secret,
        max_age=None if lasts is None else int(lasts.total_seconds()),
        path="/",
        secure=services.settings.secure,
        httponly=True,
        samesite="strict",
    )


def network(request: Request) -> str:
    """Return the network that a request comes from, as limits count it."""
    return network_of(request.client.host if request.client else "")


def from_our_page(request: Request, services: UsesServices) -> None:
    """Refuse a form from another site's page.

    Raises:
        ForgedFormError: nothing was done.
    """
    if not same_site(request, services):
        raise ForgedFormError
