"""Stores that do what no good store does: moto stands in for them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from storage.digest import fingerprint
from storage.embedded.addresses import S3Access
from storage.errors import CorruptError, RefusedError
from storage.objects import sending
from storage.objects.sending import part_size
from storage.objects.store import Inline, ObjectStore, Retention, StoredObject, whole
from tests.storage.objects.stores import DAY, MIB, key, store

ACCESS = S3Access("https://s3.us-east-1.amazonaws.com", "us-east-1", "key", "secret")


@pytest.fixture
def vault() -> Iterator[ObjectStore]:
    with mock_aws():
        vault = store(ACCESS, "vault")
        vault._s3.client.create_bucket(Bucket="vault", ObjectLockEnabledForBucket=True)
        yield vault
        vault.close()


def inside(stored: StoredObject) -> Any:  # noqa: ANN401 - moto's own object
    """Reach into the store behind its back."""
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[stored.bucket].keys[stored.key]


@pytest.mark.parametrize(
    "other", [b"evidence!", b"Evidence", b"evidenc", b""], ids=["longer", "changed", "cut", "empty"]
)
def test_other_bytes_in_the_store_are_found(
    vault: ObjectStore, tmp_path: Path, other: bytes
) -> None:
    stored = vault.put_bytes(key(), b"evidence")
    vault.verify(stored)
    inside(stored).value = other

    with pytest.raises(CorruptError) as caught:
        vault.verify(stored)
    assert caught.value.expected == str(fingerprint(b"evidence"))
    assert caught.value.found == str(fingerprint(other))
    with pytest.raises(CorruptError):
        vault.fetch_to(stored, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def answers(vault: ObjectStore, operation: str, **changes: object) -> None:
    """Change what the store says."""

    def change(parsed: dict[str, object], **_rest: object) -> None:
        for name, value in changes.items():
            parsed.pop(name, None)
            if value is not None:
                parsed[name] = value

    vault._s3.client.meta.events.register(f"after-call.s3.{operation}", change)


def test_a_lock_that_the_store_forgot_is_noticed(vault: ObjectStore) -> None:
    """Moto keeps no lock on what was put in parts."""
    with pytest.raises(RefusedError, match="did not lock it"):
        vault.put_stream(key(), io.BytesIO(b"x" * 9 * MIB), size=9 * MIB)


@pytest.fixture
def open_vault(vault: ObjectStore) -> Iterator[ObjectStore]:
    found = store(ACCESS, vault.bucket, retention=None)
    yield found
    found.close()


@pytest.mark.parametrize(
    "said",
    [
        {"ChecksumCRC32": None, "ChecksumType": None},
        {"ChecksumCRC32": "AAAAAA==-2", "ChecksumType": "COMPOSITE"},
        {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "COMPOSITE"},
        {"ChecksumCRC32": "AAAAAA==-2", "ChecksumType": None},
    ],
    ids=["none", "of parts", "of parts, unmarked", "of parts, untyped"],
)
def test_a_store_without_a_whole_crc_is_not_said_to_have_compared(
    open_vault: ObjectStore, said: dict[str, str | None]
) -> None:
    answers(open_vault, "HeadObject", **said)
    answers(open_vault, "CompleteMultipartUpload", **said)

    stored = open_vault.put_stream(key(), io.BytesIO(b"x" * 17 * MIB))
    assert stored.store_crc32 is None
    assert open_vault.verify(stored) == fingerprint(b"x" * 17 * MIB)
    joined = open_vault.join(key(), [Inline(b"header"), whole(stored)])
    assert joined.store_crc32 is None
    assert joined.crc32 == fingerprint(b"header" + b"x" * 17 * MIB).crc32
    assert open_vault.join(joined.key, [Inline(b"header"), whole(stored)]) == joined


@pytest.mark.parametrize(
    ("operation", "size"), [("HeadObject", 8), ("CompleteMultipartUpload", 17 * MIB)]
)
def test_a_store_that_has_another_crc_has_other_bytes(
    open_vault: ObjectStore, operation: str, size: int
) -> None:
    answers(open_vault, operation, ChecksumCRC32="AAAAAA==")

    with pytest.raises(CorruptError, match=r"expected crc32 .*, found crc32 00000000"):
        open_vault.put_stream(key(), io.BytesIO(b"x" * size))


def test_a_store_that_kept_fewer_bytes_is_not_believed(open_vault: ObjectStore) -> None:
    answers(open_vault, "HeadObject", ContentLength=7)

    with pytest.raises(CorruptError, match="expected 8 bytes, found 7"):
        open_vault.put_bytes(key(), b"evidence")


def test_a_bucket_that_keeps_no_versions_is_refused(vault: ObjectStore) -> None:
    vault._s3.client.create_bucket(Bucket="plain")
    plain = store(ACCESS, "plain", retention=DAY)
    with pytest.raises(RefusedError, match="keeps no versions"):
        plain.check()
    plain.close()
    plain = store(ACCESS, "plain", retention=None)
    with pytest.raises(RefusedError, match="keeps no versions"):
        plain.put_bytes(key(), b"x")
    plain.close()
    vault.check()


def test_a_bucket_that_is_missing_is_refused_by_name(vault: ObjectStore) -> None:
    missing = store(ACCESS, "missing")
    with pytest.raises(RefusedError, match="no bucket missing"):
        missing.check()
    with pytest.raises(RefusedError, match="NoSuchBucket"):
        missing.put_bytes(key(), b"x")
    missing.close()
    vault.check()


@pytest.mark.parametrize(
    ("size", "part"),
    [
        (None, 16 * MIB),
        (0, 8 * MIB),
        (9_000 * 8 * MIB, 8 * MIB),
        (9_000 * 8 * MIB + 1, 8 * MIB + 1),
        (1 << 40, -(-(1 << 40) // 9_000)),
    ],
)
def test_parts_grow_only_when_there_would_be_too_many(size: int | None, part: int) -> None:
    assert part_size(size) == part
    assert size is None or -(-size // part) <= 9_000


def test_an_endless_stream_is_refused_and_aborted(
    open_vault: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_PARTS", 1)
    name = key()
    with pytest.raises(RefusedError, match="declare its size"):
        open_vault.put_stream(name, io.BytesIO(b"x" * 17 * MIB))
    assert open_vault.find(name) is None
    assert open_vault.abort_stale(name) == 0, "it was aborted already"


def test_a_legal_hold_is_set_with_the_object_where_it_is_asked_for(vault: ObjectStore) -> None:
    holding = store(ACCESS, vault.bucket, retention=Retention(days=1, legal_hold=True))
    held, free = holding.put_bytes(key(), b"x"), vault.put_bytes(key(), b"x")

    assert holding.lock(held.key, held.version).legal_hold
    assert not holding.lock(free.key, free.version).legal_hold
    holding.close()
