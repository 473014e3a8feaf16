"""Appending to the audit history: read the end of the chain, add the events one after the other."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, Dialect, insert, select, text
from sqlmodel import col

from pubflow.audit.events import GENESIS, Event, chain_of, leaf_of
from pubflow.moments import iso
from pubflow.records.tables import AuditEvent

_AUDIT_LOCK = 0x7075_6266  # PostgreSQL advisory lock: one appender at a time
_LAST = select(col(AuditEvent.seq), col(AuditEvent.chain)).order_by(col(AuditEvent.seq).desc()).limit(1)


def append(connection: Connection, events: Iterable[Event], now: datetime) -> None:
    """Write `events` at the end of the chain, in the transaction that `connection` is in."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _AUDIT_LOCK})
    last, add, positional = _statements(connection.dialect)
    seq, chain = connection.exec_driver_sql(last).fetchone() or (0, GENESIS)
    at = iso(now)
    for event in events:
        seq += 1
        body = event.body(seq, now)
        leaf = leaf_of(body)
        chain = chain_of(bytes(chain), leaf)
        row = {
            "seq": seq, "at": at, "action": event.action, "actor": event.actor, "subject": event.subject,
            "role": event.role, "digest": event.digest, "from_state": event.from_state, "to_state": event.to_state,
            "reason": event.reason, "body": body, "leaf": leaf, "chain": chain,
        }  # fmt: skip
        # One by one: the triggers watch the order.
        connection.exec_driver_sql(add, tuple(map(row.__getitem__, positional)) if positional else row)


@lru_cache(maxsize=8)
def _statements(dialect: Dialect) -> tuple[str, str, list[str]]:
    """The two statements in the driver's own words, and the order of values where it wants them in order.

    Compiled once: this is in every transaction, and the way through SQLAlchemy's expressions takes twice as long.
    """
    last = _LAST.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    add = insert(AuditEvent).compile(dialect=dialect)
    return str(last), str(add), list(getattr(add, "positiontup", None) or ())
