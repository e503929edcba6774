"""The clock of the house: what was found of it.

Revision ID: 0005
Revises: 0004
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the one row; the service's role moves it, and can neither add nor remove one."""
    run(Path(__file__).with_suffix(".sql"))
