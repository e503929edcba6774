"""Pure. Until when a document is kept: some days after its check, and never longer than so many."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long documents are kept."""

    after_check: timedelta
    longest: timedelta
    """After it was received, whoever did or did not check it."""

    def until(self, received_at: datetime, checked_at: datetime | None) -> datetime:
        """Return when a document is deleted."""
        last = received_at + self.longest
        return last if checked_at is None else min(last, checked_at + self.after_check)


def keeping(after_check_days: int, longest_days: int) -> Keeping:
    """Return how long documents are kept, from numbers of days."""
    return Keeping(timedelta(days=after_check_days), timedelta(days=longest_days))
