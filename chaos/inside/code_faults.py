"""Faults in the code, sown into a running process by name (PUBFLOW_CHAOS_FAULT), never in src/."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any


def sow(name: str, place: str, module: ModuleType) -> None:
    """Change the loaded module `place` as the fault `name` asks for; nothing for another fault."""
    change = FAULTS.get(name, {}).get(place)
    if change is not None:
        change(module)


def _unguarded_move(store: ModuleType) -> None:
    def move(self: Any, row: Any, **changes: Any) -> None:
        self.session.flush()
        table = type(row)
        changes = {**changes, "row_version": row.row_version + 1}
        update = store.update(table).where(store.col(table.id) == row.id)
        self.session.connection().execute(update.values(**changes), execution_options={"synchronize_session": False})
        for name, value in changes.items():
            store.set_committed_value(row, name, value)

    store.Tx.move = move


def _same_attempt(reconciler: ModuleType) -> None:
    original = reconciler.idempotency_key
    reconciler.idempotency_key = lambda attempt: original(dict.fromkeys(attempt, 1))  # type: ignore[attr-defined]


def _no_fsync(tree: ModuleType) -> None:
    tree._fsync = lambda _path: None  # type: ignore[attr-defined]


def _before_the_instant(switching: ModuleType) -> None:
    original = switching.release_round

    def release_round(office: Any, clock: Callable[[], datetime]) -> Any:
        return original(office, lambda: clock() + timedelta(seconds=5))

    switching.release_round = release_round  # type: ignore[attr-defined]


def _event_apart(store: ModuleType) -> None:
    original = store.Tx.append_events

    def append_events(self: Any) -> None:
        self.session.flush()
        self.session.commit()
        original(self)

    store.Tx.append_events = append_events


def _commit_unrecorded(engine: ModuleType) -> None:
    engine._refuse_unrecorded = lambda _connection: None  # type: ignore[attr-defined]


def _record_first(switching: ModuleType) -> None:
    """The register says public, and only afterwards the pages are switched."""
    original = switching.PublicTree.switch

    def record(tx: Any, *words: Any) -> None:
        _recorded(tx, *words)
        tx.append_events()
        tx.session.commit()
        tree, name = switching.chaos_waiting.pop()
        original(tree, name)

    _recorded, switching._record = switching._record, record  # type: ignore[attr-defined]
    switching.chaos_waiting = []  # type: ignore[attr-defined]
    switching.PublicTree.switch = lambda tree, name: switching.chaos_waiting.append((tree, name))


# Which modules a fault changes, by the names in chaos_agent.PATCHES.
FAULTS: dict[str, dict[str, Callable[[ModuleType], None]]] = {
    "guarded update removed": {"store": _unguarded_move},
    "attempt number fixed": {"reconciler": _same_attempt},
    "fsync dropped": {"tree": _no_fsync},
    "instant check dropped": {"switching": _before_the_instant},
    "event append outside the transaction": {"store": _event_apart, "engine": _commit_unrecorded},
    "record before the switch": {"switching": _record_first},
}
