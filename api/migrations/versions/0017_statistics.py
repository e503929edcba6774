"""Statistics: whether footage helped, and the indexes along which figures are counted.

Revision ID: 0017
Revises: 0016
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the table and the indexes, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
