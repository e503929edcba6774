"""The first version: ledger, people, exhibits, releases, sealing, and the job queue.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from alembic import context, op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_HERE = Path(__file__).parent


def upgrade() -> None:
    """Create everything, and grant the service's role what it needs and no more."""
    app = context.config.attributes["app_role"]
    _run((_HERE / "0001_spine.sql").read_text())
    _run((_HERE / "0001_rights.sql").read_text().replace("{app}", f'"{app}"'))
    # procrastinate 3.10.0's own schema, pinned here: its later migrations are ours to run.
    _run((_HERE / "0001_procrastinate.sql").read_text())
    _run((_HERE / "0001_procrastinate_rights.sql").read_text().replace("{app}", f'"{app}"'))


def _run(sql: str) -> None:
    """Run a script as it stands: no parameters, so that % and : mean themselves."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    driver.execute(sql)


def downgrade() -> None:
    """Refuse: going back would drop evidence."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
