"""Service. Workers on the queue of `storage/jobs`: they outlive each other, and lose no job.

A job of a worker that died is given to another one, and only so often; what is retried, and what
then needs a person, whoever builds a worker says.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import procrastinate
import psycopg
from procrastinate import exceptions
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT, JobManager
from psycopg.abc import PQGen

from storage.errors import UnavailableError
from storage.jobs import DEFAULT_LANE, PROMPT_LANE

Work = Callable[[str], None]
Chore = Callable[[], None]
"""What is done every minute and for nobody in particular: it finds for itself what is due."""
GiveUp = Callable[[str, str, Exception], None]
"""Told the job's name, subject and error when nobody will try again."""

MOST_RESCUES = 40
"""A job that took this many workers down with it is not given to another one."""
_RESCUE = "jobs.rescue"
_PROMPT_AT_ONCE = 2

_PATIENCE_S = 60.0

_log = logging.getLogger("custos.jobs")
T = TypeVar("T")


class Retry(procrastinate.BaseRetryStrategy):
    """Try again, with growing pauses, what failed for want of an engine or an authority."""

    def __init__(self, errors: tuple[type[Exception], ...], *, most: int) -> None:
        self.errors = errors
        self.most = most

    def get_retry_decision(
        self, *, exception: BaseException, job: Job
    ) -> procrastinate.RetryDecision | None:
        """Return when to try again: after 1, 2, 4 … at most 60 s; None: never."""
        if not isinstance(exception, self.errors) or job.attempts >= self.most:
            return None
        pause = min(2**job.attempts, 60)
        return procrastinate.RetryDecision(retry_in={"seconds": pause})


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon a dead worker is noticed, and its jobs are given to another one."""

    heartbeat_s: float = 4.0
    stalled_s: float = 12.0
    """A worker that was silent for so long is taken for dead."""
    rescue_s: float = 5.0
    """How often somebody looks for jobs of the dead."""
    look_s: float = 5.0
    """How often somebody looks for jobs whose time has come; new ones announce themselves."""
    chores: str = "* * * * *"
    """When chores are done, as cron says it: every minute."""


class _Quiet(psycopg.AsyncConnection[Any]):
    """Waits for the server without waking up ten times a second: asyncio interrupts it anyway."""

    async def wait(
        self,
        gen: PQGen[T],
        interval: float = _PATIENCE_S,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> T:
        """Wait for what ``gen`` waits for."""
        return await super().wait(gen, interval, timeout)


class _Manager(JobManager):
    """Procrastinate's own, but for two moments in which it leaves a job "doing" for ever."""

    def __init__(self, connector: BaseConnector, lost: asyncio.Event) -> None:
        super().__init__(connector)
        self.lost = lost
        """Set when the database did not take what became of a job."""

    async def put_back(
        self, job: Job, *, retry_at: datetime | None = None, priority: int | None = None
    ) -> None:
        """Let a job run again, unless the same was asked for meanwhile and waits already."""
        try:
            await super().retry_job(job, retry_at=retry_at, priority=priority)
        except exceptions.UniqueViolation as error:
            if error.constraint_name != QUEUEING_LOCK_CONSTRAINT:
                raise
            await super().finish_job(job, status=Status.FAILED, delete_job=True)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Acknowledge a job that failed and is to run again."""
        del queue, lock  # ours never change
        with self._acknowledging():
            await self.put_back(job, retry_at=retry_at, priority=priority)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Acknowledge a job that ended."""
        with self._acknowledging():
            await super().finish_job(job, status=status, delete_job=delete_job)

    @contextmanager
    def _acknowledging(self) -> Iterator[None]:
        try:
            yield
        except exceptions.ConnectorException:
            # The job stays "doing", of a worker that goes on: nobody would ever look at it again.
            self.lost.set()
            raise


class JobWorker:
    """Runs jobs until it is told to stop, and takes over those of workers that died.

    ``retryable`` are the errors after which a later attempt may succeed; every other error, and
    the one after the last attempt, goes to ``give_up``.
    """

    def __init__(
        self,
        conninfo: str,
        work: Mapping[str, Work],
        *,
        retryable: tuple[type[Exception], ...],
        give_up: GiveUp,
        most_attempts: int = 500,
        pace: Pace | None = None,
        chores: Mapping[str, Chore] | None = None,
    ) -> None:
        self._lost = asyncio.Event()
        self._app, self._manager = self._lane(conninfo)
        self._prompt, _ = self._lane(conninfo)
        self._pace = pace or Pace()
        self._retry = Retry(retryable, most=most_attempts)
        self._give_up = give_up
        for name, run in work.items():
            self._register(self._app, name, run)
            self._register(self._prompt, name, run)
        self._app.task(name=_RESCUE, queueing_lock=_RESCUE)(self._rescue)
        self._periodic = {_RESCUE, *(chores or {})}
        for name, chore in (chores or {}).items():
            self._register_chore(name, chore)

    def _lane(self, conninfo: str) -> tuple[procrastinate.App, _Manager]:
        """Return what works on one queue: an App of its own, since one App has one worker."""
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo, min_size=1, max_size=8, connection_class=_Quiet
        )
        app = procrastinate.App(connector=connector)
        manager = _Manager(app.connector, self._lost)
        app.job_manager = manager
        return app, manager

    def _register(self, app: procrastinate.App, name: str, run: Work) -> None:
        def attempt(context: procrastinate.JobContext, subject: str) -> None:
            try:
                run(subject)
            except Exception as error:
                again = self._retry.get_retry_decision(exception=error, job=context.job)
                if again is None:
                    self._give_up(name, subject, error)
                raise

        app.task(name=name, retry=self._retry, pass_context=True)(attempt)

    def _register_chore(self, name: str, chore: Chore) -> None:
        """Have a chore done every minute by one of all workers, and never by two at once.

        The queue takes each minute once, whoever defers it. One that fails, or that dies with its
        worker, is not tried again: the next minute's finds what it left.
        """

        def attempt(timestamp: int) -> None:
            del timestamp
            chore()

        self._app.periodic(cron=self._pace.chores)(
            self._app.task(name=name, lock=name, queueing_lock=name)(attempt)
        )

    async def _watch(self) -> None:
        """Look now and then whether a worker died at its jobs, and have them rescued.

        The look is one statement. The rescue is a job: no two workers may be at it.
        """
        while True:
            await asyncio.sleep(self._pace.rescue_s)
            if await self._manager.get_stalled_jobs(seconds_since_heartbeat=self._pace.stalled_s):
                with suppress(exceptions.AlreadyEnqueued):
                    await self._app.configure_task(_RESCUE, queueing_lock=_RESCUE).defer_async()

    async def _rescue(self) -> None:
        """Give the jobs of dead workers to live ones.

        Each time, the job goes one priority down: it stands behind those that kill nobody, and
        its priority counts its rescues.
        """
        stalled = self._pace.stalled_s
        for job in await self._manager.get_stalled_jobs(seconds_since_heartbeat=stalled):
            if job.task_name in self._periodic:
                await self._manager.finish_job(job, status=Status.FAILED, delete_job=True)
            elif -job.priority < MOST_RESCUES:
                await self._manager.put_back(job, priority=job.priority - 1)
            else:
                words = f"{-job.priority + 1} workers ended while they were at it"
                subject = str(job.task_kwargs.get("subject", ""))
                await asyncio.to_thread(self._give_up, job.task_name, subject, RuntimeError(words))
                # A crash here costs nothing: it is given up once more.
                await self._manager.finish_job(job, status=Status.FAILED, delete_job=False)

    async def run(self, *, concurrency: int = 3) -> None:
        """Work until SIGINT or SIGTERM; jobs that run then may take 20 s to end.

        Raises:
            UnavailableError: the database did not take what became of a job. Start another worker:
                as soon as this one has signed off, its jobs are given to that one.
        """
        async with self._app.open_async(), self._prompt.open_async():
            # The first hears signals, and the second ends with it.
            lanes = [
                self._working(self._app, DEFAULT_LANE, concurrency, hears_signals=True),
                self._working(self._prompt, PROMPT_LANE, _PROMPT_AT_ONCE, hears_signals=False),
            ]
            lost = asyncio.create_task(self._lost.wait())
            watch = asyncio.create_task(self._watch())
            try:
                await asyncio.wait((*lanes, lost, watch), return_when=asyncio.FIRST_COMPLETED)
            finally:
                lost.cancel()
                for task in (*lanes, watch):
                    task.cancel()
                ended = await asyncio.gather(*lanes, watch, return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):
                    raise error
        if self._lost.is_set():
            raise UnavailableError("the database did not take note of what became of a job")

    def _working(
        self, app: procrastinate.App, queue: str, concurrency: int, *, hears_signals: bool
    ) -> asyncio.Task[None]:
        """Begin to work on one queue; cancelled, it lets the jobs that run come to their end."""
        return asyncio.create_task(
            app.run_worker_async(
                queues=[queue],
                concurrency=concurrency,
                fetch_job_polling_interval=self._pace.look_s,
                update_heartbeat_interval=self._pace.heartbeat_s,
                stalled_worker_timeout=self._pace.stalled_s,
                shutdown_graceful_timeout=20.0,
                delete_jobs="successful",
                install_signal_handlers=hears_signals,
            )
        )
