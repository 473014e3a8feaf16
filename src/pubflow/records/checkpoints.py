"""Making checkpoints: keep the finished subtrees, take the root, hold it against what was signed before, sign."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from pubflow.audit.checkpoint import Checkpoint, open_checkpoint
from pubflow.audit.events import Event
from pubflow.audit.merkle import Growing, cover
from pubflow.audit.notes import PublicKey, SigningKey, signers
from pubflow.errors import WorkspaceError
from pubflow.records import history
from pubflow.records.history import KEPT_LEVEL
from pubflow.records.store import Records
from pubflow.records.tables import AuditEvent, AuditNode, SignedCheckpoint

_CHECKPOINT_LOCK = 0x7075_6267  # PostgreSQL advisory lock: one signer at a time
_LEAVES_AT_A_TIME = 1 << 15  # a write lock is held for a quarter of a second, not for a whole history


@dataclass(eq=False)
class KeyRetired(WorkspaceError):
    """Another process has changed the key since we read it: read it again."""


def make_checkpoint(
    records: Records,
    key: SigningKey,
    known: Iterable[Checkpoint],
    now: datetime,
    *,
    keys: Sequence[PublicKey] = (),
) -> str:
    """The note of the history as it stands; the one that is there when nothing was added since.

    known: what the history must begin with: checkpoints kept beside the register, and what was just walked.
    keys: all that this history was ever signed with, oldest first; else only `key`.
    Raises WorkspaceError when it does not, or not with what was signed last: two histories are never signed with one
    key. Raises KeyRetired when a later key has taken over.
    """
    known, keys = list(known), keys or (key.public,)
    for _ in range(2):
        while _keep_subtrees(records):
            pass
        note = _sign(records, key, known, now, keys)
        if note is not None:
            return note
        _forget_subtrees(records)  # they only save work; it may be they that are wrong, not the events
    raise _not_continued(max((one.size for one in known), default=0))


def hand_over(
    records: Records, key: SigningKey, successor: SigningKey, event: Event, now: datetime, *, keys: Sequence[PublicKey]
) -> str:
    """Record `event`, which names the new key, and sign the history up to it with both keys; all or nothing."""
    with records.writing(now, what=event.action, who=event.actor, subject=event.subject) as tx:
        connection = tx.session.connection()
        _one_signer(connection)
        stored = history.newest_note(connection)
        if stored and signers(stored, *keys)[-1] != key.public:
            raise KeyRetired("The key for checkpoints was changed by another process.", "Try again.")
        tx.record(event)
        tx.append_events()
        size = history.size(connection)
        note = Checkpoint(key.name, size, history.root(connection, size)).signed(key, successor)
        tx.session.add(SignedCheckpoint(size=size, note=note, made_at=now))
    return note


def _one_signer(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHECKPOINT_LOCK})


def _sign(
    records: Records, key: SigningKey, known: list[Checkpoint], now: datetime, keys: Sequence[PublicKey]
) -> str | None:
    """The note; None when what is kept does not fit a known checkpoint."""
    with records.bookkeeping() as session:
        connection = session.connection()
        _one_signer(connection)
        size = history.size(connection)
        stored = history.newest_note(connection)
        if stored and keys.index(signers(stored, *keys)[-1]) > keys.index(key.public):
            raise KeyRetired("The key for checkpoints was changed by another process.", "Try again.")
        newest = open_checkpoint(stored, *keys) if stored else None
        for one in [*known, newest] if newest else known:
            if one.size > size:
                raise _not_continued(one.size)
            if history.root(connection, one.size) != one.root:
                return None
        if newest and newest.size == size:
            return stored
        note = Checkpoint(key.name, size, history.root(connection, size)).signed(key)
        session.add(SignedCheckpoint(size=size, note=note, made_at=now))
    return note


def _not_continued(size: int) -> WorkspaceError:
    return WorkspaceError(
        f"No checkpoint was signed: the history does not continue the checkpoint of {size} events.",
        "Run `pubflow audit verify`. The register was changed, or is an older copy (docs/audit.md).",
    )


def _forget_subtrees(records: Records) -> None:
    with records.bookkeeping() as session:
        session.connection().execute(delete(AuditNode))


def _keep_subtrees(records: Records) -> bool:
    """Keep the next finished subtrees. Returns whether more are to be done."""
    with records.bookkeeping() as session:
        connection = session.connection()
        last = connection.scalar(select(func.max(col(AuditNode.place))).where(col(AuditNode.level) == KEPT_LEVEL))
        done = 0 if last is None else (last + 1) << KEPT_LEVEL
        until = min(history.size(connection) >> KEPT_LEVEL << KEPT_LEVEL, done + _LEAVES_AT_A_TIME)
        if done == until:
            return False
        peaks = cover((0, done))
        hashes = history.subtrees(connection, peaks)
        tree = Growing(done, [hashes[node] for node in peaks])
        leaves = select(col(AuditEvent.leaf)).where(col(AuditEvent.seq).between(done + 1, until))
        nodes = []
        for leaf in connection.scalars(leaves.order_by(col(AuditEvent.seq))):
            finished = tree.add(bytes(leaf))
            for level in range(KEPT_LEVEL, len(finished)):
                nodes.append({"level": level, "place": (tree.size >> level) - 1, "hash": finished[level]})
        if tree.size != until:
            raise WorkspaceError("Events are missing in the audit history.", "Run `pubflow audit verify`.")
        _insert(session, nodes)
        return tree.size < history.size(connection) >> KEPT_LEVEL << KEPT_LEVEL


def _insert(session: Session, nodes: list[dict[str, object]]) -> None:
    # Two processes may keep the same subtrees at once; they are the same.
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.connection().execute(insert(AuditNode).on_conflict_do_nothing(), nodes)
