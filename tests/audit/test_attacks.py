"""The eleven attacks of somebody with full rights on the database, each with what we say of it.

The table is written by hand, and is the same as in docs/audit.md. The attacker drops every trigger, and removes the
checkpoints from the register. What is kept outside, they cannot reach.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pubflow.audit.checkpoint import Checkpoint, open_checkpoint
from pubflow.audit.events import COPIED, GENESIS, Event, chain_of, leaf_of
from pubflow.audit.notes import SigningKey
from pubflow.audit.verify import Verdict, verify
from pubflow.errors import WorkspaceError
from pubflow.records import history
from pubflow.records.checkpoints import make_checkpoint
from pubflow.records.engine import open_engine
from pubflow.records.pending import Pending
from pubflow.records.schema import migrate
from pubflow.records.store import Records

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
EVENTS, OLD = 40, 25
Database = sqlite3.Connection
Attack = Callable[[Database], object]


@dataclass(frozen=True)
class Past:
    """What there was before the attack: the register, an older copy of it, the checkpoint kept outside, the key."""

    register: Path
    older: Path
    outside: Checkpoint
    key: SigningKey


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    folder = tmp_path_factory.mktemp("past")
    engine = open_engine(f"sqlite:///{folder / 'register.db'}")
    migrate(engine)
    records = Records(engine, Pending(folder / "pending"))
    key = SigningKey.load_or_create(folder / "audit.key", "donghu.example/pubflow-audit")
    for number in range(1, EVENTS + 1):
        records.record(Event(f"step{number}", f"person{number}", f"R-2026-{number:04d}"), NOON + timedelta(number))
        if number == OLD:
            make_checkpoint(records, key, [], NOON)
            with closing(sqlite3.connect(folder / "register.db")) as database:
                database.execute("VACUUM INTO ?", (str(folder / "older.db"),))
    note = make_checkpoint(records, key, [], NOON)
    engine.dispose()
    return Past(folder / "register.db", folder / "older.db", open_checkpoint(note, key.public), key)


def sql(*statements: str) -> Attack:
    return lambda database: [database.execute(statement) for statement in statements]


def forged(seq: int) -> bytes:
    return Event("approve", "liao_jun", "R-2026-9999").body(seq, NOON)


def put(database: Database, seq: int, body: bytes, previous: bytes) -> bytes:
    """Write an event in which everything fits everything, after a chain value. Returns its own."""
    fields = json.loads(body)
    values = {column: fields[name] for column, name in COPIED.items()}
    values |= {"seq": seq, "body": body, "leaf": leaf_of(body), "chain": chain_of(previous, leaf_of(body))}
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    database.execute("DELETE FROM audit_event WHERE seq = ?", (seq,))
    database.execute(f"INSERT INTO audit_event ({names}) VALUES ({marks})", values)
    return bytes(values["chain"])


def replace_with_fitting_hashes(seq: int) -> Attack:
    def attack(database: Database) -> None:
        (previous,) = database.execute("SELECT chain FROM audit_event WHERE seq = ?", (seq - 1,)).fetchone()
        put(database, seq, forged(seq), previous)

    return attack


def rebuild(database: Database) -> None:
    """Change event 7, and give every event from there hashes that fit; forget the subtrees kept."""
    chain = GENESIS
    for seq, body in database.execute("SELECT seq, body FROM audit_event ORDER BY seq").fetchall():
        chain = put(database, seq, forged(7) if seq == 7 else body, chain)
    database.execute("DELETE FROM audit_node")


def insert(database: Database) -> None:
    """A forged event 7; all later ones move up by one, hashes of their own unchanged."""
    database.execute("UPDATE audit_event SET seq = -seq WHERE seq >= 7")
    database.execute("UPDATE audit_event SET seq = 1 - seq WHERE seq < 0")
    replace_with_fitting_hashes(7)(database)


ROLL_BACK = "roll back to an old copy"
BY_ONE = "UPDATE audit_event SET seq = seq - 1 WHERE seq > 7"
SWAP = [
    "UPDATE audit_event SET seq = -7 WHERE seq = 7",
    "UPDATE audit_event SET seq = 7 WHERE seq = 8",
    "UPDATE audit_event SET seq = 8 WHERE seq = -7",
]
CHANGED = "Event 7 is bad: its content was changed"
COLUMN = "Event 7 is bad: its column 'actor' was changed: it says 'liao_jun', the body 'person7'"
TIME = "Event 7 is bad: its column 'at' was changed"
MISSING_7, MISSING_1 = "Event 7 is bad: event 7 is missing", "Event 1 is bad: event 1 is missing"
BROKEN_7, BROKEN_8 = "Event 7 is bad: it does not continue", "Event 8 is bad: it does not continue"
NOTHING = "40 events hold"
SHORTER = "The checkpoint of 40 events is not met: only {} are there"
REBUILT = "The checkpoint of 40 events is not met: the first 40 events are not those it was signed for"
# attack: what is said without a checkpoint, and with one of 40 events kept outside
ATTACKS: dict[str, tuple[Attack, str, str]] = {
    "edit a body": (sql("UPDATE audit_event SET body = replace(body, 'step7', 'stop7') WHERE seq = 7"),
                    CHANGED, CHANGED),
    "edit a column": (sql("UPDATE audit_event SET actor = 'liao_jun' WHERE seq = 7"), COLUMN, COLUMN),
    "edit a time": (sql("UPDATE audit_event SET at = '2016-01-01T00:00:00.000000Z' WHERE seq = 7"), TIME, TIME),
    "delete the last": (sql("DELETE FROM audit_event WHERE seq = 40"), "39 events hold", SHORTER.format(39)),
    "delete a middle one": (sql("DELETE FROM audit_event WHERE seq = 7"), MISSING_7, MISSING_7),
    "delete a middle one and number anew": (sql("DELETE FROM audit_event WHERE seq = 7", BY_ONE), BROKEN_7, BROKEN_7),
    "delete the first": (sql("DELETE FROM audit_event WHERE seq = 1"), MISSING_1, MISSING_1),
    "insert": (insert, BROKEN_8, BROKEN_8),
    "reorder": (sql(*SWAP), BROKEN_7, BROKEN_7),
    "replace a middle one": (replace_with_fitting_hashes(7), BROKEN_8, BROKEN_8),
    "replace the last": (replace_with_fitting_hashes(40), NOTHING, REBUILT),
    "rebuild the whole chain": (rebuild, NOTHING, REBUILT),
    ROLL_BACK: (sql(), "25 events hold", SHORTER.format(25)),
}  # fmt: skip


@pytest.fixture
def attacked(past: Past, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The register after the attack named."""
    file = tmp_path / "register.db"
    shutil.copyfile(past.older if request.param == ROLL_BACK else past.register, file)
    with closing(sqlite3.connect(file)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        ATTACKS[request.param][0](database)
        database.execute("DELETE FROM checkpoint")
        database.commit()
    return file


def verdict(file: Path, *checkpoints: Checkpoint) -> Verdict:
    engine = open_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            return verify(history.events(connection), checkpoints)
    finally:
        engine.dispose()


@pytest.mark.parametrize(("attacked", "name"), [(name, name) for name in ATTACKS], indirect=["attacked"])
def test_each_attack_has_its_verdict_without_and_with_a_checkpoint_kept_outside(
    attacked: Path, name: str, past: Past
) -> None:
    _, without, with_one = ATTACKS[name]
    assert str(verdict(attacked)).startswith(without)
    assert verdict(attacked).good is without.endswith("events hold")
    assert str(verdict(attacked, past.outside)).startswith(with_one)
    assert not verdict(attacked, past.outside).good


@pytest.mark.parametrize("attacked", ["delete the last", "replace the last", "rebuild the whole chain", ROLL_BACK],
                         indirect=True)  # fmt: skip
def test_what_the_chain_alone_does_not_show_is_not_signed_while_a_checkpoint_file_lies_beside_the_register(
    attacked: Path, past: Past, tmp_path: Path
) -> None:
    engine = open_engine(f"sqlite:///{attacked}")
    try:
        with pytest.raises(WorkspaceError, match="does not continue the checkpoint of 40 events"):
            make_checkpoint(Records(engine, Pending(tmp_path / "pending")), past.key, [past.outside], NOON)
        with engine.connect() as connection:
            assert history.notes(connection) == []
    finally:
        engine.dispose()


def test_an_untouched_history_meets_all_its_checkpoints(past: Past) -> None:
    found = verdict(past.register, past.outside)
    assert (found.good, str(found), found.root) == (True, "40 events hold", past.outside.root)


def test_a_checkpoint_says_nothing_of_what_came_after_it(past: Past) -> None:
    """The limit, stated: between two checkpoints the tail can be cut. So they are made often, and copied."""
    with closing(sqlite3.connect(past.older)) as database:
        (note,) = database.execute("SELECT note FROM checkpoint").fetchone()
    early = open_checkpoint(note, past.key.public)
    assert early.size == OLD
    assert verdict(past.older, early).good
