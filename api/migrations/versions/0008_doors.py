"""Papers of sealings: what named people on the way to a package can be erased, on record.

Revision ID: 0008_doors
Revises: 0007
"""

from pathlib import Path

from alembic import context, op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the service erase papers, and only those for which it wrote down who did and why."""
    app = context.config.attributes["app_role"]
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    script = Path(__file__).with_suffix(".sql").read_text().replace("{app}", f'"{app}"')
    driver.execute(script)  # as it stands: no parameters, so that % and : mean themselves


def downgrade() -> None:
    """Refuse: going back would drop evidence."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
