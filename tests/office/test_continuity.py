"""What `pubflow up` looks at before it starts: a history that goes on from its newest checkpoint, or no start."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from builders import Given
from sqlalchemy import text

from pubflow.cli import main
from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Stage
from pubflow.office.checkpoints import checkpoint
from pubflow.office.continuity import checked_history
from pubflow.office.office import Office


@pytest.fixture
def signed(given: Given) -> Office:
    """A history of some 40 events with a checkpoint in the middle."""
    given.report(Stage.CONFIDENTIALITY_CHECK)
    checkpoint(given.office, given.tick())
    given.report(Stage.DEPARTMENT_REVIEW)
    return given.office


def tamper(office: Office, *statements: str) -> None:
    """As somebody with full rights on the database: the triggers go first."""
    with closing(sqlite3.connect(office.home.path / "register.db", isolation_level=None)) as register:
        for (name,) in register.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            register.execute(f"drop trigger {name}")
        for statement in statements:
            register.execute(statement)


def events(office: Office) -> int:
    with office.records.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from audit_event")).scalar_one())


def test_a_good_history_is_told_with_what_was_looked_at(given: Given) -> None:
    total = events(given.office)
    assert checked_history(given.office) == f"audit history: {total} events hold, no checkpoint is signed yet"
    checkpoint(given.office, given.tick())
    given.report(Stage.DRAFTING)
    new = events(given.office) - total
    assert new > 0
    told = f"audit history: goes on from the checkpoint of {total} events, the {new} after it hold"
    assert checked_history(given.office) == told


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_event set body = cast(body || ' ' as blob) where seq = (select max(seq) from audit_event)",
        "delete from audit_event where seq = (select max(seq) - 1 from audit_event)",
        "update audit_event set chain = zeroblob(32) where seq = (select max(seq) from audit_event)",
        "delete from audit_event where seq > (select max(seq) - 30 from audit_event)",
        "update audit_event set leaf = zeroblob(32) where seq = 20",
    ],
    ids=["a body", "one is missing", "a chain value", "an older copy", "a leaf before the checkpoint"],
)
def test_a_history_that_was_changed_is_not_started_upon(signed: Office, statement: str) -> None:
    tamper(signed, "delete from audit_node", statement)
    with pytest.raises(WorkspaceError, match=r"does not hold.*Nothing was started.*pubflow audit verify") as refused:
        checked_history(signed)
    assert "pubflow restore" in str(refused.value)


def test_a_rebuilt_history_without_its_checkpoints_is_held_against_the_file_beside_it(signed: Office) -> None:
    tamper(signed, "delete from audit_event where seq > 25", "delete from audit_node", "delete from checkpoint")
    with pytest.raises(WorkspaceError, match="a checkpoint was signed for"):
        checked_history(signed)


def test_a_kept_tree_that_is_wrong_is_no_reason_not_to_start(signed: Office) -> None:
    tamper(signed, "update audit_node set hash = zeroblob(32)")
    assert checked_history(signed).startswith("audit history: goes on from")


def test_up_says_so_in_one_message_and_starts_nothing(signed: Office, capsys: Any) -> None:
    tamper(signed, "delete from audit_event where seq > 25", "delete from audit_node")
    signed.close()
    assert main(["up", "--home", str(signed.home.path)]) == 1
    said = capsys.readouterr().err
    assert "The audit history does not hold" in said
    assert "Traceback" not in said
    assert not (signed.home.path / "run" / "up.lock").exists()
