"""`custos witness` as it is run, and the council's client, over real HTTP."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from api.cli import main
from api.running.witness import create_witness_app, open_witness, witness_config
from custody.errors import LogStateError, NotYetError, WitnessError
from custody.formats.note import format_verifier_key
from custody.formats.policy import check_checkpoint
from custody.witness.calls import HttpWitness
from custody.witness.policies import WrittenPolicy, read_policy
from custody.witness.quorum import Witnesses
from custody.witness.requests import MAX_BYTES
from tests.api.served import heard, served, wire
from tests.custody.ledgers import LOG
from tests.custody.witness.logs import log_of, prove, submission

LOG_KEY = format_verifier_key(LOG.key)
OURS, FORK = log_of(300), log_of(300, kind="other")
PLACE = "/add-checkpoint"
_HEAD = b"HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a witness by its commands."""
    folder = tmp_path_factory.mktemp("witness") / "w"
    assert main(["witness", "init", str(folder), "--name", "w.example", "--post-quantum"]) == 0
    assert main(["witness", "add", str(folder), LOG_KEY]) == 0
    return folder


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with served(create_witness_app(open_witness(folder), body_s=0.5)) as port:
        yield port


def policy_at(folder: Path, port: int, capsys: pytest.CaptureFixture[str]) -> WrittenPolicy:
    """Write the policy of the council from what `custos witness show` prints."""
    capsys.readouterr()
    assert main(["witness", "show", str(folder)]) == 0
    ed25519, ml_dsa, *logs = capsys.readouterr().out.splitlines()
    assert len(logs) == 1
    return read_policy(
        f"witness w {ed25519} http://127.0.0.1:{port}\n"
        f"witness w-pq {ml_dsa} http://127.0.0.1:{port}\n"
        "group both all w w-pq\nquorum both\n".encode()
    )


@contextmanager
def asking(written: WrittenPolicy) -> Iterator[Witnesses]:
    calls = {url: HttpWitness(url, within_s=20) for url in set(written.addresses.values())}
    ways = {name: calls[url] for name, url in written.addresses.items()}
    witnesses = Witnesses(written.of(LOG.key), ways, within_s=20)
    yield witnesses
    witnesses.close()


def test_a_log_is_cosigned_over_http_with_both_keys(
    folder: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    written = policy_at(folder, port, capsys)
    with asking(written) as witnesses:
        for size in (1, 255, 256, 257, 300):
            note = witnesses.cosign(OURS.note(size), prove(OURS, size), size)
            assert check_checkpoint(note, written.of(LOG.key)).witnesses == ("w", "w-pq")
    with asking(written) as witnesses:
        with pytest.raises(LogStateError, match="w/w-pq has cosigned 300 entries, and we have 17"):
            witnesses.cosign(OURS.note(17), prove(OURS, 17), 17)
        with pytest.raises(LogStateError, match="another root of 300 entries"):
            witnesses.cosign(FORK.note(300), prove(FORK), 300)
    main(["witness", "show", str(folder)])
    assert f"300 entries, root {OURS.checkpoint().root.hex()}" in capsys.readouterr().out


def asked(port: int, request: bytes) -> bytes:
    with wire(port, request) as connection:
        return heard(connection)


def test_nothing_else_is_answered(port: int) -> None:
    for line in (b"GET / ", b"GET /add-checkpoint ", b"POST / ", b"POST /add-checkpoint/x "):
        answer = asked(port, line + _HEAD % 0)
        assert answer.split(b" ", 2)[1] in (b"404", b"405")


def test_a_body_that_is_too_long_or_never_comes_is_refused(port: int) -> None:
    long = b"POST /add-checkpoint " + _HEAD % (1 << 30)
    assert b" 413 " in asked(port, long + b"x" * (MAX_BYTES + 1)).split(b"\r\n")[0]
    assert b" 408 " in asked(port, long + b"old 0\n").split(b"\r\n")[0]


def test_sizes_and_types_are_those_of_the_specification(folder: Path) -> None:
    with served(create_witness_app(open_witness(folder))) as port:
        answer = httpx.post(f"http://127.0.0.1:{port}{PLACE}", content=submission(OURS, 7, 300))
        unknown = httpx.post(
            f"http://127.0.0.1:{port}{PLACE}",
            content=submission(OURS, 7, 300).replace(b"barchester", b"borchester"),
        )
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "text/x.tlog.size")
    assert int(answer.text) >= 0
    assert unknown.status_code == 404


def test_how_it_is_served_has_bounds(folder: Path) -> None:
    config = witness_config(open_witness(folder), "127.0.0.1", 0)
    assert config.limit_concurrency
    assert not config.proxy_headers


def submit(address: str, within_s: float) -> None:
    with closing(HttpWitness(address, within_s=within_s)) as witness:
        witness.submit(b"old 0\n")


@contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """Serve one fixed answer, and yield the address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as door:

        def serve() -> None:
            connection, _ = door.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "elsewhere"),
        (b"HTTP/1.1 307 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "elsewhere"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, "more than"),
        (b"nonsense\r\n\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "cannot be reached"),
    ],
    ids=["redirect", "redirect here", "too long", "nonsense", "nothing", "cut"],
)
def test_an_answer_that_is_none_is_told(answer: bytes, words: str) -> None:
    with saying(answer) as address, pytest.raises(WitnessError, match=words):
        submit(address, 20)


def test_one_that_says_nothing_is_left_in_time_and_the_environment_names_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(WitnessError, match=r"within 0\.1 seconds"):
            submit(address, 0.1)


def test_one_that_is_not_there_leaves_the_log_below_its_quorum(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        port = door.getsockname()[1]
    written = policy_at(folder, port, capsys)
    with asking(written) as witnesses, pytest.raises(NotYetError, match="cannot be reached"):
        witnesses.cosign(OURS.note(), prove(OURS), 300)


def test_the_commands_fail_in_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "w")
    for given, words in (
        (["add", folder, LOG_KEY], "cannot be read"),
        (["init", folder, "--name", "two words"], "no spaces"),
        (["show", str(tmp_path)], "no witness"),
        (["serve", str(tmp_path)], "no witness"),
    ):
        assert main(["witness", *given]) == 1
        assert words in capsys.readouterr().err
    assert main(["witness", "init", folder, "--name", "w.example"]) == 0
    assert main(["witness", "init", folder, "--name", "w.example"]) == 1
    assert "already" in capsys.readouterr().err
    assert main(["witness", "add", folder, LOG_KEY[:-4]]) == 1
    assert main(["witness", "add", folder, LOG_KEY, "--checkpoint", os.devnull]) == 0
    assert "0 entries" in capsys.readouterr().out


def test_a_port_that_somebody_has_is_told_before_anything_is_promised(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert main(["witness", "serve", str(folder), "--port", port]) == 1
    said = capsys.readouterr()
    assert f"port {port} on 127.0.0.1 cannot be used" in said.err
    assert "Answering" not in said.out


@pytest.mark.parametrize("command", [["witness", "serve", "x"], ["up"], ["demo"]])
@pytest.mark.parametrize("port", ["99999", "0", "-1", "http", "9" * 5000])
def test_what_is_no_port_is_told(
    capsys: pytest.CaptureFixture[str], command: list[str], port: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--port", port])
    assert ended.value.code == 2
    assert "is no port" in capsys.readouterr().err
