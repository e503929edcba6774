"""Adapter. Ask a time server how far this machine's clock is from its own (RFC 5905, SNTP)."""

from dataclasses import dataclass
from datetime import timedelta

import ntplib

_PATIENCE_S = 5.0
_UNSYNCHRONISED, _HIGHEST_STRATUM = 3, 15


@dataclass(frozen=True, slots=True)
class TimeServer:
    """A server that the council trusts: its word is plain, and whoever is on the way can change it.

    So it is one of several things that the clock is held against, and sets no clock.
    """

    host: str
    port: int = 123

    def ahead(self) -> timedelta | None:
        """Return how far this machine's clock is ahead; None: no answer, or none worth anything."""
        try:
            answer = ntplib.NTPClient().request(
                self.host, version=4, port=self.port, timeout=_PATIENCE_S
            )
        except (ntplib.NTPException, OSError):
            return None
        if answer.leap == _UNSYNCHRONISED or not 1 <= answer.stratum <= _HIGHEST_STRATUM:
            return None
        return -timedelta(seconds=answer.offset)
