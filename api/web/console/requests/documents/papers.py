"""Edge. Documents of a request, as the pages of the console show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.services import Services
from api.web.public.requests.documents.papers import PAPERS
from evidence.requests.documents.documents import Held
from evidence.requests.documents.kinds import Verdict, needed_of
from evidence.requests.states import Path
from evidence.requests.tables import RequestRow

VERDICTS = {
    None: ("To be checked", "govuk-tag--yellow"),
    Verdict.ACCEPTED: ("Accepted", "govuk-tag--green"),
    Verdict.NOT_ACCEPTED: ("Not accepted", "govuk-tag--red"),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of document that a request takes, and what came of it."""

    label: str
    needed: bool
    accepted: str
    """How it was accepted; empty: it was not."""
    asked: str
    """Why it is asked for anew; empty: it is not."""
    held: Sequence[Held]


def papers_of(services: Services, row: RequestRow) -> list[Paper]:
    """Return the documents that a request takes, each kind with what came."""
    path = Path(row.path)
    with services.transaction() as session:
        found = services.documents.papers(session, row)
    return [
        Paper(
            words.label,
            kind in needed_of(path),
            found.checked.accepted.get(kind, ""),
            found.checked.asked.get(kind, ""),
            [one for one in found.held if one.row.kind == kind],
        )
        for kind, words in PAPERS[path].items()
    ]


def scan_words(scan: str) -> str:
    """Return what the malware scanner said of a document."""
    return "No malware found" if scan == "clean" else f"{scan[:1].upper()}{scan[1:]}"
