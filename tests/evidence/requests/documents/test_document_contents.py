"""What a document is, told by its content; and its envelope, which shows whatever is changed."""

import secrets
from uuid import UUID

import pytest

from custody.errors import KeyStoreError
from evidence.errors import InvalidError
from evidence.requests.documents.contents import PHOTO, DocumentType, type_of
from evidence.requests.documents.envelopes import Envelope, Envelopes
from storage.errors import CorruptError
from tests.evidence.requests.documents.papers_filled import EVERY, JPEG, PDF, PNG

ONE, OTHER = UUID(int=1), UUID(int=2)
HEIC = b"\0\0\0\x18ftypheic" + bytes(200)


@pytest.mark.parametrize("name", EVERY)
def test_each_type_is_told_by_its_content(name: str) -> None:
    assert type_of(EVERY[name]) is DocumentType(name)


@pytest.mark.parametrize("name", EVERY)
def test_half_a_file_is_none(name: str) -> None:
    for length in range(1, len(EVERY[name]) - 3):
        with pytest.raises(InvalidError, match="whole"):
            type_of(EVERY[name][:length])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"MZ" + bytes(500), "PDF, a JPEG or a PNG", id="program"),
        pytest.param(b"PK\3\4" + bytes(500), "PDF, a JPEG or a PNG", id="office"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PDF, a JPEG", id="svg"),
        pytest.param(b"<html>" + PDF, "PDF, a JPEG", id="page before a pdf"),
        pytest.param(b"GIF89a" + bytes(100), "PDF, a JPEG", id="gif"),
        pytest.param(HEIC, "HEIC", id="heic"),
        pytest.param(JPEG.replace(b"\xff\xc0", b"\xff\xc4"), "PDF, a JPEG", id="jpeg, no frame"),
        pytest.param(PNG.replace(b"IHDR", b"IDAT"), "PDF, a JPEG", id="png without header"),
        pytest.param(b"\xff\xd8" + b"\xff\xe0\0\0" * 300, "PDF, a JPEG", id="jpeg of no length"),
        pytest.param(b"\xff\xd8" + b"\xff\xe0\0\2" * 99_999, "PDF, a JPEG", id="jpeg of crumbs"),
    ],
)
def test_everything_else_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(InvalidError, match=words) as refused:
        type_of(data)
    assert refused.value.field == "document"


def test_a_photo_of_a_telephone_is_told_how_to_be_saved() -> None:
    with pytest.raises(InvalidError) as refused:
        type_of(HEIC)
    assert str(refused.value) == PHOTO


def envelopes(root: bytes = bytes(32)) -> Envelopes:
    return Envelopes(root, random=secrets.token_bytes)


def test_what_is_in_an_envelope_cannot_be_read_without_opening_it() -> None:
    envelope = envelopes().close(ONE, PDF)
    assert b"%PDF" not in envelope.wrapped + envelope.sealed
    assert envelopes().open(ONE, envelope) == PDF
    again = envelopes().close(ONE, PDF)
    assert again.wrapped != envelope.wrapped
    assert again.sealed[12:] != envelope.sealed[12:], "each document has a key of its own"


def test_every_byte_that_is_changed_is_found() -> None:
    envelope = envelopes().close(ONE, b"a small document")
    for place in range(len(envelope.sealed)):
        with pytest.raises(CorruptError):
            envelopes().open(ONE, Envelope(envelope.wrapped, flipped(envelope.sealed, place)))
    for place in range(len(envelope.wrapped)):
        with pytest.raises(KeyStoreError, match=r"document-aead\.key"):
            envelopes().open(ONE, Envelope(flipped(envelope.wrapped, place), envelope.sealed))


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_an_envelope_opens_for_its_own_document_and_root_alone() -> None:
    envelope, other = envelopes().close(ONE, PDF), envelopes().close(OTHER, PNG)
    with pytest.raises(KeyStoreError):
        envelopes().open(OTHER, envelope)
    with pytest.raises(CorruptError):
        envelopes().open(ONE, Envelope(envelope.wrapped, other.sealed))
    with pytest.raises(KeyStoreError):
        envelopes(b"\1" * 32).open(ONE, envelope)
    with pytest.raises(ValueError, match="key"):
        envelopes(b"").close(ONE, PDF)
