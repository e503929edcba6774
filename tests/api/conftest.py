"""One whole service for all tests of the way in, and a client that asks it over HTTP."""

from collections.abc import Iterator

import pytest

from api.app import create_app
from storage.embedded.engines import Engines
from tests.api.asking import Web, asked
from tests.api.houses import House, house_in, settings_of


@pytest.fixture(scope="session")
def house(engines: Engines) -> Iterator[House]:
    """Return the services over the shared engines, and somebody of each role."""
    with house_in(settings_of(engines)) as built:
        yield built


@pytest.fixture(scope="session")
def web(house: House) -> Iterator[Web]:
    """Return the application over the house."""
    with asked(create_app(house.services), house.tokens) as client:
        yield client
