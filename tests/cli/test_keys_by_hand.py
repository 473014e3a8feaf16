"""`audit rotate-key|restart-after-restore` and `vault rotate-key` as the owner of the files types them."""

from pathlib import Path
from typing import Any

import pytest

from pubflow.moments import utc_now
from pubflow.wiring import create_workspace, open_workspace

WHY = ("--by", "gong_lei", "--reason", "保管人调离")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_workspace(tmp_path / "office", utc_now()).close()
    return tmp_path / "office"


def test_a_new_key_is_proven_with_the_old_one_alone(home: Path, pubflow: Any, tmp_path: Path) -> None:
    here = ("--home", str(home))
    assert pubflow("audit", "checkpoint", *here).code == 0
    old = tmp_path / "old.pub"
    old.write_bytes((home / "checkpoints" / "audit.pub").read_bytes())
    done = pubflow("audit", "rotate-key", *WHY, *here, "--json").json
    assert old.read_text().strip() == done["old"] != done["new"]
    proven = pubflow("audit", "prove", "--verify", done["proof"], "--key", str(old), "--json").json
    assert [event["data"]["new"] for event in proven["events"]] == [done["new"]]
    kept = pubflow("audit", "checkpoint", "--out", str(tmp_path / "c"), *here)
    assert kept.code == 0
    assert pubflow("audit", "verify", *here).code == 0
    both = home / "checkpoints" / f"{done['size']:012d}.note"
    for key in (old, done["keys"]):  # both keys signed here, so either verifies
        assert pubflow("audit", "verify", "--checkpoint", str(both), "--key", str(key), *here).code == 0
    assert "PRIVATE" not in Path(done["keys"]).read_text()


def test_the_master_key_is_changed_only_while_the_office_is_stopped(home: Path, pubflow: Any) -> None:
    here = ("--home", str(home))
    running = open_workspace(home)
    refused = pubflow("vault", "rotate-key", *WHY, *here)
    assert refused.code == 1
    assert "Stop `pubflow up`" in refused.err
    running.close()
    done = pubflow("vault", "rotate-key", *WHY, *here)
    assert done.code == 0
    assert "of personal_value" in done.out
    assert pubflow("audit", "verify", *here).code == 0


def test_a_restart_needs_a_loss_a_reason_and_an_operator(home: Path, pubflow: Any) -> None:
    here = ("--home", str(home))
    assert pubflow("audit", "checkpoint", *here).code == 0
    assert "nothing was lost" in pubflow("audit", "restart-after-restore", *WHY, *here).err
    assert pubflow("audit", "restart-after-restore", "--by", "gong_lei", *here).code == 2
    assert "系统管理员" in pubflow("audit", "restart-after-restore", "--by", "lin_xiao", "--reason", "x", *here).err
