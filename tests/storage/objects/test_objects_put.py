"""What the object store promises when something is put. On the real SeaweedFS."""

import io
import os
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import cycle

import psutil
import pytest
from botocore.exceptions import ClientError

from storage.digest import fingerprint
from storage.embedded.addresses import Addresses
from storage.errors import ConflictError, CorruptError, StorageError, UnavailableError
from storage.objects.store import ObjectStore, Retention, StoredObject
from tests.storage.objects.stores import (
    MIB,
    PATIENT,
    client,
    key,
    now,
    open_uploads,
    store,
    versions,
)
from tests.storage.objects.wire import Wire

NOISE = os.urandom(MIB)


def noise(size: int) -> bytes:
    """Make bytes that differ from part to part, quickly."""
    start = secrets.token_bytes(16)
    return (start + NOISE * (size // MIB + 1))[:size]


class Brook:
    """A source of unknown size that gives what it likes, as sockets do."""

    def __init__(self, data: bytes, *, breaks_at: int | None = None) -> None:
        self._data = io.BytesIO(data)
        self._sizes = cycle([1, 70_000, 3, 1 << 19, 999_983])
        self._breaks_at = breaks_at

    def read(self, size: int, /) -> bytes:
        if self._breaks_at is not None and self._data.tell() >= self._breaks_at:
            raise ConnectionAbortedError("the recorder hung up")
        return self._data.read(min(size, next(self._sizes)))


@pytest.fixture(scope="module")
def vault(addresses: Addresses) -> Iterator[ObjectStore]:
    vault = store(addresses.intake, addresses.vault_bucket)
    yield vault
    vault.close()


def assert_nothing_is_there(addresses: Addresses, key: str) -> None:
    speaker = client(addresses.intake)
    assert versions(speaker, addresses.vault_bucket, key) == []
    assert open_uploads(speaker, addresses.vault_bucket, key) == []


@pytest.mark.parametrize("size", [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 25 * MIB])
def test_what_is_put_is_there_with_its_fingerprint(vault: ObjectStore, size: int) -> None:
    data = noise(size)
    done: list[int] = []

    stored = vault.put_stream(key(), io.BytesIO(data), size=size, progress=done.append)

    assert stored.fingerprint == fingerprint(data)
    assert stored.store_crc32 == stored.crc32, "SeaweedFS computes it over the whole object"
    assert vault.verify(stored) == fingerprint(data)
    assert vault.find(stored.key) == (stored.version, size, stored.crc32)
    assert done == sorted(done)
    assert done[-1:] == ([size] if size else [])


def test_a_stream_of_unknown_size_and_odd_reads_arrives_whole(vault: ObjectStore) -> None:
    data = noise(17 * MIB + 5)

    stored = vault.put_stream(key(), Brook(data))

    assert stored.fingerprint == fingerprint(data)
    assert vault.verify(stored) == fingerprint(data)


@pytest.mark.parametrize("size", [10, 8 * MIB, 20 * MIB])
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_stream_of_another_size_than_declared_is_not_acknowledged(
    vault: ObjectStore, addresses: Addresses, size: int, difference: int
) -> None:
    name = key()

    with pytest.raises(CorruptError, match=f"expected {size} bytes, found {size + difference}"):
        vault.put_stream(name, io.BytesIO(noise(size + difference)), size=size)

    assert_nothing_is_there(addresses, name)


@pytest.mark.parametrize("breaks_at", [0, 5 * MIB, 40 * MIB])
def test_a_source_that_breaks_leaves_no_object_and_no_open_upload(
    vault: ObjectStore, addresses: Addresses, breaks_at: int
) -> None:
    name = key()

    with pytest.raises(ConnectionAbortedError, match="hung up"):
        vault.put_stream(name, Brook(noise(50 * MIB), breaks_at=breaks_at))

    assert_nothing_is_there(addresses, name)


def test_a_taken_key_is_refused_before_the_source_is_read(vault: ObjectStore) -> None:
    taken = vault.put_bytes(key(), b"first")
    source = io.BytesIO(b"second")

    with pytest.raises(ConflictError, match="already"):
        vault.put_stream(taken.key, source)

    assert source.tell() == 0
    vault.verify(taken)


def test_the_same_bytes_put_twice_are_one_version(vault: ObjectStore, addresses: Addresses) -> None:
    first = vault.put_bytes(key(), b"seal")

    assert vault.put_bytes(first.key, b"seal") == first
    assert versions(client(addresses.intake), vault.bucket, first.key) == [first.version]


@pytest.mark.parametrize("other", [b"mend", b"", b"longer"])
def test_other_bytes_never_overwrite(vault: ObjectStore, other: bytes) -> None:
    first = vault.put_bytes(key(), b"seal")

    with pytest.raises(ConflictError):
        vault.put_bytes(first.key, other)
    assert vault.find(first.key) == (first.version, 4, first.crc32)


def test_of_many_who_put_at_once_one_wins(vault: ObjectStore, addresses: Addresses) -> None:
    name = key()

    def put(number: int) -> StoredObject | None:
        try:
            return vault.put_bytes(name, b"%d" % number)
        except ConflictError:
            return None

    with ThreadPoolExecutor(6) as pool:
        winners = [stored for stored in pool.map(put, range(6)) if stored is not None]

    assert len(winners) == 1
    assert versions(client(addresses.intake), vault.bucket, name) == [winners[0].version]


@pytest.mark.parametrize("size", [3, 20 * MIB])
def test_what_is_put_is_locked_and_its_writer_cannot_delete_it(
    vault: ObjectStore, addresses: Addresses, size: int
) -> None:
    stored = vault.put_stream(key(), io.BytesIO(noise(size)))
    lock = vault.lock(stored.key, stored.version)
    assert lock.mode == "GOVERNANCE"
    assert lock.until is not None
    assert abs(lock.until - now() - timedelta(days=1)) < timedelta(minutes=1)
    for access in (addresses.intake, addresses.publisher, addresses.disposal):
        with pytest.raises(ClientError, match="AccessDenied"):
            client(access).delete_object(
                Bucket=vault.bucket, Key=stored.key, VersionId=stored.version
            )
    vault.verify(stored)


def test_compliance_is_set_where_it_is_asked_for(addresses: Addresses) -> None:
    strict = store(
        addresses.intake, addresses.vault_bucket, retention=Retention(days=1, mode="COMPLIANCE")
    )
    stored = strict.put_bytes(key(), b"strict")

    assert strict.lock(stored.key, stored.version).mode == "COMPLIANCE"
    strict.close()


@pytest.mark.parametrize(("size", "during"), [(1000, "put an object"), (20 * MIB, "send a part")])
def test_a_byte_changed_on_the_wire_is_found_by_the_store(
    addresses: Addresses, size: int, during: str
) -> None:
    name, mark = key(), b"a mark near the end"
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket)
        wire.flip_in = mark
        with pytest.raises(CorruptError, match=f"{during}: .*BadDigest"):
            vault.put_stream(name, io.BytesIO(noise(size) + mark + b"."))
        assert wire.flip_in is None, "the byte was changed"
        vault.close()

    assert_nothing_is_there(addresses, name)


class Cutting(io.BytesIO):
    """A source in the middle of which the store goes away."""

    def __init__(self, data: bytes, wire: Wire) -> None:
        super().__init__(data)
        self._wire = wire

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 20 * MIB:
            self._wire.cut()
        return super().read(size)


def test_a_store_that_goes_away_is_unavailable_within_the_limit(addresses: Addresses) -> None:
    name = key()
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket)
        begun = time.monotonic()
        with pytest.raises(UnavailableError):
            vault.put_stream(name, Cutting(noise(60 * MIB), wire))
        assert time.monotonic() - begun < PATIENT.limit_s

        wire.mend()
        assert vault.find(name) is None
        assert vault.abort_stale(name, before=now() - timedelta(days=1)) == 0
        assert vault.abort_stale(name) == 1
        vault.close()
    assert_nothing_is_there(addresses, name)


@pytest.mark.parametrize(
    ("size", "mark"),
    [(1000, b"If-None-Match: *"), (20 * MIB, b"<CompleteMultipartUpload")],
    ids=["put", "complete"],
)
def test_a_lost_answer_gives_one_version_that_is_acknowledged(
    addresses: Addresses, size: int, mark: bytes
) -> None:
    """The store did it, and said so to nobody: the second try must find that."""
    name, data = key(), noise(size)
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket)
        wire.lose_answer_to = mark
        stored = vault.put_stream(name, io.BytesIO(data))
        assert wire.lost == 1
        vault.verify(stored)
        vault.close()

    speaker = client(addresses.intake)
    assert versions(speaker, addresses.vault_bucket, name) == [stored.version]
    assert open_uploads(speaker, addresses.vault_bucket, name) == []


def test_bytes_put_while_answers_are_cut_anywhere_are_put_once_or_not_acknowledged(
    addresses: Addresses,
) -> None:
    speaker = client(addresses.intake)
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket)
        for at in range(1, 700, 41):
            name = key()
            wire.hang_up()
            wire.breaks = [at]
            with suppress(StorageError):
                vault.verify(vault.put_bytes(name, b"seal"))
            again = vault.put_bytes(name, b"seal")
            vault.verify(again)
            assert versions(speaker, vault.bucket, name) == [again.version]
        vault.close()
    assert wire.lost > 10


class Endless:
    """A source as large as told that holds one mebibyte, and watches our memory."""

    def __init__(self, size: int) -> None:
        self.left = size
        self._process = psutil.Process()
        self.most = 0

    def read(self, size: int, /) -> bytes:
        chunk = NOISE[: min(size, self.left)]
        self.left -= len(chunk)
        self.most = max(self.most, self._process.memory_info().rss)
        return bytes(bytearray(chunk))


def test_a_stream_that_does_not_end_where_it_should_is_not_read_on(vault: ObjectStore) -> None:
    source = Endless(256 * MIB)

    with pytest.raises(CorruptError, match="expected 10 bytes"):
        vault.put_stream(key(), source, size=10)
    assert source.left >= 255 * MIB


def test_memory_does_not_grow_with_the_stream(vault: ObjectStore) -> None:
    source = Endless(256 * MIB)
    before = psutil.Process().memory_info().rss

    stored = vault.put_stream(key(), source)

    assert stored.size == 256 * MIB
    assert source.most - before < 120 * MIB


def test_an_upload_whose_key_holds_an_object_is_not_aborted(
    vault: ObjectStore, addresses: Addresses
) -> None:
    """It may be the upload that made the object; aborting it has destroyed objects."""
    name, speaker = key(), client(addresses.intake)
    speaker.create_multipart_upload(Bucket=vault.bucket, Key=name)
    vault.put_bytes(name, b"made by it, as far as anybody knows")

    assert vault.abort_stale(name) == 0
    assert len(open_uploads(speaker, vault.bucket, name)) == 1


def test_a_bucket_of_somebody_else_is_refused(addresses: Addresses) -> None:
    wrong = store(addresses.publisher, addresses.vault_bucket)
    with pytest.raises(StorageError, match="AccessDenied"):
        wrong.put_bytes(key(), b"x")
    wrong.close()
