"""Whose answers there are, and a job for requests that are older than the index of the same.

Revision ID: 0027
Revises: 0026
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Add an index, and leave a job where there are requests that it is for."""
    run(Path(__file__).with_suffix(".sql"))
