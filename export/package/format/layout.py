"""Pure. Where everything lies in a package, and what may lie there at all.

The lists are closed: a file that this module does not name makes a package invalid, so nothing can
be carried along that neither the seal nor the ledger speaks of. Names are ASCII and differ in more
than case, so that they mean the same file on every system that may unpack them.

Over 300 lines, because it is one closed list: two files of it could contradict each other.
"""

import re
from collections.abc import Iterable
from typing import Final

from evidence.exhibits.filenames import MAX_NAME, RESERVED, safe_name
from evidence.exhibits.references import format_release, sheet_name
from export.package.errors import NamingError

BAGIT: Final = "bagit.txt"
BAG_INFO: Final = "bag-info.txt"
MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
README: Final = "README.html"
VERIFY: Final = "VERIFY.txt"

SIGNING_CHAIN: Final = "certs/signing-chain.pem"
COUNCIL_ROOT: Final = "certs/council-root.pem"
TSA_CHAIN: Final = "certs/tsa-chain.pem"

EVENTS: Final = "custody/events.jsonl"
POLICY: Final = "custody/policy"

SIGNATURE: Final = "seal/tagmanifest-sha256.txt.p7s"
TIMESTAMP: Final = "seal/tagmanifest-sha256.txt.p7s.tsr"
RELEASE_ENTRY: Final = "seal/release.entry"
RELEASE_OPENINGS: Final = "seal/release.openings.json"
RELEASE_PROOF: Final = "seal/release.tlog-proof"

EXHIBITS: Final = "data/exhibits/"

TAG_FILES: Final = frozenset(
    {
        BAGIT,
        BAG_INFO,
        MANIFEST,
        README,
        VERIFY,
        SIGNING_CHAIN,
        COUNCIL_ROOT,
        TSA_CHAIN,
        EVENTS,
        POLICY,
    }
)
"""The tag files of every package, but for the tag manifest and what depends on the exhibits."""

SEAL_FILES: Final = frozenset(
    {SIGNATURE, TIMESTAMP, RELEASE_ENTRY, RELEASE_OPENINGS, RELEASE_PROOF}
)
"""The files in `seal/` of every package, but for what depends on events and exhibits."""

MAX_PATH: Final = 199
"""Characters of a path, the package's folder included: what unpacks it may know no more than 260,
and somebody's own folders stand in front."""

MAX_DEPTH: Final = 8
"""Folders and file in a path from inside the package's folder; ours have at most five."""

_NAME: Final = rf"[A-Za-z0-9_][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}"
_PART: Final = rf"(?!(?i:{RESERVED.pattern})(?:/|\Z)){_NAME}(?<!\.)"
_PLAIN: Final = re.compile(rf"{_PART}(?:/{_PART})*")
_REFERENCE: Final = r"[A-Z]{1,8}-[1-9][0-9]{0,8}"
_COPY: Final = rf"{_REFERENCE}-(?:CP|RD)[1-9][0-9]{{0,5}}"
_SYMBOL: Final = "[2-9A-HJ-NP-Z]"

_PACKAGE: Final = re.compile(
    rf"(?P<urn>[A-Z]{{2,8}}-{_SYMBOL}{{4}}-{_SYMBOL}{{4}}-{_SYMBOL})-R(?P<n>[1-9][0-9]{{0,5}})"
)
_EXHIBIT_FOLDER: Final = re.compile(rf"data/exhibits/(?P<ref>{_REFERENCE})/(?P<rest>.+)")
_ORIGINALS: Final = re.compile(rf"(?:master|player)/(?P<name>{_NAME})")
_DERIVED: Final = re.compile(rf"(?P<copy>{_COPY})\.(?:mp4|derivation\.json|frames\.csv)")
_COPY_NAME: Final = re.compile(_COPY)
_STILLS: Final = re.compile(r"contact-sheet(?:-(?:[2-9]|[1-9][0-9]{1,5}))?\.jpg")
_CLOCK: Final = re.compile(r"clock-check\.(?:jpg|png)")
_FRAME_LIST: Final = re.compile(r"data/exhibits/[^/]+/[^/]+\.frames\.csv")
_EXHIBIT_REFERENCE: Final = re.compile(_REFERENCE)
_RECEIPT: Final = rf"(?P<ref>{_REFERENCE})(?:-A[1-9][0-9]{{0,5}})?"
_RECEIVED: Final = re.compile(rf"custody/received/{_RECEIPT}\.(?:tlog-proof|tsr)")
_CONSISTENCY: Final = re.compile(rf"seal/received/{_RECEIPT}\.consistency")
_PROOF: Final = re.compile(r"seal/proofs/(0|[1-9][0-9]{0,18})\.tlog-proof")


def package_name(urn: str, number: int) -> str:
    """Name the package of a URN's n-th release, which is also its one folder.

    Raises:
        NamingError: the URN or the number is none.
    """
    name = format_release(urn, number)
    if not _PACKAGE.fullmatch(name):
        raise NamingError("this is no URN, or no release number", found=name)
    return name


def parse_package_name(name: str) -> tuple[str, int]:
    """Return URN and release number.

    Raises:
        NamingError: not the name of a package.
    """
    match = _PACKAGE.fullmatch(name)
    if not match:
        raise NamingError("this is not the name of a package", found=name)
    return match["urn"], int(match["n"])


def file_reference(exhibit_ref: str) -> str:
    """Turn an exhibit reference (`JS/1`) into its form in file names (`JS-1`).

    Raises:
        NamingError: not an exhibit reference.
    """
    reference = exhibit_ref.replace("/", "-", 1)
    if not _EXHIBIT_REFERENCE.fullmatch(reference) or "/" not in exhibit_ref:
        raise NamingError("this is not an exhibit reference", expected="JS/1", found=exhibit_ref)
    return reference


def exhibit_folder(reference: str) -> str:
    """Return the folder of an exhibit, by its reference in file form, with a slash at its end."""
    return f"data/exhibits/{reference}/"


def record_path(reference: str) -> str:
    """Return where the exhibit record lies."""
    return f"{exhibit_folder(reference)}{reference}.json"


def master_path(reference: str, stored_name: str) -> str:
    """Return where a file of the master lies."""
    return f"{exhibit_folder(reference)}master/{stored_name}"


def player_path(reference: str, stored_name: str) -> str:
    """Return where a file of the manufacturer's player lies."""
    return f"{exhibit_folder(reference)}player/{stored_name}"


def copy_path(reference: str, copy: str) -> str:
    """Return where a copy (`JS-1-CP1`, `JS-1-RD1`) lies."""
    return f"{exhibit_folder(reference)}{copy}.mp4"


def derivation_path(reference: str, copy: str) -> str:
    """Return where it is written how a copy was made."""
    return f"{exhibit_folder(reference)}{copy}.derivation.json"


def frames_path(reference: str, copy: str) -> str:
    """Return where a copy's frame list lies."""
    return f"{exhibit_folder(reference)}{copy}.frames.csv"


def contact_sheet_path(reference: str, stills: str = "contact-sheet") -> str:
    """Return where the stills of a released copy lie, by their name."""
    return f"{exhibit_folder(reference)}{stills}.jpg"


def clock_picture_path(reference: str, kind: str) -> str:
    """Return where the photograph of the clock's comparison lies; `kind` is `jpg` or `png`."""
    return f"{exhibit_folder(reference)}clock-check.{kind}"


def is_clock_picture(path: str) -> bool:
    """Say whether a path is that of a photograph of a clock's comparison."""
    folder = _EXHIBIT_FOLDER.fullmatch(path)
    return folder is not None and _CLOCK.fullmatch(folder["rest"]) is not None


def stills_of(copy: str) -> str:
    """Return how the stills of a copy are called: of `JS-1-CP2` `contact-sheet-2`.

    Raises:
        NamingError: not the name of a copy.
    """
    if not _COPY_NAME.fullmatch(copy):
        raise NamingError("this is not the name of a copy", expected="JS-1-CP1", found=copy)
    return sheet_name(int(copy.rpartition("-")[2][2:]))


def receipt_names(reference: str, receipts: int) -> tuple[str, ...]:
    """Name the receipts of an exhibit: `JS-1`, then `JS-1-A1`, … of what was added to it."""
    return tuple(f"{reference}-A{n}" if n else reference for n in range(receipts))


def receipt_of(path: str) -> str:
    """Return the reference, in file form, of the exhibit whose receipt a file is of; else empty."""
    found = _RECEIVED.fullmatch(path) or _CONSISTENCY.fullmatch(path)
    return found["ref"] if found else ""


def received_proof_path(receipt: str) -> str:
    """Return where the proof lies that a receipt was in the log at its first checkpoint."""
    return f"custody/received/{receipt}.tlog-proof"


def received_timestamp_path(receipt: str) -> str:
    """Return where the timestamp of that first checkpoint lies."""
    return f"custody/received/{receipt}.tsr"


def consistency_path(receipt: str) -> str:
    """Return where it is proven that the log only grew from there to the sealing checkpoint."""
    return f"seal/received/{receipt}.consistency"


def event_proof_path(index: int) -> str:
    """Return where the inclusion proof of the event with this index lies."""
    return f"seal/proofs/{index}.tlog-proof"


def event_proof_index(path: str) -> int | None:
    """Return the index of the event that a file in `seal/proofs` is for; None for other files."""
    match = _PROOF.fullmatch(path)
    return int(match[1]) if match else None


def is_payload(path: str) -> bool:
    """Say whether the payload manifest must list this path."""
    return path.startswith("data/")


def is_sealed_apart(path: str) -> bool:
    """Say whether a path proves itself and so is in no manifest."""
    return path.startswith("seal/")


def required_paths(paths: Iterable[str]) -> frozenset[str]:
    """Return what must be in a package that holds these paths: the same for all, and by exhibit."""
    required = {*TAG_FILES, *SEAL_FILES, TAG_MANIFEST}
    for path in paths:
        folder = _EXHIBIT_FOLDER.fullmatch(path)
        if folder:
            reference = folder["ref"]
            required |= {
                record_path(reference),
                received_proof_path(reference),
                received_timestamp_path(reference),
                consistency_path(reference),
            }
    return frozenset(required)


def is_exhibit_record(path: str) -> bool:
    """Say whether a path is what the package says of an exhibit, which is no file of it."""
    folder = _EXHIBIT_FOLDER.fullmatch(path)
    return folder is not None and folder["rest"] == f"{folder['ref']}.json"


def is_frame_list(path: str) -> bool:
    """Say whether a path is the frame list of a copy."""
    return _FRAME_LIST.fullmatch(path) is not None


def exhibit_of(path: str) -> str:
    """Return the reference, in file form, of the exhibit that a file belongs to; else empty."""
    folder = _EXHIBIT_FOLDER.fullmatch(path)
    return folder["ref"] if folder else ""


def is_master(path: str) -> bool:
    """Say whether a path is that of a file of an original."""
    folder = _EXHIBIT_FOLDER.fullmatch(path)
    return folder is not None and folder["rest"].startswith("master/")


def copy_of_frame_list(path: str) -> str | None:
    """Return the copy that a frame list is of; None for other files."""
    return path.removesuffix(".frames.csv") + ".mp4" if is_frame_list(path) else None


def check_path(path: str) -> None:
    """Demand that a path, from inside the package's folder, is one that a package may hold.

    Raises:
        NamingError: it is on none of the closed lists.
    """
    if path in TAG_FILES or path in SEAL_FILES or path == TAG_MANIFEST:
        return
    if _RECEIVED.fullmatch(path) or _CONSISTENCY.fullmatch(path) or _PROOF.fullmatch(path):
        return
    folder = _EXHIBIT_FOLDER.fullmatch(path)
    if folder and _is_exhibit_file(folder["ref"], folder["rest"]):
        return
    raise NamingError("a package may not hold a file of this name", subject=path)


def _is_exhibit_file(reference: str, rest: str) -> bool:
    if rest == f"{reference}.json" or _STILLS.fullmatch(rest) or _CLOCK.fullmatch(rest):
        return True
    original = _ORIGINALS.fullmatch(rest)
    if original:
        return original["name"] == safe_name(original["name"])
    derived = _DERIVED.fullmatch(rest)
    return derived is not None and derived["copy"].rpartition("-")[0] == reference


def check_paths(paths: Iterable[str]) -> None:
    """Demand that these paths mean different files on every system.

    Raises:
        NamingError: one leaves its folder, two differ in case or Unicode form only, or one is the
            folder of another.
    """
    seen: dict[str, str] = {}
    folders: set[str] = set()
    for path in paths:
        _check_plain(path)
        key = path.casefold()
        if key in seen:
            raise NamingError(f"this file would hide behind {seen[key]}", subject=path)
        seen[key] = path
        folder = key.rpartition("/")[0]
        while folder and folder not in folders:  # where it is, the folders above it are too
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    for key in seen.keys() & folders:
        raise NamingError("a file has the name of a folder", subject=seen[key])


def _check_plain(path: str) -> None:
    # ASCII rules out what Unicode allows: look-alikes, composed forms, text that runs backwards.
    if path.count("/") >= MAX_DEPTH:
        raise NamingError("a path that is too deep", subject=path)
    if not _PLAIN.fullmatch(path):
        raise NamingError("a path that is not safe on every system", subject=path)


def package_paths(paths: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Split the one folder off the archive's paths; return its name and the paths inside it.

    Raises:
        NamingError: no file, more than one folder, a folder with another name than a package's, or
            a path longer than `MAX_PATH`.
    """
    paths = tuple(paths)
    split = [path.partition("/") for path in paths]
    folders = {folder for folder, _, _ in split}
    if len(folders) != 1:
        raise NamingError("a package has exactly one folder", expected="1", found=str(len(folders)))
    (name,) = folders
    parse_package_name(name)
    for path in paths:
        if len(path) > MAX_PATH:
            raise NamingError(
                "a path is too long to be unpacked everywhere",
                subject=path[:MAX_PATH],
                expected=f"at most {MAX_PATH} characters",
                found=f"{len(path)}",
            )
    return name, tuple(rest for _, _, rest in split)
