"""Reading the audit history: events a few thousand at a time, leaves, subtrees, roots and proofs."""

from collections import namedtuple
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, bindparam, func, inspect, select
from sqlmodel import col

from pubflow.audit.merkle import Growing, Node, Range, consistency_ranges, cover, hash_of_range, inclusion_ranges
from pubflow.errors import WorkspaceError
from pubflow.records.tables import AuditEvent, AuditNode, SignedCheckpoint

if TYPE_CHECKING:
    from pubflow.audit.verify import Stored

AT_A_TIME = 2000  # events in memory
# A row that `audit verify` reads seventeen times: a named tuple answers ten times as fast as the driver's row.
_Event = namedtuple("_Event", [column.name for column in AuditEvent.__table__.columns])  # type: ignore[attr-defined, misc]
# Built once: the time of a proof is otherwise spent on building them.
_KEPT = select(col(AuditNode.level), col(AuditNode.place), col(AuditNode.hash)).where(
    # Some more than asked for. Pairs would be exact, but SQLite finds pairs by reading the whole table.
    col(AuditNode.level).in_(bindparam("levels", expanding=True)),
    col(AuditNode.place).in_(bindparam("places", expanding=True)),
)
_LEAVES = select(col(AuditEvent.seq), col(AuditEvent.leaf)).where(
    col(AuditEvent.seq).in_(bindparam("numbers", expanding=True))
)
KEPT_LEVEL = 4  # subtrees of 16 leaves and more are kept: an eighth of a row for each event


def events(
    connection: Connection, *, subject: str | None = None, after: int = 0, limit: int | None = None
) -> "Iterator[Stored]":
    """Events in order, a few thousand in memory at a time."""
    table = AuditEvent.__table__  # type: ignore[attr-defined]  # rows of it, not objects: ten times as fast
    found = select(table).where(col(AuditEvent.seq) > after).order_by(col(AuditEvent.seq)).limit(limit)
    if subject:
        found = found.where(col(AuditEvent.subject) == subject)
    rows = connection.execute(found, execution_options={"yield_per": AT_A_TIME})
    return cast("Iterator[Stored]", map(_Event._make, rows))


def size(connection: Connection) -> int:
    """The number of the last event."""
    return connection.scalar(select(func.max(col(AuditEvent.seq)))) or 0


def notes(connection: Connection) -> list[str]:
    """All stored checkpoints, oldest first; empty in a register from before there were any."""
    if not inspect(connection).has_table(str(SignedCheckpoint.__tablename__)):
        return []
    return list(connection.scalars(select(col(SignedCheckpoint.note)).order_by(col(SignedCheckpoint.size))))


def newest_note(connection: Connection) -> str | None:
    """The last stored checkpoint."""
    if not inspect(connection).has_table(str(SignedCheckpoint.__tablename__)):
        return None
    last = select(col(SignedCheckpoint.note)).order_by(col(SignedCheckpoint.size).desc()).limit(1)
    return connection.scalar(last)


def root(connection: Connection, size: int) -> bytes:
    """The Merkle root over events 1 .. size. Reads kept subtrees and at most some leaves that have none yet."""
    return _hashes(connection, [(0, size)])[0]


def inclusion(connection: Connection, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` (from 0) is in the tree of `size` leaves."""
    return _hashes(connection, inclusion_ranges(index, size))


def consistency(connection: Connection, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with that of `old`."""
    return _hashes(connection, consistency_ranges(old, new))


def subtrees(connection: Connection, nodes: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of complete subtrees: kept ones as they are, others from their leaves.

    Raises WorkspaceError when events under them are missing.
    """
    nodes = list(nodes)
    kept = [node for node in nodes if node[0] >= KEPT_LEVEL]
    found: dict[Node, bytes] = {}
    if kept:
        rows = connection.execute(
            _KEPT, {"levels": [*{node[0] for node in kept}], "places": [*{node[1] for node in kept}]}
        )
        found = {(level, place): bytes(hash_) for level, place, hash_ in rows}
    rest = [node for node in nodes if node not in found]
    leaves = _leaves(connection, [index for node in rest for index in _under(node)])
    for level, place in rest:
        tree = Growing()
        for index in _under((level, place)):
            if index not in leaves:
                raise WorkspaceError(
                    f"Event {index + 1} is missing in the audit history.", "Run `pubflow audit verify`."
                )
            tree.add(leaves[index])
        found[level, place] = tree.root()
    return found


def _hashes(connection: Connection, ranges: list[Range]) -> list[bytes]:
    found = subtrees(connection, {node for part in ranges for node in cover(part)})
    return [hash_of_range(part, found.__getitem__) for part in ranges]


def _under(node: Node) -> range:
    level, place = node
    return range(place << level, (place + 1) << level)


def _leaves(connection: Connection, indices: list[int]) -> dict[int, bytes]:
    """Leaf hashes by their number from 0."""
    found: dict[int, bytes] = {}
    for start in range(0, len(indices), AT_A_TIME):
        numbers = [index + 1 for index in indices[start : start + AT_A_TIME]]
        found |= {seq - 1: bytes(leaf) for seq, leaf in connection.execute(_LEAVES, {"numbers": numbers})}
    return found
