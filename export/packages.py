"""Service. Sealed packages, and who takes them out of the house."""

import base64
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from custody.ledger import Ledger
from evidence.access import Action, Subject
from evidence.errors import StateError
from evidence.people import require
from evidence.states import ReleaseState
from export.releases import Releases
from export.seal_store import SealStore, Step


@dataclass(frozen=True, slots=True)
class Package:
    """A sealed package, where it lies and what its bytes are."""

    name: str
    key: str
    version: str
    size: int
    sha256: str

    @property
    def digest_base64(self) -> str:
        """The SHA-256 as HTTP's Repr-Digest wants it (RFC 9530)."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


class Packages:
    """Hands out packages that were sealed and read back."""

    def __init__(self, releases: Releases, ledger: Ledger) -> None:
        self._releases = releases
        self._ledger = ledger

    def collect(self, session: Session, name: str, *, by: Subject, at: datetime) -> Package:
        """Return a package for ``by`` to take out; the first time is an event of each exhibit.

        Raises:
            AccessRefusedError, StateError, UnknownError: nothing was handed out.
        """
        require(Action.COLLECT_PACKAGE, by)
        row = self._releases.find(session, name, lock=True)
        label = f"{row.urn}-R{row.number}"
        if row.state != ReleaseState.SEALED:
            raise StateError(f"release {label} is {row.state}: it must be sealed first")
        if row.collected_at is None:
            row.collected_at = at
            for exhibit in self._releases.exhibits(session, row.id):
                values = {"release": str(row.id)}
                self._ledger.append(session, exhibit.id, "exhibit.released", values, at=at)
        store = SealStore(row.id)
        archive = store.facts(session, Step.ARCHIVE) or {}
        checked = store.facts(session, Step.CHECK) or {}
        return Package(
            f"{label}.zip", archive["key"], archive["version"], archive["size"], checked["sha256"]
        )
