"""Erasure of people, disposal of exhibits, and epochs of the keys that wrap records' keys.

Revision ID: 0023
Revises: 0020
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0023"
down_revision = "0020"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
