"""Two sequencers at once, each in the loop of its process: one works, and the other takes over."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from api.running import sequencing
from api.running.sequencing import Stop, stand_by
from custody.ledger.sequencer import Sequencer, Turn
from storage.database import transaction
from tests.custody.buckets import MemoryBucket, log_bucket
from tests.custody.desks import Desk

LONG_S = 20.0
"""What no test waits for unless it fails."""
HOLDERS = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class One(Sequencer):
    """Says when it has published something."""

    published: threading.Semaphore

    def turn(self, *, publish: bool = True) -> Turn:
        turn = super().turn(publish=publish)
        if turn.signed:
            self.published.release()
        return turn


def one(desk: Desk, bucket: MemoryBucket) -> One:
    sequencer = desk.another_sequencer(publication=log_bucket(bucket, desk.signer.key))
    sequencer.__class__ = One
    assert isinstance(sequencer, One)
    sequencer.published = threading.Semaphore(0)
    return sequencer


def test_one_works_and_the_other_takes_over_within_seconds_when_it_dies(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "_STANDBY_S", 0.1)
    bucket, record, stops = MemoryBucket(), desk.open_record(), (Stop(), Stop())
    first, second = one(desk, bucket), one(desk, bucket)
    with ThreadPoolExecutor(2) as threads, ExitStack() as ends:
        for stop in stops:
            ends.callback(stop.set)
        threads.submit(stand_by, desk.engine, first, stops[0])
        desk.write(record)
        assert first.published.acquire(timeout=LONG_S)
        threads.submit(stand_by, desk.engine, second, stops[1])
        desk.write(record)
        assert first.published.acquire(timeout=LONG_S)
        assert not second.published.acquire(blocking=False), "it waits"
        # As a killed process does, the first one ends with its connection, in the middle of things.
        stops[0].set()
        with transaction(desk.engine) as session:
            for (pid,) in session.execute(HOLDERS):
                session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        desk.write(record)
        assert second.published.acquire(timeout=LONG_S)
    assert desk.indices(record) == [0, 1, 2]
    assert [checkpoint.size for checkpoint in bucket.checked(desk.signer.key)] == [1, 2, 3]
    assert desk.check_log() == 3
