"""When a review came to its result, and whose answers there are.

Revision ID: 0027
Revises: 0019
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0027"
down_revision = "0019"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Add a column and two indexes; what there is, is worked out from its steps."""
    run(Path(__file__).with_suffix(".sql"))
