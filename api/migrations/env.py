"""Alembic's entry: runs on the connection that `api.migrations.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import export.backup.tables
import export.delivery.tables
import export.holdings.tables
import export.intake.tables
import export.release.tables
import export.sealing.tables  # noqa: F401 - the imports tell the metadata of every table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transaction_per_migration=False,
)
context.run_migrations()
