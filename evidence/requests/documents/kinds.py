"""Pure. Which documents a request needs, and what its steps say of them.

A document is accepted by its check, or by its having been seen otherwise. A correction of the
request takes every check back: they were held against what was said before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evidence.requests.states import CIVIL, OFFICIAL, Path

RECEIVED, VIEWED, CHECKED = "document.received", "document.viewed", "document.checked"
SEEN, ASKED, DELETED = "document.seen", "document.asked", "document.deleted"
DOCUMENT_EVENTS = frozenset({RECEIVED, VIEWED, CHECKED, SEEN, ASKED, DELETED})
"""The custody events about documents of a request."""
CORRECTED = "request.corrected"


class DocumentKind(StrEnum):
    """What a document is to show."""

    CONSENT = "consent"
    """That the policy holder or client agrees."""
    IDENTITY = "identity"
    """Who that is, or who asks for footage of themselves."""
    AUTHORITY = "authority"
    """That somebody may act for another, or who authorised an investigation."""


class Verdict(StrEnum):
    """What a check of a document came to."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not accepted"


class SeenHow(StrEnum):
    """How else a document was seen than by an upload."""

    IN_PERSON = "in person"
    BY_POST = "by post"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that a path asks for."""

    kind: DocumentKind
    needed: bool
    """Nothing is approved in principle without it."""


_K = DocumentKind
WANTED: Mapping[Path, Sequence[Wanted]] = {
    **dict.fromkeys(CIVIL, (Wanted(_K.CONSENT, True), Wanted(_K.IDENTITY, True))),
    **dict.fromkeys(OFFICIAL, (Wanted(_K.AUTHORITY, False),)),
    Path.SUBJECT: (Wanted(_K.IDENTITY, True), Wanted(_K.AUTHORITY, False)),
}
"""What each path asks for, in the order in which it is asked."""


def needed_of(path: Path) -> tuple[DocumentKind, ...]:
    """Return the documents without which nothing is approved."""
    return tuple(one.kind for one in WANTED[path] if one.needed)


def kinds_of(path: Path) -> tuple[DocumentKind, ...]:
    """Return every document that a path takes."""
    return tuple(one.kind for one in WANTED[path])


@dataclass(frozen=True, slots=True)
class Checked:
    """How documents stand, as the steps of a request say."""

    accepted: Mapping[DocumentKind, str]
    """Which were accepted, each with how, and why: in words for staff."""
    asked: Mapping[DocumentKind, str]
    """Which are asked for anew, each with why."""
    verdicts: Mapping[str, tuple[Verdict, str]]
    """The last verdict on each document, by its identifier, and why."""

    def missing(self, path: Path) -> tuple[DocumentKind, ...]:
        """Return what a path needs and nobody has accepted."""
        return tuple(kind for kind in needed_of(path) if kind not in self.accepted)


def checked_by(steps: Iterable[tuple[str, Mapping[str, Any]]]) -> Checked:
    """Return how documents stand after these steps: the name of each event, and what it says.

    Of a request that was erased, reasons are missing.
    """
    good: dict[str, tuple[DocumentKind, str]] = {}
    asked: dict[DocumentKind, str] = {}
    verdicts: dict[str, tuple[Verdict, str]] = {}
    for event, told in steps:
        if event == CORRECTED:
            good.clear()
            verdicts.clear()
        if event not in {RECEIVED, CHECKED, SEEN, ASKED}:
            continue
        kind, reason = DocumentKind(told["document_kind"]), told.get("reason", "")
        asked.pop(kind, None)
        if event == CHECKED:
            document, verdict = told["document"], Verdict(told["result"])
            verdicts[document] = verdict, reason
            good.pop(document, None)
            if verdict is Verdict.ACCEPTED:
                good[document] = kind, _why("checked and accepted", reason)
            else:
                asked[kind] = reason
        elif event == SEEN:
            good[f"{kind} seen"] = kind, _why(f"seen {told['seen']}", reason)
        elif event == ASKED:
            asked[kind] = reason
    return Checked(dict(good.values()), asked, verdicts)


def _why(how: str, reason: str) -> str:
    return f"{how}: {reason}" if reason else how
