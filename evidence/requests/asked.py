"""Pure. What was asked: the facts of a request, as events commit to them and a row keeps them.

`request.submitted` and `request.corrected` commit to it as their `facts`: docs/formats/requests.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from custody.errors import ShapeError
from custody.formats.canonical import JSON, format_time, parse_time
from evidence.errors import InvalidError
from evidence.exhibits.clocks import parse_local
from evidence.requests.questions.checks import window
from evidence.requests.questions.forms import Answers
from evidence.requests.states import CIVIL, OFFICIAL, Path
from evidence.wording import check_words

VERSION: Final = 1
MOST_WHERE, MOST_CAMERAS = 500, 2000
"""Characters that say where footage is preserved, and of which cameras."""
_KEYS = frozenset({"version", "path", "start", "end", "answers"})
_OF_ALL = "Crown Prosecution Service"
CRIME = (
    "Data Protection Act 2018, Schedule 2, paragraph 2: prevention or detection of crime, or "
    "apprehension or prosecution of offenders"
)
PROCEEDINGS = (
    "Data Protection Act 2018, Schedule 2, paragraph 5(3)(a): necessary for, or in connection "
    "with, legal proceedings, including prospective ones"
)
ADVICE = (
    "Data Protection Act 2018, Schedule 2, paragraph 5(3)(b): necessary for obtaining legal advice"
)
RIGHTS = (
    "Data Protection Act 2018, Schedule 2, paragraph 5(3)(c): otherwise necessary for "
    "establishing, exercising or defending legal rights"
)
_BASES = {
    "proceedings": PROCEEDINGS,
    "advice": ADVICE,
    "rights": RIGHTS,
    "prevention": CRIME,
    "prosecution": CRIME,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: the answers of their form, and from when to when that is."""

    path: Path
    start: datetime
    """UTC."""
    end: datetime
    answers: Mapping[str, str]
    """Of the fields that apply, as `checks` left them; what was left empty is not here."""

    def said(self, name: str) -> str:
        """Return an answer; empty: there is none."""
        return self.answers.get(name, "")

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras that were named."""
        return tuple(filter(None, self.said("cameras").split("\n")))

    @property
    def contact(self) -> str:
        """Who asks, by name."""
        return self.said("contact_name")

    @property
    def organisation(self) -> str:
        """For whom they work; of somebody who asks for themselves, their own name."""
        if self.path is Path.CPS:
            return self.said("organisation") or _OF_ALL
        return self.said("organisation") or self.contact

    @property
    def recipient(self) -> tuple[str, str]:
        """The one person who receives the footage, and their address."""
        if self.path in CIVIL:
            return self.said("recipient_name"), self.said("recipient_email")
        return self.contact, self.said("email")

    @property
    def basis(self) -> str:
        """The legal basis in full; empty: they ask for themselves."""
        return _BASES.get(self.said("basis") or self.said("limb"), "")

    @property
    def purpose(self) -> str:
        """What the footage is for."""
        if self.path in OFFICIAL:
            return f"{self.said('case_reference')}: {self.said('offence')}"
        return self.said("claim_reference") or "subject access"


def asked_of(path: Path, answers: Answers) -> Asked:
    """Return what checked answers ask for.

    Raises:
        InvalidError: there is no such time.
    """
    found = window(answers)
    kept = {name: said for name, said in answers.items() if said}
    return Asked(path, found.start, found.end, kept)


def asked_json(asked: Asked) -> dict[str, JSON]:
    """Return what was asked as the events commit to it."""
    return {
        "version": VERSION,
        "path": asked.path.value,
        "start": format_time(asked.start),
        "end": format_time(asked.end),
        "answers": dict(asked.answers),
    }


def parse_asked(value: object) -> Asked:
    """Read what an event commits to.

    Raises:
        ShapeError: it is not of that form.
        FormatError: a time is not written as ours are.
    """
    if not isinstance(value, Mapping) or set(value) != _KEYS or value["version"] != VERSION:
        raise ShapeError("these are not the facts of a request", subject="facts")
    answers = value["answers"]
    plain = isinstance(answers, Mapping) and all(
        isinstance(name, str) and isinstance(said, str) for name, said in answers.items()
    )
    if not plain or value["path"] not in tuple(Path):
        raise ShapeError("a value of another type is expected here", subject="facts")
    start, end = (parse_time(str(value[name])) for name in ("start", "end"))
    return Asked(Path(value["path"]), start, end, dict(answers))


@dataclass(frozen=True, slots=True)
class Preserved:
    """What the control room preserves for a request: which cameras, from when to when, where."""

    start: datetime
    end: datetime
    cameras: tuple[str, ...]
    where: str

    def covers(self, asked: Asked) -> None:
        """See that the whole time span is preserved, of every camera that was named.

        Raises:
            InvalidError: it is not; names the field.
        """
        if not self.cameras:
            raise InvalidError("cameras", "Enter each camera whose footage is preserved")
        missing = [name for name in asked.cameras if name not in self.cameras]
        if missing:
            raise InvalidError("cameras", f"{', '.join(missing)} was asked for, and is missing")
        if self.start > asked.start:
            raise InvalidError("start", "This is later than the start of what was asked for")
        if self.end < asked.end:
            raise InvalidError("end", "This is earlier than the end of what was asked for")


def parse_preserved(cameras: str, start: str, end: str, where: str) -> Preserved:
    """Read what somebody says is preserved: ``cameras`` one a line, times as on a clock here.

    Raises:
        InvalidError: a time is none, or something is missing; names the field.
    """
    text = check_words("cameras", cameras, most=MOST_CAMERAS, lines=True)
    first, last = parse_local("start", start), parse_local("end", end)
    said = check_words("where", where, most=MOST_WHERE)
    named = (" ".join(line.split()) for line in text.split("\n"))
    return Preserved(
        first.replace(microsecond=0),
        last.replace(microsecond=0),
        tuple(dict.fromkeys(filter(None, named))),
        said,
    )


def preserved_json(preserved: Preserved) -> dict[str, JSON]:
    """Return what is preserved as `preservation.confirmed` commits to it."""
    return {
        "version": VERSION,
        "start": format_time(preserved.start),
        "end": format_time(preserved.end),
        "cameras": list(preserved.cameras),
        "where": preserved.where,
    }
