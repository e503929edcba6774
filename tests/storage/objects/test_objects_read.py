"""What the object store promises when something is read, found or held. On the real SeaweedFS."""

import io
import os
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from storage.embedded.addresses import Addresses, S3Access
from storage.errors import CorruptError, NotFoundError, RefusedError, UnavailableError
from storage.objects import reading
from storage.objects.store import ObjectStore, Patience, StoredObject
from tests.storage.objects.stores import MIB, PATIENT, key, now, store
from tests.storage.objects.wire import Wire

DATA = os.urandom(5 * MIB + 11)


@pytest.fixture(scope="module")
def vault(addresses: Addresses) -> Iterator[ObjectStore]:
    vault = store(addresses.intake, addresses.vault_bucket)
    yield vault
    vault.close()


@pytest.fixture(scope="module")
def stored(vault: ObjectStore) -> StoredObject:
    return vault.put_stream(key(), io.BytesIO(DATA))


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, None), (0, 1), (1, 1), (7, 3 * MIB), (len(DATA) - 1, 1), (4 * MIB, None), (5, 0)],
)
def test_a_range_gives_just_these_bytes(
    vault: ObjectStore, stored: StoredObject, start: int, length: int | None
) -> None:
    expected = DATA[start:] if length is None else DATA[start : start + length]
    with vault.open(stored.key, stored.version, start=start, length=length) as stream:
        assert stream.size == len(expected)
        assert b"".join(stream) == expected


def test_an_empty_object_gives_no_bytes(vault: ObjectStore) -> None:
    empty = vault.put_bytes(key(), b"")

    assert list(vault.open(empty.key, empty.version)) == []
    assert vault.read(empty.key, empty.version, limit=0) == b""


def test_whoever_asks_once_is_not_kept_waiting_for_a_store_that_is_away(
    addresses: Addresses,
) -> None:
    nowhere = replace(addresses.intake, endpoint="http://127.0.0.1:9")
    endless = Patience(limit_s=100_000)
    with (
        closing(
            ObjectStore(nowhere, "bucket", retention=None, clock=now, patience=endless)
        ) as vault,
        pytest.raises(UnavailableError),
    ):
        vault.open("key", "version", once=True)


@pytest.mark.parametrize("start", [0, len(DATA) - 5])
def test_a_range_beyond_the_end_is_a_corrupt_object(
    vault: ObjectStore, stored: StoredObject, start: int
) -> None:
    """Whoever asks knows the size from his records."""
    with pytest.raises(CorruptError, match=f"found {len(DATA)} bytes"):
        vault.open(stored.key, stored.version, start=start, length=len(DATA) - start + 1)


def test_what_is_not_there_is_said_at_once(vault: ObjectStore, stored: StoredObject) -> None:
    with pytest.raises(NotFoundError):
        vault.open(key(), stored.version)
    with pytest.raises(NotFoundError):
        vault.open(stored.key, "0" * 32)
    with pytest.raises(NotFoundError):
        vault.lock(key(), stored.version)
    assert vault.find(key()) is None


def test_a_version_is_read_by_its_name_whatever_came_later(vault: ObjectStore) -> None:
    first = vault.put_bytes(key(), b"first")
    vault._s3.client.put_object(Bucket=vault.bucket, Key=first.key, Body=b"later")

    assert vault.read(first.key, first.version, limit=10) == b"first"
    assert vault.verify(first) == first.fingerprint


def test_a_large_object_is_not_read_as_a_small_one(
    vault: ObjectStore, stored: StoredObject
) -> None:
    assert vault.read(stored.key, stored.version, limit=len(DATA)) == DATA
    with pytest.raises(RefusedError, match=f"{len(DATA)} bytes is above {len(DATA) - 1}"):
        vault.read(stored.key, stored.version, limit=len(DATA) - 1)


@pytest.mark.parametrize(("start", "length"), [(0, None), (MIB + 3, 3 * MIB)])
def test_a_broken_connection_gives_no_byte_twice_and_leaves_none_out(
    addresses: Addresses, stored: StoredObject, start: int, length: int | None
) -> None:
    expected = DATA[start:] if length is None else DATA[start : start + length]
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket, patience=PATIENT)
        wire.breaks = [100, 1_234_567, 700_001]
        with vault.open(stored.key, stored.version, start=start, length=length) as stream:
            received = b"".join(stream)
        assert wire.lost == 3
        assert received == expected
        vault.close()


def test_an_answer_cut_anywhere_is_never_taken_for_a_shorter_object(
    addresses: Addresses, stored: StoredObject
) -> None:
    """Among the headers too: half of Content-Length reads like a number."""
    cuts = range(1, 800, 23)
    soon_back = replace(PATIENT, first_pause_s=0.01)
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket, patience=soon_back)
        for at in cuts:
            wire.hang_up()
            wire.breaks = [at]
            tail = vault.open(stored.key, stored.version, start=len(DATA) - 1000)
            assert b"".join(tail) == DATA[-1000:]
        vault.close()
    assert wire.lost == len(cuts)


def test_a_store_that_stays_away_ends_a_stream_within_the_limit(
    addresses: Addresses, stored: StoredObject
) -> None:
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket)
        wire.breaks = [1_500_000]
        with vault.open(stored.key, stored.version) as stream:
            next(stream)
            wire.refuse()
            begun = time.monotonic()
            with pytest.raises(UnavailableError):
                b"".join(stream)
        assert time.monotonic() - begun < PATIENT.limit_s
        vault.close()


def test_an_object_is_fetched_into_a_file(
    vault: ObjectStore, stored: StoredObject, tmp_path: Path
) -> None:
    done: list[int] = []
    vault.fetch_to(stored, tmp_path / "clip.mp4", done.append)

    assert (tmp_path / "clip.mp4").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert done[-1] == len(DATA)


def test_an_address_gives_one_version_under_any_name(
    vault: ObjectStore, addresses: Addresses
) -> None:
    known = ssl.create_default_context(cafile=addresses.intake.authority)
    stored = vault.put_bytes(key(), b"package")
    name = 'Café "1"\r\nSet-Cookie: x; é.zip'
    url = vault.presign(stored.key, stored.version, seconds=60, filename=name)

    with urllib.request.urlopen(url, context=known) as answer:  # noqa: S310 - our own address
        assert answer.read() == b"package"
        assert answer.headers["Content-Type"] == "application/octet-stream"
        said = answer.headers["Content-Disposition"]
    assert said.startswith('attachment; filename="Caf_ _1___Set-Cookie_ x_ _.zip"')
    assert said.endswith(
        "filename*=UTF-8''Caf%C3%A9%20%221%22%0D%0ASet-Cookie%3A%20x%3B%20%C3%A9.zip"
    )
    assert answer.headers["Set-Cookie"] is None
    wrong = url.replace(stored.version, "0" * 32)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(wrong, context=known)  # noqa: S310 - ours


def test_an_address_names_the_host_that_the_public_reaches(addresses: Addresses) -> None:
    with Wire(addresses.intake) as wire:
        vault = store(addresses.intake, addresses.vault_bucket, public_url=wire.access.endpoint)
        stored = vault.put_bytes(key(), b"package")
        url = vault.presign(stored.key, stored.version, seconds=60, filename="a.zip")
        assert url.startswith(wire.access.endpoint)
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own address
            assert answer.read() == b"package"
        vault.close()


def test_retention_grows_and_never_shrinks(vault: ObjectStore) -> None:
    stored = vault.put_bytes(key(), b"x")
    later = now() + timedelta(days=9)
    vault.retain(stored.key, stored.version, until=later, mode="GOVERNANCE")
    until = vault.lock(stored.key, stored.version).until
    assert until == later.replace(microsecond=0)

    with pytest.raises(RefusedError, match="AccessDenied"):
        vault.retain(stored.key, stored.version, until=now() + timedelta(days=2), mode="GOVERNANCE")
    assert vault.lock(stored.key, stored.version).until == until


def test_only_disposal_puts_a_hold_on_and_takes_it_off(
    vault: ObjectStore, addresses: Addresses
) -> None:
    stored = vault.put_bytes(key(), b"x")
    disposal = store(addresses.disposal, addresses.vault_bucket)
    with pytest.raises(RefusedError, match="AccessDenied"):
        vault.hold(stored.key, stored.version, on=True)
    disposal.hold(stored.key, stored.version, on=True)
    assert vault.lock(stored.key, stored.version).legal_hold
    with pytest.raises(RefusedError, match="AccessDenied"):
        vault.hold(stored.key, stored.version, on=False)
    disposal.hold(stored.key, stored.version, on=False)
    assert not vault.lock(stored.key, stored.version).legal_hold
    disposal.close()


def test_each_identity_finds_its_bucket_in_order(addresses: Addresses) -> None:
    for access, bucket in (
        (addresses.intake, addresses.vault_bucket),
        (addresses.disposal, addresses.vault_bucket),
        (addresses.publisher, addresses.log_bucket),
    ):
        seen = store(access, bucket)
        seen.check()
        seen.close()


def test_a_bucket_that_is_not_ours_is_refused_by_the_check(addresses: Addresses) -> None:
    elsewhere = store(addresses.intake, "no-such-bucket")
    with pytest.raises(RefusedError):
        elsewhere.check()
    elsewhere.close()


def test_a_wrong_key_is_refused_by_the_check(addresses: Addresses) -> None:
    wrong = replace(addresses.intake, secret_key="wrong")
    stranger = store(wrong, addresses.vault_bucket)
    with pytest.raises(RefusedError):
        stranger.check()
    stranger.close()


def test_the_check_tells_at_once_that_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # Whoever waited for a second try would outlast this test.
    patience = Patience(limit_s=3600, first_pause_s=3600, longest_pause_s=3600)
    nobody = S3Access(f"http://127.0.0.1:{port}", "us-east-1", "a", "s")
    gone = store(nobody, "bucket", patience=patience)
    with pytest.raises(UnavailableError):
        gone.check()
    gone.close()


def test_the_check_does_not_wait_for_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection, and says nothing: whoever reads a large file would wait longer."""
    monkeypatch.setattr(reading, "_GLANCE", replace(reading._GLANCE, read_timeout_s=0.2))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endless = Patience(limit_s=0.0, read_timeout_s=3600)
        access = S3Access(f"http://127.0.0.1:{listener.getsockname()[1]}", "us-east-1", "a", "s")
        frozen = store(access, "bucket", patience=endless)
        with pytest.raises(UnavailableError):
            frozen.check()
        frozen.close()


def test_a_store_that_ignores_ranges_is_not_believed() -> None:
    """It would give the first bytes of the object for the ones in its middle."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            end, _ = listener.accept()
            with end:
                end.recv(65536)
                end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")

        thread = threading.Thread(target=answer)
        thread.start()
        port = listener.getsockname()[1]
        odd = store(S3Access(f"http://127.0.0.1:{port}", "us-east-1", "a", "s"), "bucket")
        with pytest.raises(RefusedError, match="it knows no ranges"):
            odd.open("key", "version", start=5, length=2)
        thread.join()
        odd.close()
