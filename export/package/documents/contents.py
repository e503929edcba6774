"""Pure. What each file of a package is, in words: for the tables of its `README.html`."""

import re
from dataclasses import dataclass
from typing import Final

from export.package.errors import NamingError
from export.package.format import layout
from export.package.format.records import USES, CopyType, ExhibitRecord

EXHIBIT_FILES: Final = (
    (re.compile(r"[^/]*\.mp4"), "a copy of the original"),
    (re.compile(r"contact-sheet(?:-[0-9]+)?\.jpg"), USES[CopyType.STILL]),
    (
        re.compile(r"master/.*"),
        "the original, bit for bit as it was received; for forensic analysis",
    ),
    (re.compile(r"player/.*"), "what the recorder's own program needs to show the original"),
    (
        re.compile(r"clock-check\.(?:jpg|png)"),
        "a photograph of the recorder's clock, taken when it was compared; as it was brought",
    ),
    (re.compile(r"[^/]*\.derivation\.json"), "how a copy was made, and how it compares"),
    (re.compile(r"[^/]*\.frames\.csv"), "every picture of a copy with its time and digest"),
    (re.compile(r"[^/]*\.json"), "the exhibit record: camera, times, clock check and files"),
)
"""The files of an exhibit in the order in which a reader wants them, by path in its folder."""

PROOF_FILES: Final = (
    (layout.VERIFY, "how to check the package by hand, command by command"),
    (layout.MANIFEST, "the digest of every file under data"),
    (layout.TAG_MANIFEST, "the digest of every other file but those under seal"),
    (layout.BAG_INFO, "what this package is: format, council, reference, size"),
    (layout.BAGIT, "the version of the BagIt standard (RFC 8493) that the folder follows"),
    (layout.EVENTS, "the custody events that the history above tells, with the keys to check them"),
    (layout.POLICY, "the key of the council's custody log, and who witnesses it"),
    (layout.SIGNING_CHAIN, "the certificate that the council sealed with; compare, do not trust"),
    (layout.COUNCIL_ROOT, "the council's root certificate; compare, do not trust"),
    (layout.TSA_CHAIN, "the certificates of the time authority; compare, do not trust"),
    (layout.SIGNATURE, "the council's signature"),
    (layout.TIMESTAMP, "the time of the signature, by the time authority"),
    (layout.RELEASE_ENTRY, "the sealing, as it stands in the custody log"),
    (layout.RELEASE_OPENINGS, "the keys that open that entry"),
    (layout.RELEASE_PROOF, "the proof that the entry is in the log"),
)
"""The files of every package that are no evidence themselves but prove it, in reading order."""

PROOF_FOLDERS: Final = (
    (
        "custody/received/",
        "for each exhibit, and what was added to it, the time-stamped proof of since when",
    ),
    ("seal/proofs/", "for each custody event, the proof that it is in the log"),
    ("seal/received/", "for each of those, the proof that the log only grew since then"),
)
"""Folders whose files differ from package to package."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of the payload, as the index shows it."""

    path: str
    """From inside the package's folder: `data/exhibits/…`."""
    size: int
    sha256: str


def in_words(name: str, exhibit: ExhibitRecord) -> str:
    """Say what a file of an exhibit is; `name` is its path in the exhibit's folder."""
    for copy in exhibit.copies:
        if name == f"{copy.name}.mp4":
            return copy.use
    return EXHIBIT_FILES[rank(name)][1]


def rank(name: str) -> int:
    """Return the place of a file of an exhibit in `EXHIBIT_FILES`.

    Raises:
        NamingError: a package holds no such file.
    """
    for place, (pattern, _) in enumerate(EXHIBIT_FILES):
        if pattern.fullmatch(name):
            return place
    raise NamingError("an exhibit holds no file of this name", subject=name)


def size_words(size: int) -> str:
    """Say a size as people do, and exactly: `1.4 GB (1,402,334,112 bytes)`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            tenths = round(size * 10 / factor)
            return f"{tenths // 10:,}.{tenths % 10} {unit} ({size:,} bytes)"
    return f"{size:,} bytes"
