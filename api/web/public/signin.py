"""Edge. Signing in through the council's identity provider, and signing out.

What a sign-in began with lies in a signed cookie of the browser that began it, for ten minutes; an
answer without it, or with another one's, signs nobody in.
"""

import logging
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import unquote

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool

from api.demonstration.standins import ACTORS
from api.denials import BusyError, ForgedFormError, NotSignedInError
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.signin.provider import Dance, Identity
from api.web.pages import page
from api.web.staff import MaybeStaff, cookie_name, same_site
from custody.printable import printable
from evidence.errors import InvalidError
from evidence.people.access import Subject
from evidence.secrets import is_same_secret
from storage.errors import ConflictError, UnavailableError

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
CALLBACK = "/sign-in/callback"
HOME = "/console"
_LASTS_S = 600
_LONGEST = 2000
_MOST_TOLD = 60
_log = logging.getLogger("custos.signin")
Answer = Annotated[str, Query(max_length=_LONGEST)]


@router.get("/sign-in")
async def begin(
    request: Request,
    services: UsesServices,
    then: Annotated[str, Query(max_length=_LONGEST)] = HOME,
    who: Annotated[str, Query(alias="as", max_length=50)] = "",
) -> Response:
    """Send the browser to the identity provider; ``then`` is the page to come back to."""
    known = {actor.subject for actor in ACTORS} if services.demonstration else set()
    try:
        url, dance = await services.provider.begin(hint=who if who in known else "")
    except (BusyError, UnavailableError) as failed:
        _failed(failed)
        return _away(request)
    except NotSignedInError as failed:
        _failed(failed)
        return _not_signed_in(request, services)
    answer = RedirectResponse(url, HTTPStatus.SEE_OTHER)
    kept = _signer(services).dumps({**asdict(dance), "then": local_path(then)})
    assert isinstance(kept, str)
    _set_cookie(answer, services, _state_cookie(services), kept, max_age=_LASTS_S)
    return answer


# Providers add parameters of their own, and a client ignores them (RFC 6749, section 4.1.2).
@router.get(CALLBACK)
async def finish(
    request: Request,
    services: UsesServices,
    state: Answer = "",
    code: Answer = "",
    error: Answer = "",
    iss: Annotated[str | None, Query(max_length=_LONGEST)] = None,
) -> Response:
    """Take the identity provider's answer, and sign its person in."""
    began = _began(request, services, state)
    if began is None:
        _failed("this browser did not begin it, or more than 10 minutes ago")
        return _not_signed_in(request, services)
    if error or not code:
        _failed(f"the identity provider says {printable(error[:_MOST_TOLD]) or 'nothing'}")
        return _not_signed_in(request, services, refused=True)
    dance, then = began
    try:
        identity = await services.provider.finish(dance, code=code, issuer=iss)
        old = request.cookies.get(cookie_name(services))
        subject, secret = await run_in_threadpool(_sign_in, services, identity, old)
    except (BusyError, UnavailableError) as failed:
        _failed(failed)
        return _away(request)
    except (NotSignedInError, InvalidError) as failed:
        _failed(failed)
        return _not_signed_in(request, services)
    _log.info("signed in: %s as %s", subject.person, ", ".join(sorted(subject.roles)) or "nobody")
    # Whoever has no role sees on the first page whom to ask.
    answer = RedirectResponse(then if subject.roles else "/", HTTPStatus.SEE_OTHER)
    _set_cookie(answer, services, cookie_name(services), secret)
    _drop_cookie(answer, services, _state_cookie(services))
    return answer


@router.get("/sign-out")
def ask_to_sign_out(request: Request, services: UsesServices, staff: MaybeStaff) -> Response:
    """Ask whether to sign out: following a link alone does nothing."""
    del services
    if staff is None:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    return page(request, "signout.html", staff=staff)


@router.post("/sign-out")
def sign_out(
    request: Request,
    services: UsesServices,
    staff: MaybeStaff,
    form_token: Annotated[str, Form()] = "",
) -> Response:
    """End the session, here and in the browser."""
    if staff is not None:
        if not same_site(request, services) or not is_same_secret(form_token, staff.form_token):
            raise ForgedFormError
        with services.transaction() as session:
            secret = request.cookies[cookie_name(services)]
            services.sessions.end(session, secret, at=services.clock())
        _log.info("signed out: %s", staff.subject.person)
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    _drop_cookie(answer, services, cookie_name(services))
    return answer


def _failed(why: object) -> None:
    """Log a sign-in that failed: why, in words of ours, and nothing that tells who tried."""
    _log.warning("a sign-in failed: %s", why)


def local_path(then: str) -> str:
    """Return a page of ours to go on with; for anything that leads elsewhere, the console.

    Browsers drop control characters, take a backslash for a slash, and two slashes for another
    host, so all three are refused, also in their %-forms.
    """
    plain = unquote(unquote(then))
    elsewhere = (
        not plain.startswith("/")
        or plain.startswith(("//", "/sign-in", "/sign-out"))
        or "\\" in plain
        or not plain.isprintable()
    )
    return HOME if elsewhere or not then.startswith("/") else then


def _sign_in(services: Services, identity: Identity, old: str | None) -> tuple[Subject, str]:
    """Begin a session for somebody; the browser's session from before is over."""
    try:
        return _begin_session(services, identity, old)
    except ConflictError:
        # The other browser of this person was faster, and their row is there now.
        return _begin_session(services, identity, old)


def _begin_session(services: Services, identity: Identity, old: str | None) -> tuple[Subject, str]:
    at = services.clock()
    with services.transaction() as session:
        subject = services.people.sign_in(
            session,
            issuer=identity.issuer,
            subject=identity.subject,
            name=identity.name,
            email=identity.email,
            roles=identity.roles,
            at=at,
        )
        if old:
            services.sessions.end(session, old, at=at)
        return subject, services.sessions.start(session, subject, at=at)


def _began(request: Request, services: Services, state: str) -> tuple[Dance, str] | None:
    """Return what this browser's sign-in began with, if ``state`` is its own."""
    try:
        kept: dict[str, Any] = _signer(services).loads(
            request.cookies.get(_state_cookie(services), ""), max_age=_LASTS_S
        )
    except BadSignature:
        return None
    if not is_same_secret(state, kept["state"]):
        return None
    return Dance(kept["state"], kept["nonce"], kept["verifier"]), kept["then"]


def _signer(services: Services) -> URLSafeTimedSerializer:
    key = HKDF(SHA256(), 32, salt=None, info=b"custos/sign-in/v1")
    return URLSafeTimedSerializer(key.derive(services.roots.cookies))


def _state_cookie(services: Services) -> str:
    return f"{cookie_name(services)}_sign_in"


def _set_cookie(
    answer: Response, services: Services, name: str, value: str, *, max_age: int | None = None
) -> None:
    # Lax, not Strict: the provider's answer is a navigation that comes from its site.
    secure = services.settings.secure
    answer.set_cookie(name, value, max_age, path="/", secure=secure, httponly=True, samesite="lax")


def _drop_cookie(answer: Response, services: Services, name: str) -> None:
    secure = services.settings.secure
    answer.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def _not_signed_in(request: Request, services: Services, *, refused: bool = False) -> Response:
    why = (
        "The sign-in service of your organisation did not let you in, or you chose not to sign in."
        if refused
        else "This can happen if you waited more than 10 minutes, opened an old page, or began in "
        "another browser window."
    )
    sentences = ["We could not sign you in. Nothing was changed.", why]
    status = HTTPStatus.FORBIDDEN if refused else HTTPStatus.BAD_REQUEST
    answer = _page(request, status, "You are not signed in", sentences)
    _drop_cookie(answer, services, _state_cookie(services))
    return answer


def _away(request: Request) -> Response:
    heading = "Signing in does not work just now"
    sentences = [
        "The sign-in service of your organisation, or a part of this one, does not answer.",
        "Nothing was lost. Wait a minute, then try again.",
    ]
    return _page(request, HTTPStatus.SERVICE_UNAVAILABLE, heading, sentences, {"Retry-After": "30"})


def _page(
    request: Request,
    status: HTTPStatus,
    heading: str,
    sentences: list[str],
    headers: dict[str, str] | None = None,
) -> Response:
    return page(
        request,
        "problem.html",
        status=status,
        headers=headers,
        heading=heading,
        sentences=sentences,
        action=("/sign-in", "Try to sign in again"),
    )
