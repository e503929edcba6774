"""After an unclean stop, what was acknowledged in the last day is read again and compared."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from sqlmodel import select

from custody.ledger.tables import CustodyEventRow
from export.holdings.files import MASTER, files_of
from export.holdings.fixity import Fixity
from export.sealing.aftercare.fixity import PackageFixity
from storage.digest import Fingerprint
from storage.errors import CorruptError, NotFoundError, StorageError, UnavailableError
from storage.objects.store import ObjectStore, StoredObject
from storage.objects.streams import ObjectStream
from tests.durability import acts
from tests.durability.houses import House


@dataclass(frozen=True, slots=True)
class Sealed:
    """An exhibit, and a release of it that was sealed."""

    exhibit: UUID
    release: UUID


@pytest.fixture(scope="module")
def sealed(house: House, clip: Path) -> Sealed:
    with house.sequencing():
        exhibit = acts.take_in(house.services, clip)
        house.finish([exhibit])
        release = acts.release(house.services, [exhibit])
        house.finish([release])
    return Sealed(exhibit, release)


def events(house: House, record: UUID) -> Counter[str]:
    with house.services.transaction() as session:
        rows = session.exec(select(CustodyEventRow.event).where(CustodyEventRow.record == record))
        return Counter(rows)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A vault in which nothing can be read as it was written."""

    error: StorageError

    def verify(self, _stored: StoredObject, **_others: object) -> Fingerprint:
        raise self.error


def fixity(house: House, error: StorageError, *, later: timedelta = timedelta()) -> Fixity:
    services = house.services
    return Fixity(
        services.transaction,
        cast("ObjectStore", Damaged(error)),
        services.ledger,
        services.jobs,
        clock=lambda: services.clock() + later,
    )


def package_fixity(house: House, error: StorageError) -> PackageFixity:
    services = house.services
    damaged = cast("ObjectStore", Damaged(error))
    return PackageFixity(services.transaction, damaged, services.jobs, clock=services.clock)


DAMAGE = [CorruptError("a file", expected="a", found="b"), NotFoundError("a file is gone")]


def test_exhibits_and_packages_are_read_again_and_found_whole(house: House, sealed: Sealed) -> None:
    before, release = events(house, sealed.exhibit), events(house, sealed.release)
    assert house.services.fixity.defer_recent() + house.services.package_fixity.defer_recent() >= 2
    with house.sequencing():
        house.finish([sealed.exhibit, sealed.release])
    assert acts.is_done(house.services, sealed.exhibit)
    assert acts.is_done(house.services, sealed.release)
    assert events(house, sealed.exhibit) - before == Counter({acts.RECHECKED: 1})
    assert events(house, sealed.release) == release


def test_what_is_older_than_a_day_is_left_alone(house: House, sealed: Sealed) -> None:
    del sealed
    assert fixity(house, DAMAGE[0], later=timedelta(days=2)).defer_recent() == 0


@pytest.mark.parametrize("error", DAMAGE, ids=["damaged", "gone"])
def test_an_exhibit_that_is_not_as_it_was_stored_is_recorded_and_stops(
    house: House, sealed: Sealed, error: StorageError
) -> None:
    before = events(house, sealed.exhibit)
    with pytest.raises(type(error)):
        fixity(house, error).check(sealed.exhibit)
    assert events(house, sealed.exhibit) - before == Counter({"integrity.failed": 1})


@pytest.mark.parametrize("error", DAMAGE, ids=["damaged", "gone"])
def test_a_package_that_is_not_as_it_was_sealed_stops(
    house: House, sealed: Sealed, error: StorageError
) -> None:
    with pytest.raises(type(error)):
        package_fixity(house, error).check(sealed.release)


def test_the_package_is_compared_with_what_was_sealed(
    house: House, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[[ObjectStore, StoredObject], Fingerprint] = ObjectStore.verify
    seen: list[StoredObject] = []

    def verify(vault: ObjectStore, stored: StoredObject, **_others: object) -> Fingerprint:
        seen.append(stored)
        return real(vault, stored)

    monkeypatch.setattr(ObjectStore, "verify", verify)
    house.services.package_fixity.check(sealed.release)
    assert [stored.key for stored in seen] == [f"packages/{sealed.release}.zip"]


def test_a_store_that_is_away_proves_nothing(house: House, sealed: Sealed) -> None:
    before = events(house, sealed.exhibit)
    with pytest.raises(UnavailableError):
        fixity(house, UnavailableError("away")).check(sealed.exhibit)
    assert events(house, sealed.exhibit) == before


@pytest.mark.parametrize("away", [False, True], ids=["one", "all"])
def test_what_the_store_never_gives_is_damaged_unless_it_gives_nothing_else(
    house: House, sealed: Sealed, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    """A byte that turned on its disk is an internal error to SeaweedFS, as often as it is asked."""
    with house.services.transaction() as session:
        (master,) = files_of(session, sealed.exhibit, MASTER)
        lost = master.key
    before, real = events(house, sealed.exhibit), ObjectStore.open

    def opened(vault: ObjectStore, key: str, version: str, **how: bool) -> ObjectStream:
        if away or key == lost:
            raise UnavailableError("the store says InternalError")
        return real(vault, key, version, **how)

    monkeypatch.setattr(ObjectStore, "open", opened)
    with pytest.raises(UnavailableError if away else CorruptError, match="InternalError"):
        house.services.fixity.check(sealed.exhibit)
    found = Counter() if away else Counter({"integrity.failed": 1})
    assert events(house, sealed.exhibit) - before == found
