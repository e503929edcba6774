"""Service. The council that seals: its name, its keys, and the authority that it asks for time."""

from dataclasses import dataclass

from custody.formats.certificates import Certificate
from custody.formats.policy import LogPolicy
from custody.keys.signing import SealSigner
from custody.stamping.timestamp import TimeAuthority


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who seals, and with what."""

    name: str
    demonstration: bool
    retention_days: int
    signer: SealSigner
    policy: LogPolicy
    """Whose signatures make a checkpoint valid: the log's, and its witnesses'."""
    authority: TimeAuthority
    authorities: tuple[tuple[Certificate, ...], ...]
    """The chain of each authority that was ever in use, the present one first: a receipt may be
    older than it."""
