"""Service. How the documents of a request stand, as whoever made it is told: never their bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evidence.requests.documents.documents import Papers
from evidence.requests.documents.kinds import WANTED, DocumentKind, Verdict
from evidence.requests.states import Path


class PaperStanding(StrEnum):
    """How it stands with a document of one kind."""

    NOT_SENT = "not sent"
    RECEIVED = "received"
    """Nobody has checked it yet."""
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not accepted"
    ASKED = "asked for"


@dataclass(frozen=True, slots=True)
class OwnPaper:
    """What is told of the documents of one kind."""

    kind: DocumentKind
    needed: bool
    standing: PaperStanding
    received_at: datetime | None
    """When the last one came; None: none did, or it came in another way."""
    why: str
    """Why one was not accepted, or is asked for; empty otherwise."""


def own_papers(path: Path, papers: Papers) -> Sequence[OwnPaper]:
    """Return how it stands with each kind of document that a path takes."""
    return tuple(_own(one.kind, papers, needed=one.needed) for one in WANTED[path])


def _own(kind: DocumentKind, papers: Papers, *, needed: bool) -> OwnPaper:
    came = [one for one in papers.held if one.row.kind == kind]
    why = papers.checked.asked.get(kind, "")
    if kind in papers.checked.accepted:
        standing = PaperStanding.ACCEPTED
    elif kind in papers.checked.asked:
        refused = any(one.verdict is Verdict.NOT_ACCEPTED and one.reason == why for one in came)
        standing = PaperStanding.NOT_ACCEPTED if refused else PaperStanding.ASKED
    elif any(one.verdict is None and one.row.deleted_at is None for one in came):
        standing = PaperStanding.RECEIVED
    else:
        standing = PaperStanding.NOT_SENT
    return OwnPaper(kind, needed, standing, came[-1].row.received_at if came else None, why)
