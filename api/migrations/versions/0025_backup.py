"""Objects that came back from a backup, and when files were read again.

Revision ID: 0025
Revises: 0023
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
