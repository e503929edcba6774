"""Edge. Many requests at once, by a list: what it may say, what it would make, and its numbers.

Whoever looks after a request of theirs, past the code, has a mailbox that was proven: a list is of
that mailbox, and of the organisation that the request names. Nothing is kept between the pages: the
list goes with the form, and its digest says that it is the one that was checked.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile

from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.pages import page
from api.web.public.requests.kept import OURS, lead, wait_page
from api.web.public.requests.status import STATUS, MaybeVisited
from evidence.errors import BrokenListError, StateError
from evidence.mailbox.codes import Standing
from evidence.requests.lists.listed import (
    MOST_AN_HOUR,
    MOST_BYTES,
    MOST_REQUESTS,
    MadeRequest,
    list_fields,
)
from evidence.requests.lists.lists import RehearsedList
from evidence.requests.questions.forms import FieldKind
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import CIVIL, Path
from evidence.requests.systems.requesters import Requester
from export.desk.requests import RequestStory
from export.desk.spreadsheet import format_made, format_template

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
LIST = f"{STATUS}/list"
_CSV = "text/csv; charset=utf-8; header=present"
_KINDS = {
    FieldKind.DATE: "A day, such as 2026-11-20 or 20/11/2026",
    FieldKind.TIME: "A time in England, such as 14:03",
    FieldKind.ITEMS: "Several with semicolons between them",
    FieldKind.TICK: "yes",
}


async def sent_form(request: Request) -> AsyncIterator[FormData]:
    """Yield the form that was sent, and close its file."""
    async with request.form() as form:
        yield form


SentForm = Annotated[FormData, Depends(sent_form)]


@router.get("/requests/list")
def explain(request: Request) -> Response:
    """Say what a list is, and what its columns are called."""
    fields = list_fields(FORMS[Path.INSURER]).values()
    told = [
        (
            field.name,
            field.label,
            ", ".join(one.value for one in field.choices if not one.refused)
            or _KINDS.get(field.kind, ""),
        )
        for field in fields
    ]
    return page(request, "requests/list.html", fields=told, most=MOST_REQUESTS)


@router.get("/requests/list.csv")
def template() -> Response:
    """Send a list with nothing but the names of its columns."""
    return _file(format_template(list_fields(FORMS[Path.INSURER])), "requests.csv")


def asking(story: MaybeVisited) -> Requester | None:
    """Return for whom a browser past the code may send a list; None: for nobody."""
    return None if story is None else _requester(story)


def _requester(story: RequestStory) -> Requester | None:
    asked = story.asked
    if asked is None or asked.path not in CIVIL:
        return None
    return Requester(story.row.person, asked.path, asked.organisation, story.email)


MaybeAsking = Annotated[Requester | None, Depends(asking)]


@router.get(LIST)
def ask(request: Request, requester: MaybeAsking) -> Response:
    """Ask for the list."""
    return lead(STATUS) if requester is None else _ask_page(request, requester, [])


def _ask_page(request: Request, requester: Requester, faults: Sequence[str]) -> Response:
    return page(
        request,
        "requests/list-send.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        requester=requester,
        faults=faults,
        most=MOST_REQUESTS,
    )


@router.post(LIST, dependencies=OURS, form_limits={"max_files": 1, "max_fields": 4})
def check(
    request: Request, services: UsesServices, requester: MaybeAsking, form: SentForm
) -> Response:
    """Show what a list would make, or each fault of it."""
    if requester is None:
        return lead(STATUS)
    sent = form.get("file")
    content = sent.file.read(MOST_BYTES + 1) if isinstance(sent, UploadFile) else b""
    if not content:
        return _ask_page(request, requester, ["Select the list, saved as CSV"])
    if (waits := _wait(services, requester)) is not None:
        return wait_page(request, waits)
    return _check_page(request, services, requester, content)


def _check_page(
    request: Request, services: Services, requester: Requester, content: bytes
) -> Response:
    at = services.clock()

    def rehearse(session: Session) -> RehearsedList:
        return services.request_lists.rehearse(session, content, requester, at=at)

    try:
        with services.transaction() as session:
            found = rehearse(session)
    except BrokenListError as error:
        more = ["There are more: mend these first"] if error.more else []
        return _ask_page(request, requester, [*error.faults, *more])
    return page(
        request,
        "requests/list-check.html",
        requester=requester,
        found=found,
        sent=base64.b64encode(content).decode(),
    )


@router.post(f"{LIST}/send", dependencies=OURS)
def send(
    request: Request, services: UsesServices, requester: MaybeAsking, form: SentForm
) -> Response:
    """Make the requests of a list as it was checked, once, however often the button is pressed."""
    if requester is None:
        return lead(STATUS)
    made = _made(request, services, requester, form)
    if isinstance(made, Response):
        return made
    return page(request, "requests/list-sent.html", made=made, form=_texts(form))


@router.post(f"{LIST}/numbers.csv", dependencies=OURS)
def numbers(
    request: Request, services: UsesServices, requester: MaybeAsking, form: SentForm
) -> Response:
    """Send the numbers of a list that was sent, as a file: the same list tells the same."""
    if requester is None:
        return lead(STATUS)
    made = _made(request, services, requester, form)
    if isinstance(made, Response):
        return made
    return _file("".join(format_made(made)), "reference-numbers.csv")


def _made(
    request: Request, services: Services, requester: Requester, form: FormData
) -> Sequence[MadeRequest] | Response:
    sent, at = _texts(form), services.clock()
    try:
        content = base64.b64decode(sent["list"], validate=True)
    except (binascii.Error, ValueError):
        return _ask_page(request, requester, ["Select the list, saved as CSV"])
    if (waits := _wait(services, requester)) is not None:
        return wait_page(request, waits)
    try:
        with services.transaction() as session:
            return services.request_lists.apply(
                session, content, sent["rehearsed"], requester, at=at
            )
    except BrokenListError as error:
        return _ask_page(request, requester, error.faults)
    except StateError as error:
        return _ask_page(request, requester, [str(error)])


def _texts(form: FormData) -> Mapping[str, str]:
    found = {name: form.get(name, "") for name in ("list", "rehearsed")}
    return {name: said if isinstance(said, str) else "" for name, said in found.items()}


def _wait(services: Services, requester: Requester) -> Standing | None:
    at = services.clock()
    with services.transaction() as session:
        wait = services.limits.count(
            session, "lists", str(requester.person), most=MOST_AN_HOUR, at=at
        )
    return None if wait is None else Standing("waiting", at + wait, 0)


def _file(text: str, name: str) -> Response:
    return Response(
        text.encode(),
        media_type=_CSV,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
