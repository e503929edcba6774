"""Edge. Pages on which a release is proposed: what and for whom, the details, check answers."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.web.console.releases.words import BASES, DELIVERIES, KINDS
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from api.wiring import Services
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.addresses import looks_shared
from evidence.people.access import Action
from export.desk.search import as_reference
from export.holdings.files import MASTER, files_of
from export.holdings.tables import ExhibitFileRow
from export.release.contents import CHOOSABLE, releasable
from export.release.proposals import (
    WITH_MASTER,
    ChosenFile,
    Delivery,
    NewRelease,
    ReleaseKind,
    parse_chosen,
)
from export.release.releases import label

router = APIRouter(include_in_schema=False)
Proposes = Annotated[Staff, allowed(Action.PROPOSE_RELEASE)]
SendsProposal = Annotated[Staff, sends(Action.PROPOSE_RELEASE)]

OTHER = "other"
_SHOWN = 20
_WHO = "Select who asks for the footage"
_MISSING: Mapping[str, str] = {
    "recipient_name": "Enter the name of the one person it is for",
    "organisation": "Enter the organisation that they work for",
    "recipient_email": "Enter their e-mail address at that organisation",
    "purpose": "Enter why they need the footage",
    "basis": "Select the legal basis of the disclosure",
    "files": "Select at least one file",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, as it was typed."""

    exhibit: tuple[str, ...] = ()
    kind: str = ""
    recipient_name: str = ""
    organisation: str = ""
    recipient_email: str = ""
    urn: str = ""
    purpose: str = ""
    basis: str = ""
    basis_other: str = ""
    file: tuple[str, ...] = ()
    delivery: str = ""
    link_days: str = ""
    urgent: str = ""
    proposal: str = ""
    """The identifier of the release to be: a form that is sent twice proposes once."""

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Everything that was typed, as fields that a page carries along."""
        pairs: list[tuple[str, str]] = []
        for one in fields(self):
            value = getattr(self, one.name)
            pairs += [(one.name, item) for item in ((value,) if isinstance(value, str) else value)]
        return pairs

    @property
    def basis_words(self) -> str:
        """The legal basis in full."""
        return self.basis_other.strip() if self.basis == OTHER else BASES.get(self.basis, "")


def typed(
    *,
    exhibit: Annotated[list[str], Form(default_factory=list, max_length=100)],
    file: Annotated[list[str], Form(default_factory=list, max_length=1000)],
    kind: Annotated[str, Form()] = "",
    recipient_name: Annotated[str, Form()] = "",
    organisation: Annotated[str, Form()] = "",
    recipient_email: Annotated[str, Form()] = "",
    urn: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
    basis: Annotated[str, Form()] = "",
    basis_other: Annotated[str, Form()] = "",
    delivery: Annotated[str, Form()] = "",
    link_days: Annotated[str, Form()] = "",
    urgent: Annotated[str, Form()] = "",
    proposal: Annotated[str, Form()] = "",
) -> Typed:
    """Return what was sent."""
    return Typed(
        exhibit=tuple(exhibit),
        kind=kind,
        recipient_name=recipient_name,
        organisation=organisation,
        recipient_email=recipient_email,
        urn=urn,
        # Browsers send CRLF, and records hold lines.
        purpose=purpose.replace("\r\n", "\n"),
        basis=basis,
        basis_other=basis_other.replace("\r\n", "\n"),
        file=tuple(file),
        delivery=delivery,
        link_days=link_days,
        urgent=urgent,
        proposal=proposal,
    )


Sent = Annotated[Typed, Depends(typed)]


@router.get("/console/releases/new")
def begin(
    request: Request,
    services: UsesServices,
    staff: Proposes,
    exhibit: Annotated[list[str], Query(default_factory=list, max_length=100)],
    kind: str = "",
    q: str = "",
    step: str = "",
) -> Response:
    """Ask what is released and who asks for it; then for the rest."""
    names = tuple(dict.fromkeys(as_reference(name.strip().upper()) for name in exhibit))
    errors: dict[str, str] = {}
    if step == "details":
        if kind not in KINDS:
            errors["kind"] = _WHO
        if not names:
            errors["exhibit"] = "Select at least one exhibit"
    if step != "details" or errors:
        return _choose(request, services, staff, names, kind, q, errors)
    return _details(request, services, staff, _prefilled(services, names, kind))


def _choose(
    request: Request,
    services: Services,
    staff: Staff,
    names: Sequence[str],
    kind: str,
    q: str,
    errors: Mapping[str, str],
) -> Response:
    with services.transaction() as session:
        chosen = [row for name in names if (row := _found(services, session, name)) is not None]
        others = releasable(session, q, most=_SHOWN + len(chosen))
    offered = chosen + [row for row in others if row not in chosen][:_SHOWN]
    return page(
        request,
        "console/propose-exhibits.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors,
        exhibits=offered,
        chosen=[row.reference for row in chosen],
        kind=kind,
        kinds=KINDS,
        q=q,
    )


def _found(services: Services, session: Session, name: str) -> ExhibitRow | None:
    try:
        return services.exhibits.find(session, name)
    except (InvalidError, UnknownError):
        return None


def _prefilled(services: Services, names: Sequence[str], kind: str) -> Typed:
    """Return the form as it is usual for who asks."""
    with_master = ReleaseKind(kind) in WITH_MASTER
    with services.transaction() as session:
        rows = [row for name in names if (row := _found(services, session, name)) is not None]
        files = [
            str(ChosenFile(row.reference, file.name))
            for row, some in _choices(session, rows)
            for file in some
            if with_master or file.kind != MASTER
        ]
    return Typed(
        exhibit=tuple(row.reference for row in rows),
        kind=kind,
        basis="" if kind == ReleaseKind.INSURER else "crime",
        file=tuple(files),
        delivery=Delivery.LINK.value,
        link_days=str(services.council.link_days),
    )


def _choices(
    session: Session, rows: Sequence[ExhibitRow]
) -> list[tuple[ExhibitRow, list[ExhibitFileRow]]]:
    return [(row, files_of(session, row.id, *CHOOSABLE)) for row in rows]


def _details(
    request: Request,
    services: Services,
    staff: Staff,
    sent: Typed,
    errors: Mapping[str, str] | None = None,
) -> Response:
    with services.transaction() as session:
        rows = [row for name in sent.exhibit if (row := _found(services, session, name))]
        choices = _choices(session, rows)
    if not rows or sent.kind not in KINDS:
        return _choose(request, services, staff, sent.exhibit, sent.kind, "", errors or {})
    query = urlencode([("exhibit", row.reference) for row in rows] + [("kind", sent.kind)])
    return page(
        request,
        "console/propose.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors or {},
        sent=sent,
        choices=choices,
        kind=KINDS[sent.kind],
        bases=BASES,
        deliveries=DELIVERIES,
        change=f"/console/releases/new?{query}",
        police=services.council.police,
    )


@router.post("/console/releases/new/change")
def change(request: Request, services: UsesServices, staff: SendsProposal, sent: Sent) -> Response:
    """Show the form again, with everything that was typed."""
    return _details(request, services, staff, sent)


@router.post("/console/releases/new/check")
def check(request: Request, services: UsesServices, staff: SendsProposal, sent: Sent) -> Response:
    """Show what will be proposed, or what is wrong with it."""
    if errors := _missing(sent):
        return _details(request, services, staff, sent, errors)
    try:
        checked = act(
            services,
            staff.subject,
            lambda session: services.releases.check(session, _new(sent), by=staff.subject),
        )
    except (InvalidError, StateError, UnknownError) as error:
        return _details(request, services, staff, sent, _said(error))
    return page(
        request,
        "console/propose-check.html",
        staff=staff,
        sent=replace(sent, proposal=sent.proposal or str(uuid.uuid4())),
        new=checked.new,
        with_master=checked.with_master,
        exhibits=checked.exhibits,
        chosen=checked.chosen,
        kind=KINDS[sent.kind],
        delivery=DELIVERIES[sent.delivery][0],
        shared=looks_shared(checked.new.recipient_email),
    )


@router.post("/console/releases")
def propose(request: Request, services: UsesServices, staff: SendsProposal, sent: Sent) -> Response:
    """Propose the release."""
    if errors := _missing(sent):
        return _details(request, services, staff, sent, errors)
    try:
        row = act(
            services,
            staff.subject,
            lambda session: services.releases.propose(
                session, _new(sent), by=staff.subject, at=services.clock()
            ),
        )
    except (InvalidError, StateError, UnknownError) as error:
        return _details(request, services, staff, sent, _said(error))
    return RedirectResponse(f"/console/releases/{label(row)}?done=proposed", HTTPStatus.SEE_OTHER)


def _missing(sent: Typed) -> dict[str, str]:
    """Return everything that is missing, all at once."""
    given = {
        "recipient_name": sent.recipient_name,
        "organisation": sent.organisation,
        "recipient_email": sent.recipient_email,
        "purpose": sent.purpose,
        "basis": sent.basis_words,
        "files": "".join(sent.file),
    }
    errors = {name: _MISSING[name] for name, value in given.items() if not value.strip()}
    if "basis" in errors and sent.basis == OTHER:
        errors["basis"] = "Enter the legal basis of the disclosure"
    if sent.kind not in KINDS:
        errors["kind"] = _WHO
    if sent.delivery not in DELIVERIES:
        errors["delivery"] = "Select how the package reaches them"
    days = sent.link_days.strip()
    if days and not (days.isascii() and days.isdecimal() and len(days) <= 3):  # noqa: PLR2004 - digits
        errors["link_days"] = "Enter a number of days, such as 14"
    return errors


def _new(sent: Typed) -> NewRelease:
    """Return the proposal that a form makes.

    Raises:
        InvalidError: a file or the identifier is not of its form.
    """
    try:
        proposal = UUID(sent.proposal) if sent.proposal else None
    except ValueError as error:
        raise InvalidError("proposal", "this form is out of date: load the page again") from error
    return NewRelease(
        exhibits=sent.exhibit,
        kind=ReleaseKind(sent.kind),
        recipient_name=sent.recipient_name,
        recipient_email=sent.recipient_email,
        organisation=sent.organisation,
        purpose=sent.purpose,
        basis=sent.basis_words,
        urn=sent.urn.strip(),
        delivery=Delivery(sent.delivery),
        files=tuple(map(parse_chosen, sent.file)),
        link_days=int(sent.link_days) if sent.link_days.strip() else None,
        urgent=sent.urgent == "yes",
        id=proposal,
    )


def _said(error: Exception) -> dict[str, str]:
    """Return an error as the field that it stands at, and the sentence."""
    words = str(error)
    sentence = words[:1].upper() + words[1:]
    return {error.field if isinstance(error, InvalidError) else "files": sentence}
