"""Edge. `custos keys show`: what others need to know our keys by."""

import argparse

from api.cli.terminal.caller import add_data, settings_of
from custody.keys.keyring import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos keys`."""
    parser.add_argument("what", choices=["show"])
    add_data(parser)


def run(given: argparse.Namespace) -> int:
    """Print the log's verifier key and the certificates' fingerprints; no secret."""
    keyring = load(settings_of(given).keys)
    if keyring.demonstration:
        print("DEMONSTRATION KEYS: what they seal is no evidence.\n")
    fingerprints = keyring.fingerprints()
    width = max(map(len, fingerprints)) + 2
    for name, value in fingerprints.items():
        print(f"{name:<{width}}{value}")
    return 0
