"""Service. Work that gave up because something was away too long is taken up again by itself.

A time authority or a store that comes back after a day finds what waits for it. Until it is done,
a person is shown that it waits: the call goes only when the job came to its end.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlmodel import Session

from evidence import attention
from evidence.fees.fees import JOB_SETTLE
from evidence.fees.reconciliation import JOB_RECONCILE
from export.holdings.holds import JOB_HOLD
from export.holdings.masters import JOB_STAMP
from export.holdings.stamps import JOB_STAMP_LOG
from storage.jobs import Jobs

PICKED_UP = (JOB_STAMP, JOB_STAMP_LOG, JOB_HOLD, JOB_SETTLE, JOB_RECONCILE)
"""Jobs that cost little, do nothing twice, and fail for want of something outside."""
AGAIN_AFTER = timedelta(minutes=10)
"""How long after a job gave up it is deferred again: it then has all of its attempts anew."""
_AT_ONCE = 200


class Pickups:
    """Looks for what gave up. Run by one worker at a time, every minute."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Session]], jobs: Jobs) -> None:
        self._begin = begin
        self._jobs = jobs

    def run(self, *, at: datetime) -> int:
        """Defer again what gave up some time ago; return how many. What waits already, waits on."""
        with self._begin() as session:
            found = attention.calls_before(session, PICKED_UP, at - AGAIN_AFTER, most=_AT_ONCE)
            for subject, job in found:
                self._jobs.defer(session, job, str(subject))
        return len(found)
