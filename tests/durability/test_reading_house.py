"""An event that this service did not write stops the log, and not the house: it starts to read."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.health import NOT_WELL
from custody.ledger.contradictions import alarm
from evidence.people.access import Role
from tests.durability.ups import Shared, Up
from tests.polling import PATIENCE_S, poll

FORGED = """
WITH honest AS (SELECT * FROM custody_event ORDER BY seq LIMIT 1),
     lie AS (
         INSERT INTO custody_event (id, record, n, event, at, entry, mac)
         SELECT gen_random_uuid(), record, 1000, event, at, entry, mac FROM honest RETURNING id)
INSERT INTO custody_outbox (event) SELECT id FROM lie
"""


@pytest.fixture(scope="module")
def up(shared: Shared) -> Iterator[Up]:
    """Take a house, write an event to its log behind its back, and stop it."""
    up = shared.keep()
    with up.services.transaction() as session:
        session.connection().execute(text(FORGED))

    def stopped() -> str:
        with up.services.transaction() as session:
            return alarm(session)

    poll(stopped)
    up.part()
    up.signal(signal.SIGTERM)
    up.process.wait(PATIENCE_S)
    yield up
    up.close()


def audit(up: Up) -> subprocess.CompletedProcess[str]:
    made = up.settings.tokens / "releaser.token"
    return subprocess.run(
        [
            sys.executable,
            *("-c", "import sys; from api.cli import main; sys.exit(main())"),
            *("log", "audit", "--data", str(up.data), "--token-file", str(made)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=PATIENCE_S,
    )


def test_the_log_is_audited_while_the_house_stands_still(up: Up) -> None:
    """What the run before left stays as it was: the next start still knows how it ended."""
    files = {path.name: path.read_bytes() for path in up.data.iterdir() if path.is_file()}
    done = audit(up)
    assert done.returncode == 1, done.stderr
    assert "The log has stopped" in done.stdout
    assert "THE LOG AND THE DATABASE DO NOT AGREE" in done.stdout
    assert {p.name: p.read_bytes() for p in up.data.iterdir() if p.is_file()} == files
    assert not up.pids("postgres")
    assert not up.pids("weed")


def test_the_house_starts_again_and_reads(up: Up) -> None:
    begins = len(up.log.read_bytes())
    up.start()
    said = up.said(begins)
    assert "READING ONLY: the log has stopped" in said
    assert "was not written by this service" in said
    url = f"http://127.0.0.1:{up.settings.port}"
    ready = httpx.get(f"{url}/readyz", timeout=PATIENCE_S)
    assert ready.status_code == 503
    assert ready.json()["sequencer"] == NOT_WELL
    assert up.services.health.report()["sequencer"].startswith("the log has stopped: event ")
    assert ready.json()["web"] == ready.json()["database"] == ready.json()["objects"] == "ok"
    token = (up.settings.tokens / f"{Role.OPERATOR}.token").read_text(encoding="ascii").strip()
    with httpx.Client(
        headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S, base_url=url
    ) as client:
        assert client.get("/api/v1/exhibits").status_code == 200
        # To be refused is an event, too.
        refused = client.post("/api/v1/releases/any/approval", json={"reason": "x"})
        assert (refused.status_code, refused.json()["title"]) == (503, "log stopped")
    # The sequencer stands by, and is not started again and again.
    (one,) = up.pids("sequencer")
    assert audit(up).returncode == 1
    assert up.pids("sequencer") == [one]


def test_a_second_house_does_not_read_beside_the_first(up: Up) -> None:
    """An audit of a running house goes to its database, and starts none."""
    (database,) = [pid for pid in up.pids("postgres") if pid == up.pid("postgres")]
    assert audit(up).returncode == 1
    os.kill(database, 0)
