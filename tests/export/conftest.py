"""An exhibit, its release, the link of that release, and the token in its mail."""

import pytest

from evidence.exhibits.tables import ExhibitRow
from export.release.tables import ReleaseRow
from tests.export.delivery.linking import Desk, sealed
from tests.houses import House
from tests.patterns import Pattern


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    """Return an exhibit that can be released as it is."""
    return house.unplayable()


@pytest.fixture
def desk(house: House) -> Desk:
    """Return the links of the house, at a time that the test moves."""
    return Desk(house, house.services.transaction)


@pytest.fixture(scope="module")
def pattern(house: House, exhibit: ExhibitRow) -> Pattern:
    """Seal one release, for all that need one that is sealed."""
    return Pattern(house, sealed(house, exhibit.reference))


@pytest.fixture
def unlinked(house: House, exhibit: ExhibitRow, pattern: Pattern) -> ReleaseRow:
    """Return a sealed release that goes by link, before its link is issued."""
    return sealed(house, exhibit.reference, pattern=pattern)


@pytest.fixture
def release(desk: Desk, unlinked: ReleaseRow) -> ReleaseRow:
    """Return a release whose link was issued."""
    desk.links.issue(unlinked.id)
    return unlinked


@pytest.fixture
def token(desk: Desk, release: ReleaseRow) -> str:
    """Return the token in the recipient's mailbox."""
    return desk.token(release)
