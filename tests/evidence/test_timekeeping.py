"""Nothing is recorded by a clock that cannot be right; who vouches for one is on record."""

import socket
import struct
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select, update

from api.cli.house.clock import run as confirm_clock
from api.running.worker import RETRYABLE
from api.times import steady, utc_now
from custody.errors import ClockError
from custody.ledger.houseclock import HouseClock, HouseClockRow, house_clock
from custody.ledger.tables import CustodyEventRow
from custody.stamping.clock import Standing
from custody.stamping.timeserver import TimeServer
from evidence.errors import AccessRefusedError
from evidence.people.access import Role
from evidence.timekeeping import Timekeeping
from tests.houses import House

YEARS = timedelta(days=730)
SINCE_1900 = 2_208_988_800


class Clock:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.apart = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.apart


@contextmanager
def by(house: House, clock: Clock) -> Iterator[Timekeeping]:
    """Let the house go by another clock, as a process that starts now does."""
    ledger, services = house.services.ledger, house.services
    before, watch = ledger._clock, HouseClock(clock, steady)
    ledger._clock = watch
    try:
        yield Timekeeping(services.transaction, ledger, watch, None, clock=clock)
    finally:
        ledger._clock = before


@pytest.fixture(autouse=True)
def rested(house: House) -> Iterator[None]:
    """Leave a house whose clock is right."""
    yield

    def forget(session: Session) -> None:
        last = session.exec(
            select(CustodyEventRow.seq).order_by(col(CustodyEventRow.seq).desc()).limit(1)
        ).one()
        session.exec(
            update(HouseClockRow).values(after_seq=last, seen=None, alarm="", measured=None)
        )

    house.look(forget)


def alarms(house: House) -> list[dict[str, object]]:
    """Return what each `clock.apart` of the house says."""
    rows = house.look(
        lambda s: s.exec(
            select(CustodyEventRow.record)
            .where(CustodyEventRow.event == "clock.apart")
            .order_by(col(CustodyEventRow.seq))
        ).all()
    )
    return [values for record in rows for _, values in house.events(record)]


def count(house: House) -> int:
    return len(house.look(lambda s: s.exec(select(CustodyEventRow.id)).all()))


def test_a_clock_two_years_ahead_and_back_again_acknowledges_nothing(house: House) -> None:
    clock = Clock()
    with by(house, clock) as keeping:
        assert keeping.look().standing is Standing.RIGHT
        house.exhibit()
        before = count(house)
        clock.apart = YEARS
        with pytest.raises(ClockError, match="ahead of"):
            house.exhibit()
        assert count(house) == before
        assert house.look(lambda s: house_clock(s).alarm) == ""
        keeping.look_hourly()
        assert house.look(lambda s: house_clock(s).alarm)
        assert count(house) == before + 1  # the alarm itself
        keeping.look()
        assert count(house) == before + 1  # which is said once
    assert alarms(house)[-1]["against"] in {"its own course", "when Custos last ran here"}

    with by(house, Clock()) as keeping:  # started again with the right time
        assert keeping.look().standing is Standing.RIGHT
        assert house.look(lambda s: house_clock(s).alarm) == ""
        house.exhibit()


def test_an_administrator_vouches_for_the_clock_and_work_goes_on(house: House) -> None:
    ahead = Clock()
    ahead.apart = YEARS
    with by(house, ahead):  # nothing was known yet: nobody could have seen it
        reader = house.subjects["nobody"]
        house.look(
            lambda s: house.services.people.record_role(s, reader, "x", by=reader, at=ahead())
        )
    with by(house, Clock()) as keeping:
        assert keeping.look().standing is Standing.STOPPED
        with pytest.raises(ClockError, match="behind the last event of the record"):
            house.exhibit()
        releaser = house.subjects[Role.RELEASER]
        with pytest.raises(AccessRefusedError):
            house.look(lambda s: keeping.confirm(s, by=releaser, reason="it is"))
        administrator = house.subjects[Role.ADMINISTRATOR]
        house.look(lambda s: keeping.confirm(s, by=administrator, reason="the battery was flat"))
        assert keeping.look().standing is Standing.RIGHT
        house.exhibit()
    said = house.look(
        lambda s: s.exec(
            select(CustodyEventRow.record).where(CustodyEventRow.event == "clock.confirmed")
        ).one()
    )
    (_, values), *_ = house.events(said)
    assert values["reason"] == "the battery was flat"
    assert str(values["role"]) == Role.ADMINISTRATOR


def test_without_a_token_whoever_owns_the_data_vouches_for_the_clock(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    with by(house, clock) as keeping:
        clock.apart = YEARS
        with house.services.transaction() as session:
            house_clock(session, lock=True).seen = utc_now()
        assert keeping.look().standing is Standing.STOPPED
        services = replace(house.services, timekeeping=keeping)
        monkeypatch.setattr("api.cli.house.clock.services_of", lambda _: nullcontext(services))
        monkeypatch.delenv("CUSTOS_TOKEN_FILE", raising=False)
        given = Namespace(what="confirm", reason="it stood in a cellar", token_file=None)
        assert confirm_clock(given) == 0
        with house.services.transaction() as session:
            services.people.add(session, "Somebody New")


def test_minutes_apart_are_an_alarm_and_work_goes_on(house: House) -> None:
    clock = Clock()
    with by(house, clock) as keeping:
        keeping.look()
        clock.apart = timedelta(minutes=-5)
        found = keeping.look()
        assert found.standing is Standing.APART
        house.exhibit()
    assert -310_000 < int(str(alarms(house)[-1]["ahead_ms"])) < -290_000
    assert "clock" in house.services.health.report()
    assert "minutes behind" in house.services.health.report()["clock"]


def test_a_job_waits_for_the_clock_as_for_an_engine() -> None:
    assert issubclass(ClockError, RETRYABLE)


@contextmanager
def time_server(apart: timedelta, *, stratum: int = 2) -> Iterator[TimeServer]:
    """Serve SNTP on this machine, by a clock that is ``apart`` from ours."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        door.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    asked, who = door.recvfrom(256)
                except TimeoutError:
                    continue
                now = time.time() + apart.total_seconds() + SINCE_1900
                whole, part = int(now), int(now % 1 * 2**32)
                stamp = struct.pack(">II", whole, part)
                head = struct.pack(">BBbbII4s", 0x24, stratum, 6, -20, 0, 0, b"TEST")
                door.sendto(head + stamp + asked[40:48] + stamp + stamp, who)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield TimeServer("127.0.0.1", door.getsockname()[1])
        finally:
            stop.set()
            thread.join()


def test_a_time_server_says_how_far_the_clock_is_and_receipts_tell_it(house: House) -> None:
    services = house.services
    with time_server(timedelta(seconds=-1.5)) as server:
        keeping = Timekeeping(
            services.transaction,
            services.ledger,
            HouseClock(utc_now, steady),
            server.ahead,
            clock=utc_now,
        )
        assert keeping.look().standing is Standing.RIGHT
    (_, received), *_ = house.events(house.exhibit().id)
    assert 1_400 < int(str(received["clock_ntp_offset_ms"])) < 1_600


def test_a_time_server_days_away_stops_what_would_be_recorded(house: House) -> None:
    services = house.services
    with by(house, Clock()), time_server(timedelta(days=-2)) as server:
        watch = services.ledger._clock
        assert watch is not None
        keeping = Timekeeping(
            services.transaction, services.ledger, watch, server.ahead, clock=utc_now
        )
        assert keeping.look().standing is Standing.STOPPED
        with pytest.raises(ClockError, match="ahead of the time server"):
            house.exhibit()


@pytest.mark.parametrize("stratum", [0, 16])
def test_a_server_that_knows_no_time_is_not_believed(stratum: int) -> None:
    with time_server(YEARS, stratum=stratum) as server:
        assert server.ahead() is None


def test_a_server_that_is_away_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    assert TimeServer("127.0.0.1", port).ahead() is None
