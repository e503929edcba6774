"""Lists: the indexes along which every page of every list is read.

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Create the indexes; the service's role needs no right for them."""
    run(Path(__file__).with_suffix(".sql"))
