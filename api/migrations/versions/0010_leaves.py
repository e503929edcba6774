"""What leaves: each departure of a package, and tokens that end.

Revision ID: 0010_leaves
Revises: 0009
"""

from pathlib import Path

from alembic import context, op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the tables, and grant the service's role no more than they need."""
    app = context.config.attributes["app_role"]
    script = Path(__file__).with_suffix(".sql").read_text().replace("{app}", f'"{app}"')
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    driver.execute(script)  # as it stands: no parameters, so that % and : mean themselves


def downgrade() -> None:
    """Refuse: going back would drop evidence."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
