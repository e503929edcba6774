"""Edge. Pages that say what went wrong, and what to do now."""

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.web.pages import page

_HEADINGS = {
    HTTPStatus.FORBIDDEN: "You cannot do this",
    HTTPStatus.NOT_FOUND: "Page not found",
    HTTPStatus.METHOD_NOT_ALLOWED: "Page not found",
    HTTPStatus.CONFLICT: "This cannot be done now",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is too large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "There is a problem with what was sent",
    HTTPStatus.BAD_REQUEST: "There is a problem with what was sent",
    HTTPStatus.REQUEST_TIMEOUT: "This took too long to arrive",
    HTTPStatus.TOO_MANY_REQUESTS: "Please wait a little",
    HTTPStatus.SERVICE_UNAVAILABLE: "Sorry, the service is unavailable",
    HTTPStatus.INSUFFICIENT_STORAGE: "There is no room",
}
_AGAIN = "Nothing was lost. Wait a minute, then load this page again."
_UNRECORDED = (
    "Nothing can be recorded now, and so nothing was done.",
    "A person must look at this service first: it does not come right by itself.",
    "What is on record can be read.",
)

_NO_ROLE = (
    "You are signed in, but nobody has given you a role. Without one there is nothing to show.",
    "Ask whoever administers this service, or your manager, which role you need.",
    "When you have it, sign out and sign in again.",
)


def is_page(request: Request) -> bool:
    """Tell whether a person looks at the answer: a browser on a page, no machine on the API."""
    return not request.url.path.startswith(
        ("/api/", "/webhooks/", "/healthz", "/readyz", "/openapi")
    )


def problem_page(
    request: Request,
    status: HTTPStatus,
    detail: str,
    *,
    busy: bool = False,
    unrecorded: bool = False,
) -> HTMLResponse:
    """Return the page of a problem; ``detail`` is the error's own sentence.

    ``busy``: everything is well, and too much is asked for at once. ``unrecorded``: nothing can be
    recorded until a person has looked, so that waiting does not help.
    """
    heading = _HEADINGS.get(status, "Sorry, there is a problem with the service")
    sentences = [detail] if detail else []
    headers = {}
    if status is HTTPStatus.NOT_FOUND:
        sentences = ["There is nothing at this address. If you typed it, check that it is correct."]
    elif unrecorded:
        heading, sentences = _HEADINGS[HTTPStatus.CONFLICT], list(_UNRECORDED)
    elif status is HTTPStatus.FORBIDDEN and request.url.path == "/console":
        # Only who has no role at all is refused there.
        heading, sentences = "You have no role here yet", list(_NO_ROLE)
    elif status is HTTPStatus.SERVICE_UNAVAILABLE:
        away = "A part of the service does not answer just now."
        sentences = [detail if busy else away, _AGAIN]
        headers["Retry-After"] = "30"
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _HEADINGS:
        sentences = ["We did not foresee this. Look what was done before you try again."]
    return page(
        request,
        "problem.html",
        status=status,
        headers=headers,
        heading=heading,
        sentences=sentences,
        action=None,
    )
