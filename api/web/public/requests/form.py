"""Edge. Asking for footage: who asks, and then one thing a page.

Nobody needs an account. What is typed is kept page by page under a cookie's secret, and nothing is
done with it before the mailbox was proven (`proof`) and the last button pressed (`check`).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.pages import page
from api.web.public.requests.cookies import keep_draft, network
from api.web.public.requests.fields import SentFields, answers_in, typed_parts
from api.web.public.requests.kept import (
    CHECK,
    DOCUMENTS,
    MAILBOX,
    OURS,
    START,
    Kept,
    MaybeKept,
    lead,
    unanswered,
    wait_page,
)
from evidence.mailbox.codes import Standing
from evidence.requests.documents.kinds import needed_of
from evidence.requests.questions.forms import FieldKind, FormPage
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
_CHOOSE = "Select who you are"


@router.get("/requests")
def choose(request: Request, services: UsesServices, own: MaybeKept) -> Response:
    """Ask who asks for footage."""
    return _choose_page(request, services, own, {})


def _choose_page(
    request: Request, services: Services, own: Kept | None, errors: Mapping[str, str]
) -> Response:
    going = own is not None and own.draft.request is None
    return page(
        request,
        "requests/start.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=errors,
        forms=FORMS,
        going=own.draft if own is not None and going else None,
        days=services.council.retention_days,
        answer_days=services.council.answer_days,
        working=services.council.answer_count == "working",
    )


@router.post("/requests", dependencies=OURS)
def begin(
    request: Request, services: UsesServices, own: MaybeKept, path: Annotated[str, Form()] = ""
) -> Response:
    """Begin to fill in the form of who asks; what was being filled in before is left."""
    if path not in tuple(Path):
        return _choose_page(request, services, own, {"path": _CHOOSE})
    with services.transaction() as session:
        begun = services.drafts.begin(
            session, Path(path), network=network(request), at=services.clock()
        )
    if isinstance(begun, Standing):
        return wait_page(request, begun)
    answer = lead(f"{START}/form/{FORMS[Path(path)].pages[0].slug}")
    keep_draft(answer, services, begun)
    return answer


@router.get("/requests/form/{slug}")
def ask(request: Request, own: MaybeKept, slug: str, change: str = "") -> Response:
    """Show one page of the form, as it was answered before."""
    found = _page_of(own, slug)
    if own is None or found is None:
        return lead(START)
    return _form_page(
        request, own, found, typed_parts(found, own.draft.answers), {}, change=bool(change)
    )


@router.post("/requests/form/{slug}", dependencies=OURS)
def answer(
    request: Request, services: UsesServices, own: MaybeKept, slug: str, sent: SentFields
) -> Response:
    """Keep the answers of one page, and go on to the next; or say what is wrong with them."""
    found, change = _page_of(own, slug), bool(sent.get("change"))
    if own is None or found is None:
        return lead(START)
    given = answers_in(found, sent)
    with services.transaction() as session:
        checked = services.drafts.save(session, own.secret, found, given, at=services.clock())
    if checked.errors:
        typed = {**sent, **{name: given[name] for name in given if name not in sent}}
        return _form_page(request, own, found, typed, checked.errors, change=change)
    return lead(_after(services, own.secret, found, change=change))


def _page_of(own: Kept | None, slug: str) -> FormPage | None:
    """Return the page of this name, if it applies to what is being filled in."""
    if own is None or own.draft.request is not None:
        return None
    found = own.draft.form.page(slug)
    return found if found is not None and found.applies(own.draft.answers) else None


def _after(services: Services, secret: str, done: FormPage, *, change: bool) -> str:
    """Return where to go after a page was answered."""
    with services.transaction() as session:
        draft = services.drafts.find(session, secret)
    assert draft is not None
    if draft.form.mailbox in {field.name for field in done.fields} and not draft.proven:
        return MAILBOX
    following = draft.form.following(done.slug, draft.answers)
    if change or following is None:
        asked = () if change or draft.corrects else needed_of(draft.form.path)
        return unanswered(draft) or (f"{DOCUMENTS}/{asked[0]}" if asked else CHECK)
    return f"{START}/form/{following.slug}"


def _form_page(
    request: Request,
    own: Kept,
    found: FormPage,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    change: bool,
) -> Response:
    before = own.draft.form.preceding(found.slug, own.draft.answers)
    back = START if before is None else f"{START}/form/{before.slug}"
    return page(
        request,
        "requests/page.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=dict(errors),
        form=own.draft.form,
        one=found,
        typed=typed,
        change=change,
        back=CHECK if change else back,
        correcting=own.draft.corrects is not None,
        links={
            field.name: f"{field.name}-day"
            for field in found.fields
            if field.kind is FieldKind.DATE
        },
    )
