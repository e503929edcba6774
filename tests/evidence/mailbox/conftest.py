"""Mailboxes are tried with the letters of releases: what `tests/export` links with, serves here."""

import pytest

from tests.api.houses import House
from tests.export.delivery.linking import Desk


@pytest.fixture
def desk(house: House) -> Desk:
    """Return the links of the house, at a time that the test moves."""
    return Desk(house, house.services.transaction)
