"""Edge. `custos log audit` of the house: its log against its database, and what it published."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlmodel import Session

from api.acts import act
from api.builders.record.oversight import audit_material
from api.cli.proof.logs.options import source_at
from api.cli.proof.logs.reports import audit_json, audit_table
from api.cli.terminal.caller import services_of, settings_of, subject_of
from api.services import Services
from api.wiring import build
from custody.audit.facts import AuditReport
from custody.audit.log import Material, audit, processes_worth, take_snapshot
from custody.check.finding import Finding, Outcome
from custody.errors import FormatError, ProofError
from custody.formats.policy import LogPolicy
from custody.ledger.entries import stored_entries
from custody.published.heads import check_head
from custody.published.rivals import compare
from custody.tree.tiles import CHECKPOINT, LogSource
from evidence.people.access import Action, Subject
from evidence.people.people import require
from storage.embedded.engines import database_alone, stand_still

_RIGHT = "The log and the database agree."
_WRONG = "THE LOG AND THE DATABASE DO NOT AGREE: a person must look, before anything else."
_PUBLISHED = "published"


def run(given: argparse.Namespace) -> int:
    """Audit the log; the exit code is 1 if anything is wrong."""
    published = None if given.against is None else source_at(given.against)
    with services_alone(given) as services:
        subject = subject_of(given, services)
        report = audit_log(services, subject, processes=given.processes, against=published)
    print(audit_json(report) if given.json else audit_table(report, right=_RIGHT, wrong=_WRONG))
    return 1 if report.failed else 0


@contextmanager
def services_alone(given: argparse.Namespace) -> Iterator[Services]:
    """Build the services, over the database alone if the house does not run: its log can be read.

    A house that does not start, or must not, is when an audit is needed most.
    """
    settings = settings_of(given)
    if settings.engines is not None or not stand_still(settings.data):
        with services_of(given) as services:
            yield services
        return
    with database_alone(settings.data) as addresses:
        services = build(replace(settings, engines=addresses), pool_size=2)
        try:
            yield services
        finally:
            services.close()


def audit_log(
    services: Services, subject: Subject, *, processes: int = 1, against: LogSource | None = None
) -> AuditReport:
    """Audit the log on behalf of ``subject``, in so many processes if it is long enough for them.

    ``against``: what was published of it, which is held against the database too.

    Raises:
        AccessRefusedError: they may not; the refusal is an event.
        NotYetError, LogAwayError: nothing is published there, or it does not answer.
    """

    def look(session: Session) -> AuditReport:
        require(Action.AUDIT_LOG, subject)
        # Before the snapshot: the database must then know whatever is published.
        note = None if against is None else against.checkpoint()
        take_snapshot(session)
        report = audit_session(services, session, processes=processes_worth(session, processes))
        if against is None or note is None:
            return report
        found = _held_against(services, session, against, note)
        return replace(report, findings=(*report.findings, *found))

    return act(services, subject, look)


def _held_against(
    services: Services, session: Session, source: LogSource, note: bytes
) -> tuple[Finding, ...]:
    """Hold the database against what is published; our own key says which side was signed."""
    try:
        head = check_head(note, [LogPolicy(services.keyring.log_signer.key)]).checkpoint
    except FormatError as error:
        return (Finding(_PUBLISHED, Outcome.FAIL, f"{error}.", CHECKPOINT),)
    except ProofError as error:
        words, sides = f"{error.words}.", (error.expected, error.found)
        return (Finding(_PUBLISHED, Outcome.FAIL, words, CHECKPOINT, *sides),)
    found = compare(stored_entries(session), source, head)
    return tuple(replace(one, step=_PUBLISHED) for one in found.close())


def audit_session(services: Services, session: Session, *, processes: int = 1) -> AuditReport:
    """Audit what one transaction sees, with the keys of this service."""
    return audit(session, material_of(services), processes=processes)


def material_of(services: Services) -> Material:
    """Return what an audit needs beside the database."""
    return audit_material(services.settings, services.keyring, services.clock())
