"""Pure. The tag files of the bag: bagit.txt, bag-info.txt and the manifests (RFC 8493).

One byte form each: lines end in LF, manifests are sorted by the UTF-8 bytes of the path and use two
spaces (what `sha256sum -c` reads too), bag-info.txt has its labels in one order. A parser makes the
text again from what it understood and refuses any other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

from export.package.errors import ManifestError
from export.package.format.limits import MAX_FILES

PACKAGE_FORMAT: Final = 1
"""The version of docs/formats/package.md that this program writes, and the only one it reads."""

FORMAT_LABEL: Final = "Custos-Package"
"""The label of bag-info.txt that names it, in every version."""

BAGIT_TXT: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""The whole of bagit.txt (2.1.1)."""

_FORMAT: Final = re.compile(rb"^%b: ([1-9][0-9]{0,8})$" % FORMAT_LABEL.encode(), re.MULTILINE)
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([^\n\r]+)")
_OXUM: Final = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VALUE: Final = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?")


@dataclass(frozen=True, slots=True)
class BagInfo:
    """What bag-info.txt says, in the order in which it says it."""

    custos_package: int
    """The version of the package's format: `PACKAGE_FORMAT`."""
    source_organization: str
    """The council."""
    external_description: str
    bagging_date: str
    """YYYY-MM-DD, in UTC."""
    external_identifier: str
    """The URN."""
    payload_oxum: str
    """Bytes, a dot, number of files (2.2.2): see `payload_oxum`."""
    internal_sender_identifier: str
    """The package's name: so that it cannot be renamed into another release of the same URN."""
    bag_software_agent: str
    demonstration: bool
    """Made with demonstration keys: worth nothing as evidence."""


_LABELS: Final = {
    "custos_package": FORMAT_LABEL,
    "source_organization": "Source-Organization",
    "external_description": "External-Description",
    "bagging_date": "Bagging-Date",
    "external_identifier": "External-Identifier",
    "payload_oxum": "Payload-Oxum",
    "internal_sender_identifier": "Internal-Sender-Identifier",
    "bag_software_agent": "Bag-Software-Agent",
    "demonstration": "Demonstration",
}


def check_bagit(text: bytes) -> None:
    """Demand that this is bagit.txt of BagIt 1.0, byte for byte.

    Raises:
        ManifestError: it is not.
    """
    if text != BAGIT_TXT:
        raise ManifestError("bagit.txt is not the one of BagIt 1.0", found=repr(text[:80]))


def stated_format(bag_info: bytes) -> int | None:
    """Return the format's version that a bag-info.txt of any version names; None without one."""
    match = _FORMAT.search(bag_info)
    return int(match[1]) if match else None


def payload_oxum(sizes: Mapping[str, int]) -> str:
    """Return bytes and number of the payload's files, from their sizes."""
    return f"{sum(sizes.values())}.{len(sizes)}"


def format_bag_info(info: BagInfo) -> bytes:
    """Write bag-info.txt.

    Raises:
        ManifestError: a value is empty, of more than one line, or not of its form.
    """
    lines = []
    for field in fields(info):
        value = getattr(info, field.name)
        text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        if not _VALUE.fullmatch(text):
            raise ManifestError("bag-info.txt cannot hold this value", found=repr(text))
        lines.append(f"{_LABELS[field.name]}: {text}\n")
    if not _OXUM.fullmatch(info.payload_oxum) or not _DATE.fullmatch(info.bagging_date):
        raise ManifestError("Payload-Oxum or Bagging-Date is not in its form")
    return "".join(lines).encode()


def parse_bag_info(text: bytes) -> BagInfo:
    """Read bag-info.txt.

    Raises:
        ManifestError: not in the one form that `format_bag_info` writes.
    """
    if text.count(b"\n") != len(_LABELS):
        raise ManifestError("bag-info.txt does not hold its labels in their order")
    lines = _decode(text, "bag-info.txt").split("\n")
    pairs = [line.partition(": ") for line in lines[:-1]]
    if [label for label, _, _ in pairs] != list(_LABELS.values()):
        raise ManifestError("bag-info.txt does not hold its labels in their order")
    values = dict(zip(_LABELS, (value for _, _, value in pairs), strict=True))
    demonstration = values.pop("demonstration") == "yes"
    if values.pop("custos_package") != str(PACKAGE_FORMAT):
        raise ManifestError("bag-info.txt is not one of this version of the format")
    info = BagInfo(custos_package=PACKAGE_FORMAT, **values, demonstration=demonstration)
    if format_bag_info(info) != text:
        raise ManifestError("bag-info.txt is not in its one form")
    return info


def format_manifest(digests: Mapping[str, str]) -> bytes:
    """Write a manifest of paths and SHA-256 digests in hexadecimal.

    Raises:
        ManifestError: a digest is none, or a path leaves the bag.
    """
    lines = []
    for path in sorted(digests, key=str.encode):
        _check_path(path)
        line = f"{digests[path]}  {_escape(path)}"
        if not _LINE.fullmatch(line):
            raise ManifestError("not a SHA-256 in hexadecimal", subject=path, found=digests[path])
        lines.append(line + "\n")
    return "".join(lines).encode()


def parse_manifest(text: bytes) -> dict[str, str]:
    """Read a manifest; return path and digest.

    Raises:
        ManifestError: not in the one form that `format_manifest` writes.
    """
    if text.count(b"\n") > MAX_FILES:
        raise ManifestError(
            "a manifest lists more files than a package may hold", expected=f"at most {MAX_FILES}"
        )
    lines = _decode(text, "a manifest").split("\n")
    if lines.pop() != "":
        raise ManifestError("a manifest does not end in a newline")
    digests: dict[str, str] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if not match:
            raise ManifestError("a line of a manifest is not in its one form", found=line[:120])
        path = _unescape(match[2])
        if path in digests:
            raise ManifestError("a manifest lists a file twice", subject=path)
        digests[path] = match[1]
    for before, after in pairwise(digests):
        if before.encode() > after.encode():
            raise ManifestError("a manifest is not sorted", subject=after)
    if format_manifest(digests) != text:
        raise ManifestError("a manifest is not in its one form")
    return digests


def _decode(text: bytes, what: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise ManifestError(f"{what} is not UTF-8") from error


def _escape(path: str) -> str:
    """Encode what a manifest line cannot hold, and the sign that says so (2.1.3)."""
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _unescape(path: str) -> str:
    return path.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _check_path(path: str) -> None:
    parts = path.split("/")
    if "" in parts or "." in parts or ".." in parts or path.startswith("~") or "\\" in path:
        raise ManifestError("a manifest lists a path that leaves the bag", subject=path)
