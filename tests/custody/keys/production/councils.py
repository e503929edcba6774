"""A council whose root lies in a folder of a test, and keys that were installed from it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from custody.formats.certificates import Certificate, format_chain
from custody.keys.keyring import Keyring
from custody.keys.production.installation import (
    chain_for,
    install_first,
    install_next,
    read_certificates,
    request_seal,
    waiting,
)
from custody.keys.production.root import (
    make_council_root,
    read_council_root,
    read_request,
    sign_request,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NAME = "Barsetshire Council"
ORIGIN = "custody.barsetshire.gov.uk/log"
PASSPHRASE = "five words drawn by dice"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A council's offline root and the folder of the keys of its service."""

    root: Path
    keys: Path

    def signed(self, request: bytes, *, now: datetime = NOW) -> tuple[Certificate, ...]:
        """Issue what a request asks for, as the offline machine does; returns what it sends."""
        root = read_council_root(self.root, PASSPHRASE)
        made = sign_request(
            root, read_request(request), now=now, serial=x509.random_serial_number()
        )
        return read_certificates([format_chain(made)])

    def install(self, *, now: datetime = NOW) -> Keyring:
        """Request a certificate, have it issued, and install it."""
        issued = self.signed(request_seal(self.keys, NAME), now=now)
        first = waiting(self.keys) == "seal"
        chain = chain_for(self.keys, waiting(self.keys), issued, now=now)
        if first:
            return install_first(self.keys, chain, council=NAME, origin=ORIGIN, now=now)
        return install_next(self.keys, chain, now=now)


def begun(folder: Path, *, now: datetime = NOW) -> Ceremony:
    """Make the council's root; there are no keys yet."""
    make_council_root(folder / "root", NAME, PASSPHRASE, now=now, serial=7)
    return Ceremony(folder / "root", folder / "keys")
