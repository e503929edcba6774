"""Messages on requests, both ways; and the erasure of what is personal of those that have ended.

Revision ID: 0015
Revises: 0014
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the table, and grant the service's role no more than it needs."""
    run(Path(__file__).with_suffix(".sql"))
