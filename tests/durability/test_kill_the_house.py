"""kill -9 of `custos up` and of the engines below it, while footage is taken in and sealed."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from custody.ledger.tables import CustodyEventRow
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.intake.arrivals import Intake
from export.sealing.steps import SealStep, SealStore
from storage.errors import UnavailableError
from storage.objects.store import ObjectStore, Patience, Retention
from tests.durability import acts
from tests.durability.ups import ENGINES, Up
from tests.polling import poll

AWAY_S = 4.0
"""How long an engine is away here; `make soak` takes up to 20 s."""


def done(up: Up, record: UUID) -> bool:
    try:
        return acts.is_done(up.services, record)
    except UnavailableError:
        return False


def await_done(up: Up, *records: UUID) -> None:
    for record in records:
        poll(partial(done, up, record), pause=0.1)
        acts.check_record(up.services, record)


@pytest.fixture(scope="module")
def ready(up: Up, clip: Path) -> UUID:
    """Take in an exhibit, and wait until it is ready."""
    exhibit = acts.take_in(up.services, clip)
    await_done(up, exhibit)
    return exhibit


def is_sealing(up: Up, release: UUID) -> bool:
    with up.services.transaction() as session:
        return SealStore(release).facts(session, SealStep.CUSTODY) is not None


def is_examined(up: Up, exhibit: UUID) -> bool:
    with up.services.transaction() as session:
        return session.get_one(ExhibitRow, exhibit).state != ExhibitState.RECEIVED


def events(up: Up, record: UUID) -> Counter[str]:
    with up.services.transaction() as session:
        rows = session.exec(select(CustodyEventRow.event).where(CustodyEventRow.record == record))
        return Counter(rows)


def test_up_that_was_killed_while_it_sealed_starts_again_and_goes_on(
    up: Up, ready: UUID, clip: Path
) -> None:
    """Its web process is slow to end: it still has the port when the next one wants it."""
    exhibit = acts.take_in(up.services, clip)
    release = acts.release(up.services, [ready])
    poll(partial(is_sealing, up, release))
    (web,) = up.pids("web")
    os.kill(web, signal.SIGSTOP)
    begins = len(up.log.read_bytes())
    up.kill()
    up.start()
    assert not Path(f"/proc/{web}").exists()
    assert "The last stop was not a clean one" in up.said(begins)
    await_done(up, release, exhibit)
    acts.check_package(up.services, release)
    acts.check_log(up.services)
    poll(lambda: events(up, ready)[acts.RECHECKED] == 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_was_killed_and_away_is_waited_for(
    up: Up, ready: UUID, clip: Path, engine: str
) -> None:
    exhibit = acts.take_in(up.services, clip)
    poll(partial(is_examined, up, exhibit))
    release = acts.release(up.services, [ready])
    with up.without(engine):
        time.sleep(AWAY_S)
    await_done(up, exhibit, release)
    acts.check_package(up.services, release)
    acts.check_log(up.services)


def count(up: Up) -> int:
    with up.services.transaction() as session:
        return len(session.exec(select(ExhibitRow)).all())


@pytest.fixture(scope="module")
def hasty(up: Up) -> Iterator[Intake]:
    """Return an intake that gives up on the store soon."""
    services = up.services
    store = ObjectStore(
        services.addresses.intake,
        services.addresses.vault_bucket,
        retention=Retention(days=1),
        clock=services.clock,
        patience=Patience(limit_s=1, connect_timeout_s=1, read_timeout_s=2),
    )
    yield Intake(
        store,
        new_id=services.intake._new_id,
        free_bytes=lambda: None,
    )
    store.close()


class DyingSource:
    """A clip during whose reading the store dies."""

    def __init__(self, up: Up, size: int) -> None:
        self._up = up
        self._left = size
        self._half = size // 2
        self.without = up.without("weed")
        self.gone = False

    def read(self, size: int = -1, /) -> bytes:
        if self._left <= self._half and not self.gone:
            self.without.__enter__()
            self.gone = True
        taken = min(size if size >= 0 else self._left, self._left)
        self._left -= taken
        return bytes(taken)


def test_an_intake_whose_store_dies_says_so_and_records_nothing(up: Up, hasty: Intake) -> None:
    before = count(up)
    operator = acts.subject(up.services, Role.OPERATOR)
    source = DyingSource(up, 40 << 20)
    try:
        with pytest.raises(UnavailableError):
            hasty.store(source, by=operator, size=40 << 20)
    finally:
        source.without.__exit__(None, None, None)
    assert source.gone
    assert count(up) == before


def test_an_intake_whose_store_comes_back_in_time_is_whole(up: Up, clip: Path) -> None:
    with up.without("weed"):
        pass
    exhibit = acts.take_in(up.services, clip)
    await_done(up, exhibit)


def test_a_clip_that_comes_over_http_is_whole(up: Up, clip: Path) -> None:
    """As the soak sends half of its clips."""
    await_done(up, up.post(clip, "HT/1"))


def test_an_intake_whose_database_is_away_says_so_and_records_nothing(up: Up, clip: Path) -> None:
    before = count(up)
    with up.without("postgres"), pytest.raises(UnavailableError):
        acts.take_in(up.services, clip)
    assert poll(partial(counted, up)) == [before]


def counted(up: Up) -> list[int]:
    try:
        return [count(up)]
    except UnavailableError:
        return []
