"""A ledger's database of its own for each test: what is forged here would stop any other log."""

import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from api.migrations import migrate
from storage.database import connect
from storage.embedded.addresses import Addresses
from storage.embedded.directory import DataDirectory
from storage.embedded.postgres import Postgres
from storage.embedded.settings import make_addresses, make_settings
from tests.custody.desks import Desk


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server, with a migrated database to copy."""

    postgres: Postgres
    addresses: Addresses

    def renew(self) -> None:
        """Put a fresh copy in the place of the service's database."""
        with self.postgres._connect("postgres", "postgres") as superuser:
            superuser.execute("DROP DATABASE custos WITH (FORCE)")
            superuser.execute("CREATE DATABASE custos TEMPLATE fresh OWNER custos_owner")
        self.postgres.make_roles()

    def keep_fresh(self) -> None:
        """Migrate the service's database, and keep it as what `renew` copies."""
        migrate(self.addresses.owner_url, self.addresses.app_url)
        with self.postgres._connect("postgres", "postgres") as superuser:
            superuser.execute("ALTER DATABASE custos RENAME TO fresh")
        self.postgres.make_roles()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    directory = DataDirectory(Path(tempfile.mkdtemp(prefix="custos-test-")))
    directory.take()
    sockets, settings = directory.make_sockets(), make_settings()
    with ThreadPoolExecutor(1) as spawner:
        postgres = Postgres(directory, sockets, settings.passwords, spawner)
        try:
            postgres.install()
            postgres.start(within=60)
            postgres.make_roles()
            cluster = Cluster(postgres, make_addresses(settings, sockets))
            cluster.keep_fresh()
            yield cluster
        finally:
            postgres.child.stop(signal.SIGQUIT, within=10)
            directory.remove_sockets()
            directory.release()
            shutil.rmtree(directory.path)


@pytest.fixture
def app(cluster: Cluster) -> Iterator[Engine]:
    """Return a fresh database, seen by the role that the service has."""
    cluster.renew()
    engine = connect(cluster.addresses.app_url)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(app: Engine, cluster: Cluster) -> Iterator[Engine]:
    """Return the same database, seen by the role that owns its tables."""
    del app
    engine = connect(cluster.addresses.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(app: Engine) -> Desk:
    """Return a ledger over the fresh database, and a sequencer."""
    return Desk(app, kek=secrets.token_bytes(32), mac_key=secrets.token_bytes(32))
