"""Edge. `custos log export`: writes the log as files, which any program for C2SP logs can read.

What is there already is compared, and kept: an export that was cut off goes on, and one into the
same directory later adds what came since.
"""

import argparse
from importlib import import_module
from pathlib import Path

from api.cli.terminal.acting import add_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to")
    add_data(parser)


def run(given: argparse.Namespace) -> int:
    """Export the log."""
    return int(import_module("api.cli.proof.logs.kept").export(given))
