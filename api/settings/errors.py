"""What can go wrong with settings.

* SettingsError: one is missing or cannot be right; refuse, the message says what to set
"""


class SettingsError(Exception):
    """A setting is missing or cannot be right; the message names it and says what to set."""
