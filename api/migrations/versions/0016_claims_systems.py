"""Claims systems: who asks by machine, and which calls were answered.

Revision ID: 0016
Revises: 0015
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
