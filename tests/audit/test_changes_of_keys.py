"""New keys for checkpoints and drafts, and the restart after a restore: what holds after, and after a kill -9."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import NOON, Given
from watching import actions_on, data_of, events, files_with, refusal

from pubflow.audit.checkpoint import open_checkpoint
from pubflow.audit.events import Event
from pubflow.audit.notes import NoteRefused, SigningKey, signers
from pubflow.audit.proofs import verify_proof
from pubflow.audit.verify import verify
from pubflow.errors import BadInput, StepRefused, WorkspaceError
from pubflow.lifecycle.stages import Stage
from pubflow.office.audit_key import rotate_audit_key
from pubflow.office.checkpoints import checkpoint, files, next_key_file, public_keys, stored_checkpoints
from pubflow.office.master_key import rotate_master_key
from pubflow.office.office import Office
from pubflow.office.restarting import restart_after_restore
from pubflow.records.checkpoints import KeyRetired, make_checkpoint
from pubflow.service.backing_up import back_up
from pubflow.service.restoring import restore
from pubflow.vault import SealBroken
from pubflow.wiring import open_workspace

_ROOT = Path(__file__).parents[2]
WHY = ("gong_lei", "换人")
SECRET = b"a passphrase for tests"


def all_of_it_holds(office: Office) -> bool:
    held = stored_checkpoints(office)
    return bool(held) and verify(events(office), held).good


# --- the key for checkpoints


def test_old_checkpoints_stay_good_and_the_old_key_vouches_for_the_new_one(given: Given) -> None:
    before = checkpoint(given.office, given.tick())
    (old,) = public_keys(given.office.home)
    done = rotate_audit_key(given.office, *WHY, given.tick())
    assert public_keys(given.office.home) == (old, done.new)
    both = files(given.office.home)[-1].read_text()
    assert signers(both, old, done.new) == [old, done.new]
    assert open_checkpoint(before.read_text(), old).size < open_checkpoint(both, old).size == done.size
    _, (event,) = verify_proof(done.proof.read_text(), old)  # with no more than the old key
    assert (event["action"], event["data"]["new"], event["reason"]) == ("audit_key_rotated", str(done.new), "换人")
    given.office.records.record(Event("seen", "a", "s"), given.tick())
    after = checkpoint(given.office, given.tick()).read_text()
    assert signers(after, old, done.new) == [done.new]
    with pytest.raises(NoteRefused, match="not signed with the key"):
        open_checkpoint(after, old)
    assert all_of_it_holds(given.office)
    assert not next_key_file(given.office.home).exists()


def test_who_kept_the_old_key_signs_nothing_more_that_is_believed(given: Given) -> None:
    thief = SigningKey.load_or_create(given.office.home.audit_key, "-")
    rotate_audit_key(given.office, *WHY, given.tick())
    keys = public_keys(given.office.home)
    given.office.records.record(Event("seen", "a", "s"), given.tick())
    with pytest.raises(KeyRetired):  # a process that had read the key before
        make_checkpoint(given.office.records, thief, [], given.tick(), keys=keys)
    note = open_checkpoint(files(given.office.home)[-1].read_text(), *keys)
    forged = type(note)(note.origin, note.size + 1, bytes(32)).signed(thief)
    (given.office.home.checkpoints / f"{note.size + 1:012d}.note").write_text(forged)
    with pytest.raises(WorkspaceError, match="a key that had been retired"):
        stored_checkpoints(given.office)


def test_a_key_can_be_changed_again_and_again(given: Given) -> None:
    for _ in range(3):
        rotate_audit_key(given.office, *WHY, given.tick())
    assert len(set(public_keys(given.office.home))) == 4
    assert all_of_it_holds(given.office)


# --- the key of the vault


def test_drafts_and_personal_values_open_with_the_new_master_key_and_with_no_other(given: Given) -> None:
    report = given.report(Stage.DEPARTMENT_REVIEW)
    old_key, body = given.office.home.master_key.read_text(), given.text(report).body
    home = given.office.home.path
    given.office.close()
    office = open_workspace(home, alone=True)
    done = rotate_master_key(office, *WHY, given.tick())
    office.close()
    assert done.wrapped["report"] == 1
    assert done.wrapped["personal_value"] >= 15
    assert given.office.home.master_key.read_text() != old_key
    own = Given(open_workspace(home))
    assert own.text(report).body == body
    (event,) = [one for one in events(own.office) if one.action == "master_key_rotated"]
    assert data_of(event)["answers_for_it"] == "gong_lei"
    named = data_of(next(one for one in events(own.office) if one.subject == "lin_xiao"))["name_commitment"]
    with own.office.records.writing(NOON) as tx:
        assert tx.personal(named)
        tx.record(Event("seen", "a", "s"))
    assert actions_on(own.office, own.report(Stage.DEPARTMENT_REVIEW))[0] == "start"
    own.office.close()
    given.office.home.master_key.write_text(old_key)
    stale = Given(open_workspace(home))
    with pytest.raises(SealBroken):
        stale.text(report)
    stale.office.close()


def test_the_master_key_is_not_changed_under_an_office_that_runs(given: Given) -> None:
    home = given.office.home
    key = home.master_key.read_bytes()
    with pytest.raises(WorkspaceError, match=r"in use.*Stop `pubflow up`"):
        open_workspace(home.path, alone=True)
    given.office.close()
    office = open_workspace(home.path, alone=True)
    try:
        with pytest.raises(BadInput, match="理由"):
            rotate_master_key(office, "gong_lei", " ", NOON)
    finally:
        office.close()
    assert home.master_key.read_bytes() == key


def test_a_backup_made_after_a_change_was_killed_restores_with_the_key_that_fits(given: Given, tmp_path: Path) -> None:
    report = given.report(Stage.DEPARTMENT_REVIEW)
    body, home = given.text(report).body, given.office.home
    given.office.close()
    old_key = home.master_key.read_bytes()
    office = open_workspace(home.path, alone=True)
    rotate_master_key(office, *WHY, NOON)
    office.close()
    home.master_key.rename(home.keys / "master.key.next")  # as a kill between commit and the last rename leaves it
    home.master_key.write_bytes(old_key)
    home.master_key.chmod(0o600)
    back_up(home, tmp_path / "b.age", SECRET, NOON, work=4)
    restore(tmp_path / "b.age", tmp_path / "back", SECRET, None)
    own = Given(open_workspace(tmp_path / "back"))
    assert own.text(report).body == body
    own.office.close()


# --- the restart after a restore


def rolled_back(given: Given) -> tuple[Office, int]:
    """The office with an older register, from before two checkpoints; and how many events that one holds."""
    home = given.office.home
    checkpoint(given.office, given.tick())
    kept = len(events(given.office))
    given.office.close()
    older = (home.path / "register.db").read_bytes()
    own = open_workspace(home.path)
    for _ in range(2):
        own.records.record(Event("seen", "a", "s"), given.tick())
        checkpoint(own, given.tick())
    own.close()
    for log in home.path.glob("register.db-*"):
        log.unlink()
    (home.path / "register.db").write_bytes(older)
    return open_workspace(home.path), kept


def test_after_a_restore_that_lost_events_the_newer_checkpoints_are_set_aside_on_record(given: Given) -> None:
    office, kept = rolled_back(given)
    outside = open_checkpoint(files(office.home)[-1].read_text(), *public_keys(office.home))
    with pytest.raises(WorkspaceError, match="does not continue"):
        checkpoint(office, given.tick())
    done = restart_after_restore(office, *WHY, given.tick())
    assert (done.kept, done.lost_to, len(done.set_aside)) == (kept, kept + 2, 2)
    assert all(file.exists() and file.parent.parent == office.home.checkpoints for file in done.set_aside)
    (event,) = [one for one in events(office) if one.action == "history_restarted"]
    assert event.seq == kept + 1
    told = data_of(event)
    assert (told["kept"], told["lost_to"], told["answers_for_it"]) == (kept, kept + 2, "gong_lei")
    assert [one["size"] for one in told["set_aside"]] == [kept + 1, kept + 2]
    assert all_of_it_holds(office)
    verdict = verify(events(office), [outside])  # whoever kept one outside still sees it
    assert verdict.unmet == kept + 2
    with pytest.raises(WorkspaceError, match="nothing was lost"):
        restart_after_restore(office, *WHY, given.tick())
    office.close()


def test_a_restart_cut_off_between_two_files_goes_on_with_the_same_folder_and_event(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, kept = rolled_back(given)
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", lambda *_: os._exit(1))
        return rename(self, target)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Path, "rename", once)
        restart_after_restore(open_workspace(office.home.path), *WHY, given.tick())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert len(list(office.home.checkpoints.glob("set-aside-*/*.note"))) == 1
    later = given.tick() + timedelta(hours=1)
    done = restart_after_restore(office, *WHY, later)
    assert sorted(file.stem for file in done.folder.glob("*.note")) == [f"{kept + 1:012d}", f"{kept + 2:012d}"]
    assert [one.action for one in events(office)].count("history_restarted") == 1
    assert all_of_it_holds(office)
    office.close()


def test_a_second_loss_is_a_second_event(given: Given) -> None:
    office, kept = rolled_back(given)
    restart_after_restore(office, *WHY, given.tick())
    again, _ = rolled_back(Given(office))
    restart_after_restore(again, *WHY, given.tick())
    restarts = [data_of(one) for one in events(again) if one.action == "history_restarted"]
    assert [one["kept"] for one in restarts] == [kept, kept + 1]
    again.close()


def test_a_checkpoint_that_nobody_signed_is_not_swept_away(given: Given) -> None:
    office, _ = rolled_back(given)
    files(office.home)[-1].write_text("forged\n")
    known = len(events(office))
    with pytest.raises(WorkspaceError, match="checkpoint file"):
        restart_after_restore(office, *WHY, given.tick())
    assert len(events(office)) == known
    office.close()


@pytest.mark.parametrize("by", ["lin_xiao", "nobody"])
def test_only_an_operator_answers_for_what_the_owner_of_the_files_does(given: Given, by: str) -> None:
    checkpoint(given.office, given.tick())
    for action in (rotate_audit_key, restart_after_restore, rotate_master_key):
        with refusal(given.office, StepRefused, "系统管理员", codes=["other_role"]):
            action(given.office, by, "换人", given.tick())
    with pytest.raises(BadInput, match="理由"):
        rotate_audit_key(given.office, "gong_lei", "", given.tick())
    assert files_with(given.office, "PRIVATE+KEY") == ["keys/audit.key: PRIVATE+KEY"]


# --- kill -9 at the lines of the code itself

# Lines between two kills. Killing at every line (1) takes minutes.
EVERY = {"audit": 31, "master": 11, "restart": 17}


def killed(home: Path, kind: str, folder: Path) -> list[dict[str, Any]]:
    folder.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("killed_change.py")),
            str(home),
            kind,
            str(folder),
            "1",
            str(EVERY[kind]),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT / 'tests'}"},
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_change_of_keys_killed_at_any_line_leaves_a_key_that_works(given: Given, tmp_path: Path) -> None:
    given.report(Stage.DEPARTMENT_REVIEW)
    checkpoint(given.office, given.tick())
    body, home = given.text("R-2026-0001").body, given.office.home.path
    given.office.close()
    with ThreadPoolExecutor() as pool:
        asked = {kind: pool.submit(killed, home, kind, tmp_path / kind) for kind in ("audit", "master")}
    for kind, told in asked.items():
        rounds = told.result()
        assert [one["killed"] for one in rounds] == [True] * (len(rounds) - 1) + [False]
        assert len(rounds) > 3, kind
        assert {one["done"] for one in rounds} == {0, 1}, "killed on one side of the commit only"
        for one in rounds:
            assert (one["text"], one["text after"], one["holds"]) == (body, body, True), (kind, one)
            assert one["events"] == one["done"] + 1, (kind, one)
            assert one.get("key fits", True), (kind, one)
            assert "again" not in one, (kind, one)


def test_a_restart_killed_at_any_line_is_finished_by_the_next_call_with_one_event(given: Given, tmp_path: Path) -> None:
    given.report(Stage.DEPARTMENT_REVIEW)
    office, kept = rolled_back(given)
    office.close()
    rounds = killed(office.home.path, "restart", tmp_path / "restart")
    assert {one["done"] for one in rounds} == {0, 1}
    for one in rounds:
        assert one["events"] == 1, one
        assert one["holds"], one
        assert one["aside"] == [f"{kept + 1:012d}.note", f"{kept + 2:012d}.note"], one
        assert "nothing was lost" in one.get("again", "nothing was lost"), one
