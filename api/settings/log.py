"""Edge. What a council says of its log, beside its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.settings.errors import SettingsError

MOST_LOCK_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class LogRules:
    """How the log is published."""

    publish: bool = True
    """Whether it is put into its bucket, before anything of it is signed."""
    lock_days: int = 3650
    """For how long the bucket refuses to delete what is full and never changes again."""


USUAL_LOG = LogRules()


def read_log(table: Mapping[str, Any]) -> LogRules:
    """Read it from council.toml.

    Raises:
        SettingsError: something is not as it must be.
    """
    log = table.get("log", {})
    publish = log.get("publish", USUAL_LOG.publish)
    days = log.get("lock_days", USUAL_LOG.lock_days)
    if not isinstance(publish, bool):
        raise SettingsError("council.toml: log.publish is true or false")
    if type(days) is not int or not 0 < days <= MOST_LOCK_DAYS:
        raise SettingsError(f"council.toml: log.lock_days is a number from 1 to {MOST_LOCK_DAYS}")
    return LogRules(publish, days)
