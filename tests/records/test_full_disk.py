"""A full disk while saving, on a real small file system."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
# In a mount namespace of its own; $1 folder, then the command.
_IN_A_SMALL_TMPFS = 'mount -t tmpfs -o size=8m tmpfs "$1" && shift && exec "$@"'


def on_a_small_disk(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with 8 MiB at `folder`; fails, and never skips, where no mount can be had."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    environment = {**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT / 'tests'}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*unshare, "sh", "-c", _IN_A_SMALL_TMPFS, "sh", str(folder), *command],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.fail(f"This test needs a small tmpfs (root, or user namespaces): {done.stderr.strip()}")
    return done


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What full_disk.py saw: before, on the full disk, and once space was back."""
    disk = tmp_path_factory.mktemp("disk")
    done = on_a_small_disk(disk, sys.executable, str(Path(__file__).with_name("full_disk.py")), str(disk))
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "stderr": done.stderr}


def test_a_full_disk_while_saving_is_told_in_words_and_nothing_is_half_written(story: dict[str, Any]) -> None:
    assert story["failed"].startswith("没有保存成功，什么都没有写入：database or disk is full。请腾出磁盘空间")
    untouched = ("sound", "versions", "stage", "events", "chain")
    assert {key: story["full"][key] for key in untouched} == {key: story["before"][key] for key in untouched}
    assert (story["full"]["sound"], story["full"]["versions"], story["full"]["chain"]) == ("ok", 2, True)


def test_what_failed_waits_in_its_reserve_and_is_said_on_stderr(story: dict[str, Any]) -> None:
    assert story["before"]["waiting"] == []
    # The refusal itself, and that its own transaction failed as well.
    assert story["full"]["waiting"] == ["write_failed", "write_failed", "refused"]
    assert story["stderr"].count("pubflow: not yet in the audit history: ") == 3


def test_once_space_is_back_the_failure_is_the_first_event_and_the_chain_verifies(story: dict[str, Any]) -> None:
    assert story["saved"] == "saved"
    new = story["after"]["events"][len(story["before"]["events"]) :]
    assert new == ["write_failed", "write_failed", "refused", "edit"]
    assert (story["after"]["sound"], story["after"]["versions"], story["after"]["chain"]) == ("ok", 3, True)
    assert story["after"]["waiting"] == []
    assert (story["told"]["actor"], story["told"]["subject"]) == ("lin_xiao", "R-2026-0001")
    assert story["told"]["data"]["step"] == "edit"
    assert story["told"]["data"]["why"] == "database or disk is full"
