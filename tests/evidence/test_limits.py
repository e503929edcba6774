"""How often an address may ask within an hour: counted in the database, and forgotten after it."""

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from evidence.limits import AskedOftenRow, Limits
from tests.houses import House

NOON = datetime(2026, 11, 20, 12, 20, tzinfo=UTC)
ADDRESS = "192.0.2.7"


def count(
    house: House, address: str = ADDRESS, at: datetime = NOON, what: str = "pages"
) -> timedelta | None:
    limits = house.services.limits
    return house.look(lambda s: limits.count(s, what, address, most=3, at=at))


def test_each_address_is_counted_by_the_hour_and_by_what_it_asks(house: House) -> None:
    assert [count(house) for _ in range(3)] == [None] * 3
    assert count(house) == count(house) == timedelta(minutes=40)
    assert count(house, "192.0.2.8") is None
    assert count(house, what="files") is None
    assert count(house, at=NOON + timedelta(minutes=40)) is None
    rows = house.look(lambda s: s.exec(select(AskedOftenRow)).all())
    assert max(row.times for row in rows) == 3, "what is over its limit is counted no further"
    assert len({row.address for row in rows}) == len(rows) == 4
    count(house, at=NOON + timedelta(hours=3))
    left = house.look(lambda s: s.exec(select(AskedOftenRow)).all())
    assert sorted(row.what for row in left) == ["files", "pages"]


def test_another_key_counts_under_other_names(house: House) -> None:
    with house.services.transaction() as session:
        other = Limits(key=b"another key, and long enough....")
        assert other.count(session, "keys", ADDRESS, most=1, at=NOON) is None
    assert count(house, what="keys") is None
    rows = house.look(lambda s: s.exec(select(AskedOftenRow)).all())
    assert len({row.address for row in rows if row.what == "keys"}) == 2
