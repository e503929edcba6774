"""Edge. The question whether it helped, past the code, once a package has left."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.depends import ANY_QUERY, UsesServices
from api.web.collect.collection import Collector, Collects, Sends, closed
from api.web.console.words import sentence
from api.web.feedback import answer_page
from api.web.pages import page
from evidence.errors import InvalidError
from export.feedback.answers import read_answer
from export.feedback.feedback import asks_about, latest_answer
from export.release.releases import recipient_of

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
FEEDBACK, THANKS = "/collect/feedback", "/collect/feedback/thanks"
RECIPIENT = "recipient"


@router.get(FEEDBACK)
def ask(request: Request, services: UsesServices, who: Collects) -> Response:
    """Ask whether it helped; of a package that has not left, lead to it."""
    if who is None:
        return closed(request, services)
    if not asks_about(who.collected.release):
        return RedirectResponse("/collect", HTTPStatus.SEE_OTHER)
    with services.transaction() as session:
        last = latest_answer(session, who.collected.release.id)
        return _form(request, who, last=last)


@router.post(FEEDBACK)
def answer(
    request: Request,
    services: UsesServices,
    who: Sends,
    outcome: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    """Record the answer, in the name of the one person whom the release is for."""
    if who is None:
        return closed(request, services)
    release = who.collected.release
    try:
        said = read_answer(outcome, words)
    except InvalidError as error:
        typed = {"outcome": outcome, "words": words}
        return _form(request, who, typed=typed, errors={error.field: sentence(error)})
    with services.transaction() as session:
        by = recipient_of(session, release)
        services.feedback.answer(
            session, release.id, said, by=by, role=RECIPIENT, at=services.clock()
        )
    return RedirectResponse(THANKS, HTTPStatus.SEE_OTHER)


@router.get(THANKS)
def thanks(request: Request, services: UsesServices, who: Collects) -> Response:
    """Say that the answer is on record."""
    if who is None:
        return closed(request, services)
    return page(request, "feedback-thanks.html", back="/collect", again=FEEDBACK)


def _form(request: Request, who: Collector, **values: Any) -> Response:  # noqa: ANN401 - as `answer_page` takes them
    return answer_page(
        request,
        reference=who.collected.label,
        action=FEEDBACK,
        back="/collect",
        form_token=who.form_token,
        **values,
    )
