"""Pure. What tus 1.0 writes into headers: lengths, metadata and checksums."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from evidence.errors import InvalidError

CHECKSUMS = ("sha1", "sha256")
_MOST_METADATA = 4096
_METADATA_KEY = re.compile(r"[!-+\--~]+")  # visible ASCII, neither space nor comma
_DIGITS = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Checksum:
    """The digest of a request's body, as its sender computed it."""

    algorithm: str
    digest: bytes


def parse_length(field: str, text: str | None) -> int:
    """Return a length or an offset as tus writes it: digits, and nothing else.

    Raises:
        InvalidError: it is missing, negative, huge, or no number.
    """
    if text is None or not _DIGITS.fullmatch(text):
        raise InvalidError(field, f"{field} is missing, or is no number of bytes")
    return int(text)


def parse_metadata(text: str) -> dict[str, str]:
    """Return the metadata of an upload (tus, "Upload-Metadata").

    Pairs of a key and Base64, separated by commas; keys are unique, values may be missing.

    Raises:
        InvalidError: it is too long, or anything else than that; what was sent is not repeated.
    """
    if len(text) > _MOST_METADATA:
        raise InvalidError("Upload-Metadata", f"at most {_MOST_METADATA} characters of metadata")
    found: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else []:
        key, _, encoded = pair.strip().partition(" ")
        if not _METADATA_KEY.fullmatch(key) or key in found:
            raise InvalidError("Upload-Metadata", "a key is missing, is there twice, or is no key")
        try:
            found[key] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise InvalidError("Upload-Metadata", "a value is no Base64 of UTF-8") from error
    return found


def parse_checksum(text: str) -> Checksum:
    """Return the checksum of a request (tus, "Upload-Checksum": algorithm, space, Base64).

    Raises:
        InvalidError: we do not know the algorithm, or it is no digest of it.
    """
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in CHECKSUMS:
        raise InvalidError("Upload-Checksum", f"the algorithms are {' and '.join(CHECKSUMS)}")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError("Upload-Checksum", "the digest is no Base64") from error
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise InvalidError("Upload-Checksum", f"that is no digest of {algorithm}")
    return Checksum(algorithm, digest)
