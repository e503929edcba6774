"""Service. The package's ZIP: joined inside the object store, then read back once."""

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from custody.ledger.ledger import Ledger, Values
from export.package.format import layout
from export.package.format.archive import ArchivePlan
from export.package.format.assembly import PackedFile, archive_plan, packed_files
from export.release.decisions import Decisions
from export.release.tables import ReleaseRow
from export.sealing.inspection import Inspection
from export.sealing.steps import PlacedFile, SealStep, SealStore, facts_digest
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


def _package(session: Session, release: UUID) -> str:
    row = session.get_one(ReleaseRow, release)
    return layout.package_name(row.urn, row.number)


class ArchiveSteps:
    """The last two steps of sealing: the ZIP is joined, then read back."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        decisions: Decisions,
        archives: Archives,
        inspection: Inspection,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._decisions = decisions
        self._archives = archives
        self._inspection = inspection
        self._clock = clock

    def join(self, store: SealStore) -> None:
        """Join the package, and write `release.assembled`."""
        with self._begin() as session:
            package = _package(session, store.release)
            small, placed = store.small(session), store.placed(session)
        joined = self._archives.join(store.release, package, small, placed)
        # A crash here leaves the joined object; the next attempt finds it and takes it as it is.
        now = self._clock()
        with self._begin() as session:
            facts = {
                "bucket": joined.bucket,
                "key": joined.key,
                "version": joined.version,
                "size": joined.size,
                "crc32": joined.crc32,
            }
            store.finish(session, SealStep.ARCHIVE, at=now, facts=facts)
            values: Values = {
                "crc32": f"{joined.crc32:08x}",
                "size": joined.size,
                "facts": facts_digest(facts),
            }
            self._ledger.append(session, store.release, "release.assembled", values, at=now)

    def check(self, store: SealStore) -> None:
        """Read the package back: if it is whole, and a stranger's check holds, it is sealed."""
        with self._begin() as session:
            package = _package(session, store.release)
            archive = store.facts(session, SealStep.ARCHIVE) or {}
            packed = store.packed(session)
        sha256 = self._archives.read_back(package, archive, packed)
        self._inspection.inspect(package, archive["key"], archive["version"], archive["size"])
        now = self._clock()
        with self._begin() as session:
            store.finish(session, SealStep.CHECK, at=now, facts={"sha256": sha256})
            values: Values = {"sha256": sha256, "size": archive["size"], **store.whole(session)}
            self._decisions.sealed(session, store.release, values, at=now)


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
