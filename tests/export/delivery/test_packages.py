"""Packages leave the house sealed and read back, for those who may; the first time is an event."""

import pytest

from evidence.errors import AccessRefusedError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.delivery.packages import Package
from export.release.tables import ReleaseRow
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


def test_to_leave_the_house_is_an_event_of_the_exhibit_once(
    house: House, sealed: ReleaseRow, exhibit: ExhibitRow
) -> None:
    for _ in range(3):
        collect(house, f"{sealed.urn}-R{sealed.number}")
    released = [values for name, values in house.events(exhibit.id) if name == "exhibit.released"]
    assert [values["release"] for values in released] == [str(sealed.id)]


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
