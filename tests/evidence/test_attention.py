"""What waits for a person: called once a cause, whoever calls at the same time, until settled."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import select

from api.times import utc_now
from evidence import attention
from evidence.attention import Call
from tests.export.delivery.linking import at_once
from tests.houses import House

Write = Callable[..., None]
NOW = utc_now()
LATER = NOW + timedelta(minutes=1)
SEAL, SEND = "release.seal", "message.send"


class UndoneError(Exception):
    """What undoes a transaction."""


@pytest.fixture
def subject() -> UUID:
    """Return a record that nobody was called to."""
    return uuid4()


def said(house: House, subject: UUID) -> list[Call]:
    return house.look(lambda s: list(attention.calls_to(s, subject)))


def test_of_one_job_the_last_word_stands_and_the_first_if_it_is_said_once(
    house: House, subject: UUID
) -> None:
    with house.services.transaction() as session:
        attention.call(session, subject, SEAL, "bytes differ", at=NOW)
        assert attention.calls_to(session, subject) == [Call(SEAL, "bytes differ", NOW)]
        attention.call(session, subject, SEAL, "they still differ", at=LATER)
        attention.call_once(session, subject, SEAL, "and again", at=LATER)
        assert attention.calls_to(session, subject) == [Call(SEAL, "they still differ", LATER)]
    assert said(house, subject) == [Call(SEAL, "they still differ", LATER)]


def test_jobs_call_each_for_itself_and_the_first_call_comes_first(
    house: House, subject: UUID
) -> None:
    with house.services.transaction() as session:
        attention.call(session, subject, SEAL, "later", at=LATER)
        attention.call_once(session, subject, SEND, "first", at=NOW)
        attention.call(session, uuid4(), SEND, "of another record", at=NOW)
    assert said(house, subject) == [Call(SEND, "first", NOW), Call(SEAL, "later", LATER)]


def test_what_is_settled_is_gone_and_nothing_else_is(house: House, subject: UUID) -> None:
    with house.services.transaction() as session:
        attention.call(session, subject, SEAL, "bytes differ", at=NOW)
        attention.call(session, subject, SEND, "nobody took it", at=NOW)
    for _ in range(2):  # where there is none, nothing happens
        house.look(lambda s: attention.settle(s, subject, SEAL))
    assert said(house, subject) == [Call(SEND, "nobody took it", NOW)]


def test_a_call_stands_and_falls_with_its_transaction(house: House, subject: UUID) -> None:
    def undone() -> None:
        with house.services.transaction() as session:
            attention.call(session, subject, SEAL, "bytes differ", at=NOW)
            raise UndoneError

    with pytest.raises(UndoneError):
        undone()
    assert said(house, subject) == []


def test_of_two_who_call_at_once_neither_fails_and_one_call_stands(
    house: House, subject: UUID
) -> None:
    def call(words: str) -> None:
        with house.services.transaction() as session:
            attention.call(session, subject, SEAL, words, at=NOW)

    workers = ["one", "two", "three", "four"]
    assert at_once(*[partial(call, words) for words in workers]) == [None] * 4
    (standing,) = said(house, subject)
    assert standing.words in workers


@pytest.mark.parametrize(
    ("write", "stands"), [(attention.call, "the second"), (attention.call_once, "the first")]
)
def test_of_two_who_write_before_either_commits_the_second_waits_and_knows_of_the_first(
    house: House, subject: UUID, write: Write, stands: str
) -> None:
    def second() -> None:
        with house.services.transaction() as session:
            write(session, subject, SEAL, "the second", at=LATER)

    with ThreadPoolExecutor() as threads:
        with house.services.transaction() as session:
            write(session, subject, SEAL, "the first", at=NOW)
            waits = threads.submit(second)
            until_somebody_waits(house)
            assert not waits.done()
        waits.result()
    (standing,) = said(house, subject)
    assert standing.words == stands


def until_somebody_waits(house: House) -> None:
    """Return when a transaction waits for another one's call; the test's own limit ends it."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND query LIKE 'INSERT INTO attention%'"
    )
    pause = threading.Event()
    while not house.look(lambda s: s.connection().scalar(statement)):
        pause.wait(0.01)


def test_a_larger_question_joins_the_calls_of_one_job_or_of_all(
    house: House, subject: UUID
) -> None:
    with house.services.transaction() as session:
        attention.call(session, subject, SEAL, "bytes differ", at=NOW)
        attention.call(session, subject, SEND, "nobody took it", at=LATER)

    def words(job: str | None) -> set[str]:
        calls = attention.calls(job)
        asked = select(calls.c.words).where(calls.c.subject == subject)
        return set(house.look(lambda s: s.exec(asked).all()))

    assert words(None) == {"bytes differ", "nobody took it"}
    assert words(SEND) == {"nobody took it"}
