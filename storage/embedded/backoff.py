"""Pure. How long to wait before a thing that keeps failing is tried again."""

_CALM_S = 60.0
_LONGEST_S = 30.0


class Backoff:
    """At once the first time, then 1, 2, 4 … 30 seconds apart, until a minute passed in peace."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._delay = 0.0

    def is_due(self, now: float) -> bool:
        """Tell whether ``self._delay`` seconds went by since the last try."""
        return self._last is None or now - self._last >= self._delay

    def tried(self, now: float) -> None:
        """Note a try at ``now``, a monotonic time in seconds."""
        calm = self._last is None or now - self._last > _CALM_S
        self._delay = 1.0 if calm else min(_LONGEST_S, self._delay * 2)
        self._last = now
