"""Edge. What messages say: one template in two forms for each kind, every address ours.

A name comes from people, so it is made plain before it stands in a message: one line, nothing that
turns the direction of writing, and nothing that a mail program or GOV.UK Notify makes a link of.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from api.outbound.mailer import Letter
from api.settings.council import Council
from api.words import local_time
from evidence.mailbox.messages import MessageKind

SUBJECTS: Mapping[MessageKind, str] = {
    MessageKind.LINK: "CCTV package {reference} is ready",
    MessageKind.CODE: "your code for CCTV package {reference}",
    MessageKind.LINK_ENDED: "your link to CCTV package {reference} has ended",
    MessageKind.EXPIRING: "your link to CCTV package {reference} ends soon",
    MessageKind.REVOKED: "CCTV package {reference} was withdrawn",
    MessageKind.SECOND_NEEDED: "CCTV release {reference} waits for a second approval",
}
_MOST_NAME = 100
_MARKS = re.compile(r"[\[\]()<>{}*#^_`~|\\]+")
_JOINTS = re.compile(r"(?<=[.:/@])(?=\S)")


@dataclass(frozen=True, slots=True)
class About:
    """Who gets a message, and about which release."""

    message: UUID
    kind: MessageKind
    name: str
    address: str
    reference: str
    """The release's own, such as BAR-7K4M-2XQ9-J-R1."""
    organisation: str


def compose(
    about: About,
    private: Mapping[str, str],
    *,
    council: Council,
    origin: str,
    demonstration: bool,
    at: datetime,
) -> Letter:
    """Return a message as it leaves. ``origin`` begins every link, and nothing else ever does."""
    told = {
        "council": council,
        "demonstration": demonstration,
        "name": plain_name(about.name),
        "organisation": plain_name(about.organisation),
        "reference": about.reference,
        "origin": origin,
        "link": f"{origin}/collect/{private['token']}" if "token" in private else "",
        "code": _grouped(private.get("code", "")),
        "why": private.get("why", ""),
        "expires": _moment(private.get("expires", "")),
        "due": _moment(private.get("due", "")),
    }
    subject = SUBJECTS[about.kind].format(reference=about.reference)
    text, html = (
        _environment().get_template(f"{about.kind}.{form}").render(told) for form in ("txt", "html")
    )
    return Letter(
        message=about.message,
        to=about.address,
        subject=f"{_one_line(council.name)}: {subject}",
        text=text,
        html=html,
        at=at,
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("api.web", "templates/mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def plain_name(name: str) -> str:
    """Return a name as it may stand in a message: it reads the same, and leads nowhere."""
    bare = _MARKS.sub(" ", _one_line(name))
    apart = _JOINTS.sub(" ", bare)
    words = " ".join(apart.split())
    return words if len(words) <= _MOST_NAME else words[: _MOST_NAME - 1].rstrip() + "…"


def _one_line(text: str) -> str:
    """Return a text without what is no letter, sign or space: controls, marks of direction."""
    kept = (" " if unicodedata.category(one) in {"Cc", "Zl", "Zp"} else one for one in text)
    return "".join(one for one in kept if unicodedata.category(one) not in {"Cf", "Cs"}).strip()


def _grouped(code: str) -> str:
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def _moment(text: str) -> str:
    """Return a moment (UTC, RFC 3339) as people in England write it."""
    if not text:
        return ""
    return local_time(datetime.fromisoformat(text).astimezone(UTC))
