"""Changing the master key: every key that it wraps is wrapped anew, in one transaction; no content is touched.

The new key lies beside the old one until the old one is no longer needed. Killed before the commit, the old key is
the key, and calling again goes on with the same new one; killed after it, the next process that opens the office puts
the new one in place, because the register says which key it is.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, bindparam, inspect, select, update
from sqlmodel import SQLModel, col

from pubflow.audit.events import Event
from pubflow.lifecycle.stages import Role
from pubflow.office.checkpoints import fsync_folder
from pubflow.office.office import Home, Office
from pubflow.office.on_site import answering
from pubflow.records.tables import AuditEvent
from pubflow.vault import MasterKey, Vault

ACTION = "master_key_rotated"
_WRAPPED = "wrapped_key"


@dataclass(frozen=True)
class NewMasterKey:
    """The names of both keys (they tell nothing about them), and how many keys were wrapped anew, by table."""

    old: str
    new: str
    wrapped: dict[str, int]


def rotate_master_key(office: Office, by: str, reason: str, now: datetime) -> NewMasterKey:
    """Let a new master key take over. The office must have been opened alone.

    by: the operator who answers for it. Raises BadInput, StepRefused, SealBroken, WorkspaceError.
    """
    actor = answering(office, by, reason, "vault rotate-key", now)
    home = office.home
    old = MasterKey.load(home.master_key)
    if not _next(home).exists():
        MasterKey.create(_next(home))
        fsync_folder(home.keys)
    new = MasterKey.load(_next(home))
    with office.records.writing(now, what="vault rotate-key", who=actor.id) as tx:
        connection = tx.session.connection()
        wrapped = {table.name: _wrap_anew(connection, table, old, new) for table in _tables()}
        data = {"from": old.name, "to": new.name, "wrapped": wrapped, "answers_for_it": by}
        tx.record(Event(ACTION, actor.id, "-", Role.OPERATOR, reason=reason, data=data))
    settle(home, office.records.engine)
    return NewMasterKey(old.name, new.name, wrapped)


def settle(home: Home, engine: Engine) -> None:
    """Put the next key in place if the register is wrapped with it already; else leave it."""
    try:
        waiting = MasterKey.load(_next(home)) if _next(home).exists() else None
    except FileNotFoundError:
        waiting = None
    if waiting is None or not inspect(engine).has_table(str(AuditEvent.__tablename__)):
        return
    last = select(col(AuditEvent.body)).where(col(AuditEvent.action) == ACTION)
    with engine.connect() as connection:
        body = connection.scalar(last.order_by(col(AuditEvent.seq).desc()).limit(1))
    if body is not None and json.loads(bytes(body))["data"]["to"] == waiting.name:
        try:
            _next(home).replace(home.master_key)
        except FileNotFoundError:  # another process was first
            return
        fsync_folder(home.keys)


def _tables() -> list[Table]:
    """Every table that keeps wrapped keys, those of later times included."""
    return [table for table in SQLModel.metadata.sorted_tables if _WRAPPED in table.c]


def _wrap_anew(connection: Connection, table: Table, old: MasterKey, new: MasterKey) -> int:
    before, after = Vault(old), Vault(new)
    (key,) = table.primary_key.columns
    rows = [
        {"row": row, "wrapped": before.wrap_anew(bytes(wrapped), after, f"{table.name} {row}")}
        for row, wrapped in connection.execute(select(key, table.c[_WRAPPED]))
    ]
    if rows:
        statement = update(table).where(key == bindparam("row")).values({_WRAPPED: bindparam("wrapped")})
        connection.execute(statement, rows)
    return len(rows)


def _next(home: Home) -> Path:
    return home.master_key.with_name(f"{home.master_key.name}.next")
