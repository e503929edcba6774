"""Edge. `/api/v1/requests/own/{name}/documents`: a claims system sends consent and identity.

The body is the document itself. Nothing of it is read before it is known whose request it is of,
and that this takes it; its bytes are counted as they come, and lie on no disk before they are
sealed.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.acts import act
from api.bounds import lanes
from api.denials import TooManyError
from api.depends import Acts, UsesServices
from api.routes.systems.filings import WholeOwnRequestView, whole
from api.services import Services
from api.web.public.requests.cookies import network
from api.web.public.requests.documents.received import received_body
from evidence.errors import InvalidError
from evidence.people.access import Subject
from evidence.requests.documents.kinds import DocumentKind
from export.desk.asking.own import AwaitedDocument, OwnRequest

router = APIRouter(prefix="/api/v1/requests/own", tags=["claims systems"])
STREAMED = f"{router.prefix}/"
"""Below it, bodies are read by this alone, after it is known who sends them."""
_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Kind = Annotated[
    str,
    Path(
        description="What the document is to show",
        json_schema_extra={"enum": [one.value for one in DocumentKind]},
    ),
]


@router.post(
    "/{name}/documents/{kind}",
    status_code=201,
    summary="Send a document of one of your own requests",
    openapi_extra=_BYTES,
)
async def send(
    name: str, kind: Kind, request: Request, services: UsesServices, subject: Acts
) -> WholeOwnRequestView:
    """Send a PDF, JPEG or PNG as the body, as it is: its type is told by its content.

    The same document again, while nobody has checked it, is one.

    Raises:
        TooManyError: too many documents came of this mailbox, or from this network, in an hour.
    """
    awaited = await run_in_threadpool(_admit, services, subject, name, kind, network(request))
    with lanes.DOCUMENTS.place():
        try:
            data = await received_body(request, services.document_arrivals)
        except ClientDisconnect as error:
            raise InvalidError("body", "the document was cut off: send it again") from error
        return await lanes.DOCUMENTS.run(_take, services, subject, awaited, data)


def _admit(
    services: Services, subject: Subject, name: str, kind: str, network: str
) -> AwaitedDocument:
    """Say for which request a document comes, and count it, before a byte of it is read."""
    awaited = act(
        services, subject, lambda s: services.own_requests.awaiting(s, name, kind, by=subject)
    )
    with services.transaction() as session:
        wait = services.document_arrivals.admit(
            session, network=network, mailbox=awaited.mailbox, at=services.clock()
        )
    if wait is not None:
        raise TooManyError(int(wait.total_seconds()) + 1)
    return awaited


def _take(
    services: Services, subject: Subject, awaited: AwaitedDocument, data: bytes
) -> WholeOwnRequestView:
    """Look at a document, and keep it; say how its request stands then."""
    services.intake.require_room(len(data))
    incoming, at = services.document_arrivals.take(data), services.clock()

    def receive(session: Session) -> OwnRequest:
        services.documents.receive(session, awaited.request, awaited.kind, incoming, at=at)
        return services.own_requests.one(session, str(awaited.request), by=subject, at=at)

    return whole(services, act(services, subject, receive))
