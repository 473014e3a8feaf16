"""What the owner of a workspace types: init, config check, doctor, and the processes that serve it."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as `pubflow init` makes it."""
    home = tmp_path_factory.mktemp("made") / "office"
    done = subprocess.run(_words("init", str(home), "--json"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["operator"] == "gong_lei"
    assert len(made["password"]) >= 12
    return home


def _words(*words: str) -> list[str]:
    return [sys.executable, "-m", "pubflow", *words]


def test_the_keys_of_a_new_workspace_are_its_owners_only(home: Path) -> None:
    assert stat.S_IMODE((home / "keys" / "master.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "register.db").stat().st_mode) == 0o600


def test_a_workspace_is_never_made_over_another(home: Path, pubflow: Any) -> None:
    refused = pubflow("init", str(home))
    assert refused.code == 1
    assert "not empty" in refused.err


def test_every_problem_of_the_configuration_is_told_at_once(home: Path, pubflow: Any, tmp_path: Path) -> None:
    shutil.copytree(home / "config", tmp_path / "config")
    assert pubflow("config", "check", str(tmp_path)).code == 0
    people = tmp_path / "config" / "people.toml"
    people.write_text(people.read_text().replace('roles = ["auditor"]', 'roles = ["nobody"]'))
    (tmp_path / "config" / "bureau.toml").write_text("not = [toml")
    rules = tmp_path / "config" / "rules" / "confidentiality.toml"
    rules.write_text(rules.read_text().replace('"保守国家秘密 ★ 人人有责"', '"联系人13800138000"', 1))
    refused = pubflow("config", "check", str(tmp_path), "--json")
    assert refused.code == 1
    assert {"people.toml", "bureau.toml", "rules/confidentiality.toml"} == {one["file"] for one in refused.json}
    assert pubflow("config", "check", str(tmp_path / "nowhere")).code == 1


def test_the_doctor_names_each_problem_with_the_verb_to_type(home: Path, pubflow: Any) -> None:
    found = pubflow("doctor", "--home", str(home), "--json")
    assert found.code == 1
    assert [one["remedy"] for one in found.json["problems"]] == ["pubflow up"]
    (home / "keys" / "other").touch(mode=0o644)
    found = pubflow("doctor", "--home", str(home))
    assert f"chmod 600 {home / 'keys' / 'other'}" in found.out
    (home / "keys" / "other").unlink()
    assert pubflow("doctor", "--home", str(home / "nowhere")).code == 1


def test_an_overdue_step_is_a_problem(desk: Any, by: Any, story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    report = story.ok("lin_xiao", "report", "new", "--kind", "news", "--title", "等待", "--no-wait")["report"]
    assert f"flow run drafting {report}" not in by("gong_lei", "doctor").out
    monkeypatch.setattr("pubflow.service.stuck.DUE_WITHIN", timedelta(0))
    assert f"pubflow flow run drafting {report}" in by("gong_lei", "doctor").out
    desk.flows()
    assert f"flow run drafting {report}" not in by("gong_lei", "doctor").out


def test_the_portal_and_the_api_serve_until_told_to_stop(home: Path) -> None:
    environment = os.environ | {"PUBFLOW_HOME": str(home)}
    for words, expected in ((("portal", "serve"), 200), (("serve-api",), 200)):
        command = _words(*words, "--port", "0", "--json")
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as it:
            assert it.stdout is not None
            assert it.stderr is not None
            url = json.loads(it.stdout.readline())["url"]
            assert httpx.get(f"{url.rstrip('/')}/healthz", trust_env=False).status_code == expected
            began = time.monotonic()
            it.send_signal(signal.SIGTERM)
            assert it.wait(10) == 0
            assert time.monotonic() - began < 3
            assert "Traceback" not in it.stderr.read()


def test_a_port_that_is_taken_is_named(home: Path, pubflow: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words in (("portal", "serve"), ("serve-api",)):
            refused = pubflow(*words, "--home", str(home), "--port", port)
            assert refused.code == 1
            assert port in refused.err


def test_the_service_waits_for_a_prefect_that_is_away_and_stops_cleanly(home: Path) -> None:
    environment = os.environ | {"PUBFLOW_HOME": str(home), "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    with subprocess.Popen(_words("service"), env=environment, stderr=subprocess.PIPE, text=True) as it:
        assert it.stderr is not None
        said = ""
        while "could not answer" not in said:
            line = it.stderr.readline()
            assert line, said
            said += line
        assert it.poll() is None
        it.send_signal(signal.SIGTERM)
        assert it.wait(15) == 0
        said += it.stderr.read()
    assert "SIGTERM: stopping" in said
    assert said.splitlines()[-1].endswith("stopped")
    assert "Traceback" not in said


def test_reconcile_says_when_prefect_is_away_and_does_a_round_when_it_is_there(
    home: Path, desk: Any, pubflow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = pubflow("reconcile", "--home", str(home))
    assert refused.code == 1
    assert "pubflow up" in refused.err
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert pubflow("reconcile", "--home", str(home)).code == 1


def test_up_refuses_a_folder_that_is_no_workspace(pubflow: Any, tmp_path: Path) -> None:
    refused = pubflow("up", "--home", str(tmp_path))
    assert refused.code == 1
    assert "pubflow init" in refused.err
    assert pubflow("portal", "serve", "--home", str(tmp_path)).code == 1
    assert pubflow("service", "--home", str(tmp_path)).code == 1
