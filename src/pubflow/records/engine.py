"""Opening the database, and the hook that refuses a commit without its audit event."""

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from pubflow.records.tables import OPERATIONAL

WRITES = "pubflow_writes"
_BUSY_SECONDS = 15
_TOUCHES = re.compile(
    r"\b(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?(?!\s+SET\b)|DELETE\s+FROM"
    r"|TRUNCATE(?:\s+TABLE)?|MERGE\s+INTO)\s+[\"`]?(\w+)",
    re.IGNORECASE,
)
_HARMLESS = ("SELECT", "PRAGMA", "BEGIN", "BEGIN ", "CREATE")  # the first six letters
_LITERALS = re.compile(r"'(?:[^']|'')*'")


class UnrecordedWrite(RuntimeError):
    """A programming error: rows were touched and no audit event was appended. The commit is refused."""


def open_engine(url: str) -> Engine:
    """An engine for a SQLite file (`sqlite:///...`) or PostgreSQL (`postgresql+psycopg://...`)."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(url, pool_pre_ping=True)
    event.listen(engine, "begin", _forget)
    event.listen(engine, "before_cursor_execute", _notice)
    event.listen(engine, "commit", _refuse_unrecorded)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: pysqlite would begin too late
    connection.text_factory = _readable
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _readable(stored: bytes) -> str:
    # A damaged text must reach `audit verify`, which names it; refusing to read it would hide which one it is.
    return stored.decode(errors="replace")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock before it reads what it decides on: no other writer can come between.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _forget(connection: Connection) -> None:
    connection.info["touched"] = set()


def _notice(
    connection: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any, _executemany: bool
) -> None:
    if statement.lstrip()[:6].upper() in _HARMLESS:
        return
    connection.info.setdefault("touched", set()).update(_touched(statement))


@lru_cache(maxsize=1024)  # the same statements come again and again
def _touched(statement: str) -> frozenset[str]:
    """The tables that a statement writes to, but for those of machine bookkeeping."""
    tables = {name.lower() for name in _TOUCHES.findall(_LITERALS.sub("''", statement))}
    return frozenset(tables - OPERATIONAL)


def _refuse_unrecorded(connection: Connection) -> None:
    touched = connection.info.get("touched", set())
    if touched and "audit_event" not in touched:
        connection.connection.rollback()  # SQLAlchemy believes the commit is under way and would not
        raise UnrecordedWrite(f"rows of {', '.join(sorted(touched))} were touched without an audit event")
