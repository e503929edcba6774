"""Edge. `custos verify PACKAGE`: checks a package and says so, without server and socket.

Needs the base install only. Exit codes: 0 verified, 1 failed, 2 unreadable or wrong usage, 3 intact
(no trust file was given) or, with --strict, verified but for a check that could not be made here.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from api.cli.terminal.errors import UsageError
from custody.errors import FormatError
from custody.trust import Trust, parse_trust
from export.package.verify.report import EXIT_CODES, Verdict
from export.package.verify.verify import PictureCheck, report_json, report_table, verify

EXIT_USAGE: Final = EXIT_CODES[Verdict.UNREADABLE]

_BAR: Final = 30
_MAX_TRUST: Final = 1 << 20
_SECONDS_BETWEEN: Final = 0.1


@dataclass(frozen=True, slots=True)
class FileReader:
    """Reads a package from an open file."""

    file: BinaryIO
    size: int

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, fewer only where the file ends."""
        self.file.seek(offset)
        data = self.file.read(size)
        while len(data) < size:
            more = self.file.read(size - len(data))
            if not more:
                break
            data += more
        return data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="the ZIP file as received")
    parser.add_argument(
        "--trust",
        type=Path,
        metavar="FILE",
        help="the council's trust file, got by another road than the package; without it the best "
        "answer is 'intact'",
    )
    parser.add_argument("--json", action="store_true", help="print the report for a program")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 3 if a check could not be made here, even if all others passed",
    )


def run(args: argparse.Namespace) -> int:
    """Verify, print the report, return the exit code."""
    try:
        trust = _read_trust(args.trust)
        with _open(args.package) as reader, _progress(sys.stderr) as progress:
            report = verify(
                reader, trust, strict=args.strict, progress=progress, pictures=_pictures()
            )
    except UsageError as error:
        print(f"custos verify: {error}", file=sys.stderr)
        return EXIT_USAGE
    if args.json:
        sys.stdout.buffer.write(report_json(report) + b"\n")
    else:
        sys.stdout.buffer.write(report_table(report).encode(sys.stdout.encoding, "replace"))
    return report.exit_code


def _pictures() -> PictureCheck | None:
    """Return what decodes the copies, where the extra [media] is installed."""
    if find_spec("av") is None:
        return None
    from export.package.pictures import check_pictures  # noqa: PLC0415 - as the sentence above says

    return check_pictures


def _read_trust(path: Path | None) -> Trust | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return parse_trust(file.read(_MAX_TRUST))
    except OSError as error:
        raise UsageError(f"the trust file {path} cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise UsageError(f"{path} is not a trust file of a council: {error}") from error


@contextmanager
def _open(path: Path) -> Iterator[FileReader]:
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder. Give the ZIP file as it was received; a folder that was unpacked "
            "from it can be checked by hand, with the lines in its VERIFY.txt"
        )
    try:
        with path.open("rb", buffering=0) as file:
            size = file.seek(0, 2)
            yield FileReader(file, size)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error


@contextmanager
def _progress(stream: TextIO) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar while a person looks on, and leave the line empty."""
    if not stream.isatty():
        yield None
        return
    last = 0.0

    def draw(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _SECONDS_BETWEEN and done < total:
            return
        last = now
        filled = _BAR * done // max(total, 1)
        bar = "#" * filled + "." * (_BAR - filled)
        print(f"\rChecking [{bar}] {100 * done // max(total, 1):3}%", end="", file=stream)
        stream.flush()

    yield draw
    print(f"\r{' ' * (_BAR + 20)}\r", end="", file=stream)
    stream.flush()
