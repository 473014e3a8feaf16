"""A workspace's register, opened so that nothing can be written, migrated or created."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from pubflow.errors import WorkspaceError
from pubflow.records import history
from pubflow.records.tables import AuditEvent

if TYPE_CHECKING:
    from pubflow.audit.verify import Stored


@dataclass(frozen=True)
class Register:
    """The register of one workspace, for reading."""

    engine: Engine

    def count_events(self) -> int:
        """The number of events."""
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(AuditEvent)) or 0

    def events(self, *, subject: str | None = None, after: int = 0, limit: int | None = None) -> "Iterator[Stored]":
        """Events in order, a few thousand in memory at a time."""
        with self.engine.connect() as connection:
            yield from history.events(connection, subject=subject, after=after, limit=limit)

    def notes(self) -> list[str]:
        """The checkpoints in the register, oldest first."""
        with self.engine.connect() as connection:
            return history.notes(connection)


@contextmanager
def reading_only(home: Path) -> Iterator[Register]:
    """The register of the workspace at `home`. Raises WorkspaceError when there is none or it cannot be read."""
    engine = read_only_engine(home)
    try:
        yield Register(engine)
    except DatabaseError as error:
        raise WorkspaceError(
            f"The register of {home} cannot be read: {error.orig}.",
            "Is it the right --home? Run `pubflow doctor`, or restore the backup.",
        ) from None
    finally:
        engine.dispose()


def read_only_engine(home: Path) -> Engine:
    """An engine whose every connection refuses to write. Raises WorkspaceError when there is no register."""
    given = os.environ.get("PUBFLOW_DATABASE_URL")
    if given and make_url(given).get_backend_name() != "sqlite":
        return create_engine(given, connect_args={"options": "-c default_transaction_read_only=on"})
    file = Path(make_url(given).database or "") if given else home / "register.db"
    if not file.is_file():
        raise WorkspaceError(f"{home} holds no register.", "Name the workspace with --home, or set PUBFLOW_HOME.")
    # Without a write-ahead log nobody has it open: "immutable" then keeps SQLite from making a log of its own.
    log = file.with_name(f"{file.name}-wal")
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    return create_engine(f"sqlite:///file:{_quoted(file)}?{how}&uri=true")


def _quoted(file: Path) -> str:
    from urllib.parse import quote

    return quote(str(file.resolve()))
