"""Bringing a database to the present schema, and telling where model and migrations differ."""

import threading
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlmodel import SQLModel

from pubflow.records import tables as _tables  # noqa: F401  # registers every table

# Alembic keeps its context in globals of the process: of two threads that migrate at once, one fails.
_ONE_AT_A_TIME = threading.Lock()


def migrate(engine: Engine) -> None:
    """Upgrade to the newest migration; harmless when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _ONE_AT_A_TIME, engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def differences(engine: Engine) -> list[Any]:
    """What the models say and the migrations do not; empty when they agree."""
    with engine.connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), SQLModel.metadata)
        )
