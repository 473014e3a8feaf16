"""Opening a workspace as every process of an office does first, which brings its schema up to date."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

from pubflow.errors import PubflowError
from pubflow.office.office import Home
from pubflow.records import schema
from pubflow.records.engine import open_engine
from pubflow.wiring import open_workspace


def main(words: list[str]) -> int:
    """words: workspace, and a revision to make an empty register of that age instead. 0 when it opened."""
    home, *revision = words
    if revision:
        _empty_register(Path(home), revision[0])
        return 0
    try:
        open_workspace(Path(home)).close()
    except PubflowError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _empty_register(home: Path, revision: str) -> None:
    engine = open_engine(Home(home).database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()
