"""A consistent copy of a database that is written to meanwhile, and of a PostgreSQL copy back into an empty one."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from pubflow.errors import WorkspaceError
from pubflow.records.engine import open_engine

SQLITE_COPY, POSTGRESQL_COPY = "register.db", "register.pgdump"
_PAGES = 1024  # copied at a time: 4 MiB
_BUSY_SECONDS = 15
Copied = Callable[[int], None]  # told the bytes written so far


def is_sqlite(url: str) -> bool:
    """Whether a database address names a SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


@contextmanager
def register_connection(url: str) -> Iterator[Connection]:
    """A connection whose first read fixes what all later ones see, however long others write.

    Raises WorkspaceError when there is no register, or nobody answers there.
    """
    if is_sqlite(url) and not Path(make_url(url).database or "").is_file():
        raise WorkspaceError(
            f"There is no register at {make_url(url).database}.", "Name the workspace with --home, or set PUBFLOW_HOME."
        )
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            if not is_sqlite(url):
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
    except DBAPIError as error:
        raise WorkspaceError(
            f"The register cannot be read: {str(error.orig).strip()}.", "Run `pubflow doctor` for what is wrong."
        ) from None
    finally:
        engine.dispose()


def copy_register(connection: Connection, url: str, folder: Path, copied: Copied) -> Path:
    """The register as `connection` sees it: a SQLite file, or a dump in PostgreSQL's custom format."""
    if is_sqlite(url):
        source = connection.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError(f"{source!r} is no connection of sqlite3")
        return _copy_pages(source, folder / SQLITE_COPY, copied)
    target = folder / POSTGRESQL_COPY
    snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
    _private(target)
    _postgresql_tool("pg_dump", make_url(url), *words)
    return target


def copy_sqlite(file: Path, target: Path, copied: Copied) -> Path:
    """A SQLite file as it is now. Raises WorkspaceError when it cannot be read."""
    try:
        address = f"file:{quote(str(file))}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)) as source:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # fixes what the copy will see
            return _copy_pages(source, target, copied)
    except sqlite3.Error as error:
        raise WorkspaceError(f"{file} cannot be copied: {error}.") from None


def _copy_pages(source: sqlite3.Connection, target: Path, copied: Copied) -> Path:
    """Within a reading transaction SQLite's backup sees that transaction's state and never has to begin again."""
    _private(target)
    (size,) = source.execute("PRAGMA page_size").fetchone()
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode=OFF")  # a copy cut short is thrown away
            copy.execute("PRAGMA synchronous=OFF")
            source.backup(copy, pages=_PAGES, progress=lambda _, left, total: copied((total - left) * size))
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"{target.parent} cannot take a copy of the register: {error}.", "Free space there."
        ) from None
    return target


def _private(file: Path) -> None:
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


# --- PostgreSQL, back


def check_empty(url: str) -> None:
    """Raises WorkspaceError unless the database answers and holds no table."""
    engine = create_engine(url)
    try:
        tables = inspect(engine).get_table_names()
    except DBAPIError as error:
        raise WorkspaceError(f"The database does not answer: {str(error.orig).strip()}.", _WHICH) from None
    finally:
        engine.dispose()
    if tables:
        raise WorkspaceError(f"The database at PUBFLOW_DATABASE_URL is not empty ({len(tables)} tables).", _WHICH)


@contextmanager
def filled(url: str, dump: Path) -> Iterator[None]:
    """The empty database filled from a dump, in one transaction; emptied again when the block fails."""
    check_empty(url)
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(dump)]
    _postgresql_tool("pg_restore", make_url(url), *words)
    try:
        yield
    except BaseException:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        raise


_WHICH = "Set PUBFLOW_DATABASE_URL to a new, empty database."


def _postgresql_tool(name: str, url: URL, *words: str) -> None:
    """Run pg_dump or pg_restore. The password goes by the environment, where other users do not see it."""
    if shutil.which(name) is None:
        raise WorkspaceError(
            f"{name} is not installed; the register is on PostgreSQL, and only it can copy one.",
            "Install PostgreSQL's client programs (Debian: postgresql-client), not older than the server.",
        )
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    done = subprocess.run(
        [name, f"--dbname={address}", "--no-password", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WorkspaceError(f"{name} failed: {done.stderr.strip()[-500:]}")
