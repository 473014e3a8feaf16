"""`audit log` and `audit verify`: over the API, or from the workspace's own files, which stay untouched."""

import shutil
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


def _state(home: Path) -> dict[str, tuple[int, int]]:
    return {str(one): (one.stat().st_mtime_ns, one.stat().st_size) for one in sorted(home.rglob("*"))}


def test_verify_holds_and_writes_nothing(home: Path, pubflow: Any) -> None:
    before = _state(home)
    done = pubflow("audit", "verify", "--home", str(home), "--json")
    assert done.code == 0
    with closing(sqlite3.connect(f"file:{home / 'register.db'}?mode=ro&immutable=1", uri=True)) as register:
        count, head = register.execute(
            "select count(*), (select hex(chain) from audit_event order by seq desc limit 1) from audit_event"
        ).fetchone()
    told = dict(done.json)
    assert len(bytes.fromhex(told.pop("root"))) == 32
    assert told == {"events": count, "head": head.lower(), "good": True, "checkpoints": 0}
    assert _state(home) == before


def test_one_changed_byte_is_found_and_its_event_named(home: Path, pubflow: Any) -> None:
    with closing(sqlite3.connect(home / "register.db")) as register:
        for (name,) in register.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            register.execute(f"drop trigger {name}")
        register.execute(
            "update audit_event set body = cast(replace(cast(body as text), 'person_added', 'person_addee') as blob)"
            " where seq = 9"
        )
        register.commit()
    done = pubflow("audit", "verify", "--home", str(home), "--json")
    assert done.code == 1
    assert (done.json["bad_seq"], done.json["events"]) == (9, 8)
    assert "Event 9 is bad" in done.err


def test_verify_works_while_the_office_runs(desk: Any, by: Any) -> None:
    assert by("shu_yan", "audit", "verify").code == 0


def test_a_folder_without_a_register_and_a_broken_one_are_refused(home: Path, pubflow: Any, tmp_path: Path) -> None:
    refused = pubflow("audit", "verify", "--home", str(tmp_path / "nowhere"))
    assert refused.code == 1
    assert "--home" in refused.err
    (home / "register.db").write_bytes(b"not a database at all" * 100)
    refused = pubflow("audit", "verify", "--home", str(home))
    assert refused.code == 1
    assert "cannot be read" in refused.err
    shutil.rmtree(home)


def test_the_log_comes_from_the_office_for_those_whose_work_it_is(desk: Any, by: Any) -> None:
    found = by("shu_yan", "audit", "log", "--limit", "3", "--json")
    assert found.json["source"] == desk.url
    assert [one["seq"] for one in found.json["events"]] == [1, 2, 3]
    assert by("lin_xiao", "audit", "log").code == 1


def test_without_an_office_the_log_comes_from_the_workspace_named_and_says_so(home: Path, pubflow: Any) -> None:
    words = ("audit", "log", "--url", "http://127.0.0.1:9", "--after", "1", "--limit", "2")
    assert pubflow(*words).code == 1
    before = _state(home)
    found = pubflow(*words, "--home", str(home), "--json")
    assert found.code == 0
    assert [one["seq"] for one in found.json["events"]] == [2, 3]
    assert found.json["source"].startswith(f"workspace {home}")
    assert _state(home) == before
