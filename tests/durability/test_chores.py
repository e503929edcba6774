"""Chores are done in their time by one of all workers, and no failure or kill ends them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api.running.worker import CHORE_DUE, conninfo, worker
from storage import workers
from storage.workers import Chore, JobWorker
from tests.durability.chore_process import EVERY_SECOND
from tests.durability.houses import House
from tests.durability.working import at_work, killed
from tests.polling import poll

NAME = "test.chore"


def rows(house: House, name: str = NAME) -> list[str]:
    statement = text("SELECT status::text FROM procrastinate_jobs WHERE task_name = :name")
    with house.services.transaction() as session:
        return list(session.connection().scalars(statement, {"name": name}))


@pytest.fixture(autouse=True)
def _empty(house: House) -> Iterator[None]:
    yield
    with house.services.transaction() as session:
        session.connection().execute(text("DELETE FROM procrastinate_jobs"))


def hand(house: House, chore: Chore, given_up: list[str] | None = None) -> JobWorker:
    return JobWorker(
        conninfo(house.services.addresses.app_url),
        {},
        retryable=(),
        give_up=lambda name, *_: (given_up if given_up is not None else []).append(name),
        pace=EVERY_SECOND,
        chores={NAME: chore},
    )


def test_of_two_workers_one_does_the_chore_and_never_both_at_once(house: House) -> None:
    done: list[int] = []
    here: list[int] = []
    overlaps: list[int] = []
    pause = threading.Event()

    def chore() -> None:
        here.append(1)
        overlaps.append(len(here))
        pause.wait(1.4)  # longer than from one time to the next
        here.pop()
        done.append(1)

    with at_work(hand(house, chore)), at_work(hand(house, chore)):
        poll(lambda: len(done) >= 3)
    assert set(overlaps) == {1}
    with house.services.transaction() as session:
        # The queue keeps the last time of each chore, whoever deferred it.
        kept = session.connection().scalar(
            text("SELECT count(*) FROM procrastinate_periodic_defers WHERE task_name = :name"),
            {"name": NAME},
        )
    assert kept == 1


def test_a_chore_that_fails_is_done_again_in_its_time(house: House) -> None:
    done: list[int] = []

    def chore() -> None:
        done.append(1)
        if len(done) == 1:
            raise RuntimeError("not this time")

    with at_work(hand(house, chore)):
        poll(lambda: len(done) >= 3)
    assert rows(house).count("failed") == 1


def test_the_chore_of_a_killed_worker_is_done_by_another_and_never_given_up(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MOST_RESCUES", 0)
    words = conninfo(house.services.addresses.app_url)
    with killed("tests.durability.chore_process", str(tmp_path), words=words):
        poll((tmp_path / "began").exists)
    assert "doing" in rows(house)
    done: list[int] = []
    given_up: list[str] = []
    with at_work(hand(house, lambda: done.append(1), given_up)):
        poll(lambda: len(done) >= 2)
    assert given_up == []
    assert "failed" not in rows(house)


def test_the_worker_does_what_is_due(house: House) -> None:
    assert CHORE_DUE in worker(house.services)._app.tasks
