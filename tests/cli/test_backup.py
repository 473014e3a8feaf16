"""`pubflow backup` and `pubflow restore` as typed: keys and passphrases, what they say, what stays when stopped."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pubflow.moments import utc_now
from pubflow.service import backing_up
from pubflow.wiring import create_workspace

PASSPHRASE = "正确的马电池订书钉与更多的字".encode()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace that nobody has open."""
    create_workspace(tmp_path / "office", utc_now()).close()
    return tmp_path / "office"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of scrypt once a file is meant for those who try passphrases, not for these tests."""
    monkeypatch.setattr(backing_up, "back_up", partial(backing_up.back_up, work=2))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key file as the help says to make it."""
    file = tmp_path / "backup.key"
    file.touch(mode=0o600)
    file.write_text("5f" * 32 + "\n")
    return file


def test_there_and_back_with_a_key_file(home: Path, key: Path, pubflow: Any, tmp_path: Path) -> None:
    done = pubflow("backup", "--home", str(home), "--out", "b.tar.age", "--key", str(key), "--json")
    assert done.code == 0
    assert done.json["file"] == str(tmp_path / "b.tar.age")
    assert done.json["bytes"] == (tmp_path / "b.tar.age").stat().st_size
    back = pubflow("restore", "b.tar.age", "new", "--key", str(key), "--json")
    assert back.code == 0
    assert (back.json["events"], back.json["head"]) == (done.json["events"], done.json["head"])
    assert back.json["home"] == str(tmp_path / "new")
    verified = pubflow("audit", "verify", "--home", "new", "--json")
    assert (verified.json["events"], verified.json["head"]) == (done.json["events"], done.json["head"])


def test_there_and_back_with_a_passphrase_and_a_name_made_of_the_time(home: Path, pubflow: Any, tmp_path: Path) -> None:
    done = pubflow("backup", "--home", str(home), "--passphrase-stdin", stdin=PASSPHRASE + b"\n")
    assert done.code == 0
    (file,) = tmp_path.glob("pubflow-20*.tar.age")
    assert f"Try it: pubflow restore {file} NEW_DIR" in done.out
    back = pubflow("restore", str(file), "new", "--passphrase-stdin", stdin=PASSPHRASE + b"\r\n")
    assert back.code == 0
    assert "restored up to audit event" in back.out
    wrong = pubflow("restore", str(file), "other", "--passphrase-stdin", stdin=b"something else\n")
    assert wrong.code == 1
    assert "passphrase or key is not the one" in wrong.err
    assert not (tmp_path / "other").exists()
    again = pubflow("restore", str(file), "new", "--passphrase-stdin", stdin=PASSPHRASE)
    assert again.code == 1
    assert "not an empty folder" in again.err


def test_a_secret_that_is_missing_weak_or_seen_by_others_is_refused(
    home: Path, key: Path, pubflow: Any, tmp_path: Path
) -> None:
    def told(code: int, *words: str, stdin: bytes = b"") -> str:
        done = pubflow("backup", "--home", str(home), "--out", "b", *words, stdin=stdin)
        assert done.code == code
        assert not list(tmp_path.glob("b*.part"))
        assert not (tmp_path / "b").exists()
        return " ".join(done.err.split())

    assert "no terminal" in told(2)
    assert "give one of the two" in told(2, "--passphrase-stdin", "--key", str(key))
    assert "is empty" in told(1, "--passphrase-stdin")
    assert "fewer than 12 characters" in told(1, "--passphrase-stdin", stdin=b"short\n")
    assert "cannot be read" in told(1, "--key", "nowhere")
    key.chmod(0o644)
    assert f"chmod 600 {key}" in told(1, "--key", str(key))
    key.chmod(0o600)
    inside = home / "keys" / "backup.key"
    inside.write_bytes(key.read_bytes())
    inside.chmod(0o600)
    assert "Keep the key elsewhere" in told(1, "--key", str(inside))
    key.write_text("short")
    assert "fewer than 32 bytes" in told(1, "--key", str(key))


def test_a_folder_that_is_no_office_and_a_file_that_is_there_are_refused(
    home: Path, key: Path, pubflow: Any, tmp_path: Path
) -> None:
    for words, said in (
        (("--home", str(tmp_path / "nowhere")), "is not a pubflow workspace"),
        (("--home", str(home), "--out", str(key)), "exists already"),
        (("--home", str(home), "--out", str(home / "public" / "b")), "lies in a folder of the office"),
    ):
        done = pubflow("backup", *words, "--key", str(key))
        assert done.code == 1
        assert said in done.err


def test_restore_does_not_go_into_a_sqlite_file_elsewhere(
    key: Path, pubflow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBFLOW_DATABASE_URL", "sqlite:///elsewhere.db")
    done = pubflow("restore", "b", "new", "--key", str(key))
    assert done.code == 1
    assert "Unset it" in done.err


def test_a_backup_that_is_told_to_stop_leaves_nothing(home: Path, key: Path, tmp_path: Path) -> None:
    words = ("backup", "--home", str(home), "--out", str(tmp_path / "b"), "--key", str(key))
    with subprocess.Popen([sys.executable, "-m", "pubflow", *words], stderr=subprocess.PIPE, env=os.environ) as it:
        while not (tmp_path / "b.part").exists():
            time.sleep(0.01)
            assert it.poll() is None
        time.sleep(0.3)  # it makes its key now, which takes a second
        it.send_signal(signal.SIGTERM)
        assert it.wait(20) == 130
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.key", "office"]
    assert sorted(file.name for file in (home / "run").iterdir()) == ["backup.lock", "pending-events"]
