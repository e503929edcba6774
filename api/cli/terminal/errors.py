"""What can go wrong with a command line, before anything is done.

* UsageError: it cannot be followed; refuse, the message says what is missing

Loads nothing: `custos verify` raises it where only the base dependencies are installed.
"""


class UsageError(Exception):
    """The command line cannot be followed, or names what cannot be used; the message says why."""
