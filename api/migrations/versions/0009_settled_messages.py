"""A letter that did not arrive, as far as we know, can be settled by a person.

Revision ID: 0009
Revises: 0008
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Change the table."""
    run(Path(__file__).with_suffix(".sql"))
