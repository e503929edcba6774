"""Service. The audit of the log against the database, each night: its result is an event.

It computes all anew over a snapshot, in one process, and holds nobody up. A log that has stopped is
audited all the same: what was found is then kept without an event, and says so.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from custody.audit.facts import AuditReport
from custody.audit.log import Material, audit, take_snapshot
from custody.errors import ClockError, LogStoppedError
from custody.formats.canonical import canonical_json
from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger
from custody.ledger.tables import CustodyEventRow
from evidence import attention
from evidence.attention import THE_LOG
from evidence.exhibits.clocks import LONDON
from export.desk.oversight.tables import AuditOutcome, LogAuditRow, UnrecordedAuditRow
from storage.jobs import Jobs

JOB_AUDIT = "log.audit"
"""Subject: `THE_LOG`."""
DIFFERS = "log.differs"
"""Calls a person to `THE_LOG` as long as the last audit found something wrong."""
AUDITED = "log.audited"
HOUR = 2
"""On the council's clock: when hardly anybody works."""
_log = logging.getLogger("custos.audit")


class NightlyAudit:
    """Audits once a night."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        jobs: Jobs,
        material: Callable[[], Material],
        *,
        clock: Callable[[], datetime],
        elapsed: Callable[[], float],
    ) -> None:
        """``elapsed`` is a clock that never jumps, in seconds."""
        self._begin = begin
        self._ledger = ledger
        self._jobs = jobs
        self._material = material
        self._clock = clock
        self._elapsed = elapsed

    def due(self, *, at: datetime) -> None:
        """Have the log audited if its hour has come and nobody did, even if that was hours ago."""
        with self._begin() as session:
            if _is_due(session, at):
                self._jobs.defer(session, JOB_AUDIT, str(THE_LOG))

    def run(self, _log: UUID) -> None:
        """Audit, unless this night's was done meanwhile. The work of `JOB_AUDIT`.

        Raises:
            UnavailableError: the database does not answer; the job is tried again.
        """
        with self._begin() as session:
            if not _is_due(session, self._clock()):
                return
        self.audit()

    def audit(self) -> AuditReport:
        """Audit now, and record what was found.

        Raises:
            UnavailableError: the database does not answer. Nothing was recorded.
        """
        began = self._elapsed()
        with self._begin() as session:
            take_snapshot(session)
            report = audit(session, self._material())
        said = _said(report, round((self._elapsed() - began) * 1000))
        at = self._clock().replace(microsecond=0)
        try:
            with self._begin() as session:
                self._record(session, said, at)
                _tell(session, report, at)
        except (LogStoppedError, ClockError) as error:
            with self._begin() as session:
                session.add(UnrecordedAuditRow(at=at, why=str(error), **said))
                _tell(session, report, at)
        if report.failed:
            _log.error("the audit of %d entries found what is wrong", report.size)
        return report

    def _record(self, session: Session, said: dict[str, Any], at: datetime) -> None:
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        values = {**said, "findings": findings_sha256(said["findings"])}
        self._ledger.append(session, record, AUDITED, values, at=at)
        session.add(LogAuditRow(id=record, at=at, **said))
        session.flush()


def findings_sha256(findings: Any) -> str:  # noqa: ANN401 - as the column of a row has them
    """Return what the event commits to of what an audit found."""
    return sha256(canonical_json(findings)).hexdigest()


def _said(report: AuditReport, duration_ms: int) -> dict[str, Any]:
    return {
        "size": report.size,
        "root": report.root.hex(),
        "outcome": (AuditOutcome.DIFFERS if report.failed else AuditOutcome.WHOLE).value,
        "failures": len(report.failed),
        "findings": [
            {
                "step": str(one.step),
                "outcome": one.outcome.value,
                "words": one.words,
                "subject": one.subject,
            }
            for one in report.findings
        ],
        "duration_ms": duration_ms,
    }


def _tell(session: Session, report: AuditReport, at: datetime) -> None:
    """Call a person to what is wrong, or take the call back."""
    if not report.failed:
        attention.settle(session, THE_LOG, DIFFERS)
        return
    first, count = report.failed[0], len(report.failed)
    more = f", and {count - 1} more" if count > 1 else ""
    subject = f" [{first.subject}]" if first.subject else ""
    words = f"the audit of the log found: {first.words.rstrip('.')}{subject}{more}."
    attention.call(session, THE_LOG, DIFFERS, words, at=at)


def _is_due(session: Session, at: datetime) -> bool:
    """Tell whether a night is over its hour without an audit. Of what is younger, none is asked."""
    local = at.astimezone(LONDON)
    day = local.date() if local.hour >= HOUR else local.date() - timedelta(days=1)
    night = datetime.combine(day, time(HOUR), LONDON)
    for row in (LogAuditRow, UnrecordedAuditRow):
        newest = session.exec(select(row.at).order_by(col(row.at).desc()).limit(1)).first()
        if newest is not None and newest >= night:
            return False
    # One that broke down needs a person; the next night's is a new one.
    if any(
        one.job == JOB_AUDIT and one.at >= night for one in attention.calls_to(session, THE_LOG)
    ):
        return False
    oldest = select(CustodyEventRow.at).order_by(col(CustodyEventRow.at)).limit(1)
    first = session.exec(oldest).first()
    return first is not None and first < night
