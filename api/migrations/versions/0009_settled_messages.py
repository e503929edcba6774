"""A letter that did not arrive, as far as we know, can be settled by a person.

Revision ID: 0009
Revises: 0008
"""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the table."""
    script = Path(__file__).with_suffix(".sql").read_text()
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    driver.execute(script)  # as it stands: no parameters, so that % and : mean themselves


def downgrade() -> None:
    """Refuse: going back would drop what people said."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
