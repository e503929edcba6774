"""Edge. Pages on which a release is proposed: what and for whom, the details, check answers."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.releases.form import (
    WHO,
    Sent,
    Typed,
    missing,
    new_release,
    said,
    typed_before,
    typed_for,
)
from api.web.console.releases.pages import story_of
from api.web.console.releases.words import BASES, DELIVERIES, KINDS
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.references import as_reference
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.addresses import looks_shared
from evidence.people.access import Action
from evidence.requests.states import RELEASABLE, Path
from export.desk.story import Story
from export.release.contents import releasable
from export.release.proposals import (
    WITH_MASTER,
    ChosenFile,
    Delivery,
    ReleaseKind,
)
from export.release.proposing.choices import choosable, usual
from export.release.releases import label
from export.release.requested import KIND_OF
from export.release.tables import ReleaseRow

router = APIRouter(include_in_schema=False)
Proposes = Annotated[Staff, allowed(Action.PROPOSE_RELEASE)]
SendsProposal = Annotated[Staff, sends(Action.PROPOSE_RELEASE)]

_SHOWN = 20


@router.get("/console/releases/new")
def begin(
    request: Request,
    services: UsesServices,
    staff: Proposes,
    exhibit: Annotated[list[str], Query(default_factory=list, max_length=100)],
    kind: str = "",
    q: str = "",
    step: str = "",
    replaces: str = "",
    requested: Annotated[str, Query(alias="request", max_length=100)] = "",
) -> Response:
    """Ask what is released and who asks for it; then for the rest. Of a request, all is known."""
    if requested:
        return _requested(request, services, staff, requested)
    names = tuple(dict.fromkeys(as_reference(name.strip().upper()) for name in exhibit))
    errors: dict[str, str] = {}
    if step == "details":
        if kind not in KINDS:
            errors["kind"] = WHO
        if not names:
            errors["exhibit"] = "Select at least one exhibit"
    if step != "details" or errors:
        return _choose(request, services, staff, names, kind, q, errors, replaces)
    filled = _prefilled(services, names, kind)
    if replaces:
        before = typed_before(story_of(services, staff, replaces))
        filled = replace(before, exhibit=filled.exhibit, kind=filled.kind, file=filled.file)
    return _details(request, services, staff, filled)


def _requested(request: Request, services: Services, staff: Staff, name: str) -> Response:
    """Show the form for a request, filled in with what it says and what its review found."""
    at, by = services.clock(), staff.subject
    story = act(
        services, by, lambda session: services.request_list.story(session, name, by=by, at=at)
    )
    kind = KIND_OF.get(Path(story.row.path))
    if story.asked is None or kind is None or story.row.state not in RELEASABLE:
        return RedirectResponse(f"/console/requests/{story.row.urn}", HTTPStatus.SEE_OTHER)
    usual = _prefilled(services, story.exhibits, kind.value)
    return _details(request, services, staff, typed_for(story.row.urn, story.asked, usual))


def edit_release(request: Request, services: Services, staff: Staff, story: Story) -> Response:
    """Show the form by which a proposal is edited, as it was filled in."""
    return _details(request, services, staff, typed_before(story))


def _choose(
    request: Request,
    services: Services,
    staff: Staff,
    names: Sequence[str],
    kind: str,
    q: str,
    errors: Mapping[str, str],
    replaces: str,
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
        replaces=replaces,
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
            for row, file in usual(session, rows, ReleaseKind(kind), with_master=with_master)
        ]
    return Typed(
        exhibit=tuple(row.reference for row in rows),
        kind=kind,
        basis="" if kind == ReleaseKind.INSURER else "crime",
        file=tuple(files),
        delivery=Delivery.LINK.value,
        link_days=str(services.council.link_days),
    )


def _details(
    request: Request,
    services: Services,
    staff: Staff,
    sent: Typed,
    errors: Mapping[str, str] | None = None,
) -> Response:
    with services.transaction() as session:
        rows = [row for name in sent.exhibit if (row := _found(services, session, name))]
        known = sent.kind in KINDS
        choices = choosable(session, rows, ReleaseKind(sent.kind)) if known else []
    if not rows or not known:
        return _choose(
            request, services, staff, sent.exhibit, sent.kind, "", errors or {}, sent.replaces
        )
    carried = [("kind", sent.kind), *([("replaces", sent.replaces)] if sent.replaces else [])]
    query = urlencode([("exhibit", row.reference) for row in rows] + carried)
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
    if errors := missing(sent):
        return _details(request, services, staff, sent, errors)
    try:
        checked = act(
            services,
            staff.subject,
            lambda session: services.proposals.check(session, new_release(sent), by=staff.subject),
        )
    except (InvalidError, StateError, UnknownError) as error:
        return _details(request, services, staff, sent, said(error))
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
    if errors := missing(sent):
        return _details(request, services, staff, sent, errors)
    try:
        row = act(services, staff.subject, partial(_propose, services, staff, sent))
    except (InvalidError, StateError, UnknownError) as error:
        return _details(request, services, staff, sent, said(error))
    done = "edited" if sent.replaces else "proposed"
    return RedirectResponse(f"/console/releases/{label(row)}?done={done}", HTTPStatus.SEE_OTHER)


def _propose(services: Services, staff: Staff, sent: Typed, session: Session) -> ReleaseRow:
    new, by, at = new_release(sent), staff.subject, services.clock()
    if not sent.replaces:
        return services.proposals.propose(session, new, by=by, at=at)
    return services.withdrawals.replace(
        session, sent.replaces, new, by=by, at=at, reason=sent.change
    )
