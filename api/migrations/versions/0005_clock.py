"""The clock of the house: what was found of it.

Revision ID: 0005
Revises: 0004
"""

from pathlib import Path

from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the one row; the service's role moves it, and can neither add nor remove one."""
    app = context.config.attributes["app_role"]
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    driver.execute(Path(__file__).with_suffix(".sql").read_text().replace("{app}", f'"{app}"'))


def downgrade() -> None:
    """Refuse: going back would drop evidence."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
