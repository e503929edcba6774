"""Edge. The question whether it helped, on the page of an official request whose footage left."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from api.depends import ANY_QUERY, UsesServices
from api.web.console.words import sentence
from api.web.feedback import answer_page
from api.web.pages import page
from api.web.public.requests.kept import OURS, lead
from api.web.public.requests.status import SHOWN, STATUS, MaybeVisited
from evidence.errors import InvalidError
from evidence.people.people import as_person
from evidence.requests.recorded import REQUESTER, requester_of
from export.feedback.answers import read_answer
from export.feedback.feedback import latest_answer
from export.release.releases import label

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
FEEDBACK = f"{STATUS}/feedback"
THANKS = f"{FEEDBACK}/thanks"


@router.get("/requests/status/feedback")
def ask(request: Request, services: UsesServices, story: MaybeVisited) -> Response:
    """Ask whether it helped; of a request whose footage has not left, lead to it."""
    return _asked(request, services, story)


@router.post("/requests/status/feedback", dependencies=OURS)
def answer(
    request: Request,
    services: UsesServices,
    story: MaybeVisited,
    outcome: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    """Record the answer, in the name of whoever asked for the footage."""
    try:
        said = read_answer(outcome, words)
    except InvalidError as error:
        typed = {"outcome": outcome, "words": words}
        return _asked(request, services, story, typed=typed, errors={error.field: sentence(error)})
    if story is None:
        return lead(STATUS)
    with services.transaction() as session:
        release = services.feedback.of_request(session, story.row.urn)
        if release is None:
            return lead(SHOWN)
        by = as_person(requester_of(session, story.row))
        services.feedback.answer(
            session, release.id, said, by=by, role=REQUESTER, at=services.clock()
        )
    return lead(THANKS)


@router.get("/requests/status/feedback/thanks")
def thanks(request: Request, story: MaybeVisited) -> Response:
    """Say that the answer is on record."""
    if story is None:
        return lead(STATUS)
    return page(request, "feedback-thanks.html", back=SHOWN, again=FEEDBACK)


def _asked(
    request: Request,
    services: UsesServices,
    story: MaybeVisited,
    **values: Any,  # noqa: ANN401 - as `answer_page`
) -> Response:
    if story is None:
        return lead(STATUS)
    with services.transaction() as session:
        release = services.feedback.of_request(session, story.row.urn)
        if release is None:
            return lead(SHOWN)
        return answer_page(
            request,
            reference=label(release),
            action=FEEDBACK,
            back=SHOWN,
            last=latest_answer(session, release.id),
            **values,
        )
