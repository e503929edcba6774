"""Whatever goes wrong in the database, no value of a row stands in an error or in a log."""

import io
import logging
import traceback
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from storage.database import connect, transaction
from storage.embedded.engines import Engines
from storage.errors import ConflictError, StorageError, UnavailableError

NAME = "Quuxington-Planted"


@pytest.fixture(scope="module")
def planted(engines: Engines) -> Iterator[tuple[Engine, str]]:
    """Return an engine, and a table that refuses many things."""
    opened = connect(engines.addresses.owner_url, pool_size=2)
    table = f"planted_{uuid4().hex}"
    with opened.begin() as connection:
        connection.execute(
            text(
                f"CREATE TABLE {table} (name text PRIMARY KEY, "
                "age int NOT NULL CHECK (age < 200), short varchar(3), "
                f"friend text REFERENCES {table} (name))"
            )
        )
        connection.execute(text(INSERT.format(t=table)), {"name": NAME})
    yield opened, table
    with opened.begin() as connection:
        connection.execute(text(f"DROP TABLE {table}"))
    opened.dispose()


INSERT = "INSERT INTO {t} VALUES (:name, 1)"
WRONG = {
    "a key that is there already": (INSERT, "23505"),
    "a row that a check refuses": ("INSERT INTO {t} VALUES (:name || '2', 999)", "23514"),
    "a row without a value": ("INSERT INTO {t} VALUES (:name || '2', NULL)", "23502"),
    "a key that is nowhere": ("INSERT INTO {t} VALUES ('x', 1, 'a', :name || '9')", "23503"),
    "a text that is too long": ("INSERT INTO {t} VALUES ('x', 1, CAST(:name AS text))", "22001"),
    "a text that is no identifier": ("SELECT CAST(CAST(:name AS text) AS uuid)", "22P02"),
    "a text that is no moment": ("SELECT CAST(CAST(:name AS text) AS timestamptz)", "22007"),
    "a text that is no JSON": ("SELECT CAST(CAST(:name AS text) AS jsonb)", "22P02"),
    "a table that is none": ('SELECT * FROM "{name}" WHERE :name = name', "42P01"),
    "a value in the statement itself": ("SELECT '{name}'::int WHERE :name = ''", "22P02"),
    "a sentence of a trigger": (
        "DO $$ BEGIN RAISE EXCEPTION '{name} was refused'; END $$",
        "P0001",
    ),
}


def said(error: BaseException) -> str:
    """Return everything that any log, page or command line could tell of an error."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    given = (type(error), error, error.__traceback__)
    handler.emit(logging.LogRecord("log", logging.ERROR, "", 0, "%s", (error,), given))
    # Statements are ours, and hold no value; these tests write one into theirs.
    lines = "".join(traceback.format_exception(error)).splitlines()
    kept = [line for line in lines if not line.startswith("[SQL: ") and "text(" not in line]
    logged = [line for line in stream.getvalue().splitlines() if not line.startswith("[SQL: ")]
    return "\n".join([*kept, *logged])


@pytest.mark.parametrize("what", WRONG)
def test_an_error_says_its_class_and_its_sqlstate_and_no_value(
    planted: tuple[Engine, str], what: str
) -> None:
    words, state = WRONG[what]
    statement = words.format(t=planted[1], name=NAME)
    given = {"name": NAME} if ":name" in statement else {}
    with (
        pytest.raises((StorageError, SQLAlchemyError)) as caught,
        transaction(planted[0]) as session,
    ):
        session.connection().execute(text(statement), given)
    told = said(caught.value)
    assert f"SQLSTATE {state}" in told
    assert NAME.lower() not in told.lower()


def test_a_refused_row_is_a_conflict_in_one_plain_sentence(planted: tuple[Engine, str]) -> None:
    words = INSERT.format(t=planted[1])
    with pytest.raises(ConflictError) as caught, transaction(planted[0]) as session:
        session.connection().execute(text(words), {"name": NAME})
    sentence = "the database refused a row: UniqueViolation (SQLSTATE 23505)"
    assert str(caught.value) == sentence


def test_what_the_driver_itself_refuses_says_no_value(planted: tuple[Engine, str]) -> None:
    with (
        pytest.raises((StorageError, SQLAlchemyError)) as caught,
        transaction(planted[0]) as session,
    ):
        session.connection().execute(text("SELECT :name"), {"name": f"{NAME}\x00"})
    assert NAME not in said(caught.value)


def test_a_server_that_is_away_still_says_what_to_do(engines: Engines) -> None:
    url = engines.addresses.owner_url.replace("custos_owner", "custos_nobody", 1)
    away = connect(url)
    with (
        pytest.raises(UnavailableError, match=r"the database does not answer: .*connection"),
        transaction(away) as session,
    ):
        session.connection()
    away.dispose()


def test_the_server_s_own_log_holds_no_value(engines: Engines, planted: tuple[Engine, str]) -> None:
    for words, _ in WRONG.values():
        statement = words.format(t=planted[1], name=NAME)
        with pytest.raises((StorageError, SQLAlchemyError)), transaction(planted[0]) as session:
            session.connection().execute(
                text(statement), {"name": NAME} if ":name" in statement else {}
            )
    log = engines._directory.logs / "postgres.log"
    written = log.read_text(encoding="utf-8", errors="replace")
    assert "database system is ready" in written, "it is the server's log"
    assert NAME.lower() not in written.lower()
