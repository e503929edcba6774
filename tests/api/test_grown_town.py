"""The town that the benchmarks load is a house in which an audit finds nothing wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from api.cli.proof.logs.database import audit_session
from api.running.supervisor import prepare
from api.services import Services
from api.wiring import build
from benchmarks.growth.exhibits import displayed
from benchmarks.growth.loading import load
from custody.audit.log import take_snapshot
from tests.houses import Estate

EXHIBITS = 40


@pytest.fixture(scope="module")
def town(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with estate.plot(tmp_path_factory.mktemp("town")) as settings:
        prepare(settings)
        services = build(settings, pool_size=2)
        try:
            load(services, EXHIBITS)
            yield services
        finally:
            services.close()


def test_an_audit_of_a_loaded_town_finds_nothing_wrong(town: Services) -> None:
    with town.transaction() as session:
        take_snapshot(session)
        report = audit_session(town, session)
    assert not report.failed
    assert report.size > 10 * EXHIBITS


@pytest.mark.parametrize("offset_ms", [-200_000, 0, 200_000])
def test_a_recording_ends_after_it_began_in_the_night_of_the_set_back_hour(offset_ms: int) -> None:
    before = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    for minute in range(20):
        first, last = displayed(before + timedelta(minutes=minute), offset_ms)
        taken = datetime.fromisoformat(last) - datetime.fromisoformat(first)
        assert taken == timedelta(minutes=2)
