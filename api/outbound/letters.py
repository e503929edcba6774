"""Edge. What letters say: one template in two forms for each kind, every address ours.

`WORDINGS` knows every kind that some room writes. The room that queues a letter gives its private
part, the record that it is about gives the rest (`api/outbound/records`). A name comes from
people, so it is made plain before it stands in a letter: one line, nothing that turns the direction
of writing, and nothing that a mail program or GOV.UK Notify makes a link of.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from api.outbound.mailer import Letter
from api.outbound.records import Facts
from api.settings.facts import Council
from api.words import local_time
from evidence.mailbox.codes import CODE_LIFE
from evidence.mailbox.letters import CodeLetter
from evidence.requests.letters import RequestLetter
from export.delivery.letters import DeliveryLetter
from export.feedback.letters import FeedbackLetter
from export.release.notices import ReleaseLetter

PATIENCE = timedelta(hours=8)
"""How long a letter waits for a mail server; then a person is told, and can issue it again."""
_MOST_NAME = 100
_MARKS = re.compile(r"[\[\]()<>{}*#^_`~|\\]+")
_JOINTS = re.compile(r"(?<=[.:/@])(?=\S)")


@dataclass(frozen=True, slots=True)
class Wording:
    """How letters of a kind are worded, and how long they are wanted."""

    subject: str
    """What follows the council's name, with ``{reference}`` and ``{thing}`` of the record; with
    ``{urgent}`` in front, it begins with that word where a life is at stake."""
    private: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    """What its private part must hold, and how each is written."""
    names: tuple[str, ...] = ()
    """What it asks of its record beside the reference."""
    leads: bool = False
    """It leads to its record, so that nobody wants it once that is over."""
    lasts: timedelta = PATIENCE
    late: str = "the mail server did not take it for hours"
    """Why it does not go after ``lasts``."""
    missed: bool = True
    """Staff hear of it if it came too late: whoever waits for it cannot ask for another."""
    calls: bool = True
    """Somebody is called to the record if it does not arrive; a letter to staff is not worth it."""
    settles: bool = False
    """Once it went out, nobody need act on earlier letters about the record."""

    def unwanted(self, facts: Facts, *, waited: timedelta) -> str:
        """Return why a letter must not go any more; empty: it may."""
        if waited >= self.lasts:
            return self.late
        return facts.over if self.leads else ""


@dataclass(frozen=True, slots=True)
class About:
    """Who gets a letter, of which kind, and what its record says."""

    message: UUID
    kind: str
    name: str
    address: str
    facts: Facts


def compose(
    about: About,
    private: Mapping[str, str],
    *,
    council: Council,
    origin: str,
    demonstration: bool,
    at: datetime,
) -> Letter:
    """Return a letter as it leaves. ``origin`` begins every link, and nothing else ever does."""
    wording, facts = WORDINGS[about.kind], about.facts
    told = {
        "council": council,
        "demonstration": demonstration,
        "origin": origin,
        "name": plain_name(about.name),
        "thing": facts.thing,
        "reference": facts.reference,
        **{name: plain_name(facts.names[name]) for name in wording.names},
        **{name: write(private[name]) for name, write in wording.private.items()},
    }
    subject = wording.subject.format(
        thing=facts.thing, reference=facts.reference, urgent=told.get("urgent", "")
    )
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
    """Return a name as it may stand in a letter: it reads the same, and leads nowhere."""
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


def _urgent(yes: str) -> str:
    return "Urgent: " if yes else ""


def _days(number: str) -> str:
    return "one day" if number == "1" else f"{number} days"


def _requests(number: str) -> str:
    return "one request waits" if number == "1" else f"{number} requests wait"


def _moment(text: str) -> str:
    """Return a moment (UTC, RFC 3339) as people in England write it."""
    return local_time(datetime.fromisoformat(text).astimezone(UTC))


WORDINGS: Mapping[str, Wording] = {
    DeliveryLetter.LINK: Wording(
        "CCTV package {reference} is ready",
        private={"token": str, "expires": _moment},
        names=("organisation",),
        leads=True,
        settles=True,
    ),
    CodeLetter.CODE: Wording(
        "your code for {thing} {reference}",
        private={"code": _grouped, "expires": _moment},
        leads=True,
        lasts=CODE_LIFE,
        late="the code had run out before it could be sent",
        missed=False,
    ),
    DeliveryLetter.LINK_ENDED: Wording(
        "your link to CCTV package {reference} has ended", private={"why": str}
    ),
    DeliveryLetter.EXPIRING: Wording(
        "your link to CCTV package {reference} ends soon", private={"expires": _moment}, leads=True
    ),
    DeliveryLetter.REVOKED: Wording("CCTV package {reference} was withdrawn"),
    DeliveryLetter.CORRECTED: Wording("a statement in CCTV package {reference} was corrected"),
    RequestLetter.MAILBOX_CODE: Wording(
        "your code for a CCTV request",
        private={"code": _grouped, "expires": _moment},
        lasts=CODE_LIFE,
        late="the code had run out before it could be sent",
        missed=False,
        calls=False,
    ),
    RequestLetter.STATUS_CODE: Wording(
        "your code for CCTV request {reference}",
        private={"code": _grouped, "expires": _moment},
        lasts=CODE_LIFE,
        late="the code had run out before it could be sent",
        missed=False,
        calls=False,
    ),
    RequestLetter.URN_ISSUED: Wording(
        "we have your CCTV request {reference}",
        private={"preserve": _moment},
        names=("contact",),
        calls=False,
    ),
    RequestLetter.PRESERVED: Wording(
        "the footage for CCTV request {reference} is preserved", names=("contact",), calls=False
    ),
    RequestLetter.OUTCOME: Wording(
        "news of your CCTV request {reference}",
        private={"outcome": str, "fee": str},
        names=("contact",),
        calls=False,
    ),
    RequestLetter.REFUSED: Wording(
        "your CCTV request {reference} was refused",
        private={"appeal": str},
        names=("contact",),
        calls=False,
    ),
    RequestLetter.DOCUMENT: Wording(
        "we need a document for your CCTV request {reference}", names=("contact",), calls=False
    ),
    RequestLetter.MESSAGE: Wording(
        "a message about your CCTV request {reference}", names=("contact",), calls=False
    ),
    RequestLetter.AT_RISK: Wording(
        "footage for CCTV request {reference} is overwritten soon",
        private={"days": _days},
        calls=False,
    ),
    RequestLetter.TO_CHECK: Wording(
        "documents of CCTV request {reference} wait for a check",
        private={"requests": _requests},
        calls=False,
    ),
    FeedbackLetter.ASKED: Wording(
        "one question about CCTV package {reference}", leads=True, missed=False, calls=False
    ),
    ReleaseLetter.APPROVAL_NEEDED: Wording(
        "{urgent}CCTV release {reference} waits for a decision",
        private={"urgent": _urgent},
        calls=False,
    ),
    ReleaseLetter.SECOND_NEEDED: Wording(
        "CCTV release {reference} waits for a second approval", private={"due": _moment}
    ),
    ReleaseLetter.REFUSED: Wording(
        "your proposal of CCTV release {reference} was refused", calls=False
    ),
    ReleaseLetter.WITHDRAWN: Wording(
        "your proposal of CCTV release {reference} was withdrawn", calls=False
    ),
}
"""By `LetterKind`, which is a string. A test demands that each kind of each room is here."""
