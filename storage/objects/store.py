"""Adapter. Objects in S3: put once, locked, hashed on the way in, read back by version.

Nothing is ever overwritten, and what is acknowledged was confirmed by the store: its size, its
full-object CRC-32 where it computes one, and its lock. Keys are the caller's, opaque, and random
where ``put_stream`` is concerned: S3 decides no races between large uploads, PostgreSQL does.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from storage.digest import Fingerprint, StreamFingerprint, fingerprint
from storage.errors import ConflictError, CorruptError, RefusedError, UnavailableError
from storage.objects.client import (
    Patience,
    S3Credentials,
    Whereabouts,
    format_crc32,
    found_in,
    set_lock,
)
from storage.objects.joining import Inline, Piece, Span, plan_parts, whole
from storage.objects.multipart import MultipartUpload, abort
from storage.objects.pieces import crc32_of, join_parts
from storage.objects.reading import ObjectReader
from storage.objects.sending import Progress, Readable, part_size, read_parts, send_parts
from storage.objects.streams import ObjectStream
from storage.objects.versions import ObjectVersions
from storage.room import Require
from storage.stored import Found, JoinedObject, Lock, Retention, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

__all__ = [
    "Found",
    "Inline",
    "JoinedObject",
    "Lock",
    "ObjectReader",
    "ObjectStore",
    "ObjectStream",
    "Patience",
    "Piece",
    "Progress",
    "Readable",
    "Retention",
    "S3Credentials",
    "Span",
    "StoredObject",
    "whole",
]


def _boundless(_size: int) -> None:
    """Somebody else's store has its own limits, and says so."""


class ObjectStore(ObjectVersions):
    """One bucket, seen by one identity that puts. Safe to share between threads.

    ``retention`` locks all that is put. ``public_url`` is where browsers reach the store, if not
    at the endpoint. ``clock`` is asked once for each object, for the end of its retention. ``room``
    is asked before anything is put, where the store's disk is ours. ``cached`` is what caches are
    told of what is put (Cache-Control, RFC 9111). ``where``: as `ObjectReader`.
    """

    def __init__(
        self,
        access: S3Credentials,
        bucket: str,
        *,
        retention: Retention | None,
        public_url: str | None = None,
        clock: Callable[[], datetime],
        patience: Patience | None = None,
        room: Require | None = None,
        cached: str = "",
        where: Whereabouts | None = None,
    ) -> None:
        super().__init__(
            access,
            bucket,
            locked=retention is not None,
            public_url=public_url,
            patience=patience,
            where=where,
        )
        self._retention = retention
        self._clock = clock
        self._cached = cached
        self.require_room: Require = room or _boundless

    def put_stream(
        self,
        key: str,
        source: Readable,
        *,
        size: int | None = None,
        progress: Progress | None = None,
    ) -> StoredObject:
        """Put what a source gives, hashing it as it goes by.

        Holds less than 100 MB; above 300 GiB, three parts of a 9,000th each. ``key`` must be
        random, and used for this upload only. An error of the source aborts the upload and is
        raised as it is.

        Raises: ConflictError when the key is taken; CorruptError when the source is shorter or
        longer than ``size``, or other bytes arrived at the store; NoRoomError.
        """
        self.require_room(size or 0)
        if self.find(key) is not None:
            raise ConflictError("there is an object under this key already")
        most = part_size(size)
        with StreamFingerprint() as digests:
            parts = read_parts(source, most, size, digests, progress)
            first = next(parts, b"")
            if len(first) < most:
                return self._put_new(key, first, digests.finish())
            with self._begin(key) as upload:
                send_parts(upload, self._while_there_is_room(chain([first], parts)), most)
                taken = digests.finish()
                # A crash here leaves parts, later an object that no row names: locked, and lost.
                version = upload.complete(size=taken.size, crc32=taken.crc32)
        return self._stored(key, version, taken)

    def put_bytes(self, key: str, data: bytes, *, passing: bool = False) -> StoredObject:
        """Put bytes, or find that the very same stand there already; ``passing``: without a lock.

        Raises: ConflictError when others do. Nothing is ever overwritten. NoRoomError.
        """
        self.require_room(len(data))
        return self._put_new(key, data, fingerprint(data), passing=passing)

    def join(
        self, key: str, pieces: Sequence[Piece], *, progress: Progress | None = None
    ) -> JoinedObject:
        """Join pieces into one object, large ones inside the store; find it if it is there.

        ``key`` belongs to these pieces for ever: after a crash the same call goes on, or finds the
        finished object. Only one may join a key at a time (the caller holds a lock in PostgreSQL):
        two at once would abort each other's parts, and could leave two versions. A range that is
        not a whole object is read once more for its CRC-32.

        Raises: ConflictError when something else stands there; CorruptError when the store's
        CRC-32 is not the one combined from the pieces; NoRoomError.
        """
        size, crc32 = sum(piece.size for piece in pieces), crc32_of(self._s3, pieces)
        found = self.find(key)
        if found is not None and (found.size != size or found.crc32 not in {None, crc32}):
            raise ConflictError(
                f"something else stands where {size} bytes with crc32 {crc32:08x} were to be joined"
            )
        if found is not None:
            version = found.version
        elif parts := plan_parts(pieces):
            self.require_room(size)
            self.abort_stale(key, exactly=True)
            # A crash in here leaves an open upload under this key: the next try aborts it.
            with self._begin(key) as upload:
                join_parts(self._s3, upload, parts, progress)
                version = upload.complete(size=size, crc32=crc32)
        else:
            version = self.put_bytes(key, b"").version
        store_crc32 = self._confirm(key, version, size, crc32)
        return JoinedObject(self._bucket, key, version, size, crc32, store_crc32)

    def abort_stale(
        self, prefix: str, *, before: datetime | None = None, exactly: bool = False
    ) -> int:
        """Abort uploads under keys with a prefix, begun ``before``; return how many.

        ``exactly`` means that one key alone.

        An upload whose key holds an object is left alone: it may be the one that made it, and
        stores have destroyed such objects.
        """
        pages = self._s3.client.get_paginator("list_multipart_uploads")
        stale = self._s3.ask(
            "look for open uploads",
            lambda: [
                upload
                for page in pages.paginate(Bucket=self._bucket, Prefix=prefix)
                for upload in page.get("Uploads", [])
                if before is None or upload["Initiated"] < before
                if not exactly or upload["Key"] == prefix
            ],
        )
        aborted = 0
        for upload in stale:
            if self.find(upload["Key"]) is None:
                abort(self._s3, self._bucket, upload["Key"], upload["UploadId"])
                aborted += 1
        return aborted

    def _while_there_is_room(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the parts; others may fill the disk meanwhile, and a size may not be known."""
        for part in parts:
            self.require_room(len(part))
            yield part

    def _begin(self, key: str) -> MultipartUpload:
        return MultipartUpload(self._s3, self._bucket, key, self._retention, self._clock())

    def _put_new(
        self, key: str, data: bytes, taken: Fingerprint, *, passing: bool = False
    ) -> StoredObject:
        retention = None if passing else self._retention
        request: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": key,
            "Body": data,
            "ContentType": "application/octet-stream",
            "ChecksumAlgorithm": "CRC32",  # AWS wants it said for what is locked
            "ChecksumCRC32": format_crc32(taken.crc32),
            "IfNoneMatch": "*",
        }
        if self._cached:
            request["CacheControl"] = self._cached
        if retention is not None:
            set_lock(request, retention, self._clock())
        try:
            answer = self._s3.ask("put an object", lambda: self._s3.client.put_object(**request))
            version = answer.get("VersionId") or self._find_same(key, data)
        except ConflictError:
            version = self._find_same(key, data)
        # A crash here leaves an object that no row names. put_bytes finds it again.
        return self._stored(key, version, taken, passing=passing)

    def _find_same(self, key: str, data: bytes) -> str:
        """Find bytes that were put before a crash, by a try whose answer was lost, or by another.

        Raises: ConflictError when others stand there; UnavailableError when nothing does, of which
        the store said a moment ago that it stands there.
        """
        found = self.find(key)
        if found is None:
            raise UnavailableError("the store says that an object stands there, and has none")
        if found.size != len(data):
            raise ConflictError("other bytes stand under this key already")
        if self.read(key, found.version, limit=len(data)) != data:
            raise ConflictError("other bytes of the same size stand under this key already")
        return found.version

    def _stored(
        self, key: str, version: str, taken: Fingerprint, *, passing: bool = False
    ) -> StoredObject:
        store_crc32 = self._confirm(key, version, taken.size, taken.crc32, passing=passing)
        return StoredObject(
            self._bucket, key, version, taken.size, taken.sha256, taken.crc32, store_crc32
        )

    def _confirm(
        self, key: str, version: str, size: int, crc32: int, *, passing: bool = False
    ) -> int | None:
        """See that the store has what it acknowledged, and holds it; return its CRC-32."""
        answer = self._s3.head(self._bucket, key, version)
        if answer is None:
            # Nobody was told of it yet: trying again is safe.
            raise UnavailableError("the store acknowledged a version and does not have it")
        found = found_in(answer)
        if found.size != size:
            raise CorruptError("a new object", expected=f"{size} bytes", found=str(found.size))
        if found.crc32 not in {None, crc32}:
            raise CorruptError(
                "a new object", expected=f"crc32 {crc32:08x}", found=f"crc32 {found.crc32:08x}"
            )
        if self._retention is not None and not passing and not answer.get("ObjectLockMode"):
            raise RefusedError(
                "the store took an object and did not lock it: the bucket needs object lock,"
                " and this identity s3:PutObjectRetention and s3:GetObjectRetention"
            )
        return found.crc32
