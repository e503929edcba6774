"""Joining objects inside the store. On the real SeaweedFS."""

import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.embedded.addresses import Addresses
from storage.errors import ConflictError, CorruptError, NotFoundError, UnavailableError
from storage.objects.store import Inline, ObjectStore, Piece, Span, StoredObject, whole
from tests.storage.objects.stores import MIB, client, key, now, open_uploads, store, versions
from tests.storage.objects.wire import Wire

DATA = os.urandom(24 * MIB + 13)


@pytest.fixture(scope="module")
def vault(addresses: Addresses) -> Iterator[ObjectStore]:
    vault = store(addresses.intake, addresses.vault_bucket)
    yield vault
    vault.close()


@pytest.fixture(scope="module")
def master(vault: ObjectStore) -> StoredObject:
    return vault.put_stream(key(), io.BytesIO(DATA))


def test_odd_pieces_are_joined_byte_for_byte_and_locked(
    vault: ObjectStore, master: StoredObject
) -> None:
    small = vault.put_bytes(key(), b"record" * 1000)
    empty = vault.put_bytes(key(), b"")
    pieces: list[Piece] = [
        Inline(b"header"),
        whole(small),
        Inline(b""),
        whole(empty),
        whole(master),
        Inline(b"between"),
        Span(master, 7, 16 * MIB + 1),
        whole(small),
        Inline(b"directory"),
    ]
    record = b"record" * 1000
    expected = b"header" + record + DATA + b"between" + DATA[7 : 16 * MIB + 8] + record
    expected += b"directory"
    done: list[int] = []

    joined = vault.join(key(), pieces, progress=done.append)

    assert joined.size == len(expected) > 40 * MIB
    assert joined.crc32 == zlib.crc32(expected)
    assert joined.store_crc32 == joined.crc32, "SeaweedFS computes it over the whole object"
    assert done == sorted(done)
    assert done[-1] == joined.size
    found = vault.fingerprint(joined.key, joined.version)
    assert found.sha256 == hashlib.sha256(expected).hexdigest()
    lock = vault.lock(joined.key, joined.version)
    assert lock.mode == "GOVERNANCE"
    assert lock.until is not None
    assert lock.until > now() + timedelta(hours=23)


@pytest.mark.parametrize("pieces", [[], [Inline(b"")], [Inline(b"little")]])
def test_little_or_nothing_is_joined_too(vault: ObjectStore, pieces: list[Inline]) -> None:
    joined = vault.join(key(), pieces)

    assert vault.read(joined.key, joined.version, limit=10) == b"".join(p.data for p in pieces)


def test_joining_again_finds_the_same_version(
    vault: ObjectStore, master: StoredObject, addresses: Addresses
) -> None:
    pieces: list[Piece] = [Inline(b"header"), whole(master)]
    first = vault.join(key(), pieces)

    assert vault.join(first.key, pieces) == first
    assert versions(client(addresses.intake), vault.bucket, first.key) == [first.version]


@pytest.mark.parametrize("other", [b"header", b"heads"])
def test_something_else_under_the_key_is_a_conflict(vault: ObjectStore, other: bytes) -> None:
    first = vault.join(key(), [Inline(b"heads!")])

    with pytest.raises(ConflictError, match="something else stands"):
        vault.join(first.key, [Inline(other)])


def test_a_join_goes_on_after_a_crash(
    vault: ObjectStore, master: StoredObject, addresses: Addresses
) -> None:
    """A killed process leaves an open upload with some of its parts."""
    speaker, name = client(addresses.intake), key()
    upload = speaker.create_multipart_upload(Bucket=vault.bucket, Key=name)["UploadId"]
    speaker.upload_part(
        Bucket=vault.bucket, Key=name, UploadId=upload, PartNumber=1, Body=b"half a header"
    )
    neighbour = name + "-of-another-release"
    speaker.create_multipart_upload(Bucket=vault.bucket, Key=neighbour)

    joined = vault.join(name, [whole(master)])

    assert vault.fingerprint(name, joined.version) == master.fingerprint
    assert versions(speaker, vault.bucket, name) == [joined.version]
    assert len(open_uploads(speaker, vault.bucket, name)) == 1, "the neighbour's"
    assert len(open_uploads(speaker, vault.bucket, neighbour)) == 1


def test_a_lost_answer_to_the_last_request_leaves_one_version(
    addresses: Addresses, master: StoredObject
) -> None:
    name = key()
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket)
        wire.lose_answer_to = b"<CompleteMultipartUpload"
        joined = vault.join(name, [Inline(b"header"), whole(master)])
        assert wire.lost == 1
        vault.close()

    assert versions(client(addresses.intake), addresses.vault_bucket, name) == [joined.version]


def test_a_store_that_goes_away_between_parts_lets_the_next_try_finish(
    addresses: Addresses, master: StoredObject
) -> None:
    name = key()
    pieces: list[Piece] = [Inline(b"header"), whole(master), Inline(b"directory")]
    with Wire(addresses.intake) as wire:
        vault = store(wire.access, addresses.vault_bucket)
        with pytest.raises(UnavailableError):
            vault.join(name, pieces, progress=lambda _done: wire.cut())
        wire.mend()
        joined = vault.join(name, pieces)
        vault.close()

    speaker = client(addresses.intake)
    assert joined.size == len(DATA) + 15
    assert versions(speaker, addresses.vault_bucket, name) == [joined.version]
    assert open_uploads(speaker, addresses.vault_bucket, name) == []


@pytest.mark.parametrize("head", [b"", b"header"], ids=["copied", "filled up"])
def test_an_object_that_is_not_what_its_record_says_is_found_while_joining(
    vault: ObjectStore, master: StoredObject, addresses: Addresses, head: bytes
) -> None:
    name, wrong = key(), replace(master, crc32=master.crc32 ^ 1)

    with pytest.raises(CorruptError):
        vault.join(name, [Inline(head), whole(wrong)])

    speaker = client(addresses.intake)
    assert versions(speaker, vault.bucket, name) == []
    assert open_uploads(speaker, vault.bucket, name) == []


def test_a_piece_that_is_not_there_stops_the_join(
    vault: ObjectStore, master: StoredObject, addresses: Addresses
) -> None:
    name = key()
    with pytest.raises(NotFoundError):
        vault.join(name, [whole(replace(master, version="0" * 32))])

    assert open_uploads(client(addresses.intake), vault.bucket, name) == []
