"""Edge. Check answers, the one button that sends, and the number."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.pages import page
from api.web.public.requests.documents.papers import PAPERS, TYPES
from api.web.public.requests.kept import OURS, SENT, START, Kept, MaybeKept, lead, unanswered
from api.web.public.requests.words import answer_words, label_of
from evidence.errors import StateError
from evidence.requests.documents.kinds import needed_of
from evidence.requests.questions.checks import Checked
from export.desk.requests import RequestStory

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])


@router.get("/requests/check")
def check(request: Request, services: UsesServices, own: MaybeKept) -> Response:
    """Show every answer, each with a link to change it."""
    if own is None:
        return lead(START)
    if own.draft.request is not None:
        return lead(SENT)
    if elsewhere := unanswered(own.draft):
        return lead(elsewhere)
    checked = services.drafts.check(own.draft, at=services.clock())
    with services.transaction() as session:
        again = services.drafts.again(session, own.draft, checked)
        urns = [one.urn for one in again]
    return _check_page(request, services, own, checked.errors, again=urns)


@router.post("/requests/check", dependencies=OURS)
def send(request: Request, services: UsesServices, own: MaybeKept) -> Response:
    """Send the request, once, however often the button is pressed."""
    if own is None:
        return lead(START)
    if own.draft.request is None and (elsewhere := unanswered(own.draft)):
        return lead(elsewhere)
    try:
        with services.transaction() as session:
            made = services.drafts.submit(session, own.secret, at=services.clock())
    except StateError as error:
        return _check_page(request, services, own, {}, problem=str(error))
    if isinstance(made, Checked):
        return _check_page(request, services, own, made.errors)
    return lead(SENT if own.draft.corrects is None else "/requests/status/request?done=corrected")


def _check_page(
    request: Request,
    services: Services,
    own: Kept,
    errors: Mapping[str, str],
    *,
    problem: str = "",
    again: Sequence[str] = (),
) -> Response:
    """``again``: the numbers of their own open requests for the same."""
    answers, form = own.draft.answers, own.draft.form
    with services.transaction() as session:
        here = services.draft_documents.of(session, own.secret)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return page(
        request,
        "requests/check.html",
        status=HTTPStatus.CONFLICT if problem else status,
        errors=dict(errors),
        problem=problem,
        again=again,
        form=form,
        correcting=own.draft.corrects is not None,
        pages=[
            (
                one,
                [
                    (label_of(field), answer_words(field, answers.get(field.name, "")))
                    for field in one.fields
                ],
            )
            for one in form.applying(answers)
        ],
        papers=[
            (kind, words, here.get(kind), kind in needed_of(form.path))
            for kind, words in PAPERS[form.path].items()
        ],
        types=TYPES,
        places={
            field.name: f"{START}/form/{one.slug}?change=yes"
            for one in form.applying(answers)
            for field in one.fields
        },
    )


@router.get("/requests/sent")
def sent(request: Request, services: UsesServices, own: MaybeKept) -> Response:
    """Say that the request is in, under which number, and what happens next."""
    if own is None or own.draft.request is None or own.draft.corrects is not None:
        return lead(START)
    made, at = own.draft.request, services.clock()

    def read(session: Session) -> RequestStory:
        row = services.requests.find(session, str(made))
        return services.request_list.own(session, row, at=at)

    with services.transaction() as session:
        story = read(session)
    return page(request, "requests/sent.html", story=story, row=story.row)
