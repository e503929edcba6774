"""Adapter. One bucket for those who read: find, open, read again and compare, presign."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from storage.digest import Fingerprint, StreamFingerprint
from storage.errors import (
    CorruptError,
    NotFoundError,
    RefusedError,
    StorageError,
    UnavailableError,
)
from storage.objects.client import S3, Patience, S3Credentials, Whereabouts, found_in
from storage.objects.errors import storage_errors
from storage.objects.sending import Progress, tell
from storage.objects.streams import ObjectStream
from storage.stored import Found, Lock, StoredObject

_GLANCE = Patience(limit_s=0.0, connect_timeout_s=2.0, read_timeout_s=5.0)
"""For whoever only asks how the store is: one that hangs is as good as away."""


MOST_OTHERS = 3
"""So many objects are asked for, at most, where the store does not give one."""


class ObjectReader:
    """One bucket, seen by one identity. Safe to share between threads.

    ``public_url`` is where browsers reach the store, if not at the endpoint. ``locked`` means that
    the bucket must keep versions, or nothing in it is held. ``where`` tells what the store calls a
    version, if not as it is on record.
    """

    def __init__(
        self,
        access: S3Credentials,
        bucket: str,
        *,
        locked: bool,
        public_url: str | None = None,
        patience: Patience | None = None,
        where: Whereabouts | None = None,
    ) -> None:
        self._s3 = S3(access, patience or Patience(), where=where)
        self._public = (
            S3(access, self._s3.patience, endpoint=public_url, where=where)
            if public_url
            else self._s3
        )
        self._access = access
        self._bucket = bucket
        self._locked = locked

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self._bucket

    @property
    def s3(self) -> S3:
        """The client, for what is done with a bucket beside reading and putting."""
        return self._s3

    def close(self) -> None:
        """Close the connections."""
        self._s3.close()
        self._public.close()
        if "_impatient" in self.__dict__:
            self._impatient.close()

    @cached_property
    def _impatient(self) -> S3:
        """A client of its own, that does not wait as long as for a large copy."""
        return S3(self._access, _GLANCE)

    def check(self) -> None:
        """Ask once whether the store answers, and keeps versions where objects are locked.

        Raises: UnavailableError, RefusedError with what is to be set.
        """
        s3 = self._impatient
        try:
            s3.ask(
                "look at the bucket",
                lambda: s3.client.head_bucket(Bucket=self._bucket),
                once=True,
            )
        except NotFoundError as error:
            raise RefusedError(f"there is no bucket {self._bucket}: create it") from error
        if not self._locked:
            return
        said = s3.ask(
            "look at the bucket's versioning",
            lambda: s3.client.get_bucket_versioning(Bucket=self._bucket),
            once=True,
        )
        if said.get("Status") != "Enabled":
            raise RefusedError(
                f"bucket {self._bucket} keeps no versions, so nothing in it can be locked:"
                " create it with object lock"
            )

    def find(self, key: str) -> Found | None:
        """Look for the latest version under a key."""
        answer = self._s3.head(self._bucket, key)
        return None if answer is None else found_in(answer)

    def open(
        self,
        key: str,
        version: str,
        *,
        start: int = 0,
        length: int | None = None,
        once: bool = False,
    ) -> ObjectStream:
        """Read a range of a version as a stream; all to the end without ``length``.

        ``once`` asks a store that does not answer only once before it says so.

        Raises: NotFoundError at once; CorruptError when the object ends before the range.
        """
        return ObjectStream(self._s3, self._bucket, key, version, start, length, once=once)

    def read(self, key: str, version: str, *, limit: int) -> bytes:
        """Read a whole small object.

        Raises: RefusedError when it is larger than ``limit``.
        """
        with self.open(key, version) as stream:
            if stream.size > limit:
                raise RefusedError(f"an object of {stream.size} bytes is above {limit}")
            return b"".join(stream)

    def fingerprint(
        self, key: str, version: str, *, progress: Progress | None = None
    ) -> Fingerprint:
        """Read a version to its end and take its fingerprint."""
        with self.open(key, version) as stream, StreamFingerprint() as digests:
            for done, chunk in _counted(stream):
                digests.update(chunk)
                tell(progress, done)
            return digests.finish()

    def verify(
        self,
        stored: StoredObject,
        progress: Progress | None = None,
        *,
        others: Callable[[], Iterable[StoredObject]] = tuple,
    ) -> Fingerprint:
        """Read an object again and compare it with what was put.

        ``others`` tells of objects to ask for where the store does not give this one (`damaged`).

        Raises: CorruptError.
        """
        try:
            found = self.fingerprint(stored.key, stored.version, progress=progress)
        except UnavailableError as error:
            if (damage := self.damaged(stored, error, others())) is None:
                raise
            raise damage from error
        _compare(stored, found)
        return found

    def damaged(
        self, stored: StoredObject, error: UnavailableError, others: Iterable[StoredObject]
    ) -> CorruptError | None:
        """Return what a refusal says of an object; None: only that the store is away.

        A store that finds an object damaged may say no more than one that is out of order: an
        internal error, however often it is asked. So one of ``others`` is read, each asked for
        once: a store that gives it to its end is not away.
        """
        for other in others:
            try:
                with self.open(other.key, other.version, once=True) as stream:
                    if sum(map(len, stream)) != other.size:
                        continue
            except StorageError:
                continue
            said = f"nothing: the store gives other objects, and not this one ({error})"
            return CorruptError("an object", expected=stored.sha256, found=said)
        return None

    def fetch_to(self, stored: StoredObject, path: Path, progress: Progress | None = None) -> None:
        """Read an object into a new file. The file is there only if it has the right bytes.

        Raises: CorruptError.
        """
        partial = path.with_name(path.name + ".part")
        try:
            with (
                self.open(stored.key, stored.version) as stream,
                StreamFingerprint() as digests,
                partial.open("wb") as file,
            ):
                for done, chunk in _counted(stream):
                    digests.update(chunk)
                    file.write(chunk)
                    tell(progress, done)
                _compare(stored, digests.finish())
            partial.rename(path)
        finally:
            partial.unlink(missing_ok=True)

    def presign(self, key: str, version: str, *, seconds: int, filename: str) -> str:
        """Make an address that gives one version for so long, to be saved under ``filename``."""
        with storage_errors("presign an address"):
            return self._public.client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "VersionId": version,
                    "ResponseContentDisposition": as_attachment(filename),
                    "ResponseContentType": "application/octet-stream",
                },
                ExpiresIn=seconds,
            )

    def lock(self, key: str, version: str) -> Lock:
        """Ask what holds a version now."""
        answer = self._s3.head(self._bucket, key, version)
        if answer is None:
            raise NotFoundError("there is no such version")
        return Lock(
            answer.get("ObjectLockMode"),
            answer.get("ObjectLockRetainUntilDate"),
            answer.get("ObjectLockLegalHoldStatus") == "ON",
        )


def _counted(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        yield done, chunk


def _compare(stored: StoredObject, found: Fingerprint) -> None:
    if found != stored.fingerprint:
        raise CorruptError("a stored object", expected=str(stored.fingerprint), found=str(found))


def as_attachment(filename: str) -> str:
    """Write Content-Disposition so that any name is safe in it (RFC 6266, RFC 8187)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-()") else "_" for c in filename)
    said = f'attachment; filename="{plain}"'
    return said if plain == filename else f"{said}; filename*=UTF-8''{quote(filename, safe='')}"
