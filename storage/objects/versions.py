"""Adapter. What may be done with a version that is there: retained, held, and destroyed."""

from datetime import datetime

from storage.errors import RefusedError
from storage.objects.reading import ObjectReader
from storage.stored import LockMode


class ObjectVersions(ObjectReader):
    """One bucket, seen by one identity that may do at least some of this."""

    def retain(self, key: str, version: str, *, until: datetime, mode: LockMode) -> None:
        """Retain a version for longer, and see that it is so.

        Raises: RefusedError when that would shorten it.
        """
        self._s3.ask(
            "retain an object",
            lambda: self._s3.client.put_object_retention(
                Bucket=self._bucket,
                Key=key,
                VersionId=version,
                Retention={"Mode": mode, "RetainUntilDate": until},
                ChecksumAlgorithm="CRC32",
            ),
        )
        lock = self.lock(key, version)
        if lock.mode != mode or lock.until is None or lock.until < until.replace(microsecond=0):
            raise RefusedError(f"the store did not retain an object until {until}: {lock}")

    def hold(self, key: str, version: str, *, on: bool) -> None:
        """Put a legal hold on a version, or take it off, and see that it is so."""
        self._s3.ask(
            "hold an object",
            lambda: self._s3.client.put_object_legal_hold(
                Bucket=self._bucket,
                Key=key,
                VersionId=version,
                LegalHold={"Status": "ON" if on else "OFF"},
                ChecksumAlgorithm="CRC32",
            ),
        )
        lock = self.lock(key, version)
        if lock.legal_hold is not on:
            raise RefusedError(f"the store did not {'set' if on else 'lift'} a hold: {lock}")

    def destroy(self, key: str, version: str) -> None:
        """Delete one version for good, whatever its retention, and see that it is gone.

        Raises: RefusedError when a legal hold, or compliance, holds it, or this identity may not.
        """
        if self._s3.head(self._bucket, key, version) is None:
            return
        self._s3.ask(
            "delete an object",
            lambda: self._s3.client.delete_object(
                Bucket=self._bucket, Key=key, VersionId=version, BypassGovernanceRetention=True
            ),
        )
        if self._s3.head(self._bucket, key, version) is not None:
            raise RefusedError("the store did not delete an object: it is there yet")
