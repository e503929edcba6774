"""Edge. Looking after a request: its number, a code to the mailbox of who asked, how it stands.

A number that is nobody's gets the same words, limits and timing as one that is somebody's: only
the mailbox of who asked is ever told more.
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.collect.pacing import PacedRoute
from api.web.pages import page
from api.web.public.requests.cookies import (
    drop,
    keep_draft,
    keep_visit,
    network,
    visit_cookie,
)
from api.web.public.requests.documents.papers import PAPERS, TYPES
from api.web.public.requests.kept import OURS, lead, wait_page
from api.web.public.requests.proof import WRONG
from api.web.public.requests.words import NEXT, REFUSALS, told
from evidence.errors import InvalidError, StateError
from evidence.fees.invoicing.tables import InvoiceAccountRow
from evidence.fees.states import FeeState
from evidence.mailbox.codes import CODE_DIGITS, CODE_LIFE, Standing, read_code
from evidence.requests.correspondence.messages import thread_of
from evidence.requests.states import CIVIL, OPEN, Path, Refusal, RequestState, RequestStep
from evidence.requests.tables import RequestRow
from export.desk.requests import RequestStory

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
paced = APIRouter(include_in_schema=False, route_class=PacedRoute, dependencies=[ANY_QUERY])
STATUS = "/requests/status"
SHOWN = f"{STATUS}/request"
_OVER = "This code cannot be used any more. Begin again with the reference"
DONE = {
    "corrected": "Your correction is on record.",
    "document": "We have your document. Somebody checks it next.",
    "withdrawn": "Your request is withdrawn.",
    "on_account": "The fee is on your organisation's account.",
}
_S = RequestState
_TELLS: Mapping[RequestState, str] = {
    _S.NOT_COVERED: "request.not_covered",
    _S.REVIEW_DUE: "request.covered",
    _S.REVIEWABLE: "request.covered",
    _S.NOT_FOUND: "review.completed",
    _S.REFUSED: "request.refused",
}
"""In which states whoever asked is told the reason of which step."""


@router.get("/requests/status")
def start(request: Request) -> Response:
    """Ask for the reference."""
    return _start_page(request, "", {})


def _start_page(request: Request, typed: str, errors: Mapping[str, str]) -> Response:
    return page(
        request,
        "requests/status.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=dict(errors),
        typed=typed,
    )


@paced.post("/requests/status", dependencies=OURS)
def ask(request: Request, services: UsesServices, urn: Annotated[str, Form()] = "") -> Response:
    """Ask for a code to the mailbox of who asked."""
    if not urn.strip():
        return _start_page(request, "", {"urn": "Enter the reference of your request"})
    try:
        with services.transaction() as session:
            begun = services.visits.begin(
                session, urn[:80], network=network(request), at=services.clock()
            )
    except InvalidError as error:
        return _start_page(request, urn[:80], {"urn": str(error)})
    if isinstance(begun, Standing):
        return wait_page(request, begun)
    answer = lead(f"{STATUS}/code")
    keep_visit(answer, services, begun)
    return answer


@paced.get("/requests/status/code")
def ask_code(request: Request, services: UsesServices) -> Response:
    """Ask for the code that was sent."""
    secret = request.cookies.get(visit_cookie(services))
    if not secret:
        return lead(STATUS)
    with services.transaction() as session:
        standing = services.visits.standing(session, secret, at=services.clock())
    if standing.state == "closed":
        return lead(STATUS)
    return _code_page(request, standing, {})


@paced.post("/requests/status/code", dependencies=OURS)
def enter(request: Request, services: UsesServices, code: Annotated[str, Form()] = "") -> Response:
    """Let in who has the code; everybody else is told the same."""
    secret = request.cookies.get(visit_cookie(services))
    if not secret:
        return lead(STATUS)
    with services.transaction() as session:
        # A wrong code counts: this commits either way.
        standing = services.visits.enter(session, secret, code, at=services.clock())
    if standing.state == "closed":
        return lead(SHOWN)
    words = WRONG if standing.attempts_left else _OVER
    if read_code(code) is None:
        words = f"Enter the {CODE_DIGITS} digits of the code"
    return _code_page(request, standing, {} if standing.state == "locked" else {"code": words})


def _code_page(request: Request, standing: Standing, errors: Mapping[str, str]) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    if request.method == "POST" and standing.state == "locked":
        status = HTTPStatus.TOO_MANY_REQUESTS
    return page(
        request,
        "requests/status-code.html",
        status=status,
        errors=dict(errors),
        standing=standing,
        digits=CODE_DIGITS,
        minutes=int(CODE_LIFE.total_seconds() // 60),
    )


def visited(request: Request, services: UsesServices) -> RequestStory | None:
    """Return the request that this browser looks after, past the code; None: none any more."""
    secret = request.cookies.get(visit_cookie(services))
    if not secret:
        return None
    at = services.clock()
    with services.transaction() as session:
        row = services.visits.find(session, secret, at=at)
        return None if row is None else services.request_list.own(session, row, at=at)


MaybeVisited = Annotated[RequestStory | None, Depends(visited)]


@router.get("/requests/status/request")
def shown(
    request: Request, services: UsesServices, story: MaybeVisited, done: str = ""
) -> Response:
    """Say how a request stands, what happens next, and by when."""
    if story is None:
        return lead(STATUS)
    return _shown_page(request, services, story, done=DONE.get(done, ""))


def account_of(services: Services, story: RequestStory) -> InvoiceAccountRow | None:
    """Return the account on which whoever asked may put a fee that is due; None: there is none."""
    if not any(fee.state == FeeState.DUE for fee in story.fees):
        return None
    with services.transaction() as session:
        return services.invoice_accounts.of_mailbox(session, story.email)


def _shown_page(
    request: Request,
    services: Services,
    story: RequestStory,
    *,
    done: str = "",
    problem: str = "",
) -> Response:
    heading, following = NEXT[RequestState(story.row.state)]
    telling = _TELLS.get(RequestState(story.row.state))
    why = next((step.told for step, _ in reversed(story.steps) if step.event == telling), {})
    with services.transaction() as session:
        papers = services.documents.papers(session, story.row)
    return page(
        request,
        "requests/request.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        story=story,
        row=story.row,
        done=done,
        problem=problem,
        heading=heading,
        thread=thread_of(step for step, _ in story.steps),
        following=following,
        why=why,
        code=REFUSALS.get(Refusal(why["basis"])) if "basis" in why else "",
        asked=told(story.asked),
        fees=[(fee, f"/pay/{services.fees.address(fee.id)}") for fee in story.fees],
        papers=papers,
        paper_words=PAPERS[Path(story.row.path)],
        types=TYPES,
        takes_documents=story.row.state in OPEN,
        account=account_of(services, story),
        may_list=story.asked is not None and story.asked.path in CIVIL,
        asks=_asks(services, story.row),
        may_correct=RequestStep.CORRECTED in story.allowed,
        may_withdraw=RequestStep.WITHDRAWN in story.allowed,
        days=services.council.retention_days,
        uncalled=_uncalled(services, story),
    )


def _uncalled(services: Services, story: RequestStory) -> datetime | None:
    """Return when we gave up calling the claims system of whoever asked; None: we did not."""
    with services.transaction() as session:
        return services.webhooks.stopped(session, story.row.person)


def _asks(services: Services, row: RequestRow) -> bool:
    """Tell whether whoever asked may say if it helped."""
    with services.transaction() as session:
        return services.feedback.of_request(session, row.urn) is not None


@router.post("/requests/status/correct", dependencies=OURS)
def correct(request: Request, services: UsesServices, story: MaybeVisited) -> Response:
    """Begin to correct what was asked: the same pages, with what was said."""
    if story is None or story.asked is None:
        return lead(STATUS)
    if RequestStep.CORRECTED not in story.allowed:
        words = "Somebody is looking at the footage already: telephone us, or write to us"
        return _shown_page(request, services, story, problem=words)
    with services.transaction() as session:
        secret = services.drafts.correct(
            session, story.row.id, story.asked, story.email, at=services.clock()
        )
    answer = lead("/requests/check")
    keep_draft(answer, services, secret)
    return answer


@router.get("/requests/status/withdraw")
def ask_withdrawal(request: Request, story: MaybeVisited) -> Response:
    """Ask why a request is withdrawn."""
    if story is None or RequestStep.WITHDRAWN not in story.allowed:
        return lead(SHOWN)
    return page(request, "requests/withdraw.html", row=story.row, typed="")


@router.post("/requests/status/withdraw", dependencies=OURS)
def withdraw(
    request: Request,
    services: UsesServices,
    story: MaybeVisited,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Withdraw a request, as whoever asked."""
    if story is None:
        return lead(STATUS)
    said = reason.replace("\r\n", "\n")
    try:
        with services.transaction() as session:
            services.request_decisions.withdraw_own(
                session, story.row.id, at=services.clock(), reason=said
            )
    except InvalidError as error:
        words = str(error) if said.strip() else "Enter why you withdraw it"
        return page(
            request,
            "requests/withdraw.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            errors={"reason": words},
            row=story.row,
            typed=said,
        )
    except StateError as error:
        return _shown_page(request, services, story, problem=str(error))
    return lead(f"{SHOWN}?done=withdrawn")


@router.post("/requests/status/leave", dependencies=OURS)
def leave(request: Request, services: UsesServices) -> Response:
    """End the visit, here and in the browser."""
    secret = request.cookies.get(visit_cookie(services))
    if secret:
        with services.transaction() as session:
            services.visits.end(session, secret)
    answer = lead(STATUS)
    drop(answer, services, visit_cookie(services))
    return answer
