"""Edge. The one form that asks whether footage helped, wherever it stands."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response

from api.web.pages import page
from export.feedback.answers import Helped
from export.feedback.tables import FeedbackRow

HELPED: Mapping[Helped, str] = {
    Helped.IDENTIFIED: "It helped to identify a person",
    Helped.CHARGED: "It supported a charge",
    Helped.RULED_OUT: "It ruled something or somebody out",
    Helped.NOT_USEFUL: "It was not useful",
    Helped.TOO_EARLY: "It is too early to say",
    Helped.DECLINED: "I would rather not say: do not ask me by email again",
}
"""What can be said of it; the order is that of the form."""


def answer_page(
    request: Request,
    *,
    reference: str,
    action: str,
    back: str,
    last: FeedbackRow | None = None,
    form_token: str = "",
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    """Ask, showing the answer that was given last, or what was typed just now."""
    given = {"outcome": last.outcome, "words": last.words} if last else {}
    return page(
        request,
        "feedback.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=dict(errors or {}),
        reference=reference,
        action=action,
        back=back,
        last=last,
        form_token=form_token,
        typed=typed or given,
        helped=[(one.value, words) for one, words in HELPED.items()],
    )
