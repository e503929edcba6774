"""An engine that ends by itself is started again, and nothing acknowledged is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from mypy_boto3_s3 import S3Client
from sqlalchemy import create_engine, text

from storage.embedded.backoff import Backoff
from storage.embedded.children import Child
from storage.embedded.engines import Engines, S3Access
from tests.engines import own_engines
from tests.polling import PATIENCE_S

Connect = Callable[[S3Access], S3Client]


@pytest.fixture(scope="module")
def mortal() -> Iterator[Engines]:
    """Start engines of our own: these are killed."""
    with own_engines() as engines:
        yield engines


@pytest.fixture(autouse=True)
def calm(mortal: Engines) -> None:
    """Forget earlier deaths, so that each test sees the first one."""
    mortal._backoff = {"database": Backoff(), "objects": Backoff()}


def kill(child: Child) -> None:
    pid = child.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while child.pid is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def put(client: S3Client, engines: Engines, key: str) -> None:
    client.put_object(Bucket=engines.addresses.vault_bucket, Key=key, Body=key.encode() * 100)


def get(client: S3Client, engines: Engines, key: str) -> bool:
    answer = client.get_object(Bucket=engines.addresses.vault_bucket, Key=key)
    return answer["Body"].read() == key.encode() * 100


def test_a_killed_store_comes_back_with_every_object(mortal: Engines, s3: Connect) -> None:
    client = s3(mortal.addresses.intake)
    keys = [f"before-{number}" for number in range(20)]
    for key in keys:
        put(client, mortal, key)
    kill(mortal._weed.child)
    assert mortal.health() == {"database": "ok", "objects": "the object store does not run"}
    assert mortal.mend() == ("objects",)
    assert all(get(client, mortal, key) for key in keys)
    put(client, mortal, "after")
    assert mortal.mend() == ()
    assert set(mortal.health().values()) == {"ok"}


def test_objects_are_found_again_when_a_power_cut_zeroed_the_end_of_an_index(
    mortal: Engines, s3: Connect
) -> None:
    client = s3(mortal.addresses.intake)
    put(client, mortal, "indexed")
    kill(mortal._weed.child)
    for index in mortal._directory.objects.glob("custos-vault_*.idx"):
        index.write_bytes(bytes(index.stat().st_size))
    assert mortal.mend() == ("objects",)
    assert get(client, mortal, "indexed")


def test_a_killed_database_comes_back_with_every_row_and_the_store_goes_on(
    mortal: Engines, s3: Connect
) -> None:
    client, engine = s3(mortal.addresses.intake), create_engine(mortal.addresses.owner_url)
    put(client, mortal, "rowed")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE survives (n int)"))
        connection.execute(text("INSERT INTO survives SELECT generate_series(1, 1000)"))
    engine.dispose()
    kill(mortal._postgres.child)
    assert mortal.health()["database"] == "the database does not run"
    assert mortal.mend() == ("database",)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM survives")).scalar() == 1000
    engine.dispose()
    assert get(client, mortal, "rowed")
    put(client, mortal, "after the database")
    assert set(mortal.health().values()) == {"ok"}


def test_both_killed_both_come_back(mortal: Engines, s3: Connect) -> None:
    client = s3(mortal.addresses.intake)
    put(client, mortal, "both")
    kill(mortal._weed.child)
    kill(mortal._postgres.child)
    assert mortal.mend() == ("database", "objects")
    assert get(client, mortal, "both")


def test_an_engine_that_keeps_ending_is_not_started_at_every_call(mortal: Engines) -> None:
    kill(mortal._weed.child)
    assert mortal.mend() == ("objects",)
    kill(mortal._weed.child)
    assert mortal.mend() == ()
    deadline = time.monotonic() + PATIENCE_S
    while not mortal.mend():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert set(mortal.health().values()) == {"ok"}


def test_an_engine_that_cannot_be_started_is_said_and_tried_again(
    mortal: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(mortal, "_say", said.append)
    kill(mortal._weed.child)
    good = mortal._directory.weed / "filer.toml"
    kept = good.read_text()
    good.write_text(kept.replace("weed", "nobody-of-this-name"))
    assert mortal.mend() == ()
    assert "the object store ended with code" in said[-1]
    assert mortal.health()["objects"] != "ok"
    good.write_text(kept)
    mortal._backoff["objects"] = Backoff()
    assert mortal.mend() == ("objects",)


def test_tries_grow_apart_until_a_minute_of_peace() -> None:
    backoff, now, waits = Backoff(), 100.0, []
    for _ in range(8):
        assert backoff.is_due(now)
        backoff.tried(now)
        start = now
        while not backoff.is_due(now):
            now += 0.5
        waits.append(now - start)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    now += 100
    backoff.tried(now)
    assert not backoff.is_due(now + 0.5)
    assert backoff.is_due(now + 1)
