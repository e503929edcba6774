"""Adapter. A stream cut into the parts of an upload, hashed and sent as it goes by."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from storage.digest import StreamFingerprint
from storage.errors import CorruptError, RefusedError
from storage.objects.joining import MOST_PARTS
from storage.objects.multipart import MultipartUpload

_MIB = 1024 * 1024
_READ = _MIB
_PART = 8 * _MIB
_PART_OF_UNKNOWN = 16 * _MIB
"""Where the size is not known beforehand: room for 156 GiB."""
_USUAL_PARTS = 9_000
_SENDERS = 3
_IN_FLIGHT = 48 * _MIB
"""So much may wait to be sent, beside the part that is being read."""

Progress = Callable[[int], None]
"""Told the bytes done so far, in the caller's thread."""


class Readable(Protocol):
    """What can be read to its end; shorter answers than asked are fine, empty ends it."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none: the end."""


def tell(progress: Progress | None, done: int) -> None:
    """Tell who asked to be told."""
    if progress is not None:
        progress(done)


def part_size(size: int | None) -> int:
    """Choose the size of parts: 8 MiB, and more only where there would be above 9,000 of them."""
    return _PART_OF_UNKNOWN if size is None else max(_PART, -(-size // _USUAL_PARTS))


def read_parts(
    source: Readable,
    most: int,
    size: int | None,
    digests: StreamFingerprint,
    progress: Progress | None,
) -> Iterator[bytes]:
    """Read a source to its end in parts of ``most`` bytes, the last one shorter; none is empty.

    Raises: CorruptError when it does not have ``size`` bytes, RefusedError when it needs more parts
    than S3 takes.
    """
    done, room, chunks = 0, most, list[bytes]()
    while chunk := source.read(min(_READ, room)):
        digests.update(chunk)
        chunks.append(chunk)
        done += len(chunk)
        room -= len(chunk)
        if size is not None and done > size:
            raise CorruptError("the stream", expected=f"{size} bytes", found=f"{done} or more")
        if done > MOST_PARTS * most:
            raise RefusedError(f"a stream of more than {MOST_PARTS * most} bytes: declare its size")
        tell(progress, done)
        if room == 0:
            yield b"".join(chunks)
            room, chunks = most, []
    if size is not None and done != size:
        raise CorruptError("the stream", expected=f"{size} bytes", found=f"{done}")
    if chunks:
        yield b"".join(chunks)


def send_parts(upload: MultipartUpload, parts: Iterable[bytes], most: int) -> None:
    """Send parts of up to ``most`` bytes, some at a time, while the next one is read."""
    at_once = max(1, min(_SENDERS, _IN_FLIGHT // most))
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(at_once, thread_name_prefix="send") as pool:
        try:
            for number, part in enumerate(parts, 1):
                if len(waiting) == at_once:
                    waiting.popleft().result()
                waiting.append(pool.submit(upload.send, number, part))
            for sent in waiting:
                sent.result()
        except BaseException:
            upload.stop()
            for sent in waiting:
                sent.cancel()
            raise
