"""Edge. `custos log audit`: the log against the database, and both against what they promised."""

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from sqlmodel import Session

from api.acts import act
from api.builders.trust import time_authority
from api.cli.terminal.caller import add_acting, services_of, settings_of, subject_of
from api.wiring import Services, build
from custody.audit.facts import AuditReport
from custody.audit.log import Material, audit, processes_worth, take_snapshot
from custody.check.finding import Finding, Outcome
from custody.formats.certificates import format_chain
from custody.printable import printable, printable_json
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.desk.claims.claims import claims
from export.desk.claims.roles import check_roles
from storage.embedded.engines import database_alone, stand_still

_MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.NOTE: "·", Outcome.NOT_CHECKED: "?"}
_INDENT = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos log`."""
    whats = parser.add_subparsers(dest="what", required=True)
    auditing = whats.add_parser("audit", help="compute the whole log anew, and compare")
    auditing.add_argument("--json", action="store_true", help="print the report for a program")
    auditing.add_argument(
        "--processes",
        type=_at_least_one,
        default=os.cpu_count() or 1,
        help="how many processes share a long log (as many as there are processors)",
    )
    add_acting(auditing)


def run(given: argparse.Namespace) -> int:
    """Audit the log; the exit code is 1 if anything is wrong."""
    with _services(given) as services:
        subject = subject_of(given, services)
        report = audit_log(services, subject, processes=given.processes)
    print(_json(report) if given.json else _table(report))
    return 1 if report.failed else 0


@contextmanager
def _services(given: argparse.Namespace) -> Iterator[Services]:
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


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def audit_log(services: Services, subject: Subject, *, processes: int = 1) -> AuditReport:
    """Audit the log on behalf of ``subject``, in so many processes if it is long enough for them.

    Raises:
        AccessRefusedError: they may not; the refusal is an event.
    """

    def look(session: Session) -> AuditReport:
        require(Action.AUDIT_LOG, subject)
        take_snapshot(session)
        return audit_session(services, session, processes=processes_worth(session, processes))

    return act(services, subject, look)


def audit_session(services: Services, session: Session, *, processes: int = 1) -> AuditReport:
    """Audit what one transaction sees, with the keys of this service."""
    return audit(session, material_of(services), processes=processes)


def material_of(services: Services) -> Material:
    """Return what an audit needs beside the database."""
    chain = time_authority(services.settings, services.keyring).chain
    return Material(
        record_kek=services.keyring.epochs,
        mac_key=services.keyring.event_hmac,
        log_key=services.keyring.log_signer.key,
        tsa_chain_pem=format_chain(chain),
        claims=claims,
        roles=check_roles,
        now=services.clock(),
    )


def _json(report: AuditReport) -> str:
    whole = {
        "ok": not report.failed,
        "size": report.size,
        "root": report.root.hex(),
        "findings": [asdict(finding) for finding in report.findings],
    }
    return printable_json(json.dumps(whole, indent=2, ensure_ascii=False))


def _table(report: AuditReport) -> str:
    lines = [line for finding in report.findings for line in _lines(finding)]
    verdict = "The log and the database agree."
    if report.failed:
        verdict = "THE LOG AND THE DATABASE DO NOT AGREE: a person must look, before anything else."
    return "\n".join([*lines, "", f"{verdict} Entries: {report.size}, root {report.root.hex()}"])


def _lines(finding: Finding) -> list[str]:
    subject = f" [{finding.subject}]" if finding.subject else ""
    lines = [f"{_MARKS[finding.outcome]} {finding.step:<{_INDENT - 2}}{finding.words}{subject}"]
    if finding.outcome is Outcome.FAIL and (finding.expected or finding.found):
        lines += [
            f"{'':{_INDENT}}expected {finding.expected}",
            f"{'':{_INDENT}}found    {finding.found}",
        ]
    return [printable(line) for line in lines]  # what a row says, somebody may have written past us
