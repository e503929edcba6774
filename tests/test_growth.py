"""The town that benchmarks load is as real as its ledger says: an audit finds nothing wrong."""

from pathlib import Path

from sqlalchemy import text

from api.cli.log import audit_session
from api.running.supervisor import prepare
from api.wiring import build
from benchmarks.growth.loading import load
from custody.audit.log import take_snapshot
from tests.houses import Estate

EXHIBITS = 40
"""Few, and yet with a release of nearly every kind of end."""


def test_a_town_that_is_made_in_minutes_passes_the_audit(estate: Estate, tmp_path: Path) -> None:
    with estate.plot(tmp_path) as settings:
        prepare(settings)
        services = build(settings, pool_size=2)
        try:
            loaded = load(services, EXHIBITS)
            with services.transaction() as session:
                take_snapshot(session)
                report = audit_session(services, session)
                statement = text("SELECT state, delivery FROM release GROUP BY 1, 2")
                fates = [tuple(row) for row in session.execute(statement)]
        finally:
            services.close()
    assert report.failed == ()
    assert report.size == loaded.entries > 10 * EXHIBITS
    assert {("sealed", "link"), ("sealed", "handoff"), ("sealed", "none")} <= set(fates)
