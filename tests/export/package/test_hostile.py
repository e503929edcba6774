"""No input stalls or breaks the verifier: each of these once did, or is made to.

Every package is checked by the command itself, in a process of its own, which then says how much
memory and processor time it took.
"""

import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from custody.formats.disclosure import MAX_EVENTS_BYTES, MAX_LINE_BYTES
from export.package.errors import RecordError
from export.package.format import layout
from export.package.format.archive import (
    ArchiveEntry,
    EntrySpan,
    _central_header,
    plan_archive,
)
from export.package.format.assembly import PackedFile, check_files
from export.package.format.limits import MAX_FILES, MAX_FRAME_LIST, record_limit
from tests.export.package.paper import Paper, Wishes, archive, seal
from tests.polling import poll

ROOT = Path(__file__).parents[3]
MEMORY_KIB = 150_000
SECONDS = 2.0
PROGRAM = """
import sys, time
from api.cli import main
code = main(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1], time.process_time(), file=sys.stderr)
sys.exit(code)
"""
"""It reads its peak of memory where the kernel counts from the start of the program: the figure of
getrusage begins with that of whoever forked it."""
EXHIBIT, FRAMES = layout.record_path("JS-1"), layout.frames_path("JS-1", "JS-1-CP1")
MASTER = layout.master_path("JS-1", "Cam_1.mp4")


@dataclass(frozen=True)
class Judged:
    """What the command said of a package, and what that took."""

    report: dict[str, Any]
    kib: int
    seconds: float

    def said(self) -> str:
        return json.dumps(self.report["findings"])


def judge(path: Path) -> Judged:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "verify", "--json", path],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    *said, last = done.stderr.decode().splitlines()
    assert said == [], "no traceback"
    report = json.loads(done.stdout)
    assert done.stdout.count(b"\n") == 1, "one document"
    assert done.returncode == report["exit_code"] in {0, 1, 2, 3}
    kib, seconds = last.split()
    return Judged(report, int(kib), float(seconds))


def fill(start: bytes, part: bytes, end: bytes, size: int) -> bytes:
    """Return a text of at most so many bytes that repeats a part."""
    return start + part * ((size - len(start) - len(end)) // len(part)) + end


def changed(changes: Mapping[str, bytes]) -> Callable[[Paper], bytes]:
    """Return what changes files of a package, and makes its lists anew."""
    return lambda paper: paper.with_files(changes).with_manifests_remade().zip


def sealed(payload: Mapping[str, bytes], **tags: bytes) -> Callable[[Paper], bytes]:
    """Return what seals files of the payload, and the events: here the council is the enemy."""
    files = {layout.EVENTS: tags["events"]} if tags else {}
    return lambda paper: seal(paper.council, Wishes(extra=payload, tag_files=files)).zip


def limit(path: str) -> int:
    found = record_limit(path)
    assert found is not None
    return found


def many_files(paper: Paper) -> bytes:
    more = {f"data/exhibits/JS-1/player/{n:05}{'x' * 100}": b"" for n in range(MAX_FILES - 40)}
    return paper.with_files(more).zip


def deep_paths(paper: Paper) -> bytes:
    return archive(paper.package, {f"{n}/{'a/' * 80}b": b"" for n in range(9_000)})


def many_exhibits(paper: Paper) -> bytes:
    record = paper.files[EXHIBIT]
    return paper.with_files({layout.record_path(f"X-{n}"): record for n in range(1, 15_000)}).zip


def wide_sizes(paper: Paper) -> bytes:
    """Return an archive whose list, at its beginning, states two files of 2^63 - 1 bytes."""
    spans = [EntrySpan(f"{paper.package}/{n}", 2**63 - 1, 0, n << 62, 0) for n in range(2)]
    directory = b"".join(_central_header(span) for span in spans)
    size = len(directory).to_bytes(4, "little")
    return directory + b"PK\x05\x06" + bytes(4) + b"\2\0\2\0" + size + bytes(6)


def wide_end(paper: Paper) -> bytes:
    """Return an archive whose ZIP64 record places the list of files beyond every file."""
    whole = (2**63 - 1).to_bytes(8, "little")
    record = b"PK\x06\x06" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + bytes(8) + whole * 4
    locator = b"PK\x06\x07" + bytes(4) + len(paper.zip).to_bytes(8, "little") + b"\1\0\0\0"
    return paper.zip + record + locator + b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)


HOSTILE: dict[str, tuple[Callable[[Paper], bytes], str]] = {
    "newlines in the policy": (changed({layout.POLICY: b"\n" * (16 << 20)}), "larger than"),
    "newlines in a small policy": (changed({layout.POLICY: b"\n" * limit(layout.POLICY)}), "words"),
    "newlines in bag-info": (
        lambda paper: paper.with_files({layout.BAG_INFO: b"\n" * (16 << 20)}).zip,
        "larger than",
    ),
    "newlines in a manifest": (
        lambda paper: paper.with_files({layout.MANIFEST: b"\n" * limit(layout.MANIFEST)}).zip,
        "more files than",
    ),
    "newlines for events": (sealed({}, events=b"\n" * MAX_EVENTS_BYTES), "JSON"),
    "an event of lists": (
        sealed({}, events=fill(b"[", b"[],", b"[]]\n", MAX_LINE_BYTES)),
        "more than",
    ),
    "events of lists": (
        sealed({}, events=fill(b"", b'{"entry":[],"index":0}\n', b"", MAX_EVENTS_BYTES)),
        "exactly entry",
    ),
    "a nested exhibit": (sealed({EXHIBIT: b"[" * limit(EXHIBIT)}), "JSON"),
    "an exhibit of lists": (
        sealed({EXHIBIT: fill(b"[", b"[],", b"[]]", limit(EXHIBIT))}),
        "an object is expected",
    ),
    "a number of 4,300 digits": (
        sealed({FRAMES: b"n,pts,timebase,source_n,source_pts,sha256\n" + b"1" * 5_000 + b","}),
        "too long",
    ),
    "a time of 4,300 digits": (
        sealed(
            {FRAMES: b"n,pts,timebase,source_n,source_pts,sha256\n0," + b"9" * 300 + b",1/25\n"}
        ),
        "not a line of a frame list",
    ),
    "sizes of 2^63 - 1": (wide_sizes, "more bytes than"),
    "a list at 2^63 - 1": (wide_end, "list of files"),
    "as many files as may be": (many_files, "more findings of this kind"),
    "deep paths": (deep_paths, "too deep"),
    "as many exhibits": (many_exhibits, "more findings of this kind"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_package_is_refused_soon_and_in_little_memory(
    paper: Paper, tmp_path: Path, name: str
) -> None:
    make, words = HOSTILE[name]
    package = tmp_path / "package.zip"
    package.write_bytes(make(paper))
    judged = judge(package)
    assert judged.report["verdict"] in {"failed", "unreadable"}
    assert words in judged.said()
    assert judged.kib < MEMORY_KIB
    assert judged.seconds < SECONDS


def test_100_gigabytes_that_are_listed_wrongly_are_refused_without_being_read(
    paper: Paper, tmp_path: Path
) -> None:
    package, huge = tmp_path / "package.zip", 100 << 30
    sizes = {path: len(content) for path, content in paper.files.items()} | {MASTER: huge}
    plan = plan_archive(
        ArchiveEntry(f"{paper.package}/{path}", size, zlib.crc32(paper.files[path]))
        for path, size in sizes.items()
    )
    with package.open("wb") as file:
        for entry in plan.entries:
            file.seek(entry.span.header_offset)
            file.write(entry.header + paper.files[entry.span.path.partition("/")[2]])
        file.seek(plan.size - len(plan.trailer))
        file.write(plan.trailer)
    assert package.stat().st_size > huge
    judged = judge(package)
    assert "number or size of the files is not the stated one" in judged.said()
    assert (judged.report["verdict"], judged.kib < MEMORY_KIB) == ("failed", True)
    assert judged.seconds < SECONDS


def test_copies_under_no_valid_seal_are_not_decoded(paper: Paper, tmp_path: Path) -> None:
    """PyAV is installed here, and the pretended copy would fail: nobody has looked at it."""
    package = tmp_path / "package.zip"
    package.write_bytes(paper.with_files({layout.SIGNATURE: b"none"}).zip)
    judged = judge(package)
    (words,) = [text for text in judged.report["not_checked"] if "copies" in text]
    assert "only once everything else holds" in words
    assert "cannot be decoded" not in judged.said()
    assert judged.seconds < SECONDS


def test_letters_that_move_the_cursor_are_shown_and_never_sent(
    paper: Paper, tmp_path: Path
) -> None:
    evil = "data/\x1b[2J\u202egnp.\x9b\u2066"
    package = tmp_path / "package.zip"
    package.write_bytes(archive(paper.package, {evil: b""}))
    for options in ([], ["--json"], ["--trust", f"{evil}.json"], ["--json", f"--{evil}"]):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "verify", str(package), *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=False,
        )
        sent = (done.stdout + done.stderr).decode()
        assert "u202e" in sent, options
        assert all(letter.isprintable() or letter == "\n" for letter in sent), options


# Being stopped.

SLOW = """
import sys
from export.media import sandbox
sandbox.python_child = lambda *_: [sys.executable, "-c", "import time; time.sleep(600)"]
from api.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""Its decoder, in the real sandbox, never comes to an end."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_leaves_nothing(
    paper: Paper, tmp_path: Path, number: signal.Signals
) -> None:
    package, scratch = tmp_path / "package.zip", tmp_path / "scratch"
    package.write_bytes(paper.zip)
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, "verify", "--json", package],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as process:
        poll(lambda: bool(working_in(scratch)))
        process.send_signal(number)
        out, err = process.communicate()
    report = json.loads(out)
    assert (process.returncode, report["verdict"]) == (2, "unreadable")
    assert "stopped before it came to its end" in report["findings"][0]["words"]
    assert err == b""
    assert list(scratch.iterdir()) == []
    poll(lambda: not working_in(scratch))


def working_in(folder: Path) -> list[Path]:
    """Return the processes whose directory lies in a folder: the sandboxed child's does."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = (process / "cwd").readlink()
        except OSError:
            continue  # it has ended, or is not ours
        found += [process] if where.is_relative_to(folder) else []
    return found


def test_a_reader_that_goes_away_is_no_traceback(paper: Paper, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    package.write_bytes(paper.zip)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", PROGRAM, "verify", str(package), "--decode-minutes", "0"]
    done = subprocess.run(
        command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False, text=True
    )
    os.close(writing)
    assert done.returncode == 2
    assert done.stderr.startswith("custos verify: the report cannot be written: Broken pipe\n")
    assert "Traceback" not in done.stderr


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "package.zip"
    os.mkfifo(pipe)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "verify", "--json", pipe],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (2, "unreadable")


# Sealing keeps to the same limits.


@pytest.mark.parametrize(
    "files",
    [
        [PackedFile(layout.EVENTS, MAX_EVENTS_BYTES + 1, "", 0)],
        [PackedFile(FRAMES, MAX_FRAME_LIST + 1, "", 0)],
        [PackedFile(layout.event_proof_path(n), 1, "", 0) for n in range(MAX_FILES + 1)],
        [PackedFile(layout.event_proof_path(n), 1 << 15, "", 0) for n in range(1_025)],
    ],
)
def test_what_the_verifier_would_not_read_is_not_sealed(files: list[PackedFile]) -> None:
    with pytest.raises(RecordError, match="at most"):
        check_files(files)
    check_files(files[:1] if len(files) > 1 else [])
