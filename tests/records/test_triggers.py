"""The audit table refuses everything but the next event, whoever asks for it."""

import pytest
from records.register import NOON, actions, verdict
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pubflow.audit.events import Event
from pubflow.records.store import Records

_COLUMNS = "at, action, actor, subject, role, digest, from_state, to_state, reason, body, leaf, chain"
_COPY = f"SELECT {{seq}}, {_COLUMNS} FROM audit_event WHERE seq = 2"
_INSERT = f"INTO audit_event (seq, {_COLUMNS}) {_COPY}"


BOTH = [
    ("UPDATE audit_event SET reason = 'x' WHERE seq = 2", "append-only"),
    ("UPDATE audit_event SET seq = 9 WHERE seq = 3", "append-only"),
    ("DELETE FROM audit_event WHERE seq = 3", "append-only"),
    ("DELETE FROM audit_event", "append-only"),
    ("INSERT " + _INSERT.format(seq=5), "no gaps"),
    ("INSERT " + _INSERT.format(seq=3), "no gaps"),
    ("INSERT " + _INSERT.format(seq=0), "no gaps"),
    ("INSERT " + _INSERT.format(seq=-1), "no gaps"),
    ("INSERT " + _INSERT.format(seq=3) + " ON CONFLICT (seq) DO UPDATE SET reason = 'x'", "append-only|no gaps"),
]
SQLITE = [
    ("REPLACE " + _INSERT.format(seq=2), "no gaps"),
    ("INSERT OR REPLACE " + _INSERT.format(seq=3), "no gaps"),
    ("UPDATE OR REPLACE audit_event SET seq = 2 WHERE seq = 3", "append-only"),
    ("INSERT " + _INSERT.format(seq="NULL"), "no gaps"),
]
POSTGRESQL = [("TRUNCATE audit_event", "append-only"), ("DELETE FROM ONLY audit_event", "append-only")]


def test_nothing_but_the_next_event_is_taken(records: Records, subtests: pytest.Subtests) -> None:
    for action in ("one", "two", "three"):
        records.record(Event(action, "a", "s"), NOON)
    before = verdict(records)
    for statement, message in BOTH + (SQLITE if records.engine.dialect.name == "sqlite" else POSTGRESQL):
        with subtests.test(statement):
            with pytest.raises(DBAPIError, match=message), records.engine.begin() as connection:
                connection.execute(text(statement))
            assert actions(records) == ["one", "two", "three"]
            assert verdict(records) == before
    records.record(Event("four", "a", "s"), NOON)
    assert (verdict(records).events, verdict(records).good) == (4, True)
