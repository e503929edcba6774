"""Service. The package's ZIP: joined inside the object store, then read back once."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from export.package.format.archive import ArchivePlan
from export.package.format.assembly import PackedFile, archive_plan, packed_files
from export.sealing.steps import PlacedFile
from storage.errors import CorruptError
from storage.objects.joining import Inline, Piece, Span
from storage.objects.store import JoinedObject, ObjectStore


class Archives:
    """Puts packages together without moving footage through this process."""

    def __init__(self, vault: ObjectStore) -> None:
        self._vault = vault

    def join(
        self,
        release: UUID,
        package: str,
        small: Mapping[str, bytes],
        placed: Sequence[PlacedFile],
    ) -> JoinedObject:
        """Join the ZIP of a release; what an earlier attempt finished is taken as it is.

        Raises:
            StorageError: it was not joined; see `ObjectStore.join`.
        """
        stored = {f"{package}/{file.path}": file.stored for file in placed}
        texts = {f"{package}/{path}": data for path, data in small.items()}
        plan = archive_plan(package, [*(f.packed for f in placed), *packed_files(small)])
        pieces: list[Piece] = []
        for entry in plan.entries:
            pieces.append(Inline(entry.header))
            path = entry.span.path
            if path in texts:
                pieces.append(Inline(texts[path]))
            else:
                pieces.append(Span(stored[path], 0, stored[path].size))
        pieces.append(Inline(plan.trailer))
        return self._vault.join(f"packages/{release}.zip", pieces)

    def read_back(
        self, package: str, archive: Mapping[str, Any], packed: Sequence[PackedFile]
    ) -> str:
        """Read the joined ZIP once and return its SHA-256.

        Raises:
            CorruptError: the archive, or a file in it, is not what was sealed. Stop.
            UnavailableError: retry.
        """
        plan = archive_plan(package, packed)
        digests = {f"{package}/{file.path}": file.sha256 for file in packed}
        whole, crc, size = hashlib.sha256(), 0, 0
        inside = _Inside(plan, digests)
        for chunk in self._vault.open(archive["key"], archive["version"]):
            whole.update(chunk)
            crc = zlib.crc32(chunk, crc)
            inside.update(chunk)
            size += len(chunk)
        if (size, crc) != (plan.size, archive["crc32"]):
            raise CorruptError(
                f"package {package}",
                expected=f"{plan.size} bytes with CRC-32 {archive['crc32']:08x}",
                found=f"{size} bytes with CRC-32 {crc:08x}",
            )
        inside.finish()
        return whole.hexdigest()


class _Inside:
    """Follows the files of an archive through its bytes and compares their digests."""

    def __init__(self, plan: ArchivePlan, digests: Mapping[str, str]) -> None:
        self._waiting = [entry.span for entry in reversed(plan.entries)]
        self._digests = digests
        self._hash = hashlib.sha256()
        self._offset = 0

    def update(self, chunk: bytes) -> None:
        """Take the next bytes of the archive."""
        end = self._offset + len(chunk)
        view = memoryview(chunk)
        while self._waiting and self._waiting[-1].offset < end:
            span = self._waiting[-1]
            start = max(span.offset - self._offset, 0)
            stop = min(span.offset + span.size - self._offset, len(chunk))
            self._hash.update(view[start:stop])
            if span.offset + span.size > end:
                break
            self._close()
        self._offset = end

    def finish(self) -> None:
        """Compare what is left: files without content at the very end."""
        while self._waiting:
            self._close()

    def _close(self) -> None:
        span = self._waiting.pop()
        found = self._hash.hexdigest()
        self._hash = hashlib.sha256()
        if found != self._digests[span.path]:
            raise CorruptError(span.path, expected=self._digests[span.path], found=found)
