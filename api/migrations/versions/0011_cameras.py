"""Cameras: the register, the lists that it was made of, and how often strangers ask about it.

Revision ID: 0011
Revises: 0010
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Add the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
