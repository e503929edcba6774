"""A migration that fails says what the database refused, and no value of a row."""

import logging
import traceback
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from api.migrations import migrate
from storage.errors import StorageError
from tests.houses import Estate

NAME = "Quuxington-Planted"


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (f"SELECT '{NAME}'::uuid", "22P02"),
        ("INSERT INTO planted SELECT name FROM planted", "23505"),
        (f"DO $$ BEGIN RAISE EXCEPTION '{NAME} was refused'; END $$", "P0001"),
    ],
)
def test_a_migration_that_fails_tells_no_value(
    estate: Estate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    script: str,
    state: str,
) -> None:
    def upgrade(config: Config, _revision: str) -> None:
        connection = config.attributes["connection"]
        assert isinstance(connection, Connection)
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("CREATE TABLE planted (name text PRIMARY KEY)")
        driver.execute("INSERT INTO planted VALUES (%s)", [NAME])
        driver.execute(script)  # as the scripts of the versions are run

    monkeypatch.setattr(command, "upgrade", upgrade)
    with estate.plot(tmp_path) as settings, caplog.at_level(logging.DEBUG):
        assert settings.engines is not None
        with pytest.raises(StorageError) as failed:
            migrate(settings.engines.owner_url, settings.engines.app_url)
    told = "".join(traceback.format_exception(failed.value))
    assert f"SQLSTATE {state}" in told
    assert str(failed.value).startswith("the database refused a migration")
    # The statement of this test stands in its own lines alone.
    assert NAME.lower() not in str(failed.value).lower()
    assert "already exists" not in told
    assert NAME not in caplog.text
