"""When checkpoints are made, where they are kept, and what is never signed."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders import NOON, Given
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from watching import events, rows

from pubflow.audit.checkpoint import open_checkpoint
from pubflow.audit.events import Event
from pubflow.audit.merkle import root_of
from pubflow.audit.notes import SigningKey
from pubflow.audit.verify import verify
from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Stage
from pubflow.office.checkpoints import checkpoint, files, public_key, stored_checkpoints
from pubflow.office.office import Office
from pubflow.records import checkpoints as making
from pubflow.records import history
from pubflow.records.checkpoints import make_checkpoint
from pubflow.records.store import Records
from pubflow.wiring import open_workspace


def leaves(records: Records) -> list[bytes]:
    with records.engine.connect() as connection:
        return [bytes(event.leaf) for event in history.events(connection)]


def test_init_makes_the_key_for_the_owner_only_and_shows_its_public_half(office: Office) -> None:
    assert office.home.audit_key.stat().st_mode & 0o777 == 0o600
    assert office.home.checkpoints.stat().st_mode & 0o777 == 0o700
    key = public_key(office.home)
    assert key is not None
    assert key.name == "donghu.example/pubflow-audit"
    assert "PRIVATE" not in (office.home.checkpoints / "audit.pub").read_text()


def test_a_workspace_from_before_gets_key_and_folder_on_first_need(given: Given) -> None:
    given.office.home.audit_key.unlink()
    (given.office.home.checkpoints / "audit.pub").unlink()
    given.office.home.checkpoints.rmdir()
    assert checkpoint(given.office, NOON).exists()
    assert len(stored_checkpoints(given.office)) == 1


def test_a_release_is_followed_by_a_checkpoint_that_covers_its_record(given: Given) -> None:
    report = given.report(Stage.SCHEDULED)
    assert files(given.office.home) == []
    given.publish(report)
    (file,) = files(given.office.home)
    key = public_key(given.office.home)
    assert key is not None
    signed = open_checkpoint(file.read_text(), key)
    assert signed.root == root_of(leaves(given.office.records)[: signed.size])
    (switch,) = [event for event in events(given.office) if event.action == "switch"]
    assert signed.size >= switch.seq
    assert file.name == f"{signed.size:012d}.note"


def test_a_checkpoint_that_cannot_be_made_does_not_hold_up_a_release_and_is_recorded(given: Given) -> None:
    report = given.report(Stage.SCHEDULED)
    given.office.home.audit_key.chmod(0o644)
    given.publish(report)
    assert given.edition(report).stage == Stage.PUBLISHED
    assert [event.action for event in events(given.office)].count("checkpoint_failed") == 1
    assert files(given.office.home) == []


def test_a_checkpoint_is_no_event_and_the_same_history_is_signed_once(given: Given) -> None:
    first = checkpoint(given.office, given.tick())
    known, before = len(events(given.office)), rows(given.office)
    assert checkpoint(given.office, given.tick()) == first
    assert len(events(given.office)) == known
    assert rows(given.office) == before
    given.office.records.record(Event("seen", "a", "s"), given.tick())
    assert checkpoint(given.office, given.tick()) != first
    assert len(files(given.office.home)) == 2


@pytest.mark.parametrize("at_a_time", [16, 48, 1 << 15])
def test_kept_subtrees_give_the_root_and_proofs_of_the_whole_history(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    """On both databases; with events before, between and after what is kept, whatever is kept at a time."""
    monkeypatch.setattr(making, "_LEAVES_AT_A_TIME", at_a_time)
    key = SigningKey.load_or_create(tmp_path / "audit.key", "donghu.example/pubflow-audit")
    signed = []
    for size in (1, 15, 16, 17, 100, 131):
        with records.writing(NOON) as tx:
            for number in range(size - len(signed and leaves(records))):
                tx.record(Event(f"step{number}", "a", "s"))
        signed.append(open_checkpoint(make_checkpoint(records, key, signed, NOON), key.public))
    everything = leaves(records)
    assert [(one.size, one.root) for one in signed] == [
        (size, root_of(everything[:size])) for size in (1, 15, 16, 17, 100, 131)
    ]
    with records.engine.connect() as connection:
        kept = connection.execute(text("SELECT level, count(*) FROM audit_node GROUP BY level ORDER BY level")).all()
        assert [tuple(row) for row in kept] == [(4, 8), (5, 4), (6, 2), (7, 1)]
        assert verify(history.events(connection), signed).good
        assert history.notes(connection)[-1] == history.newest_note(connection)
        connection.execute(text("DELETE FROM audit_node"))  # not committed: proofs do not need what is kept
        assert history.root(connection, 100) == root_of(everything[:100])


def test_stored_checkpoints_only_go_forward(records: Records, tmp_path: Path) -> None:
    key = SigningKey.load_or_create(tmp_path / "audit.key", "donghu.example/pubflow-audit")
    for _ in range(2):
        records.record(Event("step", "a", "s"), NOON)
        make_checkpoint(records, key, [], NOON)
    for statement, why in (
        ("UPDATE checkpoint SET note = 'x'", "append-only"),
        ("DELETE FROM checkpoint WHERE size = 2", "append-only"),
        ("INSERT INTO checkpoint SELECT 1, note, made_at FROM checkpoint WHERE size = 2", "only go forward"),
        ("INSERT INTO checkpoint SELECT size, note, made_at FROM checkpoint WHERE size = 2", "only go forward"),
    ):
        with pytest.raises(DBAPIError, match=why), records.engine.begin() as connection:
            connection.execute(text(statement))
    with records.engine.connect() as connection:
        assert len(history.notes(connection)) == 2


def test_subtrees_that_were_damaged_are_made_anew_from_the_events(given: Given) -> None:
    checkpoint(given.office, given.tick())
    with given.office.records.bookkeeping() as session:
        session.connection().execute(text("UPDATE audit_node SET hash = x'00'"))
    given.office.records.record(Event("seen", "a", "s"), given.tick())
    checkpoint(given.office, given.tick())
    with given.office.records.engine.connect() as connection:
        assert verify(history.events(connection), stored_checkpoints(given.office)).good


def test_a_register_rolled_back_behind_its_checkpoint_files_is_not_signed(given: Given) -> None:
    home = given.office.home
    given.office.close()
    older = (home.path / "register.db").read_bytes()
    own = open_workspace(home.path)
    own.records.record(Event("seen", "a", "s"), given.tick())
    file = checkpoint(own, given.tick())
    own.close()
    for log in home.path.glob("register.db-*"):
        log.unlink()
    (home.path / "register.db").write_bytes(older)
    own = open_workspace(home.path)
    try:
        with pytest.raises(WorkspaceError, match=r"does not continue the checkpoint of \d+ events.*audit verify"):
            checkpoint(own, given.tick())
        with own.records.engine.connect() as connection:
            assert verify(history.events(connection), stored_checkpoints(own)).unmet == int(file.stem)
    finally:
        own.close()


@pytest.mark.parametrize("where", ["file", "register", "key"])
def test_a_checkpoint_that_nobody_signed_is_named(given: Given, where: str) -> None:
    file = checkpoint(given.office, given.tick())
    if where == "file":
        file.write_text(file.read_text().replace("\n2", "\n3", 1))
    elif where == "key":
        (file.parent / "audit.pub").unlink()
    else:
        with closing(sqlite3.connect(given.office.home.path / "register.db")) as database:
            database.execute("DROP TRIGGER checkpoint_no_update")
            database.execute("UPDATE checkpoint SET note = replace(note, 'donghu', 'xihu')")
            database.commit()
    said = {"file": str(file), "register": "checkpoint 1 of the register", "key": "audit.pub is missing"}[where]
    with pytest.raises(WorkspaceError, match=said):
        stored_checkpoints(given.office)


def test_a_file_that_holds_something_else_is_not_overwritten(given: Given) -> None:
    file = checkpoint(given.office, given.tick())
    os.truncate(file, 10)
    with pytest.raises(WorkspaceError, match=r"no signed note|holds something else"):
        checkpoint(given.office, given.tick())
    assert file.stat().st_size == 10
