"""Edge. What every migration does alike: runs its SQL as the owner, and never goes back."""

from pathlib import Path
from typing import Any

from alembic import context, op

from api.settings.errors import SettingsError


def run(script: Path) -> None:
    """Run a file of SQL as it stands; ``{app}`` in it is the role of the service."""
    app = context.config.attributes["app_role"]
    # No parameters, so that % and : mean themselves.
    _driver().execute(script.read_text().replace("{app}", f'"{app}"'))


def refuse_evidence(why: str) -> None:
    """Leave a database as it is that holds custody events.

    Raises:
        SettingsError: it does; ``why`` says what is wrong with them, after "this database".
    """
    if _driver().execute("SELECT 1 FROM custody_event LIMIT 1").fetchone() is not None:
        raise SettingsError(
            f"this database {why}, and holds its evidence: start this version with an empty data "
            "directory, and keep that one with the version that made it. Nothing of it was changed"
        )


def never_back() -> None:
    """Refuse: going back would drop evidence, or what people said."""
    raise NotImplementedError("Custos never goes back a version: restore a backup instead")


def _driver() -> Any:  # noqa: ANN401 - psycopg's connection, which SQLAlchemy does not name
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection to the database")
    return driver
