"""Files: what came to an exhibit after its first files.

Revision ID: 0006
Revises: 0005
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Add the column; the rights of the table hold for it."""
    run(Path(__file__).with_suffix(".sql"))
