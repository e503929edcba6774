"""The first format: events that commit to what is stated, and what the ways out need.

Nobody holds evidence in the form of before it, so none is converted: a database that has any is
refused, and left as it is.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from alembic import context, op

from api.settings.errors import SettingsError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the tables, and grant the service's role no more than they need.

    Raises:
        SettingsError: the database holds custody events of before the first format.
    """
    app = context.config.attributes["app_role"]
    script = Path(__file__).with_suffix(".sql").read_text().replace("{app}", f'"{app}"')
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    if driver.execute("SELECT 1 FROM custody_event LIMIT 1").fetchone() is not None:
        raise SettingsError(
            "this database was made by a version of Custos before the first format, and holds its "
            "evidence: start this version with an empty data directory, and keep that one with "
            "the version that made it. Nothing of it was changed"
        )
    driver.execute(script)  # as it stands: no parameters, so that % and : mean themselves


def downgrade() -> None:
    """Refuse: going back would drop evidence."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
