"""Pure. The steps from a list of files to a package, each from facts to bytes.

The order is that of docs/formats/package.md. A step needs only what the steps before it gave, and
the same facts give the same bytes: so the sealing service stores each result, and a process that
was killed goes on from what is stored.

    payload list → manifest → custody, README, certs, VERIFY → tag manifest → signature → timestamp
    → `release.sealed` → checkpoint → proofs → archive

Signature, timestamp and ledger entry come from `custody`; the rest is here.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from export.package.format import layout, limits
from export.package.format.archive import ArchiveEntry, ArchivePlan, plan_archive
from export.package.format.manifest import (
    PACKAGE_FORMAT,
    BagInfo,
    format_manifest,
    payload_oxum,
)


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of the package, wherever its bytes are."""

    path: str
    """From inside the package's folder."""
    size: int
    sha256: str
    """In hexadecimal."""
    crc32: int


@dataclass(frozen=True, slots=True)
class BagFacts:
    """What bag-info.txt says beside what can be counted."""

    council: str
    urn: str
    release_number: int
    description: str
    bagging_date: str
    """YYYY-MM-DD, in UTC."""
    software: str
    demonstration: bool


def packed_file(path: str, content: bytes) -> PackedFile:
    """Describe a small file by its content."""
    digest = hashlib.sha256(content).hexdigest()
    return PackedFile(path, len(content), digest, zlib.crc32(content))


def packed_files(contents: Mapping[str, bytes]) -> tuple[PackedFile, ...]:
    """Describe small files by their contents."""
    return tuple(packed_file(path, content) for path, content in contents.items())


def check_files(files: Iterable[PackedFile]) -> None:
    """Demand that a package may hold these files, before anything is sealed.

    Raises:
        NamingError: one is on none of the closed lists, or hides another.
        RecordError: there are more, or a record is larger, than whoever checks a package reads.
    """
    known = list(files)
    for file in known:
        layout.check_path(file.path)
    layout.check_paths(file.path for file in known)
    limits.check_sizes((file.path, file.size) for file in known)


def payload_manifest(files: Iterable[PackedFile]) -> bytes:
    """Write the manifest of the payload; files outside `data/` are left out."""
    return format_manifest(
        {file.path: file.sha256 for file in files if layout.is_payload(file.path)}
    )


def bag_info(facts: BagFacts, files: Iterable[PackedFile]) -> BagInfo:
    """Count the payload and say what bag-info.txt says."""
    sizes = {file.path: file.size for file in files if layout.is_payload(file.path)}
    return BagInfo(
        custos_package=PACKAGE_FORMAT,
        source_organization=facts.council,
        external_description=facts.description,
        bagging_date=facts.bagging_date,
        external_identifier=facts.urn,
        payload_oxum=payload_oxum(sizes),
        internal_sender_identifier=layout.package_name(facts.urn, facts.release_number),
        bag_software_agent=facts.software,
        demonstration=facts.demonstration,
    )


def tag_manifest(files: Iterable[PackedFile]) -> bytes:
    """Write the tag manifest: every file outside `data/` and `seal/`, the payload manifest too."""
    return format_manifest(
        {
            file.path: file.sha256
            for file in files
            if not layout.is_payload(file.path)
            and not layout.is_sealed_apart(file.path)
            and file.path != layout.TAG_MANIFEST
        }
    )


def seal_of(tag_manifest_text: bytes) -> str:
    """Return the seal: the SHA-256 of the tag manifest, in hexadecimal."""
    return hashlib.sha256(tag_manifest_text).hexdigest()


def archive_plan(package: str, files: Iterable[PackedFile]) -> ArchivePlan:
    """Lay out the package's archive.

    Raises:
        NamingError, RecordError: as in `check_files`.
    """
    packed = tuple(files)
    check_files(packed)
    return plan_archive(
        ArchiveEntry(f"{package}/{file.path}", file.size, file.crc32) for file in packed
    )
