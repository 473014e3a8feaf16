"""Whatever is done to the stored history with sqlite3 behind the triggers' back, the first bad event is named."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from pubflow.audit.events import Event, chain_of, leaf_of
from pubflow.audit.verify import Verdict, verify
from pubflow.records.engine import open_engine
from pubflow.records.pending import Pending
from pubflow.records.schema import migrate
from pubflow.records.store import Records
from pubflow.records.tables import AuditEvent

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
EVENTS = 6
BYTES = ("body", "leaf", "chain")
TEXTS = ("at", "action", "actor", "subject", "role", "digest", "from_state", "to_state", "reason")
COLUMNS = ", ".join(("seq", *TEXTS, *BYTES))

Tamper = Callable[[sqlite3.Connection], object]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register file with six events that differ in every column, its triggers dropped."""
    folder = tmp_path_factory.mktemp("history")
    file = folder / "register.db"
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    records = Records(engine, Pending(folder / "pending"))
    for number in range(1, EVENTS + 1):
        event = Event(
            f"action{number}", f"actor{number}", f"R-2026-000{number}", f"role{number}", f"{number:064x}",
            f"from{number}", f"to{number}", f"理由{number}", {"n": number},
        )  # fmt: skip
        records.record(event, NOON + timedelta(seconds=number))
    engine.dispose()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.commit()
    return file


def after(history: Path, tamper: Tamper) -> Verdict:
    """The verdict on a copy of the history that was tampered with."""
    copy = history.with_name("copy.db")
    shutil.copyfile(history, copy)
    with closing(sqlite3.connect(copy)) as database:
        database.execute("PRAGMA synchronous=OFF")
        tamper(database)
        database.commit()
    engine = open_engine(f"sqlite:///{copy}")
    try:
        with Session(engine) as session:
            return verify(session.exec(select(AuditEvent).order_by(col(AuditEvent.seq))).all())
    finally:
        engine.dispose()
        for file in history.parent.glob("copy.db*"):
            file.unlink()


def sql(*statements: str) -> Tamper:
    return lambda database: [database.execute(statement) for statement in statements]


def flip(seq: int, column: str, place: int, bit: int) -> Tamper:
    """Flip one bit of one byte as it is stored."""
    kind = "BLOB" if column in BYTES else "TEXT"

    def tamper(database: sqlite3.Connection) -> None:
        found = database.execute(f"SELECT CAST({column} AS BLOB) FROM audit_event WHERE seq = ?", (seq,)).fetchone()
        stored = bytearray(found[0])
        stored[place % len(stored)] ^= 1 << bit
        database.execute(f"UPDATE audit_event SET {column} = CAST(? AS {kind}) WHERE seq = ?", (bytes(stored), seq))

    return tamper


def test_an_untouched_history_is_good(history: Path) -> None:
    found = after(history, sql())
    assert (found.events, found.bad_seq, found.what, found.good) == (EVENTS, None, "", True)


def test_an_empty_history_is_good() -> None:
    assert verify([]) == Verdict(0, bytes(32))


CHANGED = "its content was changed: the body does not match its hash"
BROKEN = "it does not continue the chain: it, or an event before it, was replaced, moved or removed"


INSERTED_AT_4 = (
    "UPDATE audit_event SET seq = -seq WHERE seq > 3",
    "UPDATE audit_event SET seq = 1 - seq WHERE seq < 0",
    f"INSERT INTO audit_event ({COLUMNS}) SELECT {COLUMNS.replace('seq', '4')} FROM audit_event WHERE seq = 2",
)


@pytest.mark.parametrize(
    ("tamper", "seq", "what"),
    [
        (flip(3, "body", 40, 0), 3, CHANGED),
        # what one types first: SQLite's replace() and || make text of bytes
        (sql("UPDATE audit_event SET body = replace(body, 'actor3', 'actor4') WHERE seq = 3"), 3, CHANGED),
        (sql("UPDATE audit_event SET body = substr(body, 1, 9) || 'X' || substr(body, 11) WHERE seq = 1"), 1, CHANGED),
        (sql("UPDATE audit_event SET leaf = substr(leaf, 1, 9) || 'X' || substr(leaf, 11) WHERE seq = 2"), 2, CHANGED),
        (sql("UPDATE audit_event SET body = x'' WHERE seq = 6"), 6, CHANGED),
        (flip(4, "leaf", 0, 7), 4, CHANGED),
        (flip(4, "chain", 31, 0), 4, BROKEN),
        (flip(6, "chain", 31, 0), 6, BROKEN),
        (
            sql("UPDATE audit_event SET reason = '同意' WHERE seq = 5"),
            5,
            "its column 'reason' was changed: it says '同意', the body '理由5'",
        ),
        (
            sql("UPDATE audit_event SET actor = 'liao_jun' WHERE seq = 2"),
            2,
            "its column 'actor' was changed: it says 'liao_jun', the body 'actor2'",
        ),
        (
            sql("UPDATE audit_event SET at = '2016-01-01T00:00:00.000000Z' WHERE seq = 1"),
            1,
            "its column 'at' was changed",
        ),
        (sql("DELETE FROM audit_event WHERE seq = 3"), 3, "event 3 is missing: the next one present is 4"),
        (sql("DELETE FROM audit_event WHERE seq = 1"), 1, "event 1 is missing: the next one present is 2"),
        (sql("DELETE FROM audit_event WHERE seq < 4"), 1, "event 1 is missing: the next one present is 4"),
        (sql("DELETE FROM audit_event WHERE seq = 3", "UPDATE audit_event SET seq = seq - 1 WHERE seq > 3"), 3, BROKEN),
        (
            sql(
                "UPDATE audit_event SET seq = 99 WHERE seq = 2",
                "UPDATE audit_event SET seq = 2 WHERE seq = 5",
                "UPDATE audit_event SET seq = 5 WHERE seq = 99",
            ),
            2,
            BROKEN,
        ),
        (
            sql(*INSERTED_AT_4),
            4,
            BROKEN,
        ),
    ],
)
def test_the_first_bad_event_is_named_with_what_is_wrong(history: Path, tamper: Tamper, seq: int, what: str) -> None:
    found = after(history, tamper)
    assert not found.good
    assert (found.bad_seq, found.events) == (seq, seq - 1)
    assert found.what.startswith(what)


def test_a_forged_event_with_hashes_of_its_own_is_betrayed_by_the_next(history: Path) -> None:
    def forge(database: sqlite3.Connection) -> None:
        (before,) = database.execute("SELECT chain FROM audit_event WHERE seq = 2").fetchone()
        body = Event("approve", "liao_jun", "R-2026-0001").body(3, NOON)
        values = {"at": "2026-11-23T04:00:00.000000Z", "action": "approve", "actor": "liao_jun"}
        values |= {"subject": "R-2026-0001", "role": "", "digest": "", "from_state": "", "to_state": "", "reason": ""}
        row = {**values, "body": body, "leaf": leaf_of(body), "chain": chain_of(before, leaf_of(body))}
        database.execute(f"UPDATE audit_event SET {', '.join(f'{name} = :{name}' for name in row)} WHERE seq = 3", row)

    found = after(history, forge)
    assert (found.bad_seq, found.what) == (4, BROKEN)


def test_events_cut_off_at_the_end_show_in_number_and_head_alone(history: Path) -> None:
    """The chain alone cannot see this; a checkpoint holds number and head outside of the register."""
    whole, cut = after(history, sql()), after(history, sql("DELETE FROM audit_event WHERE seq > 4"))
    assert (cut.good, cut.events) == (True, 4)
    assert cut.head != whole.head


@settings(max_examples=100, deadline=None)
@given(
    seq=st.integers(1, EVENTS),
    column=st.sampled_from(TEXTS + BYTES),
    place=st.integers(0, 400),
    bit=st.integers(0, 7),
)
def test_any_single_flipped_bit_in_any_stored_field_is_found(
    history: Path, seq: int, column: str, place: int, bit: int
) -> None:
    found = after(history, flip(seq, column, place, bit))
    assert found.bad_seq == seq, (column, found)


@settings(max_examples=20, deadline=None)
@given(seq=st.integers(1, EVENTS), bit=st.integers(3, 62))
def test_a_flipped_bit_in_a_number_is_found(history: Path, seq: int, bit: int) -> None:
    found = after(history, sql(f"UPDATE audit_event SET seq = {seq ^ (1 << bit)} WHERE seq = {seq}"))
    assert found.bad_seq == seq
    assert found.what.startswith(f"event {seq} is missing")


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"1", b"not JSON", b"\xff\xfe", b"", b'{"seq":1} ', b'{"seq":1}{"seq":1}', b"[" * 100_000]
)
def test_a_body_that_is_no_event_is_told_though_its_hashes_fit(body: bytes) -> None:
    columns = dict.fromkeys(TEXTS, "")
    leaf = leaf_of(body)
    forged = AuditEvent(seq=1, **columns, body=body, leaf=leaf, chain=chain_of(bytes(32), leaf))
    verdict = verify([forged])
    assert verdict.bad_seq == 1
    expected = "column 'seq' was changed" if body == b"{}" else "not a readable JSON object"
    assert expected in verdict.what
