"""A ledger's database of its own for each test: what is forged here would stop any other log."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.database import connect
from storage.embedded.addresses import Addresses
from tests.custody.desks import Desk
from tests.houses import Estate


@pytest.fixture
def fresh(estate: Estate, tmp_path: Path) -> Iterator[Addresses]:
    """Return where an empty database is, with the tables of this version."""
    with estate.plot(tmp_path) as settings:
        assert settings.engines is not None
        yield settings.engines


@pytest.fixture
def app(fresh: Addresses) -> Iterator[Engine]:
    """Return a fresh database, seen by the role that the service has."""
    engine = connect(fresh.app_url)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(fresh: Addresses) -> Iterator[Engine]:
    """Return the same database, seen by the role that owns its tables."""
    engine = connect(fresh.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(app: Engine) -> Desk:
    """Return a ledger over the fresh database, and a sequencer."""
    return Desk(app, kek=secrets.token_bytes(32), mac_key=secrets.token_bytes(32))
