"""Edge. The worker: which job is done by which service, and what happens when none can do it."""

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from api.services import Services
from custody.errors import (
    AuthorityError,
    ClockError,
    CustodyError,
    LogStoppedError,
    NotYetError,
)
from evidence import attention
from evidence.errors import EvidenceError
from evidence.fees.fees import JOB_SETTLE
from evidence.fees.reconciliation import JOB_RECONCILE
from evidence.mailbox.messages import JOB_SEND
from evidence.requests.duplicates.older import JOB_LIKENESS
from evidence.requests.notices.changes import JOB_CALL
from export.delivery.links import JOB_CODE, JOB_REFUSED
from export.desk.oversight.nightly import JOB_AUDIT
from export.disposal.disposals import JOB_DISPOSE
from export.erasure.erasures import JOB_ERASE
from export.errors import ExportError
from export.holdings.copies import JOB_DERIVE
from export.holdings.fixity import JOB_RECHECK
from export.holdings.holds import JOB_HOLD
from export.holdings.masters import JOB_EXAMINE, JOB_STAMP
from export.holdings.stamps import JOB_STAMP_LOG
from export.release.decisions import JOB_ISSUE, JOB_SEAL
from export.sealing.aftercare.fixity import JOB_RECHECK_PACKAGE
from storage.database import bare_words, named_lock
from storage.errors import (
    CorruptError,
    NoRoomError,
    NotFoundError,
    StorageError,
    UnavailableError,
)
from storage.jobs import job_key
from storage.workers import JobWorker, Pace, Work

RETRYABLE = (
    UnavailableError,
    NotYetError,
    AuthorityError,
    ClockError,
    LogStoppedError,
    NoRoomError,
)
"""What a later attempt may get over; everything else needs a person."""
OURS = (StorageError, CustodyError, EvidenceError, ExportError)
"""What our own sentences are raised as."""
CHORE_DUE = "release.due"
"""Every minute: links that expired, warnings, second approvals, what may be forgotten, refusals
that were counted, what gave up because something was away, a log without a new timestamp, payments
whose time has come; once an hour the clock, and once a day what was settled, and the audit;
requests that are to be erased; files that were not read again for long."""

_log = logging.getLogger("custos.worker")


def worker(services: Services, *, pace: Pace | None = None) -> JobWorker:
    """Return the worker over ``services``."""
    work: dict[str, Callable[[UUID], None]] = {
        JOB_STAMP: services.stamps.stamp,
        JOB_STAMP_LOG: services.stamps.stamp_log,
        # A legal hold follows to the files that these make.
        JOB_EXAMINE: _both(services.copies.examine, services.holds.follow),
        JOB_DERIVE: _both(services.copies.derive, services.holds.follow),
        JOB_HOLD: services.holds.apply,
        JOB_DISPOSE: services.disposals.run,
        JOB_ERASE: services.person_erasures.run,
        JOB_SEAL: services.sealing.seal,
        JOB_ISSUE: services.links.issue,
        JOB_CODE: services.links.send_code,
        JOB_REFUSED: services.links.record_refusal,
        JOB_SEND: services.posting.send,
        JOB_SETTLE: services.payments.settle,
        JOB_CALL: services.webhooks.call,
        JOB_LIKENESS: services.older_requests.note,
        JOB_RECONCILE: services.reconciliation.reconcile,
        JOB_RECHECK: services.fixity.check,
        JOB_AUDIT: services.nightly_audit.run,
        JOB_RECHECK_PACKAGE: services.package_fixity.check,
    }
    return JobWorker(
        conninfo(services.addresses.app_url),
        {name: _alone(services, name, run) for name, run in work.items()},
        retryable=RETRYABLE,
        give_up=lambda name, subject, error: _give_up(services, name, subject, error),
        pace=pace,
        chores={CHORE_DUE: lambda: _mark_due(services)},
    )


def _mark_due(services: Services) -> None:
    """Let one process at a time do what is due: a worker taken for dead may yet be at it."""
    with named_lock(services.engine, CHORE_DUE) as held:
        if held is not None:
            at = services.clock()
            # First: what follows records something, and ends here while the log stands still.
            services.nightly_audit.due(at=at)
            services.timekeeping.look_hourly()
            services.refusals.tell(at=at)
            services.pickups.run(at=at)
            services.stamps.due(at=at)
            services.fixity.due(at=at)
            _mark_requests(services, at)
            services.payments.due(at=at)
            services.reconciliation.due(at=at)
            services.statements.due(at=at)
            services.deadlines.mark(at=at)
            services.erasures.run(at=at)


def _mark_requests(services: Services, at: datetime) -> None:
    """Write letters that are due, let the unpaid expire, delete documents, forget, call again."""
    for do in (
        services.request_deadlines.warn,
        services.request_deadlines.expire,
        services.document_reminders.write,
        services.feedback_invitations.write,
        services.document_deletions.run,
        services.drafts.forget,
        services.visits.forget,
        services.webhooks.due,
    ):
        with services.transaction() as session:
            do(session, at=at)


def _both(first: Callable[[UUID], None], then: Callable[[UUID], None]) -> Callable[[UUID], None]:
    """Return the work of two that is done when both are: a crash between them repeats the job."""

    def run(subject: UUID) -> None:
        first(subject)
        then(subject)

    return run


def _alone(services: Services, name: str, run: Callable[[UUID], None]) -> Work:
    """Return the work done by one process at a time: a worker taken for dead may yet be alive."""

    def work(subject: str) -> None:
        with named_lock(services.engine, job_key(name, subject)) as held:
            if held is None:
                raise UnavailableError(f"another worker is at {name} of {subject}")
            # The lock dies with its connection. Whoever works on without it may meet another
            # worker's traces; giving the lock back then says UnavailableError, whatever happened.
            run(UUID(subject))
        with services.transaction() as session:
            attention.settle(session, UUID(subject), name)

    return work


def _give_up(services: Services, name: str, subject: str, error: Exception) -> None:
    """Keep what went wrong where `exhibit show` and `release show` tell it."""
    _log.error("%s of %s needs a person: %s", name, subject, type(error).__name__, exc_info=error)
    at = services.clock()
    with services.transaction() as session:
        attention.call(session, UUID(subject), _called(name, error), _said(error), at=at)
        services.standstills.stop(session, UUID(subject), name, at=at)


def _called(name: str, error: Exception) -> str:
    """Return what a person is called to: nothing is said of files that could not be read."""
    if name == JOB_RECHECK and not isinstance(error, (CorruptError, NotFoundError)):
        return attention.NOT_READ
    return name


def _said(error: Exception) -> str:
    """Return what a person is told of an error: a sentence of ours, or only what kind it is.

    Sentences of others name files of this machine, rows and people; they are in the log.
    """
    if isinstance(error, SQLAlchemyError):
        return bare_words(getattr(error, "orig", None) or error)
    if isinstance(error, OURS):
        return str(error)
    return f"the work broke down ({type(error).__name__}); the service's log says where"


def conninfo(url: str) -> str:
    """Return a SQLAlchemy URL in the form that libpq reads."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
