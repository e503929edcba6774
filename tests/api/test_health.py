"""`/healthz` answers while the process lives; `/readyz` names each engine, and which is away."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlmodel import Session

from api.app import create_app
from api.demonstration.standins import read_ports
from api.health import NOT_WELL, OK, Health
from api.times import utc_now
from custody.ledger.tables import LogStateRow
from storage.errors import UnavailableError
from storage.objects.store import ObjectStore
from tests.api.asking import Web, asked
from tests.api.served import heard, served, wire
from tests.houses import House


class AwayVault:
    """A vault whose check raises what the real one raises."""

    def check(self) -> None:
        raise UnavailableError("the object store does not answer")


@contextmanager
def away() -> Iterator[Session]:
    raise UnavailableError("the database does not answer: connection refused")
    yield


def ready(house: House, health: Health) -> tuple[int, dict[str, Any]]:
    with asked(create_app(replace(house.services, health=health)), house.tokens) as web:
        answer = web.ask("GET", "/readyz")
        return answer.status_code, answer.json()


@pytest.fixture
def working(house: House) -> Iterator[None]:
    """Let a worker have shown a sign of life just now."""
    with house.services.transaction() as session:
        session.connection().execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
        )
    yield
    with house.services.transaction() as session:
        session.connection().execute(text("DELETE FROM procrastinate_workers"))


def test_a_process_that_lives_says_so(web: Web) -> None:
    answer = web.ask("GET", "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"web": OK})


@contextmanager
def answering(port: int, words: bytes) -> Iterator[None]:
    """Say ``words`` to whoever connects."""
    with socket.create_server(("127.0.0.1", port)) as door:

        def say() -> None:
            while True:
                try:
                    end, _ = door.accept()
                except OSError:
                    return
                with end:
                    end.sendall(words)

        thread = threading.Thread(target=say)
        thread.start()
        yield
        door.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def standing(house: House) -> Iterator[None]:
    """Let somebody answer where the demonstration's stand-ins do."""
    ports = read_ports(house.settings.data)
    http = b"HTTP/1.0 404"
    with (
        answering(ports.sign_in, http),
        answering(ports.mail, b"220 sink"),
        answering(ports.payments, http),
    ):
        yield


@pytest.mark.usefixtures("working", "standing")
def test_all_is_well_when_each_part_is(web: Web) -> None:
    answer = web.ask("GET", "/readyz")
    report = answer.json()
    assert answer.status_code == 200
    assert report.pop("demonstration").startswith("yes")
    assert report == dict.fromkeys(
        (
            *("web", "database", "objects", "clock", "sequencer", "publication", "worker"),
            *("masters", "standins"),
        ),
        OK,
    )


def test_a_worker_that_is_away_is_named(web: Web) -> None:
    answer = web.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json()["worker"] == NOT_WELL
    assert answer.json()["database"] == OK


@pytest.mark.usefixtures("working")
def test_a_stand_in_that_is_away_is_named(house: House, web: Web) -> None:
    sink = socket.create_server(("127.0.0.1", read_ports(house.settings.data).mail))
    with sink:
        answer = web.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json()["standins"] == NOT_WELL
    words = house.services.health.report()["standins"]
    assert words == "the demonstration's identity provider does not answer"


@pytest.mark.usefixtures("working")
def test_a_port_that_the_supervisor_holds_is_no_stand_in_that_answers(
    house: House, web: Web
) -> None:
    ports = read_ports(house.settings.data)
    with socket.create_server(("127.0.0.1", ports.mail)), answering(ports.sign_in, b"HTTP/1.0 404"):
        answer = web.ask("GET", "/readyz")
        words = house.services.health.report()["standins"]
    assert answer.json()["standins"] == NOT_WELL
    assert words == "the demonstration's mail sink does not answer"


def test_production_has_no_stand_in_to_wait_for(house: House) -> None:
    services = house.services
    _, report = ready(house, Health(services.transaction, services.vault, utc_now))
    assert "standins" not in report


@pytest.mark.usefixtures("working")
def test_a_vault_that_is_away_is_named(house: House) -> None:
    vault = cast("ObjectStore", AwayVault())
    status, report = ready(house, Health(house.services.transaction, vault, utc_now))
    assert status == 503
    assert report["objects"] == NOT_WELL
    assert report["database"] == report["sequencer"] == report["worker"] == OK


def test_a_database_that_is_away_is_named(house: House) -> None:
    status, report = ready(house, Health(away, house.services.vault, utc_now))
    assert status == 503
    assert report["database"] == report["sequencer"] == report["worker"] == NOT_WELL
    assert report["objects"] == OK


@pytest.mark.usefixtures("working")
def test_a_sequencer_that_is_silent_is_named(house: House) -> None:
    services = house.services
    later = Health(services.transaction, services.vault, lambda: utc_now() + timedelta(seconds=60))
    status, report = ready(house, later)
    assert (status, report["sequencer"]) == (503, NOT_WELL)
    assert later.report()["sequencer"] == "no sequencer has worked in the last 15 s"


def test_a_process_whose_threads_all_wait_still_says_that_it_lives(house: House) -> None:
    """A database that hangs takes every thread that pages share; health takes none."""
    go = threading.Event()

    @contextmanager
    def hangs() -> Iterator[Session]:
        go.wait()
        with house.services.transaction() as session:
            yield session

    app = create_app(replace(house.services, transaction=hangs))
    asks = b"GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n"
    with served(app) as port, ExitStack() as stack:
        waiting = [stack.enter_context(wire(port, asks % b"/api/v1/exhibits")) for _ in range(60)]
        try:
            with wire(port, asks % b"/healthz") as client:
                assert heard(client).startswith(b"HTTP/1.1 200 ")
        finally:
            go.set()
        assert all(heard(client).startswith(b"HTTP/1.1 401 ") for client in waiting)


def test_many_who_ask_how_each_part_is_do_not_wait_for_each_other(house: House) -> None:
    go, asked_it = threading.Event(), threading.Semaphore(0)

    class Hangs(Health):
        def public(self) -> dict[str, str]:
            asked_it.release()
            go.wait()
            return {"database": OK}

    health = cast("Health", Hangs.__new__(Hangs))
    app = create_app(replace(house.services, health=health))
    asks = b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with served(app) as port, ExitStack() as stack:
        try:
            waiting = [stack.enter_context(wire(port, asks)) for _ in range(4)]
            for _ in range(4):
                assert asked_it.acquire(timeout=60)
            with wire(port, asks) as client:
                answer = heard(client)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after" in answer
        finally:
            go.set()
        assert all(heard(client).startswith(b"HTTP/1.1 200 ") for client in waiting)


@pytest.mark.usefixtures("working")
def test_a_stranger_learns_no_path_port_or_alarm_and_the_log_has_them_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "at /srv/custos/keys, 127.0.0.1:54321, role custos_app\x1b[2J"

    @contextmanager
    def broken() -> Iterator[Session]:
        raise UnavailableError(secret)
        yield

    class Broken:
        def check(self) -> None:
            raise UnavailableError(secret)

    @contextmanager
    def alarmed() -> Iterator[Session]:
        # Undone each time: the house's own sequencer would stop at it.
        with house.services.transaction() as session, session.begin_nested() as point:
            session.get_one(LogStateRow, 1).alarm = f"two roots for one size, {secret}"
            session.flush()
            yield session
            point.rollback()

    stopped = Health(alarmed, cast("ObjectStore", Broken()), utc_now)
    with caplog.at_level(logging.WARNING, "custos.health"):
        for health in (stopped, Health(broken, house.services.vault, utc_now)):
            for _ in range(3):
                status, report = ready(house, health)
                assert status == 503
                assert {*report.values()} <= {OK, NOT_WELL, report.get("demonstration")}
                assert "54321" not in str(report)
    assert caplog.text.count("sequencer is not well: the log has stopped: two roots") == 1
    assert caplog.text.count("database is not well: at /srv/custos/keys") == 1
    assert "\x1b" not in caplog.text
