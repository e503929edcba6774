"""How long an answer takes tells nothing, and nobody sends for ever."""

import time
from datetime import UTC, datetime, timedelta
from statistics import median

import anyio
import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient

from api.denials import TooManyError
from api.web.collect.limiter import Limit, Limiter
from api.web.collect.pacing import STEP, PacedRoute, remaining
from tests.api.web.paces import ProcessorClock

AT = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)
FEW = Limit(most=3, within=timedelta(minutes=3))


@pytest.mark.parametrize(
    ("taken", "left"), [(0.0, 0.25), (0.1, 0.15), (0.25, 0.0), (0.26, 0.24), (0.99, 0.01)]
)
def test_an_answer_waits_for_the_next_step(taken: float, left: float) -> None:
    assert remaining(taken, 0.25) == pytest.approx(left)


def test_work_that_differs_takes_the_same_time_outside(paces: ProcessorClock) -> None:
    anyio.run(_measure_work_that_differs, paces)


async def _measure_work_that_differs(clock: ProcessorClock) -> None:
    router = APIRouter(route_class=PacedRoute)

    @router.get("/{work}")
    def work(work: int) -> int:
        clock.jumped += work / 1000
        return work

    @router.get("/fails/{work}")
    def fails(work: int) -> int:
        return 1 // (work - work)

    took: dict[str, list[float]] = {"/0": [], "/90": [], "/fails/1": [], "/nonsense": []}
    async with client_of(router) as client:
        for _ in range(5):
            for path, times in took.items():
                began = clock.current_time()
                await client.get(path)
                times.append(clock.current_time() - began)
    assert min(map(min, took.values())) >= STEP
    middles = [median(times) for times in took.values()]
    # 90 ms of work apart; what is left is the way from the handler to here.
    assert max(middles) - min(middles) < 0.045, took


def test_an_answer_is_really_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.web.collect.pacing.anyio", anyio)
    router = APIRouter(route_class=PacedRoute)
    router.add_api_route("/", lambda: "")

    async def ask() -> None:
        async with client_of(router) as client:
            await client.get("/")

    began = time.monotonic()
    anyio.run(ask)
    assert time.monotonic() - began >= STEP


def client_of(router: APIRouter) -> AsyncClient:
    app = FastAPI()
    app.include_router(router)
    transport = ASGITransport(app, raise_app_exceptions=False)
    return AsyncClient(transport=transport, base_url="http://here")


def test_more_than_the_limit_is_told_when_to_come_again() -> None:
    limiter = Limiter(FEW)
    for _ in range(3):
        limiter.count("192.0.2.7", at=AT)
    with pytest.raises(TooManyError) as told:
        limiter.count("192.0.2.7", at=AT)
    assert told.value.seconds == 61
    limiter.count("192.0.2.8", at=AT)
    limiter.count("192.0.2.7", at=AT + timedelta(seconds=61))


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limiter = Limiter(FEW)
    for _ in range(3):
        limiter.count("192.0.2.7", at=AT)
    with pytest.raises(TooManyError):
        limiter.count("192.0.2.7", at=AT - timedelta(hours=1))


def test_one_household_has_one_limit_however_many_addresses_it_holds() -> None:
    limiter = Limiter(FEW)
    for last in range(3):
        limiter.count(f"2001:db8:1:2::{last}", at=AT)
    with pytest.raises(TooManyError):
        limiter.count("2001:db8:1:2:ffff::1", at=AT)
    limiter.count("2001:db8:1:3::1", at=AT)
    for _ in range(3):
        limiter.count("::ffff:192.0.2.7", at=AT)
    with pytest.raises(TooManyError):
        limiter.count("192.0.2.7", at=AT)


def test_what_is_remembered_is_bounded_and_holds_no_address() -> None:
    limiter = Limiter(Limit(most=3, addresses=50))
    for number in range(500):
        limiter.count(f"10.0.{number // 250}.{number % 250}", at=AT)
    assert len(limiter._seen) == 50
    assert all(len(name) == 16 for name in limiter._seen)
    other = Limiter(Limit(most=3, addresses=50))
    other.count("10.0.1.249", at=AT)
    assert not set(other._seen) & set(limiter._seen)
