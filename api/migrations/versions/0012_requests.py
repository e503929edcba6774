"""Requests: who asks for footage, what was done with it, and what is being filled in.

Revision ID: 0012
Revises: 0011
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Change the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
