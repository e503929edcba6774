"""Mailboxes are tried with the letters of releases: what `tests/export` links with, serves here."""

import pytest

from tests.export.delivery.linking import Desk
from tests.houses import House


@pytest.fixture
def desk(house: House) -> Desk:
    """Return the links of the house, at a time that the test moves."""
    return Desk(house, house.services.transaction)
