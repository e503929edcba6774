"""Edge. The options of commands that act for somebody, at a place. Loads nothing of a server."""

import argparse
from pathlib import Path


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the service keeps its data."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data directory (CUSTOS_DATA; ./custos-data)"
    )


def add_acting(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that acts for somebody."""
    add_data(parser)
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with the API token of whoever acts (CUSTOS_TOKEN_FILE)",
    )
