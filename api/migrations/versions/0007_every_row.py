"""Every row is held against an event: events of before say too little of theirs.

No table changes. Nobody holds evidence that the format of before was released for, so none is
converted: a database that has any is refused, and left as it is.

Revision ID: 0007
Revises: 0006
"""

from api.migrations.scripts import never_back, refuse_evidence

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
downgrade = never_back


def upgrade() -> None:
    """Refuse a database whose events do not say where files lie, and how releases leave.

    Raises:
        SettingsError: the database holds custody events of before.
    """
    refuse_evidence(
        "was made by a version of Custos whose custody events say less than this one demands"
    )
