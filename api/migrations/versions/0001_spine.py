"""The first version: ledger, people, exhibits, releases, sealing, and the job queue.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
downgrade = never_back

_HERE = Path(__file__).parent


def upgrade() -> None:
    """Create everything, and grant the service's role what it needs and no more."""
    run(_HERE / "0001_spine.sql")
    run(_HERE / "0001_rights.sql")
    # procrastinate 3.10.0's own schema, pinned here: its later migrations are ours to run.
    run(_HERE / "0001_procrastinate.sql")
    run(_HERE / "0001_procrastinate_rights.sql")
