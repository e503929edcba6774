"""Whether publication of the log keeps up, and what of it was cleared away.

Revision ID: 0020
Revises: 0019
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the table with its one row: nothing was cleared away yet."""
    run(Path(__file__).with_suffix(".sql"))
