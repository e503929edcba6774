"""Refusals of one person: the first is told at once, what follows by one event an hour."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from custody.ledger.tables import CustodyEventRow
from evidence.errors import AccessRefusedError
from evidence.people.access import Action, Role, Subject
from evidence.people.refusals import GROUPED
from tests.houses import House

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def somebody(house: House) -> Subject:
    with house.services.transaction() as session:
        person = house.services.people.add(session, "Eve")
        return house.services.people.subject(session, person, [Role.AUDITOR])


def refuse(house: House, who: Subject, at: datetime, action: str = Action.VIEW_FOOTAGE) -> None:
    with house.services.transaction() as session:
        refused = AccessRefusedError(action, "an auditor sees no footage")
        house.services.refusals.record(session, who, refused, at=at)


def told(house: House, who: Subject) -> list[tuple[object, object, object]]:
    """Return what the ledger says that somebody was refused: action, reason, roles."""
    statement = select(CustodyEventRow.record).where(CustodyEventRow.event == "access.refused")
    records = house.look(lambda s: s.exec(statement.order_by("seq")).all())
    events = [values for record in records for _, values in house.events(record)]
    return [
        (one["action"], one["reason"], one["role"]) for one in events if one["actor"] == who.words
    ]


FIRST = ("exhibit.view", "an auditor sees no footage", "auditor")


def test_the_first_is_told_at_once_and_the_rest_when_the_hour_is_over(
    house: House, somebody: Subject
) -> None:
    for second in range(50):
        refuse(house, somebody, NOON + timedelta(seconds=second))
    assert told(house, somebody) == [FIRST]
    house.services.refusals.tell(at=NOON + GROUPED - timedelta(seconds=1))
    assert told(house, somebody) == [FIRST]
    house.services.refusals.tell(at=NOON + GROUPED)
    grouped = "refused 49 more times within the hour from 2026-11-21T12:00:00Z"
    assert told(house, somebody) == [FIRST, ("exhibit.view", grouped, "auditor")]
    # Told once; and the next is the first again.
    house.services.refusals.tell(at=NOON + 3 * GROUPED)
    refuse(house, somebody, NOON + 3 * GROUPED)
    assert len(told(house, somebody)) == 3


def test_what_was_counted_is_told_before_the_next_even_if_no_clock_ran(
    house: House, somebody: Subject
) -> None:
    refuse(house, somebody, NOON)
    refuse(house, somebody, NOON + timedelta(minutes=1))
    refuse(house, somebody, NOON + GROUPED)
    once = "refused once more within the hour from 2026-11-21T12:00:00Z"
    assert told(house, somebody) == [FIRST, ("exhibit.view", once, "auditor"), FIRST]


def test_each_action_and_each_person_counts_for_itself(house: House, somebody: Subject) -> None:
    other = house.subjects[Role.FINANCE]
    before = len(told(house, other))
    for who in (somebody, other):
        for action in (Action.VIEW_FOOTAGE, Action.COLLECT_PACKAGE, Action.VIEW_FOOTAGE):
            refuse(house, who, NOON, action)
    assert Counter(one[0] for one in told(house, somebody)) == {
        "exhibit.view": 1,
        "release.collect": 1,
    }
    assert len(told(house, other)) == before + 2


def test_refusals_at_once_are_counted_each(house: House, somebody: Subject) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: refuse(house, somebody, NOON), range(20)))
    house.services.refusals.tell(at=NOON + GROUPED)
    assert [one[1] for one in told(house, somebody)] == [
        FIRST[1],
        "refused 19 more times within the hour from 2026-11-21T12:00:00Z",
    ]
