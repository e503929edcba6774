"""Fees for requests: payments, refunds, and what differs between the provider and us.

Revision ID: 0013
Revises: 0012
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
