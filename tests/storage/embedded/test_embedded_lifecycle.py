"""Engines start once, stop cleanly, and come back after whatever ended them."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from mypy_boto3_s3 import S3Client
from sqlalchemy import create_engine, text

from storage.embedded.children import still_there
from storage.embedded.directory import DataDirectory
from storage.embedded.engines import Addresses, Engines, S3Access, load_addresses
from storage.embedded.settings import read_settings
from storage.errors import EngineError
from tests.engines import folder_for_engines
from tests.polling import PATIENCE_S

Connect = Callable[[S3Access], S3Client]
STARTS_AND_WAITS = """
import sys, time
from pathlib import Path
from storage.embedded.engines import Engines
engines = Engines.start(Path(sys.argv[1]))
print("started", flush=True)
time.sleep(600)
"""

DIES_AT_START = """
import os, sys
from pathlib import Path
from storage.embedded.engines import Engines
die = lambda words: words == "object store: starting" and os.kill(os.getpid(), 9)
Engines.start(Path(sys.argv[1]), say=die)
"""


@pytest.fixture
def data() -> Iterator[Path]:
    """Name a data directory that is not there yet, below one that only we may enter."""
    parent = folder_for_engines()
    yield parent / "deep" / "data"
    shutil.rmtree(parent)


@pytest.fixture(scope="module")
def once_stopped(s3: Connect) -> Iterator[Path]:
    """Make a data directory that was used and stopped cleanly; tests take a copy of it."""
    parent = folder_for_engines()
    with Engines.start(parent / "data") as engines:
        assert not engines.unclean
        remember(engines.addresses, s3(engines.addresses.intake), "kept")
    # The next start makes it anew; each copy of it would cost more than that start.
    (parent / "data" / "reserve").unlink()
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture
def used(once_stopped: Path, data: Path) -> Path:
    """Return a data directory that was used and stopped cleanly."""
    data.parent.mkdir()
    # Two thousand files: in Python each takes three times as long.
    subprocess.run(["/bin/cp", "--archive", once_stopped, data], check=True)
    return data


def engines_in(data: Path) -> list[psutil.Process]:
    """Return every process that works somewhere below ``data``."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(data):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


def wait_until(true: Callable[[], object], within: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def remember(addresses: Addresses, client: S3Client, words: str) -> None:
    """Put ``words`` into both engines, acknowledged."""
    engine = create_engine(addresses.owner_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS words (word text)"))
        connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": words})
    engine.dispose()
    client.put_object(Bucket=addresses.vault_bucket, Key=words, Body=words.encode())


def recall(addresses: Addresses, client: S3Client, words: str) -> tuple[str, str]:
    """Read ``words`` back from both engines."""
    engine = create_engine(addresses.owner_url)
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT word FROM words WHERE word = :word"), {"word": words}
        ).scalar_one()
    engine.dispose()
    answer = client.get_object(Bucket=addresses.vault_bucket, Key=words)
    return str(row), answer["Body"].read().decode()


def start_elsewhere(data: Path) -> "subprocess.Popen[str]":
    """Start the engines in another process, and return it when they are ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS, str(data)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "started\n"
    return process


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_what_was_stored_is_there_after_a_clean_stop_and_a_start(
    once_stopped: Path, used: Path, s3: Connect
) -> None:
    assert engines_in(once_stopped) == []
    assert not (once_stopped / "run").exists()
    with Engines.start(used) as engines:
        assert not engines.unclean
        client = s3(engines.addresses.intake)
        assert recall(engines.addresses, client, "kept") == ("kept", "kept")
        # A rule that was set once and forgotten by an engine would lose objects in a power cut.
        assert '"fsync":  true' in engines._weed.shell("fs.configure")
    engines.stop()


def test_a_killed_service_takes_its_engines_along_and_the_next_start_works(
    used: Path, s3: Connect
) -> None:
    process = start_elsewhere(used)
    try:
        addresses = load_addresses(used)
        remember(addresses, s3(addresses.intake), "acknowledged")
        assert len(engines_in(used)) > 2
    finally:
        kill(process)
    wait_until(lambda: not engines_in(used))
    with pytest.raises(EngineError, match=r"do not run.*custos up"):
        load_addresses(used)
    with Engines.start(used) as again:
        assert again.unclean
        found = recall(again.addresses, s3(again.addresses.intake), "acknowledged")
        assert found == ("acknowledged", "acknowledged")
    assert again._directory.was_stopped_cleanly()


def test_a_first_start_that_was_killed_can_be_repeated(data: Path, s3: Connect) -> None:
    data.mkdir(mode=0o700, parents=True)
    (data / "postgres.new").mkdir()  # as a kill in the middle of initdb leaves it
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    ended = subprocess.run(
        [sys.executable, "-c", DIES_AT_START, str(data)], cwd=Path(__file__).parents[3], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    with Engines.start(data) as engines:
        remember(engines.addresses, s3(engines.addresses.intake), "at last")
        assert set(engines.health().values()) == {"ok"}


def test_engines_that_outlived_their_service_are_ended_by_the_next_start(used: Path) -> None:
    process = start_elsewhere(used)
    psutil.Process(process.pid).suspend()  # it holds the lock, and its engines run
    try:
        orphans = engines_in(used)
        with pytest.raises(EngineError, match="already in use"):
            Engines.start(used)
        # The lock goes without a death that the engines could notice.
        (used / "lock").unlink()
        with Engines.start(used) as engines:
            assert engines.unclean
            assert all(
                orphan.status() == psutil.STATUS_ZOMBIE
                for orphan in orphans
                if orphan.is_running() and orphan.pid != process.pid
            )
            assert set(engines.health().values()) == {"ok"}
    finally:
        kill(process)


def test_a_killed_process_is_gone_only_when_it_has_let_go_of_everything() -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        assert still_there(process.pid)
        process.kill()
        wait_until(lambda: not still_there(process.pid))  # nobody has asked how it ended
        assert Path(f"/proc/{process.pid}").exists()
    assert not still_there(process.pid)


def test_a_second_start_on_the_same_directory_is_refused(engines: Engines) -> None:
    with pytest.raises(EngineError, match=f"already in use by process {os.getpid()}"):
        Engines.start(engines._directory.path)
    assert set(engines.health().values()) == {"ok"}


def test_addresses_are_found_by_a_process_that_did_not_start_the_engines(
    engines: Engines, tmp_path: Path
) -> None:
    assert load_addresses(engines._directory.path) == engines.addresses
    with pytest.raises(EngineError, match=r"ever started.*custos up"):
        load_addresses(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_secrets_are_not_in_what_is_printed(engines: Engines) -> None:
    settings = read_settings(engines._directory.settings)
    printed = repr(engines.addresses) + repr(settings)
    for secret in (
        *settings.passwords.values(),
        *(it for two in settings.keys.values() for it in two),
    ):
        assert secret not in printed


def test_only_this_user_reads_anything_and_parents_stay_as_they_are(
    once_stopped: Path, engines: Engines
) -> None:
    assert stat.S_IMODE(once_stopped.parent.stat().st_mode) == 0o700
    shared = engines._directory.path
    for path in (shared, *(it for it in shared.iterdir() if it.is_dir())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        assert path.stat().st_uid == os.geteuid(), path
    private = [shared / "engines.json", shared / "lock", *(shared / "logs").iterdir()]
    for file in (*private, *(it for it in (shared / "weed").iterdir() if it.is_file())):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert sorted(it.name for it in (shared / "weed").glob("*.key")) == ["node.key"]


def test_a_path_too_long_or_too_odd_for_sockets_works_too(
    once_stopped: Path, data: Path, s3: Connect
) -> None:
    odd = data / ("Über uns, \"a\" 'b' $HOME " + "x" * 80)
    shutil.copytree(once_stopped, odd)
    with Engines.start(odd) as engines:
        elsewhere = engines._directory.sockets
        assert not elsewhere.is_relative_to(odd)
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
        assert load_addresses(odd) == engines.addresses
        client = s3(engines.addresses.intake)
        assert recall(engines.addresses, client, "kept") == ("kept", "kept")
    assert not elsewhere.exists()


def test_a_directory_with_other_things_in_it_is_not_taken_over(data: Path) -> None:
    data.mkdir(mode=0o755, parents=True)
    (data / "holiday.jpg").touch()
    with pytest.raises(EngineError, match="holds other things"):
        Engines.start(data)
    assert stat.S_IMODE(data.stat().st_mode) == 0o755
    assert [it.name for it in data.iterdir()] == ["holiday.jpg"]


def test_a_taken_port_is_named_and_the_clean_stop_not_forgotten(used: Path) -> None:
    port = read_settings(used / "engines.json").ports["s3"]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(EngineError, match=str(port)):
        Engines.start(used)
    assert engines_in(used) == []
    assert DataDirectory(used).was_stopped_cleanly()


def test_a_cluster_of_another_major_version_is_refused(used: Path) -> None:
    (used / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EngineError, match="made by PostgreSQL 17, and this is 18"):
        Engines.start(used)


def test_engines_outlive_the_thread_that_started_them(used: Path) -> None:
    started: list[Engines] = []
    thread = threading.Thread(target=lambda: started.append(Engines.start(used)))
    thread.start()
    thread.join()
    with started[0] as engines:
        pids = engines._postgres.child.pid, engines._weed.child.pid
        assert set(engines.health().values()) == {"ok"}
        assert (engines._postgres.child.pid, engines._weed.child.pid) == pids


def test_a_foreign_directory_for_sockets_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = data / ("x" * 80)
    temporary = data.parent.parent / "t"
    temporary.mkdir()
    monkeypatch.setattr("storage.embedded.directory._TEMPORARY", temporary)
    (data.parent.parent / "elsewhere").mkdir()
    DataDirectory(odd).sockets.symlink_to(data.parent.parent / "elsewhere")
    with pytest.raises(EngineError, match="must be a directory that belongs to this user"):
        Engines.start(odd)
