"""Accounts of firms that pay monthly, what is on them, and their statements.

Revision ID: 0019
Revises: 0018
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
