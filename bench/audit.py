"""The audit history at a million events: append beside a plain insert, verify, checkpoint, proofs; on SQLite.

Append is compared in one run, in turns, transaction by transaction: one row into a plain table with the same columns
and indexes, in the same kind of session, against the register's whole write path with one event. Times are wall
clock, with the share of the processor beside the long ones: other work on the machine shows in the first only.
"""

import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, text

from pubflow.audit.checkpoint import open_checkpoint
from pubflow.audit.events import GENESIS, Event, chain_of, leaf_of
from pubflow.audit.merkle import included
from pubflow.audit.notes import SigningKey
from pubflow.audit.verify import verify
from pubflow.moments import iso
from pubflow.records import history
from pubflow.records.checkpoints import make_checkpoint
from pubflow.records.engine import open_engine
from pubflow.records.pending import Pending
from pubflow.records.schema import migrate
from pubflow.records.store import Records
from pubflow.records.tables import AuditEvent

EVENTS = 1_000_000
APPENDS = 1000  # of each kind
REPEATS = 3
PROOFS = 300
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
COLUMNS = "seq, at, action, actor, subject, role, digest, from_state, to_state, reason, body, leaf, chain"
Row = dict[str, Any]


def measure_audit() -> list[Row]:
    """Rows: what was measured, the figure (the middle of three), the other two, its unit, and what is to be reached."""
    with tempfile.TemporaryDirectory() as folder:
        appends = [_appends(_register(Path(folder), f"append{number}")) for number in range(REPEATS)]
        rows = [
            _row("other work on the machine: load average at the start", [os.getloadavg()[0]], "", ""),
            _row("plain insert, a transaction", [plain * 1e3 for plain, _ in appends], "ms", ""),
            _row("the same row as an event of the history", [recorded * 1e3 for _, recorded in appends], "ms", ""),
            _row("plain / event", [plain / recorded for plain, recorded in appends], "ratio", ">= 0.8"),
        ]
        records = _register(Path(folder), "long")
        _fill(records.engine)
        key = SigningKey.load_or_create(Path(folder) / "audit.key", "bench.example/pubflow-audit")
        note, seconds = _timed(lambda: make_checkpoint(records, key, [], NOW))
        rows.append(_row(f"first checkpoint of {EVENTS:,} events", [seconds], "s", ""))
        signed = open_checkpoint(note, key.public)
        with records.engine.connect() as connection:
            walks = [_walk(connection, signed) for _ in range(REPEATS)]
            rows.append(_row(f"verify {EVENTS:,} events and the checkpoint", [wall for wall, _ in walks], "s", "<= 20"))
            rows.append(_row("of it processor time", [cpu for _, cpu in walks], "s", ""))
            rows += _proofs(connection, signed)
        records.record(Event("seen", "a", "s"), NOW)
        _, seconds = _timed(lambda: make_checkpoint(records, key, [signed], NOW))
        rows.append(_row("next checkpoint, one event later", [seconds * 1e3], "ms", ""))
        return rows


def _walk(connection: Any, signed: Any) -> tuple[float, float]:
    """Seconds of the wall clock, and of the processor."""
    began = time.process_time()
    verdict, seconds = _timed(lambda: verify(history.events(connection), [signed]))
    assert verdict.good
    return seconds, time.process_time() - began


def _register(folder: Path, name: str) -> Records:
    engine = open_engine(f"sqlite:///{folder / name}.db")
    migrate(engine)
    pending = Pending(folder / f"{name}.pending")
    pending.reserve()
    return Records(engine, pending)


def _appends(records: Records) -> tuple[float, float]:
    """Median seconds of a transaction that writes one row: the same columns without a history, and as an event."""
    with records.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE plain ({COLUMNS.replace('seq', 'seq INTEGER PRIMARY KEY')})"))
        for column in ("at", "subject"):
            connection.execute(text(f"CREATE INDEX plain_{column} ON plain ({column})"))
    plain = text(f"INSERT INTO plain ({COLUMNS}) VALUES (:{COLUMNS.replace(', ', ', :')})")  # noqa: S608
    event = Event("approve", "fang_zhi", "R-2026-0001", "section_head", "3f" * 32, "a", "b", "同意", {"n": 1})
    row = {name: getattr(event, name) for name in COLUMNS.split(", ") if hasattr(event, name)}
    row |= {"at": iso(NOW), "body": event.body(1, NOW), "leaf": bytes(32), "chain": bytes(32)}
    took: tuple[list[float], list[float]] = ([], [])

    def without(number: int) -> None:
        with records.bookkeeping() as session:
            session.connection().execute(plain, {**row, "seq": number})
            session.connection().info["touched"].clear()  # the hook would refuse a write without an event

    def with_history(_: int) -> None:
        with records.writing(NOW) as tx:
            tx.record(event)

    for number in range(APPENDS):
        for kind, write in enumerate((without, with_history)):
            _, seconds = _timed(lambda write=write, number=number: write(number))
            took[kind].append(seconds)
    return statistics.median(took[0]), statistics.median(took[1])


def _fill(engine: Engine) -> None:
    """A million events as the register would have written them."""
    rows = _rows()
    with engine.connect() as connection:
        while batch := list(itertools.islice(rows, 50_000)):
            connection.execute(insert(AuditEvent), batch)
            connection.commit()


def _rows() -> Any:
    chain = GENESIS
    for seq in range(1, EVENTS + 1):
        digest, subject = f"{seq:064x}", f"R-2026-{seq % 100_000:05d}"
        event = Event(
            "approve", "fang_zhi", subject, "section_head", digest, "department_review", "confidentiality_check",
            "同意", {"release": "L-2026-0001"},
        )  # fmt: skip
        body = event.body(seq, NOW)
        chain = chain_of(chain, leaf_of(body))
        columns = {name: getattr(event, name) for name in ("action", "actor", "role", "digest", "from_state")}
        columns |= {"to_state": event.to_state, "reason": event.reason, "subject": subject, "at": iso(NOW)}
        yield {**columns, "seq": seq, "body": body, "leaf": leaf_of(body), "chain": chain}


def _proofs(connection: Any, signed: Any) -> list[Row]:
    chance = random.Random(1967)  # noqa: S311 - a sample, no secret
    making, checking, older = [], [], []
    for _ in range(PROOFS):
        index = chance.randrange(signed.size)
        (event,) = history.events(connection, after=index, limit=1)
        proof, seconds = _timed(lambda index=index: history.inclusion(connection, index, signed.size))
        making.append(seconds * 1e3)
        good, seconds = _timed(
            lambda: included(leaf_of(event.body), index, signed.size, proof, signed.root)  # noqa: B023
        )
        assert good
        checking.append(seconds * 1e3)
        _, seconds = _timed(lambda index=index: history.consistency(connection, index + 1, signed.size))
        older.append(seconds * 1e3)
    return [
        _row("make an inclusion proof, median", [statistics.median(making)], "ms", "<= 1"),
        _row("make an inclusion proof, 99 of 100", [statistics.quantiles(making, n=100)[98]], "ms", ""),
        _row("verify an inclusion proof", [statistics.median(checking)], "ms", ""),
        _row("make a consistency proof, median", [statistics.median(older)], "ms", ""),
    ]


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def _row(what: str, figures: list[float], unit: str, target: str) -> Row:
    least, most = (min(figures), max(figures)) if len(figures) > 1 else ("", "")
    figure = float(statistics.median(figures))
    return {"what": what, "figure": figure, "least": least, "most": most, "unit": unit, "to reach": target}
