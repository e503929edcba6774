"""Edge. `custos log contains PACKAGE`: ties a package to the log that is published.

Each checkpoint that the package carries must be a beginning of the published log, and each entry
that it proves must stand there. The rest of the package `custos verify` checks.
"""

import argparse
from pathlib import Path

from api.cli.proof.logs.options import (
    EXITS,
    PLACE,
    RIGHT,
    UNKNOWN,
    WRONG,
    add_belief,
    answered,
    believed,
    source_at,
)
from api.cli.proof.logs.reports import as_json, findings_table
from api.cli.proof.verify import open_reader
from custody.check.finding import Finding, Outcome
from export.package.errors import PackageError
from export.package.logged import check_logged
from export.package.verify.bag import failure, open_package
from export.package.verify.survey import read_records

_STEP = "package"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = EXITS
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="the ZIP file as received")
    parser.add_argument(
        "--base", required=True, metavar=PLACE, help="where the council publishes its log"
    )
    add_belief(parser)
    parser.add_argument("--json", action="store_true", help="print the report for a program")


def run(given: argparse.Namespace) -> int:
    """Compare, and print what was found."""
    return answered(lambda: _run(given))


def _run(given: argparse.Namespace) -> int:
    policies = believed(given)
    findings = _findings(given)
    failed = any(finding.outcome is Outcome.FAIL for finding in findings)
    code = WRONG if failed else RIGHT if policies else UNKNOWN
    if given.json:
        print(as_json({"ok": code == RIGHT, "findings": [_plain(one) for one in findings]}))
        return code
    verdict = {
        RIGHT: "The package is of the published log.",
        # What is published may be what is damaged: that says nothing against the package.
        WRONG: "THE PACKAGE IS NOT PROVED TO BE OF THE PUBLISHED LOG: what is wrong stands above. "
        "Do not rely on it before the council has explained that.",
        UNKNOWN: "The package is of the published log, if the key that it names itself is the "
        "council's: give --trust to know.",
    }[code]
    print(f"{findings_table(findings)}\n\n{verdict}")
    return code


def _findings(given: argparse.Namespace) -> tuple[Finding, ...]:
    try:
        with open_reader(given.package) as reader:
            opened = open_package(reader)
            kept = read_records(reader, opened.spans, opened.paths).kept
    except PackageError as error:
        return (failure(_STEP, error),)
    return check_logged(kept, source_at(given.base), believed(given))


def _plain(finding: Finding) -> dict[str, str]:
    names = ("step", "outcome", "words", "subject", "expected", "found")
    return {name: str(getattr(finding, name)) for name in names}
