"""Pure. How much a package may ask of whoever checks it: files, paths, and each kind of record.

A file with a limit here is a record: it is read whole, and refused before it is read where it is
larger. Every other file is footage, a picture or a page for people: it is hashed as it goes by, and
nobody parses it. The limits of formats that `custody` owns stand there.
"""

import re
from collections.abc import Iterable
from typing import Final

from custody.check import cms
from custody.formats import disclosure, entry, policy, proof
from custody.formats.certificates import MAX_PEM_BYTES
from export.package.errors import RecordError
from export.package.format import layout

MAX_FILES: Final = 20_000
"""Files in one package."""

MAX_PATH: Final = 512
"""Bytes of a path with the package's folder in front; ours have fewer than 300."""

MAX_DIRECTORY: Final = 8 << 20
"""Bytes of the archive's list of files."""

MAX_RECORDS: Final = 32 << 20
"""Bytes of all records together."""

MAX_FRAME_LIST: Final = 256 << 20
"""Bytes of one frame list: a day at 25 pictures a second. It is read as it goes by."""

_PATHS: Final = {
    layout.BAGIT: 1 << 10,
    layout.BAG_INFO: 16 << 10,
    layout.MANIFEST: 8 << 20,
    layout.TAG_MANIFEST: 8 << 20,
    layout.SIGNING_CHAIN: MAX_PEM_BYTES,
    layout.COUNCIL_ROOT: MAX_PEM_BYTES,
    layout.TSA_CHAIN: MAX_PEM_BYTES,
    layout.EVENTS: disclosure.MAX_EVENTS_BYTES,
    layout.POLICY: policy.MAX_BYTES,
    layout.SIGNATURE: cms.MAX_BYTES,
    layout.TIMESTAMP: cms.MAX_BYTES,
    layout.RELEASE_ENTRY: entry.MAX_ENTRY_BYTES,
    layout.RELEASE_OPENINGS: disclosure.MAX_LINE_BYTES,
    layout.RELEASE_PROOF: proof.MAX_BYTES,
}

_KINDS: Final = (
    (re.compile(r"(?:custody/received|seal/proofs)/[^/]+\.tlog-proof"), proof.MAX_BYTES),
    (re.compile(r"custody/received/[^/]+\.tsr"), cms.MAX_BYTES),
    (re.compile(r"seal/received/[^/]+\.consistency"), proof.MAX_CONSISTENCY_BYTES),
    (re.compile(r"data/exhibits/[^/]+/[^/]+\.derivation\.json"), 256 << 10),
    (re.compile(r"data/exhibits/[^/]+/[^/]+\.json"), 1 << 20),
)


def check_sizes(files: Iterable[tuple[str, int]]) -> frozenset[str]:
    """Demand that these files, of paths and sizes in bytes, are within the limits.

    Returns the paths of the records.

    Raises:
        RecordError: too many files, one larger than its kind may be, or too many bytes of records.
    """
    count = total = 0
    records = []
    for path, size in files:
        count += 1
        limit = record_limit(path)
        if limit is not None:
            records.append(path)
            total += size
        elif layout.is_frame_list(path):
            limit = MAX_FRAME_LIST
        if limit is not None and size > limit:
            words = "this file is larger than a file of its kind may be"
            raise RecordError(
                words, subject=path, expected=f"at most {limit} bytes", found=f"{size} bytes"
            )
    for what, most, found in (("files", MAX_FILES, count), ("bytes", MAX_RECORDS, total)):
        if found > most:
            words = "the package holds more, or larger records, than a package may"
            raise RecordError(words, expected=f"at most {most} {what}", found=str(found))
    return frozenset(records)


def record_limit(path: str) -> int | None:
    """Return how many bytes the record at a path may have; None where no record lies."""
    if path in _PATHS:
        return _PATHS[path]
    return next((limit for kind, limit in _KINDS if kind.fullmatch(path)), None)
