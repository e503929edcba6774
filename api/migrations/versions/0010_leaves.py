"""What leaves: each departure of a package, and tokens that end.

Revision ID: 0010
Revises: 0009
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Change the tables, and grant the service's role no more than they need."""
    run(Path(__file__).with_suffix(".sql"))
