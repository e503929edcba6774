"""A connection whose server has ended it is noticed before anything is asked on it."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text

from storage import database
from storage.database import connect
from storage.embedded.engines import Engines

WHO = text("SELECT pg_backend_pid()")


@pytest.fixture
def engine(engines: Engines) -> Iterator[Engine]:
    opened = connect(engines.addresses.owner_url, pool_size=3)
    yield opened
    opened.dispose()


def who(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(WHO) or 0)


def end(engines: Engines, backend: int) -> None:
    with psycopg.connect(engines.addresses.owner_url.replace("+psycopg", "")) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def test_one_that_was_ended_a_moment_ago_is_replaced_unasked(
    engines: Engines, engine: Engine
) -> None:
    first = who(engine)
    end(engines, first)
    assert who(engine) != first


def test_one_that_lay_still_is_asked_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies between may have forgotten it without a word."""
    monkeypatch.setattr(database, "_FRESH_S", 0.0)
    first = who(engine)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
    driver.pgconn.finish()
    assert who(engine) != first


def test_one_in_use_is_not_asked_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(database._DIALECT, "do_ping", asked.append)
    first = who(engine)
    assert [who(engine) for _ in range(5)] == [first] * 5
    assert not asked
    monkeypatch.setattr(database, "_FRESH_S", 0.0)
    who(engine)
    assert len(asked) == 1
