"""Adapter. Reading one version as a stream that outlives broken connections."""

import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.response import StreamingBody

from storage.errors import CorruptError, RefusedError, StorageError, UnavailableError
from storage.objects.client import S3
from storage.objects.errors import storage_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

CHUNK = 1024 * 1024
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")
_WHAT = "read an object"


class ObjectStream(Iterator[bytes]):
    """The bytes of a range of one version, in order, each once, in chunks of up to 1 MiB.

    The first request is made at once, so that a missing object is known before anything is
    promised to anybody. When the connection breaks, the stream goes on behind the last byte that
    it gave, until the store gave nothing for as long as patience lasts. ``once``: the first request
    is not repeated, because somebody waits who should be told at once that the store is away.
    """

    def __init__(
        self,
        s3: S3,
        bucket: str,
        key: str,
        version: str,
        start: int = 0,
        length: int | None = None,
        *,
        once: bool = False,
    ) -> None:
        self._s3, self._bucket, self._key, self._version = s3, bucket, key, version
        self._at = start
        self._end = start + length if length is not None else None
        self._body: StreamingBody | None = None
        if length != 0:
            self._open(once=once)
        self.size = (self._end or start) - start
        """Bytes that the whole stream gives."""

    def __next__(self) -> bytes:
        heard = time.monotonic()
        while self._end is not None and self._at < self._end:
            try:
                return self._read()
            except UnavailableError:
                self.close()
                if time.monotonic() - heard > self._s3.patience.limit_s:
                    raise
                time.sleep(self._s3.patience.first_pause_s)
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Let go of the connection."""
        if self._body is not None:
            self._body.close()
            self._body = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> bytes:
        if self._body is None:
            self._open()
        assert self._body is not None
        assert self._end is not None
        with storage_errors(_WHAT):
            chunk: bytes = self._body.read(min(CHUNK, self._end - self._at))
        if not chunk:
            raise UnavailableError(f"{_WHAT}: the store ended its answer too early")
        self._at += len(chunk)
        return chunk

    def _open(self, *, once: bool = False) -> None:
        last = "" if self._end is None else self._end - 1
        try:
            answer, total = self._s3.ask(
                _WHAT, lambda: self._request(f"bytes={self._at}-{last}"), once=once
            )
        except RefusedError:
            if self._at > 0 or not self._is_empty():
                raise
            self._end = 0  # S3 has no range that fits an empty object
            return
        self._body = answer["Body"]
        if self._end is None:
            self._end = total
        elif self._end > total:
            self.close()
            raise CorruptError(
                "an object is too short", expected=f"{self._end} bytes", found=f"{total} bytes"
            )

    def _request(self, asked: str) -> "tuple[GetObjectOutputTypeDef, int]":
        answer = self._s3.client.get_object(
            Bucket=self._bucket, Key=self._key, VersionId=self._version, Range=asked
        )
        try:
            return answer, _total(answer, asked)
        except StorageError:
            answer["Body"].close()
            raise

    def _is_empty(self) -> bool:
        answer = self._s3.head(self._bucket, self._key, self._version)
        return answer is not None and answer["ContentLength"] == 0


def _total(answer: "GetObjectOutputTypeDef", asked: str) -> int:
    """Read the size of the whole object from an answer, and see that it is what was asked for.

    A connection that breaks among the headers leaves half a number that reads like a whole one.
    """
    if answer["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.PARTIAL_CONTENT:
        raise RefusedError(f"{_WHAT}: asked for {asked}, the store gave all: it knows no ranges")
    said = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
    if said is None:
        raise UnavailableError(f"{_WHAT}: the answer does not say which bytes it has")
    first, last, total = (int(number) for number in said.groups())
    start, _, end = asked.removeprefix("bytes=").partition("-")
    right_end = min(int(end), total - 1) if end else total - 1
    if (first, last) != (int(start), right_end) or answer.get("ContentLength") != last - first + 1:
        raise UnavailableError(f"{_WHAT}: asked for {asked}, the answer has {said[0]}")
    return total
