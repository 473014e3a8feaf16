"""The one write path. A change of state is one transaction: read, ask the rules, guarded update, event last."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, update
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import AlreadyMoved, StorageFailed
from pubflow.moments import SHANGHAI, iso
from pubflow.records.appending import append
from pubflow.records.engine import WRITES
from pubflow.records.pending import Pending
from pubflow.records.tables import (
    Counter,
    Edition,
    Opening,
    PersonalValue,
    Release,
    Report,
    ReviewForm,
    Source,
    StagedPages,
    Version,
)
from pubflow.vault import SealBroken, Vault

# The rows of one report that a step looks at again and again.
_KEPT = (Report, Edition, Version, Opening, Release, ReviewForm, Source, StagedPages)
_SALT_BYTES = 32


class Tx:
    """One writing transaction. Record at least one event before it ends, or the commit is refused."""

    def __init__(self, session: Session, now: datetime, vault: Vault | None = None) -> None:
        self.session = session
        self.now = now
        self._vault = vault
        self._events: list[Event] = []

    def record(self, event: Event) -> None:
        """Append `event` when the transaction ends, after all other rows."""
        self._events.append(event)

    def move(self, row: Edition | Release, **changes: Any) -> None:
        """Change a row only if it still is what was read. Raises AlreadyMoved unless exactly one row changed."""
        self.session.flush()
        table = type(row)
        state = {"stage": row.stage} if isinstance(row, Edition) else {"state": row.state}
        changes = {**changes, "row_version": row.row_version + 1}
        guarded = update(table).where(col(table.id) == row.id, col(table.row_version) == row.row_version)
        for name, value in state.items():
            guarded = guarded.where(getattr(table, name) == value)
        options = {"synchronize_session": False}
        done = self.session.connection().execute(guarded.values(**changes), execution_options=options)
        if done.rowcount != 1:
            subject = row.report_id if isinstance(row, Edition) else row.id
            raise AlreadyMoved(subject, next(iter(state.values())))
        for name, value in changes.items():
            set_committed_value(row, name, value)

    def next_number(self, counter: str) -> int:
        """The next value of a gapless counter, from 1."""
        # Two transactions may be the first to ask: the second waits here and counts on from the row of the first.
        insert_or = sqlite.insert if self.session.get_bind().dialect.name == "sqlite" else postgresql.insert
        counted = insert_or(Counter).values(name=counter, value=1)
        counted = counted.on_conflict_do_update(index_elements=["name"], set_={"value": col(Counter.value) + 1})
        return self.session.connection().execute(counted.returning(col(Counter.value))).scalar_one()

    def next_id(self, prefix: str) -> str:
        """A readable identifier such as R-2026-0001; the year is that of Shanghai."""
        year = self.now.astimezone(SHANGHAI).year
        return f"{prefix}-{year}-{self.next_number(f'{prefix}-{year}'):04d}"

    def commit_personal(self, kind: str, value: str, *, subject: str) -> str:
        """Keep a personal value beside the history; put the commitment that this returns into the event.

        The commitment is HMAC-SHA256(salt, value), 64 hexadecimal digits. Salt and value are sealed together with a
        key of their own: without the row nobody can tell what a commitment was made of.
        """
        vault = self._sealing()
        salt, content = secrets.token_bytes(_SALT_BYTES), value.encode()
        commitment = hmac.new(salt, content, hashlib.sha256).hexdigest()
        key = vault.new_key()
        sealed = vault.seal(key, salt + content, commitment)
        self.session.add(
            PersonalValue(commitment=commitment, kind=kind, subject=subject, wrapped_key=key, sealed=sealed)
        )
        return commitment

    def personal(self, commitment: str) -> str | None:
        """The value behind a commitment, held against it; None when it was erased. Raises SealBroken."""
        row = self.session.get(PersonalValue, commitment)
        if row is None:
            return None
        opened = self._sealing().open(row.wrapped_key, row.sealed, commitment)
        salt, content = opened[:_SALT_BYTES], opened[_SALT_BYTES:]
        if not hmac.compare_digest(hmac.new(salt, content, hashlib.sha256).hexdigest(), commitment):
            raise SealBroken(f"personal_value {commitment}")
        return content.decode()

    def erase_personal(self, subject: str) -> list[str]:
        """Delete every value and salt kept about a subject; the commitments, which stay in their events."""
        rows = self.session.exec(select(PersonalValue).where(PersonalValue.subject == subject)).all()
        for row in rows:
            self.session.delete(row)
        return sorted(row.commitment for row in rows)

    def _sealing(self) -> Vault:
        if self._vault is None:
            raise RuntimeError("this register was opened without a vault: personal values need one")
        return self._vault

    def append_events(self) -> None:
        """Write the recorded events at the end of the chain. Last of all: the lock is held shortest this way."""
        self.session.flush()
        if not self._events:
            return
        append(self.session.connection(), self._events, self.now)
        self._events.clear()


class _Session(Session):
    """A short session that keeps what it read and wrote of one report, so that asking again by key asks no database."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.kept: list[object] = []  # the session's own map of rows is weak


@sqlalchemy_event.listens_for(_Session, "loaded_as_persistent")
@sqlalchemy_event.listens_for(_Session, "pending_to_persistent")
def _keep(session: _Session, row: object) -> None:
    if isinstance(row, _KEPT):
        session.kept.append(row)


class Records:
    """The register."""

    def __init__(self, engine: Engine, pending: Pending, vault: Vault | None = None) -> None:
        """vault: needed only where personal values are committed to."""
        self.engine = engine
        self._for_writing = engine.execution_options(**{WRITES: True})
        self.pending = pending
        self._vault = vault

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view; nothing can be written through it."""
        with _Session(self.engine) as session:
            yield session  # closing rolls back, and leaves the rows that were read usable

    @contextmanager
    def writing(self, now: datetime, *, what: str = "write", who: str = "", subject: str = "") -> Iterator[Tx]:
        """One transaction, all or nothing, its events last.

        what, who, subject: named in the event that tells later of a write the storage could not take.
        Raises StorageFailed when database or disk cannot take it; the attempt is kept for the audit history.
        """
        try:
            with (
                self.pending.taken() as waiting,
                _Session(self._for_writing) as session,
            ):
                tx = Tx(session, now, self._vault)
                for entry in waiting:
                    tx.record(Event(**entry))
                yield tx
                tx.append_events()
                session.commit()
        except OperationalError as error:
            why = str(error.orig)
            self.pending.add(
                {
                    "action": "write_failed",
                    "actor": who,
                    "subject": subject,
                    "data": {"step": what, "at": iso(now), "why": why},
                }
            )
            raise StorageFailed(why) from error

    @contextmanager
    def bookkeeping(self) -> Iterator[Session]:
        """A transaction over operational rows (leases, run attempts), which need no event."""
        with _Session(self._for_writing) as session:
            yield session
            session.commit()

    def record(self, event: Event, now: datetime) -> None:
        """Append one event in a transaction of its own: refusals, reads, sign-ins. Never raises for lack of space."""
        try:
            with self.writing(now, what=event.action, who=event.actor, subject=event.subject) as tx:
                tx.record(event)
        except StorageFailed:
            entry = {"action": event.action, "actor": event.actor, "subject": event.subject, "reason": event.reason}
            self.pending.add({**entry, "role": event.role, "data": {**event.data, "at": iso(now)}})
