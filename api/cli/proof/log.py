"""Edge. `custos log`: what can be asked of the custody log, each by a module of its own.

What works on a published log runs on the base install: no module that is loaded here may need a
server's library before it is asked for something that does.
"""

import argparse
from typing import Final

from api.cli.proof.logs import audit, consistency, contains, export, prove, watch

_WHATS: Final = {
    "audit": (audit, "compute the whole log anew, and compare"),
    "prove": (prove, "write the proof that an entry, or each event of an exhibit, is in the log"),
    "consistency": (consistency, "write the proof that the log only grew from one size to another"),
    "watch": (watch, "look whether a published log only grew since it was last looked at"),
    "contains": (contains, "tie a package to the log that is published"),
    "export": (export, "write the log as files: tiles, checkpoint, vkey"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos log`."""
    whats = parser.add_subparsers(dest="what", required=True)
    for what, (module, words) in _WHATS.items():
        module.add_arguments(
            whats.add_parser(what, help=words, description=f"{words.capitalize()}.")
        )


def run(given: argparse.Namespace) -> int:
    """Do what was asked; return the exit code."""
    module, _ = _WHATS[given.what]
    return int(module.run(given))
