"""Edge. Progress on a terminal: a bar that redraws itself, or a line a step where there is none."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

_WIDTH = 28
_REDRAW_S = 0.1


class Bar:
    """One piece of work with a bar; on anything but a terminal, one line when it is done."""

    def __init__(self, words: str, total: int | None = None, *, out: TextIO | None = None) -> None:
        self._words = words
        self._total = total
        self._out = out or sys.stderr
        self._terminal = self._out.isatty()
        self._began = time.monotonic()
        self._drawn = 0.0
        self.done_words = ""

    def __enter__(self) -> Self:
        self.show(0)
        return self

    def show(self, done: int, note: str = "") -> None:
        """Draw the bar at ``done``; cheap to call often."""
        now = time.monotonic()
        if not self._terminal or now - self._drawn < _REDRAW_S:
            return
        self._drawn = now
        if self._total:
            filled = min(_WIDTH, _WIDTH * done // self._total)
            bar = "█" * filled + "░" * (_WIDTH - filled)
            tail = f"{bar} {min(100, 100 * done // self._total):3d} %"
        else:
            tail = f"{now - self._began:5.1f} s"
        self._out.write(f"\r\x1b[2K  {self._words:<36} {tail} {note}")
        self._out.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mark = "✓" if error is None else "✗"
        took = time.monotonic() - self._began
        start = "\r\x1b[2K" if self._terminal else ""
        line = f"{mark} {self._words:<36} {took:6.1f} s  {self.done_words}".rstrip()
        self._out.write(f"{start}{line}\n")
        self._out.flush()
