"""Service. A document as it comes in: counted before a byte is read, then told, scanned, measured.

Whoever sends one has proven a mailbox. What is too large, of another type or found to hold malware
is let go of again; what no scanner has seen is taken, and said to be so.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlmodel import Session

from evidence.errors import InvalidError
from evidence.limits import Limits
from evidence.requests.documents.contents import FIELD, DocumentType, type_of

MOST_FROM_NETWORK, MOST_OF_MAILBOX = 240, 60
"""How many may be sent within an hour: a mailbox may send 20 requests, with two documents each, and
many people may sit behind one network."""
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a malware scanner said."""

    words: str
    """As it is kept: also that, and why, nothing was scanned."""
    malware: str = ""
    """What it found, by name; empty: nothing."""


Scan: TypeAlias = Callable[[bytes], Scanned]
"""Who looks for malware: rooms above know one."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document that may be kept."""

    data: bytes = field(repr=False)
    type: DocumentType
    sha256: str
    scan: str


class Arrivals:
    """Lets documents in, or says why not."""

    def __init__(self, limits: Limits, scan: Scan, *, most: int) -> None:
        self._limits = limits
        self._scan = scan
        self.most = most
        """Bytes of one document."""

    def admit(
        self, session: Session, *, network: str, mailbox: str, at: datetime
    ) -> timedelta | None:
        """Count one more document; return how long to wait, if that is one too many.

        None: it is welcome. The caller commits in either case.
        """
        count = self._limits.count
        return count(session, "documents", network, most=MOST_FROM_NETWORK, at=at) or count(
            session, "documents of a mailbox", mailbox, most=MOST_OF_MAILBOX, at=at
        )

    def take(self, data: bytes) -> Incoming:
        """Look at a document that somebody sent, outside of any transaction: scanning takes time.

        Raises:
            InvalidError: it is too large, no document that we take, or holds malware.
        """
        if len(data) > self.most:
            raise self.too_large()
        kind, scanned = type_of(data), self._scan(data)
        if scanned.malware:
            raise InvalidError(
                FIELD,
                f"Malware was found in this file ({scanned.malware}). Nothing of it is kept: scan "
                "your computer, and send the document from another one",
            )
        return Incoming(data, kind, hashlib.sha256(data).hexdigest(), scanned.words)

    def too_large(self) -> InvalidError:
        """Return what is said of a document with too many bytes."""
        return InvalidError(
            FIELD,
            f"The file must be smaller than {self.most // _MIB} MB. Scan it in fewer colours, or "
            "take a smaller photo",
        )
