"""Edge. The documents that people of the demonstration send: drawn here, and all invented."""

from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw
from sqlmodel import Session

from api.services import Services
from evidence.people.access import Subject
from evidence.requests.documents.kinds import DocumentKind, Verdict, needed_of
from evidence.requests.states import Path
from evidence.requests.tables import RequestRow

_SIZE, _MARGIN, _LETTERS = (900, 560), 48, 28
_SPECIMEN = "SPECIMEN: INVENTED FOR A DEMONSTRATION"
_FOOTAGE = "Who is named in it agrees that CCTV footage of them is asked for."
_DRAWN = {
    DocumentKind.CONSENT: ("PDF", f"{_SPECIMEN}\n\n{_FOOTAGE}\n\nSigned: C. Invented"),
    DocumentKind.IDENTITY: ("PNG", f"{_SPECIMEN}\n\nPASSPORT\n\nName: Chris Invented"),
}


def send_papers(session: Session, services: Services, row: RequestRow) -> None:
    """Send what a request needs, as whoever asked would from its page."""
    for kind in needed_of(Path(row.path)):
        came = services.document_arrivals.take(_drawn(*_DRAWN[kind]))
        services.documents.receive(session, row.id, kind, came, at=services.clock())


def check_papers(session: Session, services: Services, row: RequestRow, *, by: Subject) -> None:
    """Look at what came, and accept it."""
    checks, at = services.document_checks, services.clock()
    for held in services.documents.papers(session, row).held:
        document = str(held.row.id)
        checks.look(session, row.urn, document, by=by, at=at)
        why = "It shows what it should"
        checks.check(session, row.urn, document, Verdict.ACCEPTED, by=by, at=at, reason=why)


@cache
def _drawn(form: str, words: str) -> bytes:
    paper = Image.new("RGB", _SIZE, "white")
    place = (_MARGIN, _MARGIN)
    ImageDraw.Draw(paper).multiline_text(place, words, fill="black", font_size=_LETTERS, spacing=12)
    kept = BytesIO()
    paper.save(kept, form)
    return kept.getvalue()
