"""Edge. `/api/v1/releases`: proposed, shown, decided, sealed; `departures` says how they leave."""

from functools import partial

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.acts import Decision, act, decide
from api.depends import Acts, UsesServices
from api.routes.pages import From, Limit, link_pages
from api.services import Services
from api.views import (
    ChosenView,
    ReleaseView,
    View,
    listed_release,
    release_view,
    show_release,
)
from evidence.paging import parse_cursor
from evidence.people.access import Subject
from export.release.proposals import MOST_LINK_DAYS, ChosenFile, Delivery, NewRelease, ReleaseKind
from export.release.tables import ReleaseRow

router = APIRouter(prefix="/api/v1/releases", tags=["releases"])


class ReleaseRequest(View):
    """What is proposed: which exhibits, to whom, on which legal basis, and for what."""

    exhibits: list[str] = Field(min_length=1, max_length=100, examples=[["JS/1"]])
    kind: ReleaseKind = Field(examples=["police"])
    recipient_name: str = Field(min_length=1, max_length=200, examples=["DC Alex Example"])
    recipient_email: str = Field(max_length=254, examples=["alex@barchester.police.example"])
    organisation: str = Field(min_length=1, max_length=200, examples=["Barchester Constabulary"])
    purpose: str = Field(min_length=1, max_length=2000, examples=["investigation of a collision"])
    basis: str = Field(min_length=1, max_length=500, examples=["DPA 2018 Sch 2 para 2"])
    with_master: bool | None = Field(
        default=None,
        examples=[True],
        description="left out: yes for police, CPS and council, no for insurers",
    )
    urn: str = Field(default="", max_length=40, examples=["BAR-7K4M-2XQ9-J"])
    delivery: Delivery = Field(
        default=Delivery.NONE,
        examples=["link"],
        description="link: to the recipient's mailbox; handoff: another way; none: it is fetched",
    )
    link_days: int | None = Field(
        default=None, ge=1, le=MOST_LINK_DAYS, examples=[14], description="left out: as usual here"
    )
    files: list[ChosenView] = Field(
        default=[],
        max_length=1000,
        examples=[[{"exhibit": "JS/1", "name": "JS-1-CP1.mp4"}]],
        description="masters and working copies by name; none: every file of the kinds that go",
    )
    urgent: bool = Field(
        default=False, examples=[False], description="threat to life: one approver now"
    )


class ReasonRequest(View):
    """Why."""

    reason: str = Field(default="", max_length=2000, examples=["necessary and proportionate"])


class EditRequest(ReleaseRequest):
    """What is proposed in the place of a proposal, all of it, and why."""

    reason: str = Field(min_length=1, max_length=2000, examples=["another person asks now"])


def _wanted(wanted: ReleaseRequest) -> NewRelease:
    return NewRelease(
        exhibits=tuple(wanted.exhibits),
        kind=wanted.kind,
        recipient_name=wanted.recipient_name,
        recipient_email=wanted.recipient_email,
        organisation=wanted.organisation,
        purpose=wanted.purpose,
        basis=wanted.basis,
        with_master=wanted.with_master,
        urn=wanted.urn,
        delivery=wanted.delivery,
        link_days=wanted.link_days,
        files=tuple(ChosenFile(file.exhibit, file.name) for file in wanted.files),
        urgent=wanted.urgent,
    )


@router.post("", status_code=201, summary="Propose a release")
def propose(wanted: ReleaseRequest, services: UsesServices, subject: Acts) -> ReleaseView:
    """Propose a release."""
    return act(
        services,
        subject,
        lambda session: release_view(
            services,
            session,
            services.proposals.propose(session, _wanted(wanted), by=subject, at=services.clock()),
        ),
    )


@router.post("/{release}/replacement", status_code=201, summary="Edit a proposal")
def edit(release: str, wanted: EditRequest, services: UsesServices, subject: Acts) -> ReleaseView:
    """Withdraw a proposal that nobody decided about, and propose this in its place, in one step.

    It keeps its reference number unless another is named; the two releases name each other.
    """
    return act(
        services,
        subject,
        lambda session: release_view(
            services,
            session,
            services.withdrawals.replace(
                session,
                release,
                _wanted(wanted),
                by=subject,
                at=services.clock(),
                reason=wanted.reason,
            ),
        ),
    )


@router.get("", summary="List releases")
def list_releases(
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    limit: Limit = 50,
    cursor: From = "",
) -> list[ReleaseView]:
    """List the releases, the newest first, a page at a time: `Link` says where the next one is."""
    at = parse_cursor(cursor)
    page = act(
        services,
        subject,
        lambda session: services.release_list.page(session, by=subject, cursor=at, most=limit),
    )
    link_pages(request, response, page, limit)
    return [listed_release(one) for one in page.rows]


@router.get("/{release}", summary="Show a release")
def get_release(release: str, services: UsesServices, subject: Acts) -> ReleaseView:
    """Show one release, and which steps of its sealing are done."""
    return act(services, subject, lambda session: show_release(services, session, subject, release))


@router.post("/{release}/approval", summary="Approve a release")
def approve(
    release: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ReleaseView:
    """Approve a release, as another person than its proposer."""
    return _decided(services, subject, services.decisions.approve, release, wanted.reason)


@router.post("/{release}/second-approval", summary="Confirm an urgent release")
def second(
    release: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ReleaseView:
    """Confirm an urgent release as a second person, within 24 hours of the first approval."""
    return _decided(services, subject, services.decisions.second, release, wanted.reason)


@router.post("/{release}/refusal", summary="Refuse a release")
def refuse(
    release: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ReleaseView:
    """Refuse a release, with a reason."""
    return _decided(services, subject, services.decisions.refuse, release, wanted.reason)


@router.post("/{release}/withdrawal", summary="Withdraw a proposal")
def withdraw(
    release: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ReleaseView:
    """Withdraw a proposal that nobody decided about: one's own, or any as a releaser."""
    return _decided(services, subject, services.withdrawals.withdraw, release, wanted.reason)


@router.post("/{release}/revocation", summary="Revoke a sealed release")
def revoke(
    release: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ReleaseView:
    """Take a sealed release back: its links end at once, and the recipient is told."""
    return _decided(services, subject, services.revocations.revoke, release, wanted.reason)


@router.post("/{release}/seal", status_code=202, summary="Start sealing a release")
def seal(release: str, services: UsesServices, subject: Acts) -> ReleaseView:
    """Start to seal an approved release, or start again what stopped.

    Ask again for the release to see how far it is.
    """
    return act(
        services,
        subject,
        lambda session: release_view(
            services, session, services.decisions.start_sealing(session, release, by=subject)
        ),
    )


@router.post("/{release}/abandonment", summary="Give up a sealing")
def abandon(
    release: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ReleaseView:
    """Give up a sealing that does not come to its end; not while a worker is just at it.

    The release is then refused, or revoked if its seal stands in the ledger already.
    """
    return _decided(services, subject, services.decisions.abandon, release, wanted.reason)


def _decided(
    services: Services, subject: Subject, decision: Decision[ReleaseRow], release: str, reason: str
) -> ReleaseView:
    return decide(services, subject, decision, release, reason, partial(release_view, services))
