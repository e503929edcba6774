"""Packages leave the house sealed and read back, for those who may; each time is an event."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from api.times import utc_now
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from export.delivery.packages import RESUMES, Package
from export.desk.disclosures import Period
from export.release.proposals import Delivery
from export.release.releases import label
from export.release.tables import ReleaseRow
from storage.errors import UnavailableError
from tests.export.release import release_acts
from tests.houses import House, digest


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


@pytest.fixture(scope="module")
def sealed(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    row = house.propose(exhibit.reference)
    house.approve(row)
    house.seal(row)
    return row


def collect(house: House, name: str, role: str = Role.OPERATOR) -> Package:
    return house.do(
        role,
        lambda session: house.services.packages.collect(
            session, name, by=house.subjects[role], at=house.services.clock()
        ),
    )


def test_a_package_is_the_bytes_that_were_read_back(house: House, sealed: ReleaseRow) -> None:
    package = collect(house, str(sealed.id))
    content = b"".join(house.services.vault.open(package.key, package.version))
    assert package.name == f"{sealed.urn}-R{sealed.number}.zip"
    assert (package.size, package.sha256) == (len(content), digest(content))


def left(house: House, exhibit: ExhibitRow, row: ReleaseRow) -> list[dict[str, object]]:
    """Return each `exhibit.released` of a release that an exhibit has."""
    return [
        values
        for name, values in house.events(exhibit.id)
        if name == "exhibit.released" and values["release"] == str(row.id)
    ]


def test_each_time_that_a_package_leaves_is_an_event_whoever_takes_it(
    house: House, exhibit: ExhibitRow
) -> None:
    row = release_acts.sealed(house, exhibit.reference)
    others = [releaser(house, f"Releaser {number}") for number in range(3)]
    takers = [house.subjects[Role.OPERATOR], house.subjects[Role.RELEASER], *others]
    takers += [house.subjects[Role.OPERATOR], others[0]]
    for taker in takers:
        with house.services.transaction() as session:
            house.services.packages.collect(session, str(row.id), by=taker, at=utc_now())
    package = house.look(lambda s: house.services.packages.package(s, row))
    events = left(house, exhibit, row)
    assert [(str(one["actor"]), one["role"]) for one in events] == [
        (taker.words, next(iter(taker.roles)).value) for taker in takers
    ]
    assert {one["sha256"] for one in events} == {package.sha256}
    entries = house.do(
        Role.GOVERNANCE,
        lambda s: list(
            house.services.register.entries(s, Period(), by=house.subjects[Role.GOVERNANCE])
        ),
    )
    told = [(one.taken_by, one.role, one.sha256) for one in entries if one.release == label(row)]
    assert told == [
        (taker.name, next(iter(taker.roles)).value, package.sha256) for taker in reversed(takers)
    ]


def test_what_is_resumed_soon_by_the_same_person_is_no_other_time(
    house: House, exhibit: ExhibitRow
) -> None:
    row, now = release_acts.sealed(house, exhibit.reference), utc_now()
    operator, other = house.subjects[Role.OPERATOR], house.subjects[Role.RELEASER]

    def take(by: Subject, after: timedelta, *, resumed: bool) -> int:
        with house.services.transaction() as session:
            house.services.packages.collect(
                session, str(row.id), by=by, at=now + after, resumed=resumed
            )
        return len(left(house, exhibit, row))

    minute = timedelta(minutes=1)
    # Whoever begins in the middle has begun: there is nothing that they could go on with.
    assert take(operator, 0 * minute, resumed=True) == 1
    assert take(operator, 1 * minute, resumed=True) == 1
    assert take(other, 2 * minute, resumed=True) == 2
    assert take(operator, 3 * minute, resumed=False) == 3
    assert take(operator, 3 * minute + RESUMES, resumed=True) == 4


def test_where_the_event_cannot_be_written_nothing_is_handed_out(
    house: House, exhibit: ExhibitRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = release_acts.sealed(house, exhibit.reference)
    taken = len(left(house, exhibit, row))

    def fails(*_: object, **__: object) -> None:
        raise UnavailableError("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(house.services.packages._ledger, "append", fails)
        with pytest.raises(UnavailableError):
            collect(house, str(row.id))
    assert len(left(house, exhibit, row)) == taken
    assert release_acts.again(house, row).collected_at is None


def test_an_urgent_release_is_fetched_by_nobody_before_the_second_person(
    house: House, exhibit: ExhibitRow
) -> None:
    first = house.subjects[Role.RELEASER]
    row = release_acts.propose(house, exhibit.reference, by=Role.RELEASER, urgent=True)
    release_acts.approve(house, row, first)
    house.seal(row)
    for role in (Role.RELEASER, Role.OPERATOR):
        for ask in (house.services.packages.find, at_noon(house.services.packages.collect)):
            with pytest.raises(AccessRefusedError, match="until a second releaser confirms"):
                house.do(
                    role,
                    lambda s, ask=ask, role=role: ask(s, str(row.id), by=house.subjects[role]),  # type: ignore[misc]
                )
        with pytest.raises(AccessRefusedError, match="until a second releaser confirms"):
            release_acts.hand_off(house, row, role)
    assert left(house, exhibit, row) == []
    release_acts.second(house, row, releaser(house, "Somebody else"))
    collect(house, str(row.id), Role.RELEASER)
    assert len(left(house, exhibit, row)) == 1


def at_noon(collect: Callable[..., Package]) -> Callable[..., Package]:
    return partial(collect, at=utc_now())


def releaser(house: House, name: str) -> Subject:
    with house.services.transaction() as session:
        person = house.services.people.add(session, name)
        return house.services.people.subject(session, person, (Role.RELEASER,))


@pytest.mark.parametrize("delivery", [Delivery.NONE, Delivery.HANDOFF])
def test_what_is_urgent_goes_by_link_and_no_other_way(
    house: House, exhibit: ExhibitRow, delivery: Delivery
) -> None:
    with pytest.raises(InvalidError, match="goes by link to a mailbox of the police"):
        release_acts.propose(house, exhibit.reference, urgent=True, delivery=delivery)
    with pytest.raises(InvalidError, match="no domain of the police"):
        release_acts.propose(
            house, exhibit.reference, urgent=True, recipient_email="me@releaser.example"
        )


def test_who_may_see_no_footage_collects_none(house: House, sealed: ReleaseRow) -> None:
    for role in house.subjects.keys() - {Role.OPERATOR, Role.RELEASER}:
        with pytest.raises(AccessRefusedError):
            collect(house, str(sealed.id), role)


def test_what_is_not_sealed_stays_here(house: House, exhibit: ExhibitRow) -> None:
    row = house.propose(exhibit.reference)
    with pytest.raises(StateError, match="must be sealed first"):
        collect(house, str(row.id))
    with pytest.raises(UnknownError):
        collect(house, "BAR-7K4M-2XQ9-J-R1")
