"""Edge. The command line. Each command is a file of one of its rooms, loaded when used.

`custos verify` must run where only the base dependencies are installed, so nothing here may import
a server's library before a command that needs it is called.
"""

import argparse
import gc
import importlib
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from storage.version import DISTRIBUTION, version

_ROOMS = {
    "work": {
        "exhibit": "take in clips, and look at exhibits",
        "release": "propose, approve and seal a release",
        "request": "work on requests for footage, or take in an organisation's list of them",
        "dispose": "erase people, and dispose of exhibits: each by two people",
        "account": "look at firms that pay monthly, and settle their statements",
        "camera": "take over a council's list of cameras, and look at the register",
    },
    "house": {
        "up": "start everything here and serve until Ctrl-C",
        "demo": "package a clip from start to end, and verify it",
        "keys": "make, install, rotate and show the keys of the council",
        "token": "let another person or machine in",
        "backup": "write database and footage into a folder, and the keys into another",
        "restore": "make a house of a backup, and bring it up to its published log",
        "clock": "hold the clock against what is known of the time, or vouch for it",
    },
    "proof": {
        "verify": "check a package, without any server",
        "log": "audit, prove, watch and export the custody log",
        "report": "say who could read what",
        "trust": "write the file that lets others verify what this council seals",
        "witness": "vouch that a log of somebody else only ever grows",
    },
}
"""The commands by the folders in which they stand, as the overview lists them."""
COMMANDS = {
    name: f"{__name__}.{room}.{name}" for room, commands in _ROOMS.items() for name in commands
}
"""Where the module of each command is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A file name may be no text, and a terminal may know fewer letters than we print.
            stream.reconfigure(errors="backslashreplace")
    if not given or given[0] in ("-h", "--help"):
        print(_overview())
        return 0 if given else 2
    if given[0] == "--version":
        print(f"custos {version()}")
        return 0
    if given[0] not in COMMANDS:
        print(f"custos: there is no command {given[0]!r}\n\n{_overview()}", file=sys.stderr)
        return 2
    gc.disable()  # while modules are loaded: it would take a fifth of the time, and find nothing
    try:
        module = importlib.import_module(COMMANDS[given[0]])
    except ModuleNotFoundError as error:
        words = f"this command needs the server's libraries ({error.name} is not installed)"
        print(f"custos: {words}: pip install '{DISTRIBUTION}[server]'", file=sys.stderr)
        return 2
    finally:
        gc.enable()
    parser = argparse.ArgumentParser(
        prog=f"custos {given[0]}", description=_words()[given[0]].capitalize() + "."
    )
    module.add_arguments(parser)
    if given[0] == "verify":
        return int(module.main(parser, given[1:]))
    parsed = parser.parse_args(given[1:])
    from api.cli.terminal.failures import failing_well  # noqa: PLC0415 - needs the server's libraries

    return failing_well(lambda: int(module.run(parsed)))


def _words() -> dict[str, str]:
    return {name: words for commands in _ROOMS.values() for name, words in commands.items()}


def _overview() -> str:
    lines = [f"  {name:<9}{words}" for name, words in _words().items()]
    return "\n".join(
        [
            "usage: custos COMMAND ...",
            "",
            "Packages CCTV evidence and proves its chain of custody.",
            "",
            *lines,
            "",
            "custos COMMAND --help tells more.",
        ]
    )
