"""Jobs are never lost, never doubled, and never tried for ever."""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import procrastinate
import pytest
from procrastinate import exceptions
from sqlalchemy import text

from api.running.worker import conninfo
from storage import workers
from storage.jobs import Jobs
from storage.workers import JobWorker, Work
from tests.durability.houses import House
from tests.durability.working import PACE, at_work, killed
from tests.polling import PATIENCE_S, poll


class UndoneError(Exception):
    """What a test raises to undo its transaction."""


class AwayError(Exception):
    """What may be over at the next attempt."""


class Office:
    """The queue of a house, as its rows show it."""

    def __init__(self, house: House) -> None:
        self.services = house.services
        self.conninfo = conninfo(house.services.addresses.app_url)
        self.given_up: list[tuple[str, str, str]] = []

    def defer(self, name: str, subject: str) -> None:
        with self.services.transaction() as session:
            Jobs().defer(session, name, subject)

    def rows(self, subject: str) -> list[str]:
        """Return the states of the jobs of a subject, in order."""
        with self.services.transaction() as session:
            return list(
                session.connection().scalars(
                    text(
                        "SELECT status::text FROM procrastinate_jobs "
                        "WHERE args->>'subject' = :subject ORDER BY id"
                    ),
                    {"subject": subject},
                )
            )

    def worker(self, name: str, run: Work, *, most_attempts: int = 500) -> JobWorker:
        return self.works({name: run}, most_attempts=most_attempts)

    def works(self, work: Mapping[str, Work], *, most_attempts: int = 500) -> JobWorker:
        return JobWorker(
            self.conninfo,
            work,
            retryable=(AwayError,),
            give_up=lambda name, subject, error: self.given_up.append((name, subject, str(error))),
            most_attempts=most_attempts,
            pace=PACE,
        )

    def empty(self) -> None:
        with self.services.transaction() as session:
            session.connection().execute(text("DELETE FROM procrastinate_jobs"))


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    office = Office(house)
    yield office
    office.empty()


@pytest.fixture
def subject() -> str:
    return str(uuid.uuid4())


def test_an_undone_transaction_leaves_no_job(office: Office, subject: str) -> None:
    with pytest.raises(UndoneError), office.services.transaction() as session:  # noqa: PT012 - the transaction is what raises
        Jobs().defer(session, "test.any", subject)
        raise UndoneError
    assert office.rows(subject) == []
    office.defer("test.any", subject)
    assert office.rows(subject) == ["todo"]


def test_what_waits_already_is_not_added_and_the_transaction_goes_on(
    office: Office, subject: str
) -> None:
    office.defer("test.any", subject)
    with office.services.transaction() as session:
        Jobs().defer(session, "test.any", subject)
        Jobs().defer(session, "test.other", subject)
    assert office.rows(subject) == ["todo", "todo"]


def test_a_job_runs_once_and_is_gone(office: Office, subject: str) -> None:
    seen: list[str] = []
    office.defer("test.once", subject)
    with at_work(office.worker("test.once", seen.append)):
        poll(lambda: not office.rows(subject))
    assert seen == [subject]
    assert office.given_up == []


def test_what_somebody_waits_for_never_stands_behind_long_work(office: Office) -> None:
    done, quick = threading.Event(), threading.Event()
    begun: list[str] = []

    def long(subject: str) -> None:
        begun.append(subject)
        assert done.wait(2 * PATIENCE_S)

    with office.services.transaction() as session:
        for _ in range(8):
            Jobs().defer(session, "test.long", str(uuid.uuid4()))
    with at_work(office.works({"test.long": long, "test.quick": lambda _: quick.set()})):
        try:
            poll(lambda: len(begun) == 3)  # every place of the ordinary lane is taken
            with office.services.transaction() as session:
                Jobs(prompt={"test.quick"}).defer(session, "test.quick", str(uuid.uuid4()))
            assert quick.wait(PATIENCE_S)
            assert not done.is_set()
        finally:
            done.set()


def test_what_fails_for_want_of_an_engine_is_tried_again(office: Office, subject: str) -> None:
    seen: list[str] = []

    def run(subject: str) -> None:
        seen.append(subject)
        if len(seen) == 1:
            raise AwayError("not now")

    office.defer("test.again", subject)
    with at_work(office.worker("test.again", run)):
        poll(lambda: not office.rows(subject))
    assert len(seen) == 2
    assert office.given_up == []


def test_what_no_attempt_can_get_over_is_given_up_once(office: Office, subject: str) -> None:
    def run(_subject: str) -> None:
        raise ValueError("for ever")

    office.defer("test.never", subject)
    with at_work(office.worker("test.never", run)):
        poll(lambda: office.rows(subject) == ["failed"])
    assert office.given_up == [("test.never", subject, "for ever")]


def test_the_last_attempt_is_given_up_once(office: Office, subject: str) -> None:
    seen: list[str] = []

    def run(subject: str) -> None:
        seen.append(subject)
        raise AwayError("still not")

    office.defer("test.last", subject)
    with at_work(office.worker("test.last", run, most_attempts=1)):
        poll(lambda: office.rows(subject) == ["failed"])
    assert len(seen) == 2
    assert office.given_up == [("test.last", subject, "still not")]


def hang(office: Office, subject: str, folder: Path) -> None:
    """Let a process begin a job, and kill it."""
    office.defer("test.hang", subject)
    with killed("tests.durability.job_process", str(folder), words=office.conninfo):
        poll((folder / subject).exists)
    assert office.rows(subject) == ["doing"]


def test_the_job_of_a_killed_worker_is_taken_over(
    office: Office, subject: str, tmp_path: Path
) -> None:
    hang(office, subject, tmp_path)
    seen: list[str] = []
    with at_work(office.worker("test.hang", seen.append)):
        poll(lambda: not office.rows(subject))
    assert seen == [subject]


def test_a_killed_workers_job_that_was_asked_for_again_runs_once(
    office: Office, subject: str, tmp_path: Path
) -> None:
    """Both would wait under one lock: unless one goes, neither ever runs."""
    hang(office, subject, tmp_path)
    office.defer("test.hang", subject)
    assert office.rows(subject) == ["doing", "todo"]
    seen: list[str] = []
    with at_work(office.worker("test.hang", seen.append)):
        poll(lambda: not office.rows(subject))
    assert seen == [subject]


def test_a_job_that_failed_and_was_asked_for_again_goes_on(office: Office, subject: str) -> None:
    seen: list[str] = []
    began, asked = threading.Event(), threading.Event()

    def run(subject: str) -> None:
        seen.append(subject)
        began.set()
        assert asked.wait(PATIENCE_S)
        if len(seen) == 1:
            raise AwayError("not now")

    office.defer("test.twice", subject)
    with at_work(office.worker("test.twice", run)):
        assert began.wait(PATIENCE_S)
        office.defer("test.twice", subject)
        asked.set()
        poll(lambda: not office.rows(subject))
    assert len(seen) == 2


def test_a_job_that_kills_its_workers_is_given_up(
    office: Office, subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MOST_RESCUES", 1)
    hang(office, subject, tmp_path)
    (tmp_path / subject).unlink()
    with killed("tests.durability.job_process", str(tmp_path), words=office.conninfo):
        poll((tmp_path / subject).exists)
    seen: list[str] = []
    with at_work(office.worker("test.hang", seen.append)):
        poll(lambda: office.rows(subject) == ["failed"])
    assert seen == []
    assert office.given_up == [("test.hang", subject, "2 workers ended while they were at it")]


def test_an_authority_that_was_long_away_does_not_count_as_killed_workers(
    office: Office, subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang(office, subject, tmp_path)
    with office.services.transaction() as session:
        session.connection().execute(
            text("UPDATE procrastinate_jobs SET attempts = 100 WHERE args->>'subject' = :subject"),
            {"subject": subject},
        )
    monkeypatch.setattr(workers, "MOST_RESCUES", 1)
    seen: list[str] = []
    with at_work(office.worker("test.hang", seen.append)):
        poll(lambda: not office.rows(subject))
    assert seen == [subject]
    assert office.given_up == []


def test_a_worker_whose_word_was_lost_ends_and_its_job_goes_to_another(
    office: Office, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the job is for ever at work in a worker that has done with it."""
    seen: list[str] = []
    first = office.worker("test.lost", seen.append)
    finish = procrastinate.manager.JobManager.finish_job

    async def lose(*_: object, **__: object) -> None:
        raise exceptions.ConnectorException

    monkeypatch.setattr(procrastinate.manager.JobManager, "finish_job", lose)
    office.defer("test.lost", subject)
    ended: list[BaseException] = []

    def keep(args: threading.ExceptHookArgs) -> None:
        assert args.exc_value is not None
        ended.append(args.exc_value)

    monkeypatch.setattr(threading, "excepthook", keep)
    with at_work(first):
        poll(lambda: ended)
    assert "did not take note" in str(ended[0])
    assert office.rows(subject) == ["doing"]
    monkeypatch.setattr(procrastinate.manager.JobManager, "finish_job", finish)
    with at_work(office.worker("test.lost", seen.append)):
        poll(lambda: not office.rows(subject))
    assert seen == [subject, subject]


def test_two_workers_never_do_one_job_at_once(office: Office, subject: str) -> None:
    at_it: list[str] = []
    most: list[int] = []

    def run(subject: str) -> None:
        at_it.append(subject)
        most.append(len(at_it))
        time.sleep(0.2)
        at_it.remove(subject)

    office.defer("test.side", subject)
    with (
        at_work(office.worker("test.side", run)),
        at_work(office.worker("test.side", run)),
    ):
        poll(lambda: most)
        office.defer("test.side", subject)
        poll(lambda: not office.rows(subject))
    assert most == [1, 1]
