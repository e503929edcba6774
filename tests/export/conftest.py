"""The whole service, for what the domain promises only together with the database."""

from collections.abc import Iterator

import pytest

from evidence.exhibits.tables import ExhibitRow
from export.release.tables import ReleaseRow
from storage.embedded.engines import Engines
from tests.api.houses import House, house_in, settings_of
from tests.export.delivery.linking import Desk, sealed


@pytest.fixture(scope="session")
def house(engines: Engines) -> Iterator[House]:
    """Return the services over the shared engines, and somebody of each role."""
    with house_in(settings_of(engines)) as built:
        yield built


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    """Return an exhibit that can be released as it is."""
    return house.unplayable()


@pytest.fixture
def desk(house: House) -> Desk:
    """Return the links of the house, at a time that the test moves."""
    return Desk(house, house.services.transaction)


@pytest.fixture
def unlinked(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    """Return a sealed release that goes by link, before its link is issued."""
    return sealed(house, exhibit.reference)


@pytest.fixture
def release(desk: Desk, unlinked: ReleaseRow) -> ReleaseRow:
    """Return a release whose link was issued."""
    desk.links.issue(unlinked.id)
    return unlinked


@pytest.fixture
def token(desk: Desk, release: ReleaseRow) -> str:
    """Return the token in the recipient's mailbox."""
    return desk.token(release)
