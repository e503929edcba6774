"""Alembic's entry: runs on the connection that `api.migrations.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import export.link_tables
import export.tables  # noqa: F401 - the imports tell the metadata of every table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transaction_per_migration=False,
)
context.run_migrations()
