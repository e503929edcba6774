"""Pure. SHA-256 and CRC-32 of bytes that stream by, and of bytes put together.

SHA-256 is the evidence. CRC-32 is what a store can compute over an object that it joined from
parts itself, and what ZIP headers carry; it finds accidents, and no forgery.
"""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

_POLYNOMIAL = 0xEDB88320
"""x³² + x²⁶ + … + 1, the lowest power in the highest bit, as CRC-32 reads its bits."""
_WAITING = 4
"""So many chunks may wait for a digest; then the reader waits. This bounds the memory."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is known of some bytes without holding them."""

    sha256: str
    """64 lower-case hex digits."""
    crc32: int
    size: int

    def __str__(self) -> str:
        return f"sha256 {self.sha256}, crc32 {self.crc32:08x}, {self.size} bytes"


def fingerprint(data: bytes) -> Fingerprint:
    """Take the fingerprint of bytes that are in memory anyway."""
    return Fingerprint(hashlib.sha256(data).hexdigest(), zlib.crc32(data), len(data))


def crc32_combine(first: int, second: int, second_size: int) -> int:
    """Compute the CRC-32 of two joined byte strings from theirs and the size of the second.

    The method of zlib's ``crc32_combine``: appending n bytes multiplies the first CRC by x⁸ⁿ
    modulo the polynomial. It takes some microseconds, whatever the size.
    """
    return _multiply(_power_of_x(8 * second_size), first) ^ second


def _multiply(a: int, b: int) -> int:
    """Multiply two polynomials over GF(2) modulo that of CRC-32."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = (b >> 1) ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def _squares_of_x() -> tuple[int, ...]:
    square = 1 << 30
    squares = [square]
    for _ in range(31):
        square = _multiply(square, square)
        squares.append(square)
    return tuple(squares)


_SQUARES = _squares_of_x()
"""x to the power of 2ⁿ at place n. After 32 squarings x comes back: the table goes round."""


def _power_of_x(exponent: int) -> int:
    power, place = 1 << 31, 0
    while exponent:
        if exponent & 1:
            power = _multiply(_SQUARES[place % 32], power)
        exponent >>= 1
        place += 1
    return power


class StreamFingerprint:
    """Takes the fingerprint of a stream, SHA-256 and CRC-32 each in a thread of its own.

    hashlib and zlib let go of the interpreter's lock, so the caller reads and sends meanwhile.
    Holds at most six chunks. Leave it by ``with`` or ``finish``: neither leaves a thread behind.
    """

    def __init__(self) -> None:
        self._size = 0
        self._crc32 = 0
        self._sha256 = hashlib.sha256()
        self._lanes = (_Lane(self._sha256.update), _Lane(self._add_to_crc32))

    def update(self, chunk: bytes | memoryview) -> None:
        """Take the next chunk; wait while the digests are behind.

        A view of anything but ``bytes`` is copied: its owner may write into it meanwhile.
        """
        if isinstance(chunk, memoryview) and not isinstance(chunk.obj, bytes):
            chunk = bytes(chunk)
        for lane in self._lanes:
            lane.put(chunk)
        self._size += chunk.nbytes if isinstance(chunk, memoryview) else len(chunk)

    def finish(self) -> Fingerprint:
        """Wait for the digests and return them. Nothing can be added afterwards."""
        for lane in self._lanes:
            lane.end()
        for lane in self._lanes:
            lane.result()
        return Fingerprint(self._sha256.hexdigest(), self._crc32, self._size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for lane in self._lanes:
            lane.end()

    def _add_to_crc32(self, chunk: bytes | memoryview) -> None:
        self._crc32 = zlib.crc32(chunk, self._crc32)


class _Lane:
    """One digest and its thread. It always drains its queue, so that nobody waits for ever."""

    def __init__(self, work: Callable[[bytes | memoryview], object]) -> None:
        self._work = work
        self._error: Exception | None = None
        self._queue: Queue[bytes | memoryview | None] = Queue(_WAITING)
        self._thread = Thread(target=self._run, name="fingerprint", daemon=True)
        self._ended = False
        self._thread.start()

    def put(self, chunk: bytes | memoryview) -> None:
        if self._ended:
            raise ValueError("the fingerprint is finished: nothing can be added")
        self._queue.put(chunk)

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._queue.put(None)
        self._thread.join()

    def result(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (chunk := self._queue.get()) is not None:
            try:
                if self._error is None:
                    self._work(chunk)
            except Exception as error:  # noqa: BLE001 - kept, and raised by finish
                self._error = error
