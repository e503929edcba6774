"""Adapter. One multipart upload: parts that are sent or copied, then completed or aborted.

SeaweedFS 4.48 was seen to do what this asks for (ChecksumType FULL_OBJECT): it compares the CRC-32
of each part on arrival, says that of each copied range, combines them, compares the result with
the one sent on completion (BadDigest: no object, the upload stays open), and repeats it on HEAD.
Its If-None-Match on completion does not decide a race: keys must be unique by themselves.
"""

import logging
import zlib
from datetime import datetime
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Self

from storage.errors import (
    ConflictError,
    CorruptError,
    NotFoundError,
    StorageError,
    UnavailableError,
)
from storage.objects.client import (
    S3,
    format_crc32,
    found_in,
    parse_full_crc32,
    set_lock,
    version_in,
)
from storage.objects.joining import CopiedPart
from storage.stored import Retention

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        CreateMultipartUploadRequestTypeDef,
    )

_log = logging.getLogger("custos.objects")


class MultipartUpload:
    """An open upload. Leaving it by an error aborts it, unless it may have been completed."""

    def __init__(
        self, s3: S3, bucket: str, key: str, retention: Retention | None, now: datetime
    ) -> None:
        self._s3, self._bucket, self._key = s3, bucket, key
        self._parts: dict[int, CompletedPartTypeDef] = {}
        self._stop = Event()
        self._abort_on_error = True
        request: CreateMultipartUploadRequestTypeDef = {
            "Bucket": bucket,
            "Key": key,
            "ContentType": "application/octet-stream",
            "ChecksumAlgorithm": "CRC32",
            "ChecksumType": "FULL_OBJECT",
        }
        if retention is not None:
            # An object joined from copies keeps the lock that is asked for here, and no other.
            set_lock(request, retention, now)
        # A crash from here on leaves an open upload. ObjectStore.abort_stale clears it.
        answer = s3.ask(
            "begin an upload",
            lambda: s3.client.create_multipart_upload(**request),
            needs="UploadId",
            stop=self._stop,
        )
        self._id = answer["UploadId"]

    def send(self, number: int, data: bytes) -> None:
        """Send part ``number``, with a CRC-32 that the store compares on arrival.

        Raises: CorruptError when other bytes arrived.
        """
        crc32 = format_crc32(zlib.crc32(data))
        answer = self._s3.ask(
            "send a part",
            lambda: self._s3.client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                Body=data,
                ChecksumCRC32=crc32,
            ),
            needs="ETag",
            stop=self._stop,
        )
        self._parts[number] = {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": crc32}

    def copy(self, number: int, part: CopiedPart) -> None:
        """Have the store copy a range of one version as part ``number``."""
        source = part.stored
        answer = self._s3.ask(
            "copy a part",
            lambda: self._s3.client.upload_part_copy(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                CopySource={
                    "Bucket": source.bucket,
                    "Key": source.key,
                    "VersionId": source.version,
                },
                CopySourceRange=f"bytes={part.start}-{part.start + part.length - 1}",
            ),
            needs="CopyPartResult",
            stop=self._stop,
        )
        result = answer["CopyPartResult"]
        self._parts[number] = {"PartNumber": number, "ETag": result["ETag"]}
        if "ChecksumCRC32" in result:
            self._parts[number]["ChecksumCRC32"] = result["ChecksumCRC32"]

    def complete(self, *, size: int, crc32: int) -> str:
        """Join the parts and return the version.

        The store compares ``crc32`` with its own, combined from the parts, if it knows how.

        Raises: CorruptError when they differ: then there is no object.
        """
        try:
            return self._complete(crc32)
        except (ConflictError, NotFoundError, UnavailableError) as error:
            # The answer to an earlier try may have been lost: look before anything is aborted.
            self._abort_on_error = not isinstance(error, UnavailableError)
            answer = self._s3.head(self._bucket, self._key, once=True)
            if answer is None:
                raise
            found = found_in(answer)
            if found.size != size or found.crc32 not in {None, crc32}:
                raise
            return found.version

    def _complete(self, crc32: int) -> str:
        answer = self._s3.ask(
            "complete an upload",
            lambda: self._s3.client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                MultipartUpload={"Parts": [part for _, part in sorted(self._parts.items())]},
                ChecksumCRC32=format_crc32(crc32),
                ChecksumType="FULL_OBJECT",
                IfNoneMatch="*",
            ),
        )
        said = parse_full_crc32(answer.get("ChecksumCRC32"), answer.get("ChecksumType"))
        if said not in {None, crc32}:
            raise CorruptError(
                "a new object", expected=f"crc32 {crc32:08x}", found=f"crc32 {said:08x}"
            )
        return version_in(answer)

    def stop(self) -> None:
        """Have no part tried again: the upload has failed."""
        self._stop.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or not self._abort_on_error:
            return
        try:
            abort(self._s3, self._bucket, self._key, self._id)
        except StorageError as again:
            # ObjectStore.abort_stale clears it later; what went wrong first is what counts.
            _log.warning("a failed upload stays open: %s", again)


def abort(s3: S3, bucket: str, key: str, upload_id: str) -> None:
    """Abort an upload, so that its parts take no space. Tries once."""
    try:
        s3.ask(
            "abort an upload",
            lambda: s3.client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id),
            once=True,
        )
    except NotFoundError:
        _log.debug("an upload was gone before it was aborted")
