"""`custos verify`: what it prints, where, and what it exits with."""

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli import main
from api.cli.proof import verify as command
from custody.formats.trust import format_trust
from tests.export.package.paper import Paper, Signatory


@pytest.fixture
def package(paper: Paper, tmp_path: Path) -> Path:
    path = tmp_path / "received.zip"
    path.write_bytes(paper.zip)
    return path


@pytest.fixture
def trust(council: Signatory, tmp_path: Path) -> Path:
    path = tmp_path / "barchester.trust.json"
    path.write_bytes(format_trust(council.trust))
    return path


@pytest.fixture(autouse=True)
def _base_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be the base install: no PyAV, which the paper package's pretended copy could not pass."""
    monkeypatch.setattr(command, "find_spec", lambda _: None)


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


def test_a_verified_package_exits_with_0(
    package: Path, trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(package, "--trust", trust) == 0
    out, err = capsys.readouterr()
    assert "VERIFIED: this package is the one that Barchester Council sealed" in out
    assert err == "", "no progress where nobody looks on"


def test_without_a_trust_file_it_exits_with_3(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(package) == 3
    assert "INTACT" in capsys.readouterr().out


def test_strict_exits_with_3_where_something_was_not_checked(package: Path, trust: Path) -> None:
    assert run(package, "--trust", trust, "--strict") == 3


def test_a_changed_package_exits_with_1(
    package: Path, trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 1
    package.write_bytes(data)
    assert run(package, "--trust", trust) == 1
    out = capsys.readouterr().out
    assert "FAILED: do not rely on this package" in out
    assert "expected" in out
    assert "found" in out


def test_json_is_one_object(package: Path, trust: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(package, "--trust", trust, "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "verified"


def test_what_cannot_be_read_exits_with_2_and_one_sentence(
    package: Path, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        [tmp_path / "nowhere.zip"],
        [tmp_path],
        [package, "--trust", tmp_path / "nowhere.json"],
        [package, "--trust", package],
    ):
        assert run(*words) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("custos verify: ")
        assert err.count("\n") == 1
    assert run(trust) == 2, "a file that is no archive"
    assert "not a ZIP archive" in capsys.readouterr().out


def test_json_is_one_document_whatever_the_line_says(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        [],
        [package, "--nothing-of-this-name"],
        [package, "--decode-minutes", "many"],
        [tmp_path / "nowhere.zip"],
        [tmp_path],
        ["a\0b"],
        [package, "--trust", tmp_path / "nowhere.json"],
        [package, "--trust", package],
        [__file__],
    ):
        assert main(["verify", "--json", *(str(word) for word in words)]) == 2
        report = json.loads(capsys.readouterr().out)
        assert (report["verdict"], report["exit_code"]) == ("unreadable", 2)
        assert report["findings"][0]["words"]


def test_a_file_that_cannot_be_read_to_its_end_is_unreadable(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(command.FileReader, "read", fail)
    assert run(package, "--json") == 2
    assert "Input/output error" in capsys.readouterr().out


def test_a_check_that_stumbles_fails_the_package(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("open_package", "read_contents", "check_bag", "parse_policy", "conclude"):
        with monkeypatch.context() as patch:
            patch.setattr(f"export.package.verify.verify.{place}", stumble)
            assert run(package, "--json") == 1, place
        assert "broke off on what it read" in capsys.readouterr().out


def stumble(*_: object, **__: object) -> None:
    raise MemoryError


def test_a_cut_package_says_that_it_was_not_received_whole(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package.write_bytes(package.read_bytes()[:-1000])
    assert run(package) == 2
    assert "not received whole" in " ".join(capsys.readouterr().out.split())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_on_a_terminal_and_wiped_away(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert run(package) == 3
    drawn = terminal.getvalue()
    assert "Checking [" in drawn
    assert drawn.split("\r")[-2].strip() == "", "the line is left empty"


def test_an_output_that_knows_only_ascii_gets_the_report_all_the_same(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(inner, encoding="ascii"))
    assert run(package) == 3
    assert b"INTACT" in inner.getvalue()


PROGRAM = """
import sys
def refuse(event, args):
    if event.startswith("socket."):
        raise SystemExit(f"opened a socket: {event}")
sys.addaudithook(refuse)
import argparse
from api.cli.proof import verify
verify.find_spec = lambda _: None
parser = argparse.ArgumentParser()
verify.add_arguments(parser)
code = verify.run(parser.parse_args(sys.argv[1:]))
server = {"boto3", "botocore", "sqlmodel", "sqlalchemy", "fastapi", "starlette", "av", "numpy",
          "psycopg", "procrastinate", "pydantic", "PIL", "alembic", "uvicorn"}
print("loaded:", sorted(server & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


def test_it_opens_no_socket_and_loads_no_server(package: Path, trust: Path) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, package, "--trust", trust],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "loaded: []"


def test_where_pyav_is_installed_the_copies_are_decoded(
    package: Path, trust: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    assert run(package, "--trust", trust) == 1, "the paper package's copy is no film"
    assert "The copy cannot be decoded" in capsys.readouterr().out
