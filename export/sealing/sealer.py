"""Service. The council that seals: its name, its keys, and the authority that it asks for time."""

from dataclasses import dataclass

from custody.formats.certificates import Certificate
from custody.formats.note import VerifierKey
from custody.keys.signing import SealSigner
from custody.stamping.timestamp import TimeAuthority


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who seals, and with what."""

    name: str
    demonstration: bool
    retention_days: int
    signer: SealSigner
    log_key: VerifierKey
    authority: TimeAuthority
    authorities: tuple[tuple[Certificate, ...], ...]
    """The chain of each authority that was ever in use, the present one first: a receipt may be
    older than it."""
