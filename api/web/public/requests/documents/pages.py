"""Edge. Documents of who asks, one a page: with the form, and later from the page of the request.

With the form they may be left out: the control room is called to preserve before any paper is
there, and nothing is approved without them.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.bounds import lanes
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.pages import page
from api.web.public.requests.cookies import network
from api.web.public.requests.documents.papers import PAPERS, TYPES
from api.web.public.requests.documents.received import received
from api.web.public.requests.kept import (
    CHECK,
    DOCUMENTS,
    OURS,
    START,
    Kept,
    MaybeKept,
    lead,
    unanswered,
    wait_page,
)
from api.web.public.requests.status import SHOWN, STATUS, MaybeVisited
from evidence.errors import InvalidError, StateError
from evidence.mailbox.codes import Standing
from evidence.requests.documents.contents import FIELD
from evidence.requests.documents.incoming import Incoming
from evidence.requests.documents.kinds import DocumentKind, kinds_of, needed_of
from evidence.requests.documents.tables import DocumentRow
from evidence.requests.states import OPEN, Path
from export.desk.requests import RequestStory

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
_LATER = f"{STATUS}/documents"
STREAMED = (DOCUMENTS, _LATER)
"""Below these, forms are read by `received` alone, after it is known who sends them."""
Keep = Callable[[Session, Incoming], None]


def following(path: Path, kind: DocumentKind) -> str:
    """Return where the form goes on after one of the documents that it asks for."""
    asked = needed_of(path)
    place = asked.index(kind) + 1 if kind in asked else len(asked)
    return f"{DOCUMENTS}/{asked[place]}" if place < len(asked) else CHECK


def _before(own: Kept, kind: DocumentKind) -> str:
    """Return where the form was before one of its documents."""
    asked = needed_of(own.draft.form.path)
    if kind not in asked:
        return CHECK
    if place := asked.index(kind):
        return f"{DOCUMENTS}/{asked[place - 1]}"
    pages = list(own.draft.form.applying(own.draft.answers))
    return f"{START}/form/{pages[-1].slug}"


def _elsewhere(own: Kept | None, kind: str) -> str:
    """Return where somebody belongs who cannot send this document now; empty: they can."""
    if own is None or own.draft.request is not None:
        return START
    if own.draft.corrects is not None or kind not in kinds_of(own.draft.form.path):
        return CHECK
    return unanswered(own.draft)


@router.get("/requests/documents/{kind}")
def ask(
    request: Request, services: UsesServices, own: MaybeKept, kind: str, change: str = ""
) -> Response:
    """Ask for a document, or show that it is here."""
    if elsewhere := _elsewhere(own, kind):
        return lead(elsewhere)
    assert own is not None
    return _draft_page(request, services, own, DocumentKind(kind), {}, change=bool(change))


@router.post("/requests/documents/{kind}", dependencies=OURS)
async def keep(
    request: Request, services: UsesServices, own: MaybeKept, kind: str, change: str = ""
) -> Response:
    """Keep a document with what is filled in; without one, go on."""
    if elsewhere := _elsewhere(own, kind):
        return lead(elsewhere)
    assert own is not None
    kept, which = own, DocumentKind(kind)

    def put(session: Session, incoming: Incoming) -> None:
        at = services.clock()
        draft = services.drafts.proven(session, kept.secret, at=at)
        services.draft_documents.put(session, draft, which, incoming, at=at)

    errors = await _take_in(request, services, own.draft.mailbox, put, needed=False)
    if isinstance(errors, Response):
        return errors
    if errors:
        return await run_in_threadpool(
            _draft_page, request, services, own, which, errors, change=bool(change)
        )
    return lead(CHECK if change else following(own.draft.form.path, which))


@router.post("/requests/documents/{kind}/remove", dependencies=OURS)
def remove(services: UsesServices, own: MaybeKept, kind: str, change: str = "") -> Response:
    """Forget a document before anything is sent."""
    if elsewhere := _elsewhere(own, kind):
        return lead(elsewhere)
    assert own is not None
    with services.transaction() as session:
        draft = services.drafts.proven(session, own.secret, at=services.clock())
        services.draft_documents.remove(session, draft, DocumentKind(kind))
    return lead(f"{DOCUMENTS}/{kind}{'?change=yes' if change else ''}")


async def _take_in(
    request: Request, services: Services, mailbox: str, keep: Keep, *, needed: bool
) -> Mapping[str, str] | Response:
    """Take in the document of a form and keep it; return what is wrong, by its field.

    Counted before a byte of it is read. ``needed``: that none was chosen is wrong.
    """
    arrivals, at = services.document_arrivals, services.clock()

    def admit() -> Standing | None:
        with services.transaction() as session:
            wait = arrivals.admit(session, network=network(request), mailbox=mailbox, at=at)
        return None if wait is None else Standing("waiting", at + wait, 0)

    def take(data: bytes) -> None:
        services.intake.require_room(len(data))
        incoming = arrivals.take(data)
        with services.transaction() as session:
            keep(session, incoming)

    if standing := await run_in_threadpool(admit):
        return wait_page(request, standing)
    with lanes.DOCUMENTS.place():
        try:
            data = await received(request, arrivals)
            if data is not None:
                await lanes.DOCUMENTS.run(take, data)
        except (InvalidError, StateError) as error:
            return {FIELD: str(error)}
    return {FIELD: "Choose the document"} if data is None and needed else {}


def _draft_page(
    request: Request,
    services: Services,
    own: Kept,
    kind: DocumentKind,
    errors: Mapping[str, str],
    *,
    change: bool,
) -> Response:
    path = own.draft.form.path
    with services.transaction() as session:
        here = services.draft_documents.of(session, own.secret).get(kind)
    return _page(
        request,
        path,
        kind,
        errors,
        caption=f"Ask for CCTV footage: {own.draft.form.name}",
        here=here,
        back=CHECK if change else _before(own, kind),
        place=f"{DOCUMENTS}/{kind}",
        again="?change=yes" if change else "",
        later=True,
    )


def _page(
    request: Request,
    path: Path,
    kind: DocumentKind,
    errors: Mapping[str, str],
    *,
    caption: str,
    here: DocumentRow | None,
    back: str,
    place: str,
    again: str = "",
    later: bool = False,
    why: str = "",
) -> Response:
    return page(
        request,
        "requests/document.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=dict(errors),
        words=PAPERS[path][kind],
        types=TYPES,
        caption=caption,
        here=here,
        back=back,
        place=place,
        again=again,
        later=later,
        needed=kind in needed_of(path),
        why=why,
    )


@router.get("/requests/status/documents/{kind}")
def ask_later(request: Request, services: UsesServices, story: MaybeVisited, kind: str) -> Response:
    """Ask for a document of a request that was sent."""
    if not _takes(story, kind):
        return lead(SHOWN)
    assert story is not None
    return _later_page(request, services, story, DocumentKind(kind), {})


@router.post("/requests/status/documents/{kind}", dependencies=OURS)
async def send_later(
    request: Request, services: UsesServices, story: MaybeVisited, kind: str
) -> Response:
    """Receive a document of a request that was sent."""
    if story is None or not _takes(story, kind):
        return lead(SHOWN)
    sent, which = story, DocumentKind(kind)

    def receive(session: Session, incoming: Incoming) -> None:
        services.documents.receive(session, sent.row.id, which, incoming, at=services.clock())

    errors = await _take_in(request, services, story.email, receive, needed=True)
    if isinstance(errors, Response):
        return errors
    if errors:
        return await run_in_threadpool(_later_page, request, services, story, which, errors)
    return lead(f"{SHOWN}?done=document")


def _takes(story: RequestStory | None, kind: str) -> bool:
    """Tell whether a document can be sent for what this browser looks after."""
    return story is not None and story.row.state in OPEN and kind in kinds_of(Path(story.row.path))


def _later_page(
    request: Request,
    services: Services,
    story: RequestStory,
    kind: DocumentKind,
    errors: Mapping[str, str],
) -> Response:
    with services.transaction() as session:
        papers = services.documents.papers(session, story.row)
    return _page(
        request,
        Path(story.row.path),
        kind,
        errors,
        caption=f"Request {story.row.urn}",
        here=None,
        back=SHOWN,
        place=f"{_LATER}/{kind}",
        why=papers.checked.asked.get(kind, ""),
    )
