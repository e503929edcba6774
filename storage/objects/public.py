"""Adapter. Small objects for everybody: lasting ones, passing ones, and one that is replaced.

Lasting objects are put once, locked; passing ones are put once, without a lock, and cleared away
when they are of no use any more. What is replaced is replaced only by whoever knows what stands
there: two who believe themselves alone cannot bring back what is older.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from storage.digest import fingerprint
from storage.errors import NotFoundError, RefusedError, UnavailableError
from storage.objects.client import format_crc32
from storage.objects.errors import storage_errors
from storage.objects.store import ObjectStore
from storage.stored import Content

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef, PutObjectRequestTypeDef

MOST_BYTES = 1 << 20
"""Of an object that is replaced."""


class PublicObjects:
    """The objects below one prefix of a bucket; an identity that may put, read, and clear away."""

    def __init__(self, store: ObjectStore, prefix: str = "") -> None:
        """``store`` says for how long lasting objects are locked."""
        self._store = store
        self._prefix = prefix
        self._s3, self._bucket = store.s3, store.bucket

    def close(self) -> None:
        """Close the connections."""
        self._store.close()

    def put(self, name: str, data: bytes, *, lasting: bool) -> None:
        """Put an object, or find that it stands there already.

        Raises: ConflictError when other bytes do.
        """
        self._store.put_bytes(self._prefix + name, data, passing=not lasting)

    def latest(self, name: str) -> Content | None:
        """Read what stands under a name now; None: nothing.

        Raises: RefusedError when it is larger than `MOST_BYTES`.
        """
        key = self._prefix + name
        try:
            answer = self._s3.ask(
                "read an object",
                lambda: self._s3.client.get_object(Bucket=self._bucket, Key=key),
                needs="ETag",
            )
        except NotFoundError:
            return None
        with storage_errors("read an object"), answer["Body"] as body:
            data = body.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise RefusedError(f"{name} is larger than {MOST_BYTES} bytes")
        if len(data) != answer["ContentLength"]:
            raise UnavailableError(f"{name} was cut off on its way")
        return Content(data, answer["ETag"])

    def replace(self, name: str, text: bytes, *, instead_of: str | None) -> str:
        """Put a text in the place of what has the tag ``instead_of`` (None: of nothing).

        Return its tag. Caches must ask for it anew each time.

        Raises: ConflictError when something else stands there by now.
        """
        request: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": self._prefix + name,
            "Body": text,
            "ContentType": "text/plain; charset=utf-8",
            "CacheControl": "no-cache",
            "ChecksumAlgorithm": "CRC32",
            "ChecksumCRC32": format_crc32(fingerprint(text).crc32),
        }
        if instead_of is None:
            request["IfNoneMatch"] = "*"
        else:
            request["IfMatch"] = instead_of
        answer = self._s3.ask(
            "replace an object", lambda: self._s3.client.put_object(**request), needs="ETag"
        )
        return answer["ETag"]

    def clear(self, prefix: str, is_gone: Callable[[str], bool]) -> int:
        """Delete the objects below ``prefix`` of whose names ``is_gone`` says so; return how many.

        Raises: RefusedError when one is locked, or deleting is not allowed.
        """
        return self._delete(prefix, lambda name, _: is_gone(name))

    def clear_older(self, name: str) -> int:
        """Delete every version of one object but the latest; return how many."""
        return self._delete(name, lambda found, latest: found == name and not latest)

    def _delete(self, prefix: str, is_gone: Callable[[str, bool], bool]) -> int:
        pages = self._s3.client.get_paginator("list_object_versions")
        deleted = 0
        with storage_errors("list versions"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                some: list[ObjectIdentifierTypeDef] = [
                    {"Key": one["Key"], "VersionId": one["VersionId"]}
                    for one in page.get("Versions", [])
                    if is_gone(one["Key"].removeprefix(self._prefix), one["IsLatest"])
                ]
                self._delete_versions(some)
                deleted += len(some)
        return deleted

    def _delete_versions(self, some: "list[ObjectIdentifierTypeDef]") -> None:
        if not some:
            return
        answer = self._s3.ask(
            "clear objects away",
            lambda: self._s3.client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": some, "Quiet": True}
            ),
        )
        if failed := answer.get("Errors"):
            raise RefusedError(
                f"{len(failed)} objects cannot be cleared away, {failed[0].get('Key')} among them: "
                f"{failed[0].get('Code')}"
            )
