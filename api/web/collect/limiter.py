"""Edge. How often one address may send something, counted in memory and nowhere else.

The address itself is never kept: what is counted is a hash under a key of this process, gone with
it. An office behind one address must not notice; somebody who guesses must.
"""

import hashlib
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from api.denials import TooManyError

_HOME = 64
"""Bits of an IPv6 address that one household or office holds (RFC 6177)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in any such time; ``addresses`` bounds what is remembered."""

    most: int = 60
    within: timedelta = timedelta(minutes=5)
    addresses: int = 10_000


@dataclass(slots=True)
class _Bucket:
    """What one address has left, refilled evenly."""

    left: float
    at: datetime


class Limiter:
    """Counts. Safe to share between threads."""

    def __init__(
        self, limit: Limit | None = None, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self.limit = limit or Limit()
        self._key = random(32)
        self._seen: OrderedDict[bytes, _Bucket] = OrderedDict()
        self._lock = Lock()

    def count(self, address: str, *, at: datetime) -> None:
        """Count one more of ``address``.

        Raises:
            TooManyError: that was too often; says in how many seconds the next is welcome.
        """
        name = hashlib.blake2b(network_of(address).encode(), key=self._key, digest_size=16).digest()
        pause = self.limit.within / self.limit.most
        with self._lock:
            bucket = self._seen.pop(name, None) or _Bucket(float(self.limit.most), at)
            bucket.left = min(
                self.limit.most, bucket.left + max(at - bucket.at, timedelta()) / pause
            )
            bucket.at = at
            self._seen[name] = bucket
            while len(self._seen) > self.limit.addresses:
                self._seen.popitem(last=False)
            if bucket.left < 1:
                raise TooManyError(int((1 - bucket.left) * pause.total_seconds()) + 1)
            bucket.left -= 1


def network_of(address: str) -> str:
    """Return the address, or of IPv6 the network that one customer holds."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _HOME), strict=False))
    return str(parsed)
