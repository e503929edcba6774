"""Every row is held against an event: events of before say too little of theirs.

No table changes. Nobody holds evidence that the format of before was released for, so none is
converted: a database that has any is refused, and left as it is.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

from api.settings.errors import SettingsError

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Refuse a database whose events do not say where files lie, and how releases leave.

    Raises:
        SettingsError: the database holds custody events of before.
    """
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    if driver.execute("SELECT 1 FROM custody_event LIMIT 1").fetchone() is not None:
        raise SettingsError(
            "this database was made by a version of Custos whose custody events say less than "
            "this one demands, and holds its evidence: start this version with an empty data "
            "directory, and keep that one with the version that made it. Nothing of it was changed"
        )


def downgrade() -> None:
    """Refuse: going back would drop evidence."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")
