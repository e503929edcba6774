"""Edge. `/api/v1/requests/…`: the incident that a request belongs to, documents seen elsewhere."""

from fastapi import APIRouter
from pydantic import Field

from api.depends import Acts, UsesServices
from api.routes.releases import ReasonRequest
from api.routes.requests import WholeRequestView, as_it_stands
from api.views import View
from evidence.requests.decisions import MOST_REASON
from evidence.requests.documents.kinds import DocumentKind, SeenHow
from evidence.requests.links.numbers import MOST as MOST_NUMBER

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])


class IncidentRequest(View):
    """A number of the council's incident system."""

    incident: str = Field(min_length=1, max_length=MOST_NUMBER, examples=["INC-004512"])


class SeenRequest(View):
    """Which document was seen, and how."""

    kind: DocumentKind = Field(examples=["identity"])
    how: SeenHow = Field(examples=["in person"])
    reason: str = Field(
        min_length=1, max_length=MOST_REASON, examples=["A passport in the name of who asks"]
    )


class WantedRequest(View):
    """Which document is asked for, and why."""

    kind: DocumentKind = Field(examples=["identity"])
    reason: str = Field(
        min_length=1,
        max_length=MOST_REASON,
        examples=["The picture cannot be read"],
        description="in words: whoever asked reads it",
    )


@router.post("/{name}/incident", summary="Link a request to an incident")
def link_incident(
    name: str, wanted: IncidentRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Link a request to an incident of the council's own system, in place of another."""
    links = services.request_links
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: links.link_incident(session, name, wanted.incident, by=subject, at=at),
    )


@router.post("/{name}/incident/removal", summary="Unlink a request from its incident")
def unlink_incident(
    name: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Say that a request belongs to no incident."""
    links = services.request_links
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: links.unlink_incident(
            session, name, by=subject, at=at, reason=wanted.reason
        ),
    )


@router.post("/{name}/documents/seen", summary="Record a document that was seen")
def record_seen(
    name: str, wanted: SeenRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Record that a document was seen in person or by post: it counts as accepted."""
    checks = services.document_checks
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: checks.see(
            session, name, wanted.kind, wanted.how, by=subject, at=at, reason=wanted.reason
        ),
    )


@router.post("/{name}/documents/wanted", summary="Ask for a document")
def ask_for(
    name: str, wanted: WantedRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Ask whoever asked for a document: they get a letter."""
    checks = services.document_checks
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: checks.ask(
            session, name, wanted.kind, by=subject, at=at, reason=wanted.reason
        ),
    )
