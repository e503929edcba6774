"""Pure. The certificate of a disposal: what was destroyed, when, by whose word, and what remains.

Canonical JSON and a line end (docs/formats/disposal.md). `disposal.done` commits to its SHA-256, so
that the log tells whether it is the one that was written then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from custody.formats.canonical import JSON, canonical_json, format_time

TYPE = "custos/disposal-certificate"
REMAINS = (
    (
        "In the custody log, the entries of this exhibit: when something happened to it, and "
        "commitments that nobody can open any more, as the key of its record is destroyed."
    ),
    "The record of this disposal, and of legal holds on the exhibit before it.",
    "In the records of releases that carried it, the SHA-256 and sizes of the files that went.",
    "Copies that recipients were given, and packages that they collected, are in their hands.",
    "Backups that were made before, of objects and database, until they are destroyed.",
)
"""What a disposal leaves, in the words of the certificate."""


_EARLY = "before its retention ended: "


def told_basis(basis: str, *, early: bool) -> str:
    """Return why an exhibit goes, as the events of its disposal say it."""
    return f"{_EARLY if early else ''}{basis}"


@dataclass(frozen=True, slots=True)
class DestroyedFile:
    """A file of which no version is in our store any more."""

    kind: str
    sha256: str
    size: int
    version: str
    """The version of the object, as the store called it."""
    release: str = ""
    """Of a package: the name of its release."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says."""

    council: str
    disposal: UUID
    exhibit: UUID
    reference: str
    basis: str
    early: bool
    proposed_by: str
    proposed_at: datetime
    approved_by: str
    approved_at: datetime
    destroyed_at: datetime
    files: Sequence[DestroyedFile]


def format_certificate(certificate: Certificate) -> bytes:
    """Write a certificate."""
    one = certificate
    said: dict[str, JSON] = {
        "v": 1,
        "type": TYPE,
        "council": one.council,
        "disposal": str(one.disposal),
        "exhibit": {"record": str(one.exhibit), "reference": one.reference},
        "basis": one.basis,
        "before_retention_ended": one.early,
        "proposed": {"by": one.proposed_by, "at": _moment(one.proposed_at)},
        "approved": {"by": one.approved_by, "at": _moment(one.approved_at)},
        "destroyed": {
            "at": _moment(one.destroyed_at),
            "files": [_file(file) for file in one.files],
            "record_key": True,
        },
        "remains": list(REMAINS),
    }
    return canonical_json(said) + b"\n"


def certificate_digest(data: bytes) -> str:
    """Return the SHA-256 of a certificate, as `disposal.done` commits to it."""
    return sha256(data).hexdigest()


def _file(file: DestroyedFile) -> dict[str, JSON]:
    said: dict[str, JSON] = {
        "kind": file.kind,
        "sha256": file.sha256,
        "size": file.size,
        "version": file.version,
    }
    return {**said, "release": file.release} if file.release else said


def _moment(at: datetime) -> str:
    return format_time(at.replace(microsecond=0))
