"""The first format: events that commit to what is stated, and what the ways out need.

Nobody holds evidence in the form of before it, so none is converted: a database that has any is
refused, and left as it is.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from api.migrations.scripts import never_back, refuse_evidence, run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Change the tables, and grant the service's role no more than they need.

    Raises:
        SettingsError: the database holds custody events of before the first format.
    """
    refuse_evidence("was made by a version of Custos before the first format")
    run(Path(__file__).with_suffix(".sql"))
