"""Bringing a database to the present schema, and telling where model and migrations differ."""

import threading
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlmodel import SQLModel

from pubflow.records import tables as _tables  # noqa: F401  # registers every table

# Alembic keeps its context in globals of the process: of two threads that migrate at once, one fails.
_ONE_AT_A_TIME = threading.Lock()


def migrate(engine: Engine) -> None:
    """Upgrade to the newest migration; harmless when it is there already."""
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_heads() == _newest():
            return  # nearly always; Alembic itself would take three times as long to see it
    config = _config()
    with _ONE_AT_A_TIME, engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def _newest() -> tuple[str, ...]:
    return tuple(ScriptDirectory.from_config(_config()).get_heads())


def differences(engine: Engine) -> list[Any]:
    """What the models say and the migrations do not; empty when they agree."""
    with engine.connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), SQLModel.metadata)
        )
