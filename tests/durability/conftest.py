"""A house for tests that kill: keys, tables and services; and a clip that it takes in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from export.media.sample import make_sample
from tests.durability.houses import House
from tests.durability.ups import Shared, Up
from tests.houses import Estate


@pytest.fixture(scope="module")
def house(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Build the services: sequencer and workers are the tests' to start, and to kill."""
    with estate.plot(tmp_path_factory.mktemp("house")) as settings:
        house = House(settings)
        yield house
        house.services.close()


@pytest.fixture(scope="session")
def shared() -> Iterator[Shared]:
    """Return who lends out `custos up`."""
    shared = Shared()
    try:
        yield shared
    finally:
        shared.close()


@pytest.fixture(scope="module")
def up(shared: Shared) -> Up:
    """Return a `custos up` that other files have used, and will: what is killed comes back."""
    return shared.lend()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "street.mp4"
    make_sample(path, seconds=1, first_at=datetime(2026, 7, 1, tzinfo=UTC), size=(160, 120))
    return path
