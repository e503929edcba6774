"""The release path: sign-in, resumable uploads, views, holds, links, messages.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

from api.migrations.scripts import never_back, run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Create what the release path needs, and grant the service's role no more than that."""
    run(Path(__file__).with_suffix(".sql"))
