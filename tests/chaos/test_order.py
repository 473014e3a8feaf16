"""Power loss: what is made durable in which order, as strace sees it."""

from pathlib import Path

import pytest

from chaos.order import Call, calls, order_of_switch, traced, wrong_around_rename, wrong_around_switch

_BACKUP = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from pubflow.office.office import Home
from pubflow.service.backing_up import back_up
back_up(Home(Path(sys.argv[1])), Path(sys.argv[2]), b"0123456789abcdef" * 4, datetime.now(UTC), work=4)
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Call], Path]:
    """All calls of a process that made an office and published one report, and the office."""
    folder = tmp_path_factory.mktemp("order")
    done = traced(["-m", "chaos.one_release", str(folder / "office")], folder / "calls", {})
    assert done.returncode == 0, done.stderr
    return calls(folder / "calls"), folder / "office"


def test_files_folders_rename_switch_and_commit_become_durable_in_this_order(released: tuple[list[Call], Path]):
    made, home = released
    assert wrong_around_switch(made, home) == []


def test_a_checkpoint_is_on_the_disk_before_it_bears_its_name(released: tuple[list[Call], Path]):
    made, home = released
    notes = sorted((home / "checkpoints").glob("*.note"))
    assert notes
    for note in [*notes, home / "checkpoints" / "audit.pub"]:
        placed = next(Path(one.to) for one in made if one.to.endswith(f"checkpoints/{note.name}"))
        assert wrong_around_rename(made, placed) == []


def test_a_backup_is_on_the_disk_before_it_bears_its_name(released: tuple[list[Call], Path], tmp_path: Path):
    _, home = released
    done = traced(["-c", _BACKUP, str(home), str(tmp_path / "kept.age")], tmp_path / "calls", {})
    assert done.returncode == 0, done.stderr
    assert wrong_around_rename(calls(tmp_path / "calls"), tmp_path / "kept.age") == []


def test_a_dropped_fsync_is_noticed(tmp_path: Path):
    wrong = order_of_switch(tmp_path / "order", {"PUBFLOW_CHAOS_FAULT": "fsync dropped"})
    assert any("manifest is not synced before it is put into place" in one for one in wrong)
    assert any("public is not synced between the switch and the commit" in one for one in wrong)


def test_a_commit_before_the_folder_of_the_switch_is_noticed(released: tuple[list[Call], Path]):
    made, home = released
    switched = max(number for number, call in enumerate(made) if call.to == f"{home}/public/root")
    synced = next(
        number
        for number, call in enumerate(made)
        if number > switched and (call.name, call.path) == ("fsync", f"{home}/public")
    )
    late = [*made[:synced], *made[synced + 1 :], made[synced]]
    assert wrong_around_switch(late, home) == [f"{home}/public is not synced between the switch and the commit"]
