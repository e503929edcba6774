"""The digests of a stream, and the CRC-32 of what was joined."""

import hashlib
import threading
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.digest import Fingerprint, StreamFingerprint, crc32_combine, fingerprint
from tests.polling import PATIENCE_S


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_crc_of_two_halves_is_the_crc_of_the_whole(first: bytes, second: bytes) -> None:
    combined = crc32_combine(zlib.crc32(first), zlib.crc32(second), len(second))

    assert combined == zlib.crc32(first + second)


@pytest.mark.parametrize("size", [0, 1, 2**16 + 1, 2**24 - 3])
def test_the_crc_of_long_tails_combines_as_well(size: int) -> None:
    tail = b"\x5a" * size

    combined = crc32_combine(zlib.crc32(b"head"), zlib.crc32(tail), size)

    assert combined == zlib.crc32(b"head" + tail)


def test_combining_is_associative_over_terabytes() -> None:
    """No terabyte is at hand, but a|(b|c) and (a|b)|c must agree at any claimed size."""
    a, b, c = 0x12345678, 0x9ABCDEF0, 0x0FEDCBA9
    left = crc32_combine(crc32_combine(a, b, 5 << 40), c, 3 << 40)
    right = crc32_combine(a, crc32_combine(b, c, 3 << 40), 8 << 40)

    assert left == right


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_a_stream_has_the_fingerprint_of_its_bytes(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    with StreamFingerprint() as stream:
        for chunk in chunks:
            stream.update(chunk)
        found = stream.finish()

    assert found == fingerprint(whole)
    assert found == Fingerprint(hashlib.sha256(whole).hexdigest(), zlib.crc32(whole), len(whole))


def test_a_view_whose_owner_writes_on_is_hashed_as_it_was() -> None:
    buffer = bytearray(b"a" * 1000)
    with StreamFingerprint() as stream:
        for letter in b"abcdefgh" * 50:
            buffer[:] = bytes([letter]) * 1000
            stream.update(memoryview(buffer))
        found = stream.finish()

    assert found == fingerprint(b"".join(bytes([letter]) * 1000 for letter in b"abcdefgh" * 50))


def test_a_view_of_wide_items_counts_bytes() -> None:
    view = memoryview(b"12345678").cast("I")
    with StreamFingerprint() as stream:
        stream.update(view)

        assert stream.finish() == fingerprint(b"12345678")


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with StreamFingerprint() as stream:
        stream.update(b"x")
        stream.finish()
    with StreamFingerprint() as stream:
        for _ in range(20):
            stream.update(b"x" * 100_000)

    assert threading.active_count() == before


def test_nothing_is_added_to_a_finished_fingerprint() -> None:
    stream = StreamFingerprint()
    stream.update(b"x")
    finished = stream.finish()

    with pytest.raises(ValueError, match="finished"):
        stream.update(b"y")
    assert stream.finish() == finished


def test_a_digest_that_fails_is_told_and_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_chunk: bytes, _value: int = 0) -> int:
        raise MemoryError("no memory")

    monkeypatch.setattr(zlib, "crc32", broken)
    with StreamFingerprint() as stream:
        for _ in range(50):
            stream.update(b"x")
        with pytest.raises(MemoryError, match="no memory"):
            stream.finish()


def test_a_slow_digest_holds_the_reader_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is bounded: memory does not grow with the stream."""
    gate = threading.Event()
    taken = 0

    def slow(_chunk: bytes, value: int = 0) -> int:
        gate.wait(PATIENCE_S)
        return value

    monkeypatch.setattr(zlib, "crc32", slow)

    def feed(stream: StreamFingerprint) -> None:
        nonlocal taken
        for _ in range(100):
            stream.update(b"x")
            taken += 1

    with StreamFingerprint() as stream:
        feeder = threading.Thread(target=feed, args=(stream,))
        feeder.start()
        feeder.join(0.3)
        assert feeder.is_alive()
        assert taken <= 6
        gate.set()
        feeder.join()
