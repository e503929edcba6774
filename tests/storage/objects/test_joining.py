"""Plans for joining objects inside S3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.objects import joining
from storage.objects.joining import (
    LEAST_PART,
    MOST_COPIED,
    MOST_PARTS,
    CopiedPart,
    Inline,
    Part,
    Piece,
    Span,
    UploadedPart,
    plan_parts,
    whole,
)
from storage.stored import StoredObject

MIB = 1 << 20


def stored(size: int, name: str = "o") -> StoredObject:
    return StoredObject("b", name, "v", size, "0" * 64, 0)


Run = tuple[str, int, int]
"""Where bytes come from: an object's name or a literal's, first byte, how many."""


def runs(ranges: list[Run]) -> list[Run]:
    """Join neighbours, so that the same bytes in another cut are equal."""
    joined: list[Run] = []
    for name, start, length in ranges:
        if joined and joined[-1][0] == name and joined[-1][1] + joined[-1][2] == start:
            joined[-1] = (name, joined[-1][1], joined[-1][2] + length)
        elif length:
            joined.append((name, start, length))
    return joined


def of_pieces(pieces: list[Piece] | tuple[Piece, ...]) -> list[Run]:
    return [
        (piece.stored.key, piece.start, piece.length)
        if isinstance(piece, Span)
        else (f"literal {piece.data!r}", 0, len(piece.data))
        for piece in pieces
    ]


def of_parts(parts: list[Part]) -> list[Run]:
    found: list[Run] = []
    for part in parts:
        if isinstance(part, CopiedPart):
            found.append((part.stored.key, part.start, part.length))
        else:
            found += of_pieces(part.pieces)
    return found


sizes = st.one_of(
    st.integers(0, 3),
    st.integers(LEAST_PART - 2, LEAST_PART + 2),
    st.integers(2 * LEAST_PART - 2, 2 * LEAST_PART + 2),
    st.integers(0, 40 * MIB),
    st.integers(MOST_COPIED - 2, 3 * MOST_COPIED),
)


@st.composite
def spans(draw: st.DrawFn) -> list[Piece]:
    """Draw ranges of objects; bytes in memory are stood in for by objects of up to 3 bytes."""
    found: list[Piece] = []
    for number in range(draw(st.integers(0, 12))):
        length, before, after = draw(sizes), draw(st.integers(0, 9)), draw(st.integers(0, 9))
        found.append(Span(stored(before + length + after, f"o{number}"), before, length))
    return found


@given(spans())
def test_the_parts_are_the_pieces_byte_for_byte(pieces: list[Piece]) -> None:
    assert runs(of_parts(plan_parts(pieces))) == runs(of_pieces(pieces))


@given(spans())
def test_every_part_but_the_last_is_large_enough_and_none_is_empty(pieces: list[Piece]) -> None:
    parts = plan_parts(pieces)

    assert all(part.size >= LEAST_PART for part in parts[:-1])
    assert all(0 < part.size <= MOST_COPIED for part in parts)
    assert len(parts) <= MOST_PARTS


@given(spans())
def test_hardly_anything_of_a_large_object_goes_through_us(pieces: list[Piece]) -> None:
    sent: dict[str, int] = {}
    for part in plan_parts(pieces):
        if isinstance(part, UploadedPart):
            assert part.size <= joining.MOST_SENT
            for name, _start, length in of_pieces(part.pieces):
                sent[name] = sent.get(name, 0) + length

    assert all(length <= 2 * LEAST_PART for length in sent.values())


@given(st.lists(st.binary(max_size=30), max_size=30))
def test_bytes_in_memory_come_out_as_they_went_in(texts: list[bytes]) -> None:
    parts = plan_parts([Inline(text) for text in texts])
    found = b"".join(
        piece.data
        for part in parts
        if isinstance(part, UploadedPart)
        for piece in part.pieces
        if isinstance(piece, Inline)
    )

    assert found == b"".join(texts)


def test_a_long_literal_is_cut_into_parts() -> None:
    text = bytes(range(256)) * (20 * MIB // 256) + b"end"
    parts = plan_parts([Inline(b"head"), Inline(text)])

    assert [part.size for part in parts] == [8 * MIB, 8 * MIB, 4 * MIB + 7]
    assert (
        b"".join(
            piece.data
            for part in parts
            if isinstance(part, UploadedPart)
            for piece in part.pieces
            if isinstance(piece, Inline)
        )
        == b"head" + text
    )


def test_a_header_is_filled_up_with_the_first_bytes_of_the_master() -> None:
    master = stored(2 * 1024 * MIB)
    parts = plan_parts([Inline(b"header"), whole(master), Inline(b"directory")])

    assert parts[0] == UploadedPart((Inline(b"header"), Span(master, 0, LEAST_PART - 6)))
    assert all(isinstance(part, CopiedPart) for part in parts[1:-1])
    assert parts[-1] == UploadedPart((Inline(b"directory"),))


def test_a_master_alone_is_only_copied() -> None:
    parts = plan_parts([whole(stored(3 * MOST_COPIED + 1))])

    assert len(parts) == 4
    assert all(isinstance(part, CopiedPart) for part in parts)


def test_many_middling_objects_fit_into_ten_thousand_parts() -> None:
    pieces: list[Piece] = []
    for number in range(9_000):
        pieces += [Inline(b"h"), whole(stored(12 * MIB, f"o{number}"))]
    parts = plan_parts(pieces)

    assert len(parts) <= MOST_PARTS
    assert runs(of_parts(parts)) == runs(of_pieces(pieces))


def test_what_no_ten_thousand_parts_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST_PARTS", 3)

    with pytest.raises(ValueError, match="do not fit into 3 parts"):
        plan_parts([whole(stored(66 * MIB, f"o{number}")) for number in range(4)])


@pytest.mark.parametrize(("start", "length"), [(-1, 2), (0, 11), (5, 6), (0, -1)])
def test_a_range_outside_its_object_is_refused(start: int, length: int) -> None:
    with pytest.raises(ValueError, match="not within an object of 10"):
        Span(stored(10), start, length)
