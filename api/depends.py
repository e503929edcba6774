"""Edge. What routes depend on: the services, and who acts."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.denials import UnauthorisedError
from api.wiring import Services
from evidence.people.access import Subject

bearer = HTTPBearer(auto_error=False, description="An API token, as `custos token add` writes it")


def services_of(request: Request) -> Services:
    """Return the services that the application was made with."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


UsesServices = Annotated[Services, Depends(services_of)]


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def subject_of(services: UsesServices, credentials: Credentials) -> Subject:
    """Return who acts.

    Raises:
        UnauthorisedError: no token, or none that is valid here.
    """
    if credentials is None:
        raise UnauthorisedError("send an API token: Authorization: Bearer ...")
    with services.transaction() as session:
        subject = services.tokens.find(session, credentials.credentials)
    if subject is None:
        raise UnauthorisedError("this token is not valid here, or was revoked")
    return subject


Acts = Annotated[Subject, Depends(subject_of)]
