"""Adapter. Run a program on untrusted footage: no network, one directory, hard limits.

The kernel work is in `launcher.py`, a small process of its own, so that a threaded worker never
runs Python between fork and exec. What each protection is for: docs/adr/0003-sandbox.md.
"""

import contextlib
import functools
import json
import os
import selectors
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

import export
from export.errors import SandboxError
from export.media import launcher

STDERR_KEPT = 16 * 1024
LINE_MAX = 64 * 1024
LIBRARIES = ("/usr/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache")


@dataclass(frozen=True, slots=True)
class Cage:
    """The limits of one run. `memory_bytes` is address space, and holds for each process."""

    wall_seconds: int
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    processes: int = 256


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended."""

    why: Literal["exit", "signal", "time"]
    code: int
    """Exit code; with "signal" the signal's number, with "time" 0."""
    stderr: str
    """The end of what it said, at most 16 KiB."""
    max_rss_kib: int
    missing: tuple[str, ...]
    """Protections that this machine does not give, in words."""

    @property
    def ok(self) -> bool:
        """Say whether the program ended by itself, with exit code 0."""
        return self.why == "exit" and self.code == 0


def run(
    argv: Sequence[str],
    box: Path,
    *,
    cage: Cage,
    reads: Sequence[Path] = (),
    on_line: Callable[[str], None] | None = None,
) -> Ran:
    """Run a program locked in, with `box` as its directory, the only one that it may write.

    It may read the interpreter, its packages, the system's libraries and `reads`, nothing else.
    Each line that it prints goes to `on_line`; if that raises, the run is ended and the exception
    goes on. Everything that it started is gone when this returns.

    Raises: SandboxError if the run could not be started; a program that fails is a `Ran`.
    """
    report_in, report_out = os.pipe()
    with open(report_in, "rb", closefd=True) as report:  # noqa: PTH123 - a file descriptor
        try:
            process = _start(argv, box, cage, reads, report_out)
        finally:
            os.close(report_out)
        with process:
            tail = bytearray()
            try:
                in_time = _listen(process, cage.wall_seconds, tail, on_line)
            finally:
                _end(process)
        return _outcome(report.read(), tail, in_time=in_time)


def broke(what: str, ran: Ran) -> SandboxError:
    """Return the error that says that ``what`` did not end as it should.

    What the program said goes to the log, as a note: it names files of this machine, and nobody
    who reads a page can do anything with it.
    """
    error = SandboxError(f"{what} broke down (it ended with {ran.why} {ran.code})")
    error.add_note(ran.stderr)
    return error


def _unstarted(why: str) -> SandboxError:
    error = SandboxError("the sandbox cannot be started")
    error.add_note(why)
    return error


@functools.cache
def protections() -> tuple[str, ...]:
    """Name each protection that this machine does not give. Empty: all are there.

    Raises: SandboxError if nothing can be run at all.
    """
    argv = [sys.executable, "-I", "-S", "-c", ""]
    cage = Cage(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 20)
    with tempfile.TemporaryDirectory(prefix="custos-sandbox-") as box:
        ran = run(argv, Path(box), cage=cage)
    if not ran.ok:
        raise broke("Python in the sandbox", ran)
    return ran.missing


def python_child(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules as a sandboxed child."""
    return [sys.executable, "-I", "-B", "-m", module, *arguments]


@functools.cache
def _readable() -> tuple[str, ...]:
    """Return what every child may read: the interpreter, its packages, ours, the C library."""
    interpreter = Path(sys.executable).resolve()
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    ours = {str(Path(sysconfig.get_path(name)).resolve()) for name in names}
    ours |= {str(Path(entry).resolve()) for entry in export.__path__}
    ours |= {str(interpreter), str(Path(sys.prefix) / "pyvenv.cfg")}
    ours |= {str(path) for path in Path(sys.base_prefix, "lib").glob("libpython*")}
    return (*sorted(ours), *LIBRARIES)


def _start(
    argv: Sequence[str], box: Path, cage: Cage, reads: Sequence[Path], report: int
) -> subprocess.Popen[bytes]:
    spec = {
        "argv": list(argv),
        "box": str(box.resolve()),
        "env": {
            "LANG": "C.UTF-8",
            "HOME": str(box),
            "TMPDIR": str(box),
            "OPENSSL_CONF": os.devnull,
            # Else numpy begins threads for algebra that nobody asks for, which spin as they wait.
            "OPENBLAS_NUM_THREADS": "1",
        },
        "limits": asdict(cage),
        "parent": os.getpid(),
        "read": [*_readable(), *(str(path.resolve()) for path in reads)],
        "report": report,
    }
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", launcher.__file__, json.dumps(spec)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(report,),
            start_new_session=True,
            env={},
        )
    except OSError as error:
        raise _unstarted(str(error)) from error


def _listen(
    process: subprocess.Popen[bytes],
    wall_seconds: int,
    tail: bytearray,
    on_line: Callable[[str], None] | None,
) -> bool:
    """Read what the program says until it ends; return whether it ended in time."""
    deadline = time.monotonic() + wall_seconds
    pending = bytearray()
    with selectors.DefaultSelector() as streams:
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                streams.register(stream, selectors.EVENT_READ)
        while streams.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in streams.select(left):
                stream = _as_file(key.fileobj)
                chunk = os.read(stream.fileno(), 65536)
                if not chunk:
                    streams.unregister(stream)
                elif stream is process.stderr:
                    tail += chunk
                    del tail[:-STDERR_KEPT]
                else:
                    pending += chunk
                    _hand_out(pending, on_line)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, deadline - time.monotonic()))
    return process.returncode is not None


def _as_file(stream: Any) -> IO[bytes]:  # noqa: ANN401 - selectors knows no type of its objects
    return stream  # type: ignore[no-any-return]


def _hand_out(pending: bytearray, on_line: Callable[[str], None] | None) -> None:
    while (end := pending.find(b"\n")) >= 0:
        line = pending[:end].decode("utf-8", "replace")
        del pending[: end + 1]
        if on_line is not None:
            on_line(line)
    del pending[:-LINE_MAX]  # a child that never ends its line must not fill our memory


def _end(process: subprocess.Popen[bytes]) -> None:
    """End all that is left. Killing the launcher kills process 1 of the namespace, and that all."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _outcome(report: bytes, tail: bytearray, *, in_time: bool) -> Ran:
    told: dict[str, Any] = {}
    for line in report.splitlines():
        told.update(json.loads(line))
    stderr = tail.decode("utf-8", "replace")
    if "failed" in told or ("missing" not in told and in_time):
        raise _unstarted(str(told.get("failed") or stderr))
    missing = tuple(told.get("missing", ()))
    rss = int(told.get("max_rss_kib", 0))
    if not in_time:
        return Ran("time", 0, stderr, rss, missing)
    if "exit" not in told:
        return Ran("signal", int(signal.SIGKILL), stderr, rss, missing)
    code = int(told["exit"])
    if code < 0:
        return Ran("signal", -code, stderr, rss, missing)
    return Ran("exit", code, stderr, rss, missing)
