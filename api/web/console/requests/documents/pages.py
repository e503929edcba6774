"""Edge. Documents of a request, for the one role that checks them.

The bytes have no address: a form that a page of this session sends brings them, once, and each time
is on record. They are shown by the browser alone, in a sandbox, or saved.
"""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.requests.asking import Asking
from api.web.console.requests.documents.papers import VERDICTS, scan_words
from api.web.console.requests.documents.wanted import Checks, SendsCheck, Text, ask
from api.web.console.requests.pages import LIST, act_on
from api.web.console.words import lines
from api.web.pages import page
from api.web.public.requests.documents.papers import PAPERS, TYPES, named_in
from api.web.public.requests.kept import lead
from api.web.staff import Staff
from evidence.requests.documents.contents import DocumentType
from evidence.requests.documents.documents import Held
from evidence.requests.documents.kinds import DocumentKind, Verdict
from evidence.requests.states import OPEN, Path
from evidence.requests.tables import RequestRow

router = APIRouter(include_in_schema=False)
_ALONE = "default-src 'none'; sandbox"
"""For a picture that a browser shows by itself: nothing runs, nothing is fetched."""
_ANSWERS = {"accepted": "Accept it", "not accepted": "Do not accept it"}


def _document_page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    document: str,
    errors: Mapping[str, str] | None = None,
    *,
    typed: Mapping[str, str] | None = None,
) -> Response:
    row, held = _found(services, staff, name, document)
    with services.transaction() as session:
        asked = services.requests.asked(session, row.id)
    return page(
        request,
        "console/request-document.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors or {}),
        typed={"verdict": "", "reason": "", **(typed or {})},
        row=row,
        held=held,
        words=PAPERS[Path(row.path)][DocumentKind(held.row.kind)],
        type=TYPES[held.row.type],
        whose="" if asked is None else named_in(asked),
        shown=held.row.type != DocumentType.PDF,
        scan=scan_words(held.row.scan),
        tag=VERDICTS[held.verdict],
        answers=_ANSWERS,
        open=row.state in OPEN,
    )


def _found(services: Services, staff: Staff, name: str, document: str) -> tuple[RequestRow, Held]:
    return act(
        services,
        staff.subject,
        lambda session: services.document_checks.find(session, name, document, by=staff.subject),
    )


@router.get("/console/requests/{name}/documents/{document}")
def shown(
    request: Request, services: UsesServices, staff: Checks, name: str, document: str
) -> Response:
    """Show what is known of a document, and ask what it shows."""
    return _document_page(request, services, staff, name, document)


@router.post("/console/requests/{name}/documents/{document}/look")
def look(services: UsesServices, staff: SendsCheck, name: str, document: str) -> Response:
    """Bring the bytes of a document to somebody who is on record from then on to have them."""
    looked = act(
        services,
        staff.subject,
        lambda session: services.document_checks.look(
            session, name, document, by=staff.subject, at=services.clock()
        ),
    )
    # A reader of PDFs that a browser has does not work in a sandbox: its own program opens it.
    where = "attachment" if looked.type is DocumentType.PDF else "inline"
    return Response(
        looked.data,
        media_type=looked.type.value,
        headers={
            "Content-Disposition": f'{where}; filename="{looked.kind}.{looked.type.ending}"',
            "Content-Security-Policy": _ALONE,
            "Cache-Control": "no-store",
        },
    )


@router.post("/console/requests/{name}/documents/{document}")
def check(
    request: Request,
    services: UsesServices,
    staff: SendsCheck,
    name: str,
    document: str,
    verdict: Text = "",
    reason: Text = "",
) -> Response:
    """Accept a document, or not."""
    said = lines(reason)

    def again(errors: Mapping[str, str]) -> Response:
        if "reason" in errors and not said.strip():
            errors = {**errors, "reason": "Enter what it shows, or what is wrong with it"}
        typed = {"verdict": verdict, "reason": said}
        return _document_page(request, services, staff, name, document, errors, typed=typed)

    if verdict not in tuple(Verdict):
        return again({"verdict": "Select whether you accept it"})
    return act_on(
        request,
        services,
        staff,
        name,
        "document-checked",
        lambda session: services.document_checks.check(
            session,
            name,
            document,
            Verdict(verdict),
            by=staff.subject,
            at=services.clock(),
            reason=said,
        ),
        again,
    )


@router.get("/console/requests/{name}/documents/{document}/deletion")
def ask_deletion(
    request: Request, services: UsesServices, staff: Checks, name: str, document: str
) -> Response:
    """Ask why a document is deleted before its time."""
    row, held = _found(services, staff, name, document)
    if held.row.deleted_at is not None:
        return lead(f"{LIST}/{row.urn}/documents/{held.row.id}")
    return ask(request, staff, row, _deletion(str(held.row.id)))


@router.post("/console/requests/{name}/documents/{document}/deletion")
def delete(
    request: Request,
    services: UsesServices,
    staff: SendsCheck,
    name: str,
    document: str,
    reason: Text = "",
) -> Response:
    """Delete a document before its time."""
    said = lines(reason)

    def again(_errors: Mapping[str, str]) -> Response:
        row, held = _found(services, staff, name, document)
        asking = _deletion(str(held.row.id))
        return ask(request, staff, row, asking, {"reason": asking.missing}, reason=said)

    return act_on(
        request,
        services,
        staff,
        name,
        "document-deleted",
        lambda session: services.document_checks.delete(
            session, name, document, by=staff.subject, at=services.clock(), reason=said
        ),
        again,
    )


def _deletion(document: str) -> Asking:
    return Asking(
        f"documents/{document}/deletion",
        "Delete this document now",
        ("Its bytes and the key to them are destroyed. What was said of it stays on record.",),
        "Why is it deleted before its time?",
        "Enter why it is deleted before its time",
        "Delete it",
        frozenset(),
        warns=True,
    )
