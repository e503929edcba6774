"""Edge. Documents of a request in plain words: what each is, and what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.requests.asked import Asked
from evidence.requests.documents.contents import DocumentType
from evidence.requests.documents.kinds import DocumentKind
from evidence.requests.states import CIVIL, OFFICIAL, Path


@dataclass(frozen=True, slots=True)
class PaperWords:
    """What a document is called where it is listed, where it is asked for, and what it must be."""

    label: str
    title: str
    hint: str


_K = DocumentKind
_CIVIL = {
    _K.CONSENT: PaperWords(
        "Written consent",
        "Written consent of your policy holder or client",
        "It names them and you, says that you may ask for footage of them, and is signed and "
        "dated.",
    ),
    _K.IDENTITY: PaperWords(
        "Identity document",
        "Identity document of your policy holder or client",
        "For example, the page of a passport with the photo, or a driving licence. You may cover "
        "its number: we need the name, the photo and the date.",
    ),
}
_OFFICIAL = {
    _K.AUTHORITY: PaperWords(
        "Paper of who authorised it",
        "Paper of who authorised it",
        "For example, the signed form of your force. It is not needed where the answers say it "
        "all.",
    ),
}
_SUBJECT = {
    _K.IDENTITY: PaperWords(
        "Identity document",
        "A document that shows who you are",
        "For example, the page of a passport with the photo, or a driving licence. You may cover "
        "its number: we need the name, the photo and the date.",
    ),
    _K.AUTHORITY: PaperWords(
        "Proof that somebody acts for you",
        "Proof that somebody acts for you",
        "Only if a solicitor or somebody else acts for you: for example, a letter with your "
        "signature.",
    ),
}
PAPERS: Mapping[Path, Mapping[DocumentKind, PaperWords]] = {
    **dict.fromkeys(CIVIL, _CIVIL),
    **dict.fromkeys(OFFICIAL, _OFFICIAL),
    Path.SUBJECT: _SUBJECT,
}
"""The words for each document that a path takes."""
TYPES: Mapping[str, str] = {
    DocumentType.PDF: "PDF",
    DocumentType.JPEG: "JPEG picture",
    DocumentType.PNG: "PNG picture",
}


def named_in(asked: Asked) -> str:
    """Return whom the documents of a request should name: whose consent it is, or who asks."""
    return asked.said("policyholder") or asked.said("authoriser_name") or asked.contact
