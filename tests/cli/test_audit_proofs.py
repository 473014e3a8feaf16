"""`audit checkpoint|prove|export` and `audit verify` against what is kept outside, as people type them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pubflow.moments import utc_now
from pubflow.wiring import create_workspace


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace that nobody has open."""
    create_workspace(tmp_path / "office", utc_now()).close()
    return tmp_path / "office"


@pytest.fixture
def audit(home: Path, pubflow: Any) -> Any:
    return lambda *words: pubflow("audit", *map(str, words), "--home", str(home))


@pytest.fixture
def outside(home: Path, audit: Any, tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint and the key, kept elsewhere."""
    note, key = tmp_path / "kept.note", tmp_path / "kept.pub"
    assert audit("checkpoint", "--out", note).code == 0
    key.write_bytes((home / "checkpoints" / "audit.pub").read_bytes())
    return note, key


def cut(home: Path, seq: int) -> None:
    """Delete the events from `seq` on, as somebody with full rights on the database would."""
    with closing(sqlite3.connect(home / "register.db")) as register:
        for (name,) in register.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            register.execute(f"drop trigger {name}")
        register.execute("delete from audit_event where seq >= ?", (seq,))
        register.execute("delete from checkpoint")
        register.execute("delete from audit_node")
        register.commit()


def test_a_checkpoint_is_printed_written_and_kept_beside_the_register(home: Path, audit: Any, tmp_path: Path) -> None:
    told = audit("checkpoint", "--json").json
    assert audit("checkpoint").out == told["checkpoint"]
    assert audit("checkpoint", "--out", tmp_path / "c").out == ""
    assert (tmp_path / "c").read_text() == told["checkpoint"]
    assert Path(told["file"]).read_text() == told["checkpoint"]
    assert Path(told["file"]).parent == home / "checkpoints"
    assert told["key"] == (home / "checkpoints" / "audit.pub").read_text().strip()


def test_verify_holds_the_history_against_an_outside_checkpoint(
    home: Path, audit: Any, outside: tuple[Path, Path]
) -> None:
    note, key = outside
    done = audit("verify", "--checkpoint", note, "--key", key)
    assert done.code == 0
    assert "meet 2 checkpoints" in done.out
    for file in (home / "checkpoints").iterdir():  # whoever can cut the register may reach these too
        file.unlink()
    cut(home, 15)
    assert audit("verify").code == 0
    done = audit("verify", "--checkpoint", note, "--key", key, "--json")
    assert done.code == 1
    assert done.json["unmet"] == int(note.read_text().split("\n")[1])
    assert "only 14 are there" in done.err


def test_verify_needs_no_outside_checkpoint_to_miss_what_the_checkpoints_folder_knows(
    home: Path, audit: Any, outside: tuple[Path, Path]
) -> None:
    cut(home, 15)
    done = audit("verify")
    assert done.code == 1
    assert "only 14 are there" in done.err
    assert audit("checkpoint").code == 1


@pytest.mark.usefixtures("outside")
def test_a_proof_of_one_event_or_of_all_of_a_person_verifies_without_the_workspace(
    audit: Any, outside: tuple[Path, Path], tmp_path: Path, pubflow: Any
) -> None:
    key, proof = outside[1], tmp_path / "proof.json"
    assert audit("prove", "5", "--out", proof).code == 0
    found = pubflow("audit", "prove", "--verify", str(proof), "--key", str(key), "--json")
    assert [event["seq"] for event in found.json["events"]] == [5]
    assert audit("prove", "lin_xiao", "--out", proof).code == 0
    found = pubflow("audit", "prove", "--verify", str(proof), "--key", str(key), "--json")
    assert [event["action"] for event in found.json["events"]] == ["person_added"]
    proof.write_text(proof.read_text().replace("person_added", "person_addee"))
    refused = pubflow("audit", "prove", "--verify", str(proof), "--key", str(key))
    assert refused.code == 1
    assert "is not proven" in refused.err


def test_what_cannot_be_proven_is_refused_with_what_to_do(home: Path, audit: Any, tmp_path: Path) -> None:
    assert "pubflow audit checkpoint" in audit("prove", "5").err
    assert audit("checkpoint").code == 0
    assert "no event of R-2026-0001" in audit("prove", "R-2026-0001").err
    assert "no event of 9999" in audit("prove", "9999").err
    assert audit("prove").code == 2
    assert audit("prove", "--verify", tmp_path / "nothing").code == 2
    (tmp_path / "junk").write_text("{}")
    key = home / "checkpoints" / "audit.pub"
    assert "This is no proof" in audit("prove", "--verify", tmp_path / "junk", "--key", key).err
    assert "cannot be read" in audit("prove", "--verify", tmp_path / "nothing", "--key", key).err
    assert "no public key" in audit("prove", "--verify", tmp_path / "junk", "--key", tmp_path / "junk").err
    assert "cannot be written" in audit("prove", "5", "--out", tmp_path / "no" / "where").err
    assert audit("verify", "--checkpoint", key).code == 2
    assert audit("verify", "--checkpoint", key, "--key", key).code == 1


def test_an_export_verifies_without_the_workspace_and_shows_every_change(
    audit: Any, outside: tuple[Path, Path], tmp_path: Path, pubflow: Any
) -> None:
    note, key = outside
    file = tmp_path / "history.jsonl"
    assert audit("export", "--out", file).code == 0
    assert audit("export").out == file.read_text()
    lines = file.read_text().splitlines()
    size = int(note.read_text().split("\n")[1])
    assert len(lines) == size + 1
    assert json.loads(json.loads(lines[4])["body"])["seq"] == 5
    words = ("audit", "verify", "--export", str(file), "--key", str(key))
    assert pubflow(*words, "--json").json["events"] == size
    assert pubflow(*words, "--checkpoint", str(note)).code == 0
    for changed, why in (
        ([*lines[:6], *lines[7:]], "event 7 is missing"),
        ([*lines[:-2], lines[-1]], f"only {size - 1} are there"),
        ([lines[0].replace("workspace-owner", "somebody-else"), *lines[1:]], "Event 1 is bad"),
        (lines[:-1], "cut off"),
        ([*lines, lines[0]], "something follows the checkpoint"),
        (["nonsense", *lines], "Line 1 is no event"),
        ([*lines[:-1], lines[-1].replace(f"audit\\n{size}", f"audit\\n{size + 1}")], "does not fit the text"),
    ):
        file.write_text("\n".join(changed) + "\n")
        refused = pubflow(*words)
        assert refused.code == 1
        assert why in refused.err


def test_a_name_is_erased_over_the_api_by_the_operator_only(desk: Any, by: Any) -> None:
    added = by("gong_lei", "people", "add", "he_ling", "--name", "贺玲", "--section", "zonghe", "--role", "drafter")
    assert added.code == 0
    words = ("people", "erase", "he_ling", "--reason", "本人申请")
    assert by("lin_xiao", *words).code == 1
    assert by("gong_lei", *words).code == 1
    assert by("gong_lei", "people", "deactivate", "he_ling", "--reason", "调离").code == 0
    assert by("gong_lei", *words).code == 0
    found = next(one for one in by("gong_lei", "people", "list", "--json").json if one["id"] == "he_ling")
    assert found["name"] == "（已删除）"
