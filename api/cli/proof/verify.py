"""Edge. `custos verify PACKAGE`: checks a package and says so, without server and socket.

Needs the base install only. Exit codes: 0 verified, 1 failed, 2 unreadable, stopped or wrong usage,
3 intact (no trust file was given) or, with --strict, verified but for a check that could not be
made here.
"""

import argparse
import io
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Final, NoReturn, TextIO

from api.cli.terminal.errors import UsageError
from custody.errors import FormatError
from custody.formats.trust import Trust, parse_trust
from custody.printable import printable
from export.package.verify.conclusion import stopped
from export.package.verify.report import EXIT_CODES, Report, Verdict
from export.package.verify.survey import Progress
from export.package.verify.verify import PictureCheck, report_json, report_table, verify

EXIT_USAGE: Final = EXIT_CODES[Verdict.UNREADABLE]
DECODE_MINUTES: Final = 60

_BAR: Final = 30
_MAX_TRUST: Final = 1 << 20
_SECONDS_BETWEEN: Final = 0.1
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    parser.add_argument(
        "--decode-minutes",
        type=int,
        default=DECODE_MINUTES,
        metavar="N",
        help="decode copies for at most so long, all together (default: %(default)s); with 0 they "
        "are not decoded",
    )


def main(parser: argparse.ArgumentParser, words: Sequence[str]) -> int:
    """Follow a command line; one that cannot be followed gets a report too, if it asks for one."""
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            args = parser.parse_args(words)
    except SystemExit as end:
        lines = said.getvalue().split("\n")
        print("\n".join(map(printable, lines)), end="", file=sys.stderr)
        if end.code and "--json" in words:
            _print(stopped("the command line cannot be followed"), as_json=True)
        return int(end.code or 0)
    return run(args)


def run(args: argparse.Namespace) -> int:
    """Verify, print the report, return the exit code."""
    try:
        with _stoppable():
            report = _report(args)
    except UsageError as error:
        print(f"custos verify: {printable(str(error))}", file=sys.stderr)
        if not args.json:
            return EXIT_USAGE
        report = stopped(str(error))
    except KeyboardInterrupt:
        report = stopped("the check was stopped before it came to its end")
    return _print(report, as_json=args.json)


def _report(args: argparse.Namespace) -> Report:
    trust = _read_trust(args.trust)
    with open_reader(args.package) as reader, _progress(sys.stderr) as bar:
        return verify(
            reader,
            trust,
            strict=args.strict,
            progress=bar and bar("Checking"),
            pictures=_pictures(args.decode_minutes, bar and bar("Decoding")),
        )


def _print(report: Report, *, as_json: bool) -> int:
    """Print a report; return the exit code."""
    if as_json:
        text = report_json(report) + b"\n"
    else:
        text = report_table(report).encode(sys.stdout.encoding, "replace")
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Nobody reads any more. The interpreter, at its end, must not stumble over what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"custos verify: the report cannot be written: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    return report.exit_code


@contextmanager
def _stoppable() -> Iterator[None]:
    """Have a signal end the check as Ctrl-C does: files are cleared away, and children ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # a second one must not break off the clearing up
    raise KeyboardInterrupt


def _pictures(minutes: int, progress: Progress | None) -> PictureCheck | None:
    """Return what decodes the copies, where the extra [media] is installed."""
    if not minutes or find_spec("av") is None:
        return None
    from export.package.pictures import check_pictures  # noqa: PLC0415 - as the sentence above says

    return partial(check_pictures, seconds=60 * minutes, progress=progress)


def _read_trust(path: Path | None) -> Trust | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return parse_trust(file.read(_MAX_TRUST))
    except (OSError, ValueError) as error:
        raise UsageError(f"the trust file {path} cannot be read: {_reason(error)}") from error
    except FormatError as error:
        raise UsageError(f"{path} is not a trust file of a council: {error}") from error


@contextmanager
def open_reader(path: Path) -> Iterator[FileReader]:
    """Open a package.

    Raises:
        UsageError: it cannot be read; the message says what to do.
    """
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder. Give the ZIP file as it was received; a folder that was unpacked "
            "from it can be checked by hand, with the lines in its VERIFY.txt"
        )
    try:
        # Without waiting: a pipe would have us wait for whoever writes into it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {_reason(error)}") from error
    with os.fdopen(handle, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UsageError(f"{path} is no file that holds a package")
        yield FileReader(file, file.seek(0, os.SEEK_END))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


@contextmanager
def _progress(stream: TextIO) -> Iterator[Callable[[str], Progress] | None]:
    """Draw a bar while a person looks on, and leave the line empty."""
    if not stream.isatty():
        yield None
        return
    last = 0.0

    def draw(label: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _SECONDS_BETWEEN and done < total:
            return
        last = now
        filled = _BAR * done // max(total, 1)
        bar = "#" * filled + "." * (_BAR - filled)
        print(f"\r{label} [{bar}] {100 * done // max(total, 1):3}%", end="", file=stream)
        stream.flush()

    try:
        yield lambda label: partial(draw, label)
    finally:
        print(f"\r{' ' * (_BAR + 20)}\r", end="", file=stream)
        stream.flush()
