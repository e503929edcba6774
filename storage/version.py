"""Adapter. Which version of the program this is, by what is installed; nobody else asks for it."""

from importlib import metadata
from typing import Final

DISTRIBUTION: Final = "custos-evidence"
"""The name in package indexes. The command is `custos`; there that name is somebody else's."""


def version() -> str:
    """Return the version of what is installed.

    Raises:
        PackageNotFoundError: nothing is; the program runs from a folder of its source.
    """
    return metadata.version(DISTRIBUTION)


def software() -> str:
    """Return how packages name what made them.

    Raises:
        PackageNotFoundError: as `version`.
    """
    return f"Custos {version()}"
