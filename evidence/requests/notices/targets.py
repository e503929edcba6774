"""Pure. Where we call somebody else's system: by TLS, at a public address, and nowhere else.

Whoever names an address of ours could have us ask a machine that only we reach: the store, the
database, the metadata of a cloud. So the name is looked up at each call, every address that it has
must be public, and that address, and no other, is connected to.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from evidence.errors import InvalidError

FIELD = "url"
_MOST = 500
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!-\"$-~]*)?",
    re.ASCII,
)
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65_535
_UNICAST = IPv6Network("2000::/3")
LOCAL = "localhost"


@dataclass(frozen=True, slots=True)
class Target:
    """An address that is called."""

    scheme: str
    host: str
    port: int
    path: str
    """With its query."""

    @property
    def named(self) -> str:
        """The host as a request names it (RFC 9110, section 7.2)."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, which only a demonstration calls."""
        return (self.scheme, self.host) == ("http", LOCAL)


def parse_target(url: str, *, local: bool) -> Target:
    """Read an address; ``local`` lets it be http://localhost.

    Raises:
        InvalidError: it is none that is called; says which are.
    """
    match = _URL.fullmatch(url) if len(url) <= _MOST else None
    words = "give an address such as https://claims.example/custos, without user name or fragment"
    if match is None:
        raise InvalidError(FIELD, words)
    scheme, host = match["scheme"], match["host"]
    target = Target(scheme, host, int(match["port"] or _PORTS[scheme]), match["path"] or "/")
    if not 0 < target.port <= _LAST_PORT:
        raise InvalidError(FIELD, words)
    if scheme != "https" and not (local and target.is_local):
        raise InvalidError(FIELD, f"it must begin with https: {words}")
    return target


def is_allowed(target: Target, address: str) -> bool:
    """Tell whether an address that a name has may be connected to."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if target.is_local:
        return found.is_loopback
    return _is_public(found)


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if isinstance(found, IPv6Address):
        # What carries an address of version 4 leads wherever that one does.
        carries = found.sixtofour or found.teredo
        return found in _UNICAST and found.is_global and carries is None
    return found.is_global and not found.is_multicast
