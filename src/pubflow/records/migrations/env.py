"""Alembic's entry. Runs on a connection given by `records.schema.migrate`, so it needs no ini file."""

from alembic import context
from sqlmodel import SQLModel

from pubflow.records import tables as _tables  # noqa: F401  # registers every table

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
