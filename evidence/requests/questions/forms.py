"""Pure. A form as data: pages with one thing each, their fields, and which pages apply.

Pages and tests read the same forms (`evidence/requests/questions/paths`), and one checker says what
is wrong with an answer (`evidence/requests/questions/checks`). An answer is a text; what has
several items has one a line.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from evidence.requests.states import Path

Answers = Mapping[str, str]
"""What was said, by the field's name; a field that is left out is the empty text."""


class FieldKind(StrEnum):
    """What a field takes, and so how it is shown and checked."""

    TEXT = "text"
    LINES = "lines"
    CHOICE = "choice"
    TICK = "tick"
    """It must be ticked: the answer is "yes"."""
    DATE = "date"
    """2026-11-20; a day that is over or is today."""
    TIME = "time"
    """14:03, as a clock in England showed it."""
    PHONE = "phone"
    EMAIL = "email"
    WORK_EMAIL = "work_email"
    """Anything but free mail."""
    OFFICIAL_EMAIL = "official_email"
    """At a domain of the police or the prosecution that the council lists."""
    ITEMS = "items"
    """One a line: camera references, registrations."""
    DEGREES = "degrees"
    """Two decimal numbers, north and east (WGS 84), parted by a comma."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that may be chosen; ``refused`` says why the form cannot go on with it."""

    value: str
    label: str
    hint: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One question to which there is one answer."""

    name: str
    label: str
    missing: str
    """What is said where nothing was answered; empty: nothing need be."""
    kind: FieldKind = FieldKind.TEXT
    hint: str = ""
    most: int = 200
    """Characters, or items of 40 characters each."""
    choices: tuple[Choice, ...] = ()
    fills: str = ""
    """What browsers may fill in (the autocomplete attribute, WCAG 2.2, 1.3.5)."""
    width: int = 0
    """How wide the box is, in characters; 0: as wide as the page."""


def always(_answers: Answers) -> bool:
    """Tell that a page applies whatever was answered."""
    return True


@dataclass(frozen=True, slots=True)
class FormPage:
    """One thing to ask: a title that is the question, and the fields of its answer."""

    slug: str
    title: str
    fields: tuple[Field, ...]
    words: tuple[str, ...] = ()
    """What stands between the title and the fields, a paragraph each."""
    applies: Callable[[Answers], bool] = always


@dataclass(frozen=True, slots=True)
class Form:
    """What one path asks."""

    path: Path
    name: str
    """Who fills it in, as a page lets people choose."""
    hint: str
    mailbox: str
    """The field of the mailbox that must be proven before anything is submitted."""
    pages: tuple[FormPage, ...]

    def applying(self, answers: Answers) -> Iterator[FormPage]:
        """Yield the pages that apply, in their order."""
        return (page for page in self.pages if page.applies(answers))

    def page(self, slug: str) -> FormPage | None:
        """Return the page of this name; None: there is none."""
        return next((page for page in self.pages if page.slug == slug), None)

    def following(self, slug: str, answers: Answers) -> FormPage | None:
        """Return the page after one that applies; None: that was the last."""
        return self._beside(slug, answers, 1)

    def preceding(self, slug: str, answers: Answers) -> FormPage | None:
        """Return the page before one that applies; None: that was the first."""
        return self._beside(slug, answers, -1)

    def _beside(self, slug: str, answers: Answers, way: int) -> FormPage | None:
        pages: Sequence[FormPage] = list(self.applying(answers))
        places = [number for number, page in enumerate(pages) if page.slug == slug]
        at = places[0] + way if places else -1
        return pages[at] if 0 <= at < len(pages) else None

    def fields(self, answers: Answers) -> Mapping[str, Field]:
        """Return the fields that apply, by their names."""
        found = {field.name: field for page in self.applying(answers) for field in page.fields}
        return MappingProxyType(found)
