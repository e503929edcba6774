"""Edge. What the demonstration's mail sink took: nobody else ever sees it, and production has none.

Only the plain part is shown, and its addresses as links; the HTML part would need a frame, and
what a stranger's mail program makes of it is no business of our pages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from api.demonstration.standins import mail_folder
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.pages import page
from api.web.staff import MaybeStaff

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
MOST = 200
_NAME = re.compile(r"[0-9]{20}-[0-9a-f]{8}")
_LARGEST = 1 << 20
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as the page shows it."""

    id: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str = ""
    parts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@router.get("/demonstration/mail")
def mailbox(request: Request, services: UsesServices, staff: MaybeStaff) -> HTMLResponse:
    """Show what was sent, the newest first."""
    _only_in_a_demonstration(services)
    mails = list(_newest(mail_folder(services.settings)))
    return page(request, "demonstration/mailbox.html", staff=staff, mails=mails, most=MOST)


@router.get("/demonstration/mail/{name}")
def mail(
    request: Request,
    services: UsesServices,
    staff: MaybeStaff,
    name: Annotated[str, Path(pattern=f"^{_NAME.pattern}$")],
) -> HTMLResponse:
    """Show one mail."""
    _only_in_a_demonstration(services)
    found = _read(mail_folder(services.settings) / f"{name}.eml", services.settings.origin)
    if found is None:
        raise HTTPException(404)
    return page(request, "demonstration/mail.html", staff=staff, mail=found)


def _only_in_a_demonstration(services: Services) -> None:
    if not services.demonstration:
        raise HTTPException(404)


def _newest(folder: FilePath) -> Iterator[Mail]:
    try:
        names = sorted((path.stem for path in folder.glob("*.eml")), reverse=True)[:MOST]
    except OSError:
        return
    for name in names:
        if _NAME.fullmatch(name) and (found := _read(folder / f"{name}.eml")) is not None:
            yield found


def _read(path: FilePath, origin: str = "") -> Mail | None:
    """Return a mail; with the addresses in it that begin with ``origin``: ours, and no others."""
    try:
        with path.open("rb") as file:
            read = message_from_bytes(file.read(_LARGEST), policy=policy.default)
    except OSError:
        return None
    assert isinstance(read, EmailMessage)
    body = read.get_body(preferencelist=("plain",))
    text = _content(body) if body is not None else ""
    found = re.findall(re.escape(origin) + r"/[\w/.~-]*", text, re.ASCII) if origin else []
    return Mail(
        id=path.stem,
        at=datetime.fromtimestamp(int(path.stem[:20]) / _NANO, UTC),
        sender=str(read["From"] or ""),
        to=str(read["To"] or ""),
        subject=str(read["Subject"] or "(no subject)"),
        text=text,
        parts=tuple(part.get_content_type() for part in read.walk() if not part.is_multipart()),
        links=tuple(dict.fromkeys(found)),
    )


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # a charset that nobody knows
        return "This part cannot be shown."
