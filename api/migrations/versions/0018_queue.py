"""The queue of requests: found by an incident, by who did something, by what is preserved.

Revision ID: 0018
Revises: 0017
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the indexes."""
    run(Path(__file__).with_suffix(".sql"))
