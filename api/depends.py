"""Edge. What routes depend on: the services, who acts, and that a query is understood."""

import logging
from typing import Annotated

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.denials import UnauthorisedError
from api.services import Services
from evidence.errors import InvalidError, TokenEndedError
from evidence.people.access import Subject
from evidence.people.tokens import token_name

_SHORT = 80
_log = logging.getLogger("custos.signin")
bearer = HTTPBearer(auto_error=False, description="An API token, as `custos token add` writes it")


def services_of(request: Request) -> Services:
    """Return the services that the application was made with."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


async def given_services(request: Request) -> Services:
    """Return the same to a route; without a thread, which FastAPI gives to whatever is no async."""
    return services_of(request)


UsesServices = Annotated[Services, Depends(given_services)]


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def subject_of(services: UsesServices, credentials: Credentials) -> Subject:
    """Return who acts.

    Raises:
        UnauthorisedError, TokenEndedError: no token, or none that is valid here.
    """
    if credentials is None:
        raise UnauthorisedError("send an API token: Authorization: Bearer ...")
    token = credentials.credentials
    try:
        with services.transaction() as session:
            subject = services.tokens.find(session, token, at=services.clock())
    except TokenEndedError:
        _log.warning("a token that ended was used: %s", token_name(token))
        raise
    if subject is None:
        raise UnauthorisedError("this token is not valid here, or was revoked")
    return subject


Acts = Annotated[Subject, Depends(subject_of)]


async def any_query() -> None:
    """Let a route be asked with parameters that it does not declare.

    Pages for strangers and recipients: whoever carries a link to somebody may hang parameters of
    their own on it (gateways of mail, checkers of links), and it must work all the same.
    """


ANY_QUERY = Depends(any_query)
"""What such a route, or a router of such routes, depends on."""


async def known_query(request: Request) -> None:
    """Refuse a query parameter that the route does not declare, unless it takes any.

    A filter that is misspelt would find everything, and look as if it had found it all. Nothing is
    looked up before: whoever asks, and about what, the answer is the same.

    Raises:
        InvalidError: names the parameter.
    """
    known = declared_query(request.scope["route"])
    for name in request.query_params:
        if known is not None and name not in known:
            short = name[:_SHORT]
            raise InvalidError(short, f"this address takes no {short!r}: leave it out")


def declared_query(route: APIRoute) -> frozenset[str] | None:
    """Return the query parameters that a route declares; None: it takes any."""
    names: set[str] = set()
    left = [route.dependant]
    while left:
        one = left.pop()
        if one.call is any_query:
            return None
        names |= {parameter.alias for parameter in one.query_params}
        left += one.dependencies
    return frozenset(names)
