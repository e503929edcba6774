"""What audits found, night by night; events found by who acted.

Revision ID: 0026
Revises: 0025
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Make the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
