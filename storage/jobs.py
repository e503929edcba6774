"""Service. Work that outlives its request: deferred in the transaction that causes it.

A job is a name and one subject (the identifier of what it works on). It runs at least once, so
whoever does the work makes it idempotent. Jobs with one name and subject never run side by side.
"""

import logging
from collections.abc import Collection

import procrastinate
from procrastinate import exceptions
from sqlalchemy import text
from sqlmodel import Session

_BUSY = text(
    """
    SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :name)
        OR EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'doing' AND task_name = :name)
    """
)
DEFAULT_LANE, PROMPT_LANE = "default", "prompt"
_log = logging.getLogger("custos.jobs")


def job_key(name: str, subject: str) -> str:
    """Return what a job is called by its name and subject; its lock is called the same."""
    return f"{name}:{subject}"


class Jobs:
    """Defers jobs; needs no connection but the caller's.

    The jobs named in ``prompt`` are for somebody who waits at a page: they have a lane of their
    own, and never stand behind work of minutes.
    """

    def __init__(self, *, prompt: Collection[str] = ()) -> None:
        self._app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
        self._prompt = frozenset(prompt)

    def is_busy(self, session: Session, name: str) -> bool:
        """Tell whether a job ``name`` waits, or is being done."""
        return bool(session.connection().scalar(_BUSY, {"name": name}))

    def defer(self, session: Session, name: str, subject: str) -> None:
        """Defer job ``name`` for ``subject`` in the transaction of ``session``.

        If it is waiting already, nothing is added. If the transaction is undone, so is the job.
        """
        connection = session.connection()
        key = job_key(name, subject)
        deferrer = self._app.configure_task(
            name,
            queue=PROMPT_LANE if name in self._prompt else DEFAULT_LANE,
            lock=key,
            queueing_lock=key,
            connection=connection.connection.driver_connection,
        )
        try:
            # The connection's savepoint, not the session's: that one waits for a statement of its
            # own, and without it the refusal of a second job would end the whole transaction.
            with connection.begin_nested():
                deferrer.defer(subject=subject)
        except exceptions.AlreadyEnqueued:
            _log.debug("job %s waits already", name)
