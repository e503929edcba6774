"""kill -9 at each step, and then an ordinary process: everything ends once, and is verified.

Real engines, real processes. A child dies at a point (tests/durability/crashing.py), at every point
in turn; then one worker of the service finishes what they all left. "Not begun" is also the moment
right after the commit of the step before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from custody.ledger.publication.stored import StoredLog
from custody.ledger.tables import LogStateRow
from custody.tree.tiles import CHECKPOINT, format_tile, tiles_of
from storage.objects.client import S3, Patience
from storage.objects.public import PublicObjects
from storage.objects.store import ObjectStore
from tests.durability import acts, crashing
from tests.durability.crashers import Crasher, Killed
from tests.durability.houses import House
from tests.polling import poll


@pytest.fixture(scope="module")
def crasher(house: House) -> Iterator[Crasher]:
    crasher = Crasher(house.settings, house.services)
    yield crasher
    crasher.close()


def check(house: House, record: UUID) -> None:
    """Check that it is done, and was recorded once."""
    assert acts.is_done(house.services, record)
    acts.check_record(house.services, record)


@pytest.fixture(scope="module")
def exhibit(house: House, clip: Path) -> UUID:
    """Make an exhibit ready: its releases are what is killed."""
    with house.sequencing():
        exhibit = acts.take_in(house.services, clip)
        house.finish([exhibit])
    return exhibit


def count(house: House, table: str) -> int:
    with house.services.transaction() as session:
        rows = session.connection().execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - our own names
        return int(rows.scalar_one())


@pytest.mark.parametrize("point", crashing.INTAKE)
def test_an_intake_that_was_killed_left_nothing_but_bytes(
    house: House, crasher: Crasher, clip: Path, point: str
) -> None:
    tables = ("exhibit", "upload", "custody_event", "custody_record", "procrastinate_jobs")
    before = {table: count(house, table) for table in tables}
    assert crasher.die_at(point, clip) == crashing.REACHED
    assert {table: count(house, table) for table in tables} == before


EXHIBIT_POINTS = [*crashing.EXAMINATION, *crashing.DERIVATION, *crashing.STAMPING]


@pytest.fixture(scope="module")
def exhibits(house: House, crasher: Crasher, clip: Path) -> dict[str, Killed]:
    """Kill over one exhibit at each point, then let all of them become ready."""
    with house.sequencing():
        killed = {
            point: crasher.kill_over(acts.take_in(house.services, clip), point)
            for point in EXHIBIT_POINTS
        }
        crasher.resume()
        house.finish([one.record for one in killed.values()])
    return killed


@pytest.mark.parametrize("point", EXHIBIT_POINTS)
def test_an_exhibit_whose_worker_was_killed_is_made_ready_once(
    house: House, exhibits: dict[str, Killed], point: str
) -> None:
    assert exhibits[point].code == crashing.REACHED
    check(house, exhibits[point].record)


def test_all_these_exhibits_go_into_one_package_that_is_verified(
    house: House, exhibits: dict[str, Killed]
) -> None:
    with house.sequencing():
        release = acts.release(house.services, [one.record for one in exhibits.values()])
        house.finish([release])
    check(house, release)
    acts.check_package(house.services, release)
    acts.check_log(house.services)


RELEASE_POINTS = [*crashing.BEGINNINGS, *crashing.SEALING]


@pytest.fixture(scope="module")
def releases(house: House, crasher: Crasher, exhibit: UUID) -> dict[str, Killed]:
    """Kill over one release at each point, then let all of them be sealed."""
    with house.sequencing():
        killed = {
            point: crasher.kill_over(acts.release(house.services, [exhibit]), point)
            for point in RELEASE_POINTS
        }
        house.finish([one.record for one in killed.values()])
    return killed


@pytest.mark.parametrize("point", RELEASE_POINTS)
def test_a_release_whose_worker_was_killed_is_sealed_once(
    house: House, releases: dict[str, Killed], point: str
) -> None:
    assert releases[point].code == crashing.REACHED
    release = releases[point].record
    check(house, release)
    acts.check_package(house.services, release)
    check_stored_once(house, f"packages/{release}.zip")


@pytest.mark.usefixtures("releases")
def test_the_log_and_the_database_agree_after_all_these_kills(house: House) -> None:
    assert acts.check_log(house.services)


def check_stored_once(house: House, key: str) -> None:
    s3 = S3(house.services.addresses.intake, Patience())
    try:
        bucket = house.services.vault.bucket
        versions = s3.client.list_object_versions(Bucket=bucket, Prefix=key)
        assert len(versions.get("Versions", [])) == 1
        uploads = s3.client.list_multipart_uploads(Bucket=bucket, Prefix=key)
        assert uploads.get("Uploads", []) == []
    finally:
        s3.close()


@pytest.mark.parametrize("point", crashing.SEQUENCER)
def test_a_log_whose_sequencer_was_killed_goes_on_as_if_it_had_not_been(
    house: House, crasher: Crasher, exhibit: UUID, point: str
) -> None:
    release = acts.release(house.services, [exhibit])
    assert crasher.die_at(point) == crashing.REACHED
    with house.sequencing():
        house.finish([release])
    check(house, release)
    acts.check_package(house.services, release)
    acts.check_log(house.services)


def test_what_was_published_after_all_these_kills_is_the_log(house: House) -> None:
    with house.sequencing():
        poll(lambda: shown_size(house) == house_size(house))
    with published(house) as objects, house.services.transaction() as session:
        stored = StoredLog(session)
        assert stored.size > 0
        assert found(objects, CHECKPOINT) == stored.checkpoint()
        for tile in tiles_of(stored.size):
            assert found(objects, format_tile(tile)) == stored.read(tile)


@contextmanager
def published(house: House) -> Iterator[PublicObjects]:
    """Open the log's bucket as its publisher."""
    addresses = house.services.addresses
    store = ObjectStore(
        addresses.publisher, addresses.log_bucket, retention=None, clock=house.services.clock
    )
    yield PublicObjects(store, addresses.log_prefix)
    store.close()


def found(objects: PublicObjects, name: str) -> bytes:
    content = objects.latest(name)
    return b"" if content is None else content.data


def shown_size(house: House) -> int:
    with published(house) as objects:
        return int((found(objects, CHECKPOINT) or b"\n0").split(b"\n")[1])


def house_size(house: House) -> int:
    with house.services.transaction() as session:
        return session.get_one(LogStateRow, 1).size
