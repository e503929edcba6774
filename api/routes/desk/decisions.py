"""Edge. `/api/v1/requests/…`: what is decided about a request with a reason. It decides nothing.

Most decisions need a reason and nothing else: those are a table, which the command line reads too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import Field

from api.depends import Acts, UsesServices
from api.routes.releases import ReasonRequest
from api.routes.requests import WholeRequestView, as_it_stands
from api.services import Services
from api.views import View
from evidence.people.access import Subject
from evidence.requests.decisions import MOST_REASON
from evidence.requests.states import Refusal, RequestStep

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that needs a reason and nothing else."""

    place: str
    """Its address, below that of the request."""
    command: str
    """What `custos request` calls it."""
    step: RequestStep
    summary: str
    what: str
    """The same in a sentence or two."""


DECIDED = (
    Decided(
        "approval",
        "approve",
        RequestStep.APPROVED,
        "Approve a request in principle",
        "Approve a request in principle, as another person than who said what its review came to.",
    ),
    Decided(
        "withdrawal",
        "withdraw",
        RequestStep.WITHDRAWN,
        "Withdraw a request",
        "Withdraw a request for whoever asked.",
    ),
    Decided(
        "closure",
        "close",
        RequestStep.CLOSED,
        "Close a request",
        "Close a request that is answered.",
    ),
    Decided(
        "pause",
        "pause",
        RequestStep.PAUSED,
        "Stop the clock of a request",
        "Stop the clock of a subject access request, because something is asked of the person.",
    ),
    Decided(
        "resumption",
        "resume",
        RequestStep.RESUMED,
        "Let the clock of a request go on",
        "Let the clock of a subject access request go on.",
    ),
)
"""Each of them is a call and a command."""


class RefusalRequest(View):
    """Why a request is refused."""

    code: Refusal = Field(examples=["not_entitled"])
    reason: str = Field(
        min_length=1,
        max_length=MOST_REASON,
        examples=["The claim names another vehicle"],
        description="in words: whoever asked reads it",
    )


class CoverageRequest(View):
    """Whether cameras may have captured what is asked."""

    covered: bool = Field(examples=[True])
    reason: str = Field(
        min_length=1,
        max_length=MOST_REASON,
        examples=["Cameras that may have captured it: BAR-0017 (High Street)"],
        description="in words: whoever asked reads it",
    )


def take(
    services: Services, subject: Subject, name: str, step: RequestStep, reason: str
) -> WholeRequestView:
    """Take a step that needs a reason and nothing else; commands do the same."""
    decisions = services.request_decisions
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: decisions.decide(session, name, step, by=subject, at=at, reason=reason),
    )


def refuse(
    services: Services, subject: Subject, name: str, code: Refusal, reason: str
) -> WholeRequestView:
    """Refuse a request; commands do the same."""
    decisions = services.request_decisions
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: decisions.refuse(session, name, code, by=subject, at=at, reason=reason),
    )


@router.post("/{name}/coverage", summary="Say whether cameras cover a request")
def say_coverage(
    name: str, wanted: CoverageRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Say whether cameras may have captured what is asked: whoever asked gets a letter."""
    step = RequestStep.COVERED if wanted.covered else RequestStep.NOT_COVERED
    return take(services, subject, name, step, wanted.reason)


@router.post("/{name}/refusal", summary="Refuse a request")
def say_refusal(
    name: str, wanted: RefusalRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Refuse a request; as overwritten only after what is preserved already was searched."""
    return refuse(services, subject, name, wanted.code, wanted.reason)


def _call(step: RequestStep) -> Callable[..., WholeRequestView]:
    def decide(
        name: str, wanted: ReasonRequest, services: UsesServices, subject: Acts
    ) -> WholeRequestView:
        return take(services, subject, name, step, wanted.reason)

    return decide


for _one in DECIDED:
    router.add_api_route(
        f"/{{name}}/{_one.place}",
        _call(_one.step),
        methods=["POST"],
        summary=_one.summary,
        description=_one.what,
    )
