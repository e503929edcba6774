"""Edge. Who is signed in, what they may do here, and that a form came from one of our pages."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Form, Request

from api.acts import record_refusal
from api.denials import ForgedFormError, SignInNeededError
from api.depends import UsesServices
from api.services import Services
from evidence.errors import AccessRefusedError
from evidence.people.access import Action, Subject, decide
from evidence.people.sessions import Alarms
from evidence.secrets import derive_secret, is_same_secret

COOKIE, SECURE_COOKIE = "custos_staff", "__Host-custos_staff"


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff who is signed in."""

    subject: Subject
    form_token: str
    """What each form of theirs carries in its hidden field ``form_token``."""
    alarms: Alarms
    """What is wrong with the log or the clock, which every page says."""

    def may(self, action: str) -> bool:
        """Tell whether a page should offer an action; whether it is done, the service decides."""
        return decide(Action(action), self.subject.roles).allowed


def cookie_name(services: Services) -> str:
    """Return the name of the session's cookie: over https one that no sibling host can set."""
    return SECURE_COOKIE if services.settings.secure else COOKIE


def form_token(secret: str) -> str:
    """Return the token of a session's forms: known to its pages, useless for another session."""
    return derive_secret(secret, "custos form")


def same_site(request: Request, services: Services) -> bool:
    """Tell whether a browser says that a request comes from one of our own pages.

    `Sec-Fetch-Site` (Fetch Metadata) where there is one, `Origin` otherwise; one of them is sent
    with every form by every browser since 2020.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == services.settings.origin


def is_saved(request: Request) -> bool:
    """Tell whether a browser says that it would save a film or a picture, or open it by itself.

    `Sec-Fetch-Dest` (Fetch Metadata): a page that shows it says video, audio or image.
    """
    return request.headers.get("sec-fetch-dest", "video") not in {"video", "audio", "image"}


def signed_in(request: Request, services: UsesServices) -> Staff | None:
    """Return who is signed in, if anybody."""
    secret = request.cookies.get(cookie_name(services))
    if not secret:
        return None
    with services.transaction() as session:
        subject, alarms = services.sessions.find_beside_alarms(session, secret, at=services.clock())
    return None if subject is None else Staff(subject, form_token(secret), alarms)


MaybeStaff = Annotated[Staff | None, Depends(signed_in)]


class Allowed:
    """The dependency of every page for staff: signed in, and allowed to do ``action``.

    Raises:
        SignInNeededError: nobody is signed in.
        AccessRefusedError: after `access.refused` was written.
    """

    def __init__(self, action: Action) -> None:
        self.action = action

    def __call__(self, request: Request, services: UsesServices, staff: MaybeStaff) -> Staff:
        """Return who asks."""
        if staff is None:
            then = request.url.path if request.method == "GET" else "/console"
            raise SignInNeededError(quote(then))
        decision = decide(self.action, staff.subject.roles)
        if not decision.allowed:
            refused = AccessRefusedError(self.action, decision.reason)
            record_refusal(services, staff.subject, refused)
            raise refused
        return staff


def admit(action: Action, request: Request, services: Services) -> Staff:
    """Return who asks, as they are signed in at this moment and not when their request began.

    Raises:
        SignInNeededError, AccessRefusedError: as `Allowed`.
    """
    return Allowed(action)(request, services, signed_in(request, services))


def allowed(action: Action) -> Any:  # noqa: ANN401 - what FastAPI's Depends returns
    """Return the dependency for a page that shows or asks something (GET)."""
    return Depends(Allowed(action))


class Sends(Allowed):
    """The dependency of every form of staff: besides, it came from a page of this session."""

    def __call__(
        self,
        request: Request,
        services: UsesServices,
        staff: MaybeStaff,
        form_token: Annotated[str, Form()] = "",
    ) -> Staff:
        """Return who sends the form."""
        sender = super().__call__(request, services, staff)
        if not same_site(request, services) or not is_same_secret(form_token, sender.form_token):
            raise ForgedFormError
        return sender


def sends(action: Action) -> Any:  # noqa: ANN401 - as above
    """Return the dependency for a form that does something (POST)."""
    return Depends(Sends(action))
