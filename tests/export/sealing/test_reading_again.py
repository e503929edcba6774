"""Before a release is sealed, its exhibits are read again, unless that was just done."""

from datetime import timedelta

import pytest

from evidence import attention
from export.holdings.fixity import JOB_RECHECK
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStore
from storage.errors import CorruptError
from storage.objects.store import ObjectStore
from tests.houses import House


@pytest.fixture
def release(house: House) -> ReleaseRow:
    row = house.propose(house.unplayable().reference)
    house.approve(row)
    return row


@pytest.fixture
def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever was read be read too long ago."""
    monkeypatch.setattr("export.holdings.fixity.RECENT", timedelta(0))


def names(house: House, release: ReleaseRow) -> list[str]:
    with house.services.transaction() as session:
        (exhibit,) = house.services.releases.exhibits(session, release.id)
    return [event for event, _ in house.events(exhibit.id)]


def test_what_was_read_in_the_last_day_is_not_read_again(house: House, release: ReleaseRow) -> None:
    house.seal(release)
    assert "integrity.checked" not in names(house, release)


@pytest.mark.usefixtures("long_ago")
def test_the_reading_is_in_the_history_that_is_sealed(house: House, release: ReleaseRow) -> None:
    house.seal(release)
    assert names(house, release).count("integrity.checked") == 1
    with house.services.transaction() as session:
        events = SealStore(release.id).small(session)["custody/events.jsonl"]
        assert b"integrity.checked" in events


@pytest.mark.usefixtures("long_ago")
def test_a_release_of_a_damaged_master_is_not_sealed_and_a_person_is_called(
    house: House, release: ReleaseRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **_others: object) -> None:
        raise CorruptError("a stored object", expected="a", found="b")

    monkeypatch.setattr(ObjectStore, "verify", damaged)
    with pytest.raises(CorruptError):
        house.seal(release)
    assert names(house, release)[-1] == "integrity.failed"
    with house.services.transaction() as session:
        assert not SealStore(release.id).done(session)
        (exhibit,) = house.services.releases.exhibits(session, release.id)
        assert [one.job for one in attention.calls_to(session, exhibit.id)] == [JOB_RECHECK]
