"""The sandbox keeps a hostile decoder from the network, from other files, and from staying."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from export.errors import SandboxError
from export.media import sandbox
from export.media.sandbox import Cage, Ran
from tests.polling import PATIENCE_S

CAGE = Cage(wall_seconds=60, cpu_seconds=60, memory_bytes=2 << 30, file_bytes=1 << 20)


def python(code: str, box: Path, *reads: Path, cage: Cage = CAGE) -> tuple[Ran, list[str]]:
    lines: list[str] = []
    argv = [sys.executable, "-I", "-S", "-c", code]
    return sandbox.run(argv, box, cage=cage, reads=reads, on_line=lines.append), lines


def needs(*words: str) -> None:
    """Skip where this machine's kernel does not give a protection: start-up says so too."""
    missing = [name for name in sandbox.protections() if name.startswith(words)]
    if missing:
        pytest.skip(f"this machine does not give: {'; '.join(missing)}")


def test_a_child_writes_its_own_directory_and_its_lines_arrive(tmp_path: Path) -> None:
    ran, lines = python("open('made', 'w').write('x'); print('one'); print('two')", tmp_path)
    assert (ran.ok, lines, (tmp_path / "made").read_text()) == (True, ["one", "two"], "x")


def test_a_child_stays_below_directories_that_only_their_owner_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    box, master = closed / "box", closed / "master"
    box.mkdir(mode=0o700)
    master.touch(mode=0o600)
    master.write_text("evidence")
    _, lines = python(f"print(open({str(master)!r}).read())", box, master)
    assert lines == ["evidence"]


@pytest.mark.parametrize(
    "act",
    [
        "open('{neighbour}').read()",
        "open('{neighbour}', 'w')",
        "open('{master}', 'a')",
        "open('{master}', 'r+')",
        "import os; os.truncate('{master}', 0)",
        "import os; os.unlink('{master}')",
        "import os; os.rename('{master}', 'mine')",
        "import os; os.symlink('{neighbour}', 'link'); open('link').read()",
        "import os; os.listdir('/')",
        "open('/etc/passwd').read()",
        "open('/proc/1/environ', 'rb').read()",
        "import os; os.execv('/bin/sh', ['sh', '-c', 'true'])",
        "import tempfile; tempfile.TemporaryFile(dir='/tmp')",
    ],
)
def test_a_child_reaches_no_file_but_its_own(act: str, tmp_path: Path) -> None:
    needs("file access")
    box, neighbour, master = tmp_path / "box", tmp_path / "neighbour", tmp_path / "master"
    box.mkdir()
    neighbour.write_text("another case")
    master.write_text("evidence")
    ran, _ = python(act.format(neighbour=neighbour, master=master), box, master)
    assert ran.code != 0
    assert "Permission denied" in ran.stderr or "Operation not permitted" in ran.stderr
    assert (neighbour.read_text(), master.read_text()) == ("another case", "evidence")


@pytest.mark.parametrize(
    "act",
    [
        "import socket; socket.create_connection(('127.0.0.1', {port}))",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "import socket; socket.socketpair()",
    ],
)
def test_a_child_has_no_network(act: str, tmp_path: Path) -> None:
    needs("system call")
    listen = (
        "import socket as s; x = s.create_server(('127.0.0.1', 0)); "
        "print(x.getsockname()[1], flush=True); x.accept()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", listen], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        ran, _ = python(act.format(port=server.stdout.readline().strip()), tmp_path)
        assert server.poll() is None
        server.kill()
    assert "Operation not permitted" in ran.stderr


@pytest.mark.parametrize("flags", [0x10000000, 0x00020000, 0x40000000])
def test_a_child_cannot_enter_a_namespace_of_its_own(flags: int, tmp_path: Path) -> None:
    needs("system call")
    code = (
        "import ctypes; c = ctypes.CDLL(None, use_errno=True); "
        f"print(c.unshare({flags}), ctypes.get_errno())"
    )
    assert python(code, tmp_path)[1] == ["-1 1"]


def test_a_child_holds_no_capability_and_gains_none(tmp_path: Path) -> None:
    code = (
        "import ctypes; c = ctypes.CDLL(None); import struct; "
        "h = struct.pack('Ii', 0x20080522, 0); d = ctypes.create_string_buffer(24); "
        "c.capget(h, d); print(d.raw.strip(bytes(1)), c.prctl(39, 0, 0, 0, 0))"
    )
    assert python(code, tmp_path)[1] == ["b'' 1"]


def test_a_child_sees_none_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOS_S3_SECRET_KEY", "hunter2")
    _, lines = python("import os; print(sorted(os.environ))", tmp_path)
    assert "CUSTOS" not in lines[0]
    assert "HOME" in lines[0]


def test_the_time_limit_ends_a_child_that_hangs_and_all_that_it_started(tmp_path: Path) -> None:
    needs("process namespace", "user namespace")
    code = f"import os # {tmp_path}\nif os.fork() == 0: os.setsid()\nwhile True: pass"
    before = time.monotonic()
    cage = Cage(wall_seconds=1, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 20)
    ran, _ = python(code, tmp_path, cage=cage)
    assert ran.why == "time"
    assert time.monotonic() - before < 50  # well before the limit of processor time
    wanted = str(tmp_path)
    assert not [p for p in psutil.process_iter(["cmdline"]) if _mentions(p, wanted)]


def test_the_limits_on_cpu_and_file_size_hold(tmp_path: Path) -> None:
    cage = Cage(wall_seconds=60, cpu_seconds=1, memory_bytes=1 << 30, file_bytes=4096)
    assert python("while True: pass", tmp_path, cage=cage)[0].why == "signal"
    ran, _ = python("open('big', 'wb').write(bytes(1 << 20))", tmp_path, cage=cage)
    assert not ran.ok
    assert (tmp_path / "big").stat().st_size <= 4096


def test_the_limit_on_memory_holds(tmp_path: Path) -> None:
    cage = Cage(wall_seconds=60, cpu_seconds=60, memory_bytes=256 << 20, file_bytes=1 << 20)
    ran, _ = python("bytearray(1 << 30)", tmp_path, cage=cage)
    assert "MemoryError" in ran.stderr


def test_a_killed_child_is_told_from_one_that_failed(tmp_path: Path) -> None:
    ran, _ = python("import os; os.kill(os.getpid(), 11)", tmp_path)
    assert (ran.why, ran.code) == ("signal", signal.SIGSEGV)
    ran, _ = python("import sys; print('why', file=sys.stderr); sys.exit(7)", tmp_path)
    assert (ran.why, ran.code, ran.stderr) == ("exit", 7, "why\n")


def test_a_child_that_never_ends_its_line_does_not_fill_our_memory(tmp_path: Path) -> None:
    before = psutil.Process().memory_info().rss
    ran, lines = python("import os\nfor _ in range(2000): os.write(1, b'x' * 65536)", tmp_path)
    assert (ran.ok, lines) == (True, [])
    assert psutil.Process().memory_info().rss - before < 32 << 20


def test_an_exception_of_the_listener_ends_the_child_and_goes_on(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(_: str) -> None:
        raise StopError

    argv = [sys.executable, "-I", "-S", "-c", "print('x', flush=True)\nwhile True: pass"]
    with pytest.raises(StopError):
        sandbox.run(argv, tmp_path, cage=CAGE, on_line=stop)
    assert not [p for p in psutil.process_iter(["cmdline"]) if _mentions(p, str(tmp_path))]


def test_a_worker_that_is_killed_takes_its_children_along(tmp_path: Path) -> None:
    worker = (
        "import sys; from pathlib import Path; from export.media import sandbox; "
        f"cage = sandbox.Cage(600, 600, 1 << 30, 1 << 20); box = Path({str(tmp_path)!r}); "
        "sandbox.run([sys.executable, '-I', '-S', '-c', "
        "\"open('up', 'w')\\nwhile True: pass\"], box, cage=cage)"
    )
    with subprocess.Popen([sys.executable, "-c", worker]) as process:
        wait_until((tmp_path / "up").exists)
        launchers = [p for p in psutil.process_iter(["cmdline"]) if _mentions(p, "launcher.py")]
        mine = [p for p in launchers if _mentions(p, str(tmp_path))]
        jobs = [child for p in mine for child in p.children(recursive=True)]
        assert jobs
        process.kill()
    wait_until(lambda: not any(_runs(job) for job in (*mine, *jobs)))


def test_a_program_that_cannot_start_is_our_failure(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="cannot be started"):
        sandbox.run(["/nowhere/program"], tmp_path, cage=CAGE)


def test_what_is_missing_is_named_for_the_start_up() -> None:
    assert all(words[0].islower() or words[0] == "I" for words in sandbox.protections())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _mentions(process: psutil.Process, words: str) -> bool:
    return any(words in part for part in process.info.get("cmdline") or () if process.is_running())


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
