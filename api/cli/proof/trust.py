"""Edge. `custos trust export`: what a verifier must get from the council by another road."""

import argparse
from pathlib import Path

from api.builders.record.trust import trust_file
from api.cli.terminal.caller import add_data, settings_of
from custody.formats.canonical import format_time
from custody.formats.trust import parse_trust
from custody.keys.keyring import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos trust`."""
    parser.add_argument("what", choices=["export"])
    parser.add_argument("file", type=Path, help="where to write the trust file")
    add_data(parser)


def run(given: argparse.Namespace) -> int:
    """Write the trust file."""
    settings = settings_of(given)
    keyring = load(settings.keys)
    content = trust_file(settings, keyring)
    given.file.write_bytes(content)
    issue = parse_trust(content).issue
    assert issue is not None  # every file that can be read has one
    said = f"number {issue.number}, issued {format_time(issue.at)}"
    print(f"Trust file of {keyring.council}, {said}: {given.file}")
    print("Publish it where nobody who could change a package can change it too.")
    return 0
