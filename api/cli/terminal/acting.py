"""Edge. The options of commands that act for somebody, at a place. Loads nothing of a server."""

import argparse
from pathlib import Path

_PORTS = 65_535


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the service keeps its data."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data directory (CUSTOS_DATA; ./custos-data)"
    )


def port_number(text: str) -> int:
    """Read the number of a port, as an argument.

    Raises:
        ArgumentTypeError: there is no such port.
    """
    digits = text if text.isascii() and text.isdigit() and len(text) <= len(str(_PORTS)) else "0"
    if not 0 < int(digits) <= _PORTS:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no port: 1 to {_PORTS} are")
    return int(digits)


def add_acting(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that acts for somebody."""
    add_data(parser)
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with the API token of whoever acts (CUSTOS_TOKEN_FILE)",
    )
