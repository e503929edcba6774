"""Papers of sealings: what named people on the way to a package can be erased, on record.

Revision ID: 0008
Revises: 0007
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Let the service erase papers, and only those for which it wrote down who did and why."""
    run(Path(__file__).with_suffix(".sql"))
