"""Brings the database to this version, as its owner; the service itself owns nothing."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url, text

from storage.database import bare_words, connect, our_errors
from storage.errors import StorageError


def migrate(owner_url: str, app_url: str) -> None:
    """Run the migrations that are missing, all in one transaction.

    Raises:
        UnavailableError: the database does not answer.
        StorageError: it refused a step; the message says its class and SQLSTATE, and no value.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["app_role"] = make_url(app_url).username
    engine = connect(owner_url, pool_size=1)
    try:
        with our_errors(), engine.begin() as connection:
            # Two starts at once: the second waits here, and finds nothing left to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(4911206)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except psycopg.Error as error:
        # The scripts go past SQLAlchemy, and so past what takes values out of its errors.
        words = f"the database refused a migration: {bare_words(error)}"
        raise StorageError(words) from None
    finally:
        engine.dispose()
