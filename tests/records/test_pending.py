"""The reserve for what storage could not take."""

import json
import threading
from pathlib import Path

import pytest
from records.register import NOON, actions, verdict
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pubflow.audit.events import Event
from pubflow.errors import StorageFailed
from pubflow.records.pending import RESERVED, Pending
from pubflow.records.store import Records
from pubflow.records.tables import Section

ENTRY = {"action": "refused", "actor": "lin_xiao", "subject": "R-2026-0001"}


@pytest.fixture
def pending(tmp_path: Path) -> Pending:
    reserve = Pending(tmp_path / "reserve")
    reserve.reserve()
    return reserve


def test_the_space_is_taken_in_advance_and_the_file_never_grows(pending: Pending, tmp_path: Path) -> None:
    file = tmp_path / "reserve"
    assert file.stat().st_size == RESERVED
    assert file.stat().st_blocks * 512 >= RESERVED
    assert file.stat().st_mode & 0o777 == 0o600
    for _ in range(3):
        pending.add(ENTRY)
    assert file.stat().st_size == RESERVED
    assert pending.waiting() == [ENTRY] * 3


def test_reserving_again_keeps_what_waits(pending: Pending) -> None:
    pending.add(ENTRY)
    pending.reserve()
    assert pending.waiting() == [ENTRY]


def test_a_full_reserve_keeps_what_it_has_and_says_the_rest_on_stderr(
    pending: Pending, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = {**ENTRY, "reason": "满" * 5000}  # 15 kB of UTF-8
    for number in range(6):
        pending.add({**long, "actor": f"p{number}"})
    assert [entry["actor"] for entry in pending.waiting()] == ["p0", "p1", "p2", "p3"]
    assert (tmp_path / "reserve").stat().st_size == RESERVED
    said = capsys.readouterr().err
    assert all(f'"p{number}"' in said for number in range(6))


def test_a_missing_reserve_is_said_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Pending(tmp_path / "gone").add(ENTRY)
    said = capsys.readouterr().err
    assert "R-2026-0001" in said
    assert "No such file" in said
    assert Pending(tmp_path / "gone").waiting() == []


def test_what_waits_is_the_first_event_of_the_next_write_and_then_forgotten(records: Records) -> None:
    records.pending.add({**ENTRY, "data": {"codes": ["other_role"]}})
    records.record(Event("read", "lin_xiao", "R-2026-0001"), NOON)
    records.record(Event("sign_in", "lin_xiao", "lin_xiao"), NOON)
    assert actions(records) == ["refused", "read", "sign_in"]
    assert records.pending.waiting() == []
    assert verdict(records).good


def test_what_waits_goes_on_waiting_when_the_next_write_fails_too(records: Records) -> None:
    records.pending.add(ENTRY)
    failure = OperationalError("INSERT", {}, OSError("disk I/O error"))
    with pytest.raises(StorageFailed, match="disk I/O error"), records.writing(NOON, what="edit", who="lin_xiao"):
        raise failure
    waiting = [entry["action"] for entry in records.pending.waiting()]
    assert waiting == ["refused", "write_failed"]
    assert actions(records) == []


def test_two_writers_at_once_record_what_waits_once_and_lose_nothing(pending: Pending) -> None:
    pending.add(ENTRY)
    with pending.taken() as mine, pending.taken() as theirs:
        assert (mine, theirs) == ([ENTRY], [])
    assert pending.waiting() == []


def test_what_comes_in_while_others_are_recorded_is_kept(pending: Pending) -> None:
    pending.add(ENTRY)
    late = {**ENTRY, "actor": "late"}
    with pending.taken() as mine:
        adding = threading.Thread(target=pending.add, args=(late,))
        adding.start()
        assert mine == [ENTRY]
    adding.join(10)
    assert pending.waiting() == [late]


def test_a_line_torn_by_a_power_cut_becomes_an_event_and_stops_no_write(records: Records, tmp_path: Path) -> None:
    file = tmp_path / "pending-events"
    torn = b'{"action":"refused","act\n' + json.dumps({"unknown": 1}).encode() + b"\n"
    file.write_bytes(torn.ljust(RESERVED, b"\n"))
    with records.writing(NOON) as tx:
        tx.session.add(Section(id="zonghe", name="综合科"))
        tx.record(Event("section_added", "a", "zonghe"))
    assert actions(records) == ["pending_unreadable", "pending_unreadable", "section_added"]
    with records.reading() as session:
        body = session.execute(text("SELECT body FROM audit_event WHERE seq = 1")).scalar_one()
    assert json.loads(bytes(body))["data"] == {"line": '{"action":"refused","act'}
