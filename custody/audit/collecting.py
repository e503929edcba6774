"""Service. Keeps the garbage collector from an audit, of whose time it was a fifth.

An audit makes and lets go of millions of small things, and of hardly any that refers to itself.
Python's collector looks at them after every 700, and again and again at all that was there before.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 100_000
"""New things that are held, after which the collector looks at them."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the collector of this process look seldom; afterwards it does as before."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
