"""Information governance classifies and reviews exhibits; what is due is found, in its order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from api.times import utc_now
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.paging import Cursor
from evidence.people.access import Role
from evidence.retention.classes import review_due
from export.desk.inbox import desk_of
from tests.houses import House

AT = datetime(2026, 11, 22, 14, 3, 11, tzinfo=UTC)
NEXT = datetime(2027, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.undecided()


def classify(house: House, name: str, key: str, role: str = Role.GOVERNANCE) -> ExhibitRow:
    do = partial(
        house.services.reviews.classify,
        retention_class=key,
        by=house.subjects[role],
        at=utc_now(),
        reason="the police have it",
    )
    return house.do(role, lambda s: do(s, name))


def keep(
    house: House, name: str, days: int, role: str = Role.GOVERNANCE, reason: str = "an appeal"
) -> ExhibitRow:
    until = (utc_now() + timedelta(days=days)).date()
    do = partial(
        house.services.reviews.keep,
        until=until,
        by=house.subjects[role],
        at=utc_now(),
        reason=reason,
    )
    return house.do(role, lambda s: do(s, name))


def due(house: House, at: datetime, cursor: Cursor | None = None) -> Sequence[str]:
    by = house.subjects[Role.AUDITOR]
    found = house.look(
        lambda s: house.services.due_reviews.page(s, by=by, at=at, cursor=cursor, most=1)
    )
    rest = [] if found.older is None else due(house, at, found.older)
    return [*(one.row.reference for one in found.rows), *rest]


def test_reviews_are_decided_by_governance_with_events_and_found_when_due(
    house: House, exhibit: ExhibitRow
) -> None:
    first, second = exhibit, house.undecided()
    came = first.received_at
    usual = review_due(came, 31)
    assert due(house, usual - timedelta(seconds=1)) == []
    assert due(house, usual) == [first.reference, second.reference]

    row = classify(house, first.reference, "police")
    assert row.review_due_at == review_due(came, 183)
    with pytest.raises(StateError, match="police already"):
        classify(house, first.reference, "police")
    assert due(house, usual) == [second.reference]
    assert due(house, review_due(came, 183)) == [second.reference, first.reference]

    kept = keep(house, second.reference, days=400)
    assert kept.retention_class is None
    assert due(house, review_due(came, 183)) == [first.reference]
    told = [one for one in house.events(first.id) if one[0] == "exhibit.classified"]
    assert [
        (values["retention_class"], values["role"], values["reason"]) for _, values in told
    ] == [("police", "governance", "the police have it")]
    reviewed = dict(house.events(second.id))["exhibit.reviewed"]
    assert kept.review_due_at is not None
    assert reviewed["review"] == f"{kept.review_due_at:%Y-%m-%dT%H:%M:%SZ}"

    desk = house.look(
        lambda s: desk_of(
            s, house.subjects[Role.GOVERNANCE], review_due(came, 183), house.services.due_reviews
        )
    )
    assert desk.reviews is not None
    assert (desk.reviews.count, [row.id for row in desk.reviews.first]) == (1, [first.id])


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.RELEASER, Role.AUDITOR])
def test_nobody_else_says_how_long_an_exhibit_is_kept(
    house: House, exhibit: ExhibitRow, role: Role
) -> None:
    with pytest.raises(AccessRefusedError):
        classify(house, exhibit.reference, "civil", role)
    with pytest.raises(AccessRefusedError):
        keep(house, exhibit.reference, 7, role)


def test_a_review_without_a_reason_or_a_day_to_come_is_no_review(
    house: House, exhibit: ExhibitRow
) -> None:
    before = len(house.events(exhibit.id))
    with pytest.raises(InvalidError, match="reason"):
        keep(house, exhibit.reference, 7, reason=" ")
    with pytest.raises(InvalidError, match="to come"):
        keep(house, exhibit.reference, -7)
    with pytest.raises(InvalidError, match="choose one of the classes"):
        classify(house, exhibit.reference, "for ever")
    assert len(house.events(exhibit.id)) == before
