"""Edge. `/api/v1/requests` for claims systems: submit a request, and follow one's own.

Whoever calls is a machine of an organisation outside. It never learns of anybody else's request,
and no other call of this service answers it.
"""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.acts import act
from api.denials import TooManyError
from api.depends import Acts, UsesServices
from api.routes.pages import From, Limit, link_pages
from api.services import Services
from api.views import View
from evidence.paging import parse_cursor
from evidence.people.access import Subject
from evidence.requests.documents.kinds import DocumentKind
from evidence.requests.questions.forms import FieldKind
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path, RequestState
from evidence.requests.systems.filings import KEY, MOST_KEY
from export.desk.asking.own import OwnRequest
from export.desk.asking.papers import PaperStanding

router = APIRouter(prefix="/api/v1/requests", tags=["claims systems"])
MOST_AN_HOUR = 300
"""Calls that submit, of one mailbox."""
_MOST_ANSWER = 5000
_LEFT_OUT = frozenset({"organisation", "email"})
"""What the token says."""
_EXAMPLE = {
    "is_criminal": "no",
    "address": "1 Example Street\nBarchester",
    "contact_name": "Jo Smith",
    "job_title": "Claims handler",
    "phone": "01632 960 001",
    "policyholder": "Ali Holder",
    "consent": "yes",
    "identity": "driving_licence",
    "claim_reference": "CL-1234",
    "basis": "proceedings",
    "incident_date": "2026-11-20",
    "time_from": "14:00",
    "time_to": "14:30",
    "street": "High Street",
    "description": "A lorry turns and hits a parked car.",
    "recipient_name": "Jo Smith",
    "recipient_email": "jo@insurer.example",
    "declaration": "yes",
    "privacy": "yes",
}


def _described() -> dict[str, Any]:
    """Return what the form asks, field by field, for the description of a call."""
    fields = [field for page in FORMS[Path.INSURER].pages for field in page.fields]
    return {
        field.name: {
            "type": "string",
            "title": field.label,
            "description": " ".join(filter(None, (field.hint, field.missing))),
            **({"enum": [one.value for one in field.choices]} if field.choices else {}),
            **({"enum": ["yes"]} if field.kind is FieldKind.TICK else {}),
        }
        for field in fields
        if field.name not in _LEFT_OUT
    }


class RequestSubmission(View):
    """What is asked: the answers to the form that people fill in at /requests."""

    answers: dict[
        Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=_MOST_ANSWER)]
    ] = Field(
        max_length=60,
        examples=[_EXAMPLE],
        description="By the name of the field. What has several items has one a line. The "
        "organisation and the mailbox are those of the token",
        json_schema_extra={"properties": _described()},
    )


class OwedView(View):
    """A fee that is due."""

    stage: str
    pence: int
    """Including VAT."""
    vat_pence: int
    pay_at: str
    """The address of the page where whoever has it may pay."""


class OwnRequestView(View):
    """A request of one's own."""

    urn: str
    state: RequestState
    claim_reference: str
    """Empty: what was asked is erased."""
    submitted_at: datetime
    kept_until: datetime
    """When the recorder overwrites the first moment that is asked for, if nobody preserves it."""
    preserved_at: datetime | None
    """When the control room confirmed that all of it is preserved; null: it has not yet."""
    answer_due: date | None
    """By the end of this day; null: it was given, or it is your turn."""
    late: bool
    owed: list[OwedView]


class PaperView(View):
    """How it stands with a document of one kind; never a byte of it."""

    kind: DocumentKind
    needed: bool
    """Nothing is approved without it."""
    standing: PaperStanding
    received_at: datetime | None
    """When the last one came here; null: none did, or it was seen otherwise."""
    why: str
    """Why it was not accepted, or is asked for; empty otherwise."""


class WholeOwnRequestView(OwnRequestView):
    """The same, with what else is asked about it."""

    duplicates: list[str]
    """The numbers of your other open requests for the same claim, place and time: one is charged.
    """
    documents: list[PaperView]


Key = Annotated[
    str,
    Header(
        alias=KEY,
        min_length=1,
        max_length=MOST_KEY,
        examples=["CL-1234-1"],
        description="Names this request among yours: the same call again is answered the same",
    ),
]


@router.post("", status_code=201, summary="Submit a request")
def submit(
    sent: RequestSubmission, key: Key, services: UsesServices, subject: Acts
) -> WholeOwnRequestView:
    """Submit a request for footage, once for each key; the control room is called at once.

    What is wrong is named field by field in `errors`, and nothing is made.

    Raises:
        TooManyError: too many calls came of this mailbox within the hour.
    """
    _count(services, subject)
    at = services.clock()

    def file(session: Session) -> OwnRequest:
        row = services.filings.file(session, sent.answers, key, by=subject, at=at)
        return services.own_requests.whole(session, row, at)

    return whole(services, act(services, subject, file))


@router.get("/own", summary="List your own requests")
def list_own(
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    limit: Limit = 50,
    cursor: From = "",
) -> list[OwnRequestView]:
    """List the requests of this token's mailbox, the newest first."""
    place, at = parse_cursor(cursor), services.clock()
    page = act(
        services,
        subject,
        lambda s: services.own_requests.page(s, by=subject, at=at, cursor=place, most=limit),
    )
    link_pages(request, response, page, limit)
    return [_view(services, one) for one in page.rows]


@router.get("/own/{name}", summary="Show one of your own requests")
def show_own(name: str, services: UsesServices, subject: Acts) -> WholeOwnRequestView:
    """Show how a request of this token's mailbox stands, its clocks, documents, what is owed."""
    at = services.clock()
    found = act(services, subject, lambda s: services.own_requests.one(s, name, by=subject, at=at))
    return whole(services, found)


def _count(services: Services, subject: Subject) -> None:
    with services.transaction() as session:
        wait = services.limits.count(
            session, "filings", str(subject.person), most=MOST_AN_HOUR, at=services.clock()
        )
    if wait is not None:
        raise TooManyError(int(wait.total_seconds()) + 1)


def whole(services: Services, one: OwnRequest) -> WholeOwnRequestView:
    """Return everything that a machine is told of a request of its own."""
    papers = [
        PaperView(
            kind=paper.kind,
            needed=paper.needed,
            standing=paper.standing,
            received_at=paper.received_at,
            why=paper.why,
        )
        for paper in one.papers
    ]
    told = _told(services, one)
    return WholeOwnRequestView(**told, duplicates=list(one.again), documents=papers)


def _view(services: Services, one: OwnRequest) -> OwnRequestView:
    return OwnRequestView(**_told(services, one))


def _told(services: Services, one: OwnRequest) -> dict[str, Any]:
    row, pages = one.listed.row, f"{services.settings.origin}/pay"
    return {
        "urn": row.urn,
        "state": RequestState(row.state),
        "claim_reference": one.listed.claim,
        "submitted_at": row.submitted_at,
        "kept_until": row.overwrite_due_at,
        "preserved_at": row.preserved_at,
        "answer_due": one.listed.due,
        "late": one.listed.late,
        "owed": [
            OwedView(
                stage=fee.stage,
                pence=fee.pence,
                vat_pence=fee.vat_pence,
                pay_at=f"{pages}/{address}",
            )
            for fee, address in one.owed
        ],
    }
