"""Lists: the indexes along which every page of every list is read.

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the indexes; the service's role needs no right for them."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    driver.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    """Refuse: going back would drop evidence."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
