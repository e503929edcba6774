"""The class of retention of an exhibit, and when its review is due.

Revision ID: 0028
Revises: 0027
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Add the columns, empty: the council's default holds of what there is."""
    run(Path(__file__).with_suffix(".sql"))
