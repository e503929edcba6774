"""Objects for everybody, on the real SeaweedFS, with the rights of the log's publisher."""

import secrets
from collections.abc import Iterator

import pytest

from storage.embedded.addresses import Addresses
from storage.errors import ConflictError, RefusedError
from storage.objects.public import PublicObjects
from storage.objects.store import ObjectStore, Retention
from tests.storage.objects.stores import PATIENT, now

FOREVER = "public, max-age=31536000, immutable"
FULL, PARTIAL = "tile/0/000", "tile/0/000.p/"


@pytest.fixture(scope="module")
def store(addresses: Addresses) -> Iterator[ObjectStore]:
    store = ObjectStore(
        addresses.publisher,
        addresses.log_bucket,
        retention=Retention(days=1),
        clock=now,
        patience=PATIENT,
        cached=FOREVER,
    )
    yield store
    store.close()


@pytest.fixture
def objects(store: ObjectStore) -> PublicObjects:
    return PublicObjects(store, f"{secrets.token_hex(8)}/")


def names(objects: PublicObjects) -> list[str]:
    """Return every version of every object."""
    found = objects._s3.client.list_object_versions(Bucket=objects._bucket, Prefix=objects._prefix)
    assert not found.get("DeleteMarkers")
    return [one["Key"].removeprefix(objects._prefix) for one in found.get("Versions", [])]


def test_what_lasts_is_locked_and_what_passes_is_not(objects: PublicObjects) -> None:
    objects.put(FULL, b"full", lasting=True)
    objects.put(f"{PARTIAL}7", b"partial", lasting=False)
    head = objects._s3.head(objects._bucket, objects._prefix + FULL)
    assert head is not None
    assert (head["ObjectLockMode"], head["CacheControl"]) == ("GOVERNANCE", FOREVER)
    head = objects._s3.head(objects._bucket, objects._prefix + PARTIAL + "7")
    assert head is not None
    assert "ObjectLockMode" not in head


@pytest.mark.parametrize("lasting", [True, False])
def test_an_object_is_put_once_and_compared_the_next_time(
    objects: PublicObjects, *, lasting: bool
) -> None:
    for _ in range(2):
        objects.put(FULL, b"these", lasting=lasting)
    for other in (b"those", b"longer"):
        with pytest.raises(ConflictError):
            objects.put(FULL, other, lasting=lasting)
    assert names(objects) == [FULL]


def test_a_text_is_replaced_by_whoever_knows_what_stands_there_and_nobody_else(
    objects: PublicObjects,
) -> None:
    assert objects.latest("checkpoint") is None
    first = objects.replace("checkpoint", b"one", instead_of=None)
    with pytest.raises(ConflictError):
        objects.replace("checkpoint", b"another", instead_of=None)
    second = objects.replace("checkpoint", b"two", instead_of=first)
    with pytest.raises(ConflictError):
        objects.replace("checkpoint", b"of before", instead_of=first)
    assert objects.latest("checkpoint") == (b"two", second)
    head = objects._s3.head(objects._bucket, objects._prefix + "checkpoint")
    assert head is not None
    assert (head["ContentType"], head["CacheControl"]) == ("text/plain; charset=utf-8", "no-cache")
    assert objects.clear_older("checkpoint") == 1
    assert names(objects) == ["checkpoint"]
    assert objects.latest("checkpoint") == (b"two", second)


def test_what_passes_is_cleared_away_by_name_and_leaves_nothing(objects: PublicObjects) -> None:
    objects.put(FULL, b"full", lasting=True)
    for width in (1, 2, 30):
        objects.put(f"{PARTIAL}{width}", bytes(width), lasting=False)
    assert objects.clear(PARTIAL, lambda name: not name.endswith("/30")) == 2
    assert sorted(names(objects)) == [FULL, f"{PARTIAL}30"]
    assert objects.clear("nothing/", lambda _: True) == 0


def test_the_publisher_cannot_clear_away_what_lasts(objects: PublicObjects) -> None:
    objects.put(FULL, b"full", lasting=True)
    with pytest.raises(RefusedError, match=FULL):
        objects.clear(FULL, lambda _: True)
    assert names(objects) == [FULL]
