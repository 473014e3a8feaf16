"""The audit history at a million events: append beside a plain insert, verify, checkpoint, proofs; on SQLite.

Append is compared in one run, in turns, transaction by transaction: one row into a plain table with the same columns
and indexes, in the same kind of session, against the register's whole write path with one event. Times are wall
clock, with the share of the processor beside the long ones: other work on the machine shows in the first only.
"""

import itertools
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
PROOFS = 300
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
COLUMNS = "seq, at, action, actor, subject, role, digest, from_state, to_state, reason, body, leaf, chain"
Row = dict[str, Any]


def measure_audit() -> list[Row]:
    """Rows: what was measured, the figure, its unit, and what is to be reached."""
    with tempfile.TemporaryDirectory() as folder:
        records = _register(Path(folder), "append")
        plain, recorded = _appends(records)
        rows = [
            _row("plain insert, a transaction", plain * 1e3, "ms", ""),
            _row("the same row as an event of the history", recorded * 1e3, "ms", ""),
            _row("plain / event", plain / recorded, "ratio", ">= 0.8"),
        ]
        records = _register(Path(folder), "long")
        _fill(records.engine)
        key = SigningKey.load_or_create(Path(folder) / "audit.key", "bench.example/pubflow-audit")
        note, seconds = _timed(lambda: make_checkpoint(records, key, [], NOW))
        rows.append(_row(f"first checkpoint of {EVENTS:,} events", seconds, "s", ""))
        signed = open_checkpoint(note, key.public)
        with records.engine.connect() as connection:
            began = time.process_time()
            verdict, seconds = _timed(lambda: verify(history.events(connection), [signed]))
            assert verdict.good
            rows.append(_row(f"verify {EVENTS:,} events and the checkpoint", seconds, "s", "<= 20"))
            rows.append(_row("of it processor time", time.process_time() - began, "s", ""))
            rows += _proofs(connection, signed)
        records.record(Event("seen", "a", "s"), NOW)
        _, seconds = _timed(lambda: make_checkpoint(records, key, [signed], NOW))
        rows.append(_row("next checkpoint, one event later", seconds * 1e3, "ms", ""))
        return rows


def _register(folder: Path, name: str) -> Records:
    engine = open_engine(f"sqlite:///{folder / name}.db")
    migrate(engine)
    pending = Pending(folder / f"{name}.pending")
    pending.reserve()
    return Records(engine, pending)


def _appends(records: Records) -> tuple[float, float]:
    """Median seconds of a transaction that writes one row: the same columns without a history, and as an event."""
    with records.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE plain AS SELECT {COLUMNS} FROM audit_event"))  # noqa: S608
        connection.execute(text("CREATE UNIQUE INDEX plain_seq ON plain (seq)"))
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
        making.append(seconds)
        good, seconds = _timed(
            lambda: included(leaf_of(event.body), index, signed.size, proof, signed.root)  # noqa: B023
        )
        assert good
        checking.append(seconds)
        _, seconds = _timed(lambda index=index: history.consistency(connection, index + 1, signed.size))
        older.append(seconds)
    return [
        _row("make an inclusion proof, median", statistics.median(making) * 1e3, "ms", "<= 1"),
        _row("make an inclusion proof, 99 of 100", statistics.quantiles(making, n=100)[98] * 1e3, "ms", ""),
        _row("verify an inclusion proof", statistics.median(checking) * 1e3, "ms", ""),
        _row("make a consistency proof, median", statistics.median(older) * 1e3, "ms", ""),
    ]


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def _row(what: str, figure: float, unit: str, target: str) -> Row:
    return {"what": what, "figure": float(figure), "unit": unit, "to reach": target}
