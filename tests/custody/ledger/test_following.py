"""The sequencer sleeps until the database tells it of an event, and finds what nobody told of."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import text

from api.health import _SILENT
from api.running import sequencing
from api.running.sequencing import LOOK_S, Stop, follow
from custody.ledger.sequencer import LOCK, Turn
from custody.ledger.statements import CHANNEL
from storage.database import listen, named_lock, transaction
from storage.errors import UnavailableError
from tests.custody.desks import Desk

NEVER_S = 100_000.0
LONG_S = 20.0
"""What no test waits for unless it fails."""


class Turns:
    """Takes the desk's turns, and lets a test wait for them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.idle, self.added = threading.Semaphore(0), threading.Semaphore(0)

    def turn(self, *, publish: bool) -> Turn:
        turn = self._desk.sequencer.turn(publish=publish)
        (self.added if turn.added else self.idle).release()
        return turn


@dataclass
class Following:
    turns: Turns
    ended: Future[None]
    backend: int
    """The server's process behind the lock."""


@contextmanager
def following(desk: Desk) -> Iterator[Following]:
    """Follow in a thread of its own, from the moment at which nothing waits."""
    stop, turns = Stop(), Turns(desk)
    with named_lock(desk.engine, LOCK) as held, ThreadPoolExecutor(1) as thread:
        assert held is not None
        backend = held.scalar(text("SELECT pg_backend_pid()"))
        ended = thread.submit(follow, held, turns, stop)  # type: ignore[arg-type]
        try:
            assert turns.idle.acquire(timeout=LONG_S)
            yield Following(turns, ended, backend)
        finally:
            stop.set()


def test_an_event_wakes_the_sequencer_by_its_commit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "LOOK_S", NEVER_S)
    record = desk.open_record()
    with following(desk) as sequencer:
        for _ in range(3):
            desk.write(record)
            assert sequencer.turns.added.acquire(timeout=LONG_S)
            assert sequencer.turns.idle.acquire(timeout=LONG_S)
    sequencer.ended.result(LONG_S)
    assert desk.indices(record) == [0, 1, 2]


def test_whoever_found_others_waiting_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such an event brings no word of its own: the sequencer may not sleep before it is there."""
    monkeypatch.setattr(sequencing, "LOOK_S", NEVER_S)
    first, late = desk.open_record(), desk.open_record()
    with following(desk) as sequencer, transaction(desk.engine) as session:
        with transaction(desk.engine) as earlier:
            desk.append(earlier, first)
            # Both see the outbox as it was; from here on only one of them waits in it.
        desk.append(session, late)
        assert sequencer.turns.added.acquire(timeout=LONG_S)
        for _ in range(5):  # it looks again and again, and finds nothing yet
            assert sequencer.turns.idle.acquire(timeout=LONG_S)
        session.commit()
        assert sequencer.turns.added.acquire(timeout=LONG_S)
    sequencer.ended.result(LONG_S)
    assert desk.indices(late) == [1]


def test_of_many_that_come_at_once_few_speak(desk: Desk) -> None:
    """PostgreSQL commits those that do one after the other, each through its own fsync."""
    records = [desk.open_record() for _ in range(5)]
    with named_lock(desk.engine, "a listener") as held:
        assert held is not None
        listen(held, CHANNEL)
        for record in records:
            desk.write(record)
        held.exec_driver_sql("SELECT 1")
        driver = held.connection.dbapi_connection
        assert isinstance(driver, psycopg.Connection)
        assert len(list(driver.notifies(timeout=0.2))) == 1
    desk.sequencer.turn()
    assert desk.check_log() == 5


def test_an_event_that_nobody_told_of_is_found_by_the_slow_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "LOOK_S", 0.2)
    record = desk.open_record()
    desk.write(record)
    with following(desk) as sequencer:
        assert sequencer.turns.added.acquire(timeout=LONG_S)
        desk.write_many(record, 1)  # as rows, without a word
        assert sequencer.turns.added.acquire(timeout=LONG_S)
    sequencer.ended.result(LONG_S)
    assert desk.indices(record) == [0, 1]


def test_an_event_that_is_undone_is_nobodys_news(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "LOOK_S", NEVER_S)
    record = desk.open_record()
    with following(desk) as sequencer:
        with transaction(desk.engine) as session:
            desk.append(session, record)
            session.rollback()
        desk.write(record)
        assert sequencer.turns.added.acquire(timeout=LONG_S)
        assert sequencer.turns.idle.acquire(timeout=LONG_S)
        assert not sequencer.turns.idle.acquire(blocking=False), "one event, one time awake"
    sequencer.ended.result(LONG_S)


def test_a_sleeping_sequencer_notices_that_its_lock_is_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "LOOK_S", NEVER_S)
    with suppress(UnavailableError), following(desk) as sequencer:
        with transaction(desk.engine) as session:
            session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": sequencer.backend})
        error = sequencer.ended.exception(LONG_S)
        assert isinstance(error, UnavailableError), error


def test_a_sleeping_sequencer_ends_when_it_is_told_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "LOOK_S", NEVER_S)
    with following(desk) as sequencer:
        assert not sequencer.ended.done()
    sequencer.ended.result(LONG_S)


def test_the_slow_look_leaves_a_beat_often_enough_and_not_more_than_once_a_second() -> None:
    assert 1 <= LOOK_S <= _SILENT.total_seconds() / 2
