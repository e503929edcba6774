"""Edge. The documents that an insurer of the demonstration sends: drawn here, and all invented."""

from io import BytesIO

from PIL import Image, ImageDraw

from api.wiring import Services
from evidence.requests.documents.kinds import DocumentKind
from evidence.requests.tables import RequestRow

_SIZE, _MARGIN, _LETTERS = (900, 560), 48, 28
_SPECIMEN = "SPECIMEN: INVENTED FOR A DEMONSTRATION"
_CONSENT = "I, Chris Invented, agree that Harbour Mutual (fictional)\nasks for CCTV footage of me."
_DRAWN = {
    DocumentKind.CONSENT: ("PDF", f"{_SPECIMEN}\n\n{_CONSENT}\n\nSigned: C. Invented"),
    DocumentKind.IDENTITY: ("PNG", f"{_SPECIMEN}\n\nPASSPORT\n\nName: Chris Invented"),
}


def send_papers(services: Services, row: RequestRow) -> None:
    """Send consent and identity as the insurer would, from the page of their request."""
    for kind, (form, words) in _DRAWN.items():
        came = services.document_arrivals.take(_drawn(form, words))
        with services.transaction() as session:
            services.documents.receive(session, row.id, kind, came, at=services.clock())


def _drawn(form: str, words: str) -> bytes:
    paper = Image.new("RGB", _SIZE, "white")
    place = (_MARGIN, _MARGIN)
    ImageDraw.Draw(paper).multiline_text(place, words, fill="black", font_size=_LETTERS, spacing=12)
    kept = BytesIO()
    paper.save(kept, form)
    return kept.getvalue()
