"""One whole service for the tests of messages."""

from collections.abc import Iterator

import pytest

from storage.embedded.engines import Engines
from tests.api.houses import House, house_in, settings_of


@pytest.fixture(scope="session")
def house(engines: Engines) -> Iterator[House]:
    """Return the services over the shared engines, and somebody of each role."""
    with house_in(settings_of(engines)) as built:
        yield built
