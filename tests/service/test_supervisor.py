"""The supervisor over small processes of its own kind: no Prefect, a second each."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pubflow.errors import WorkspaceError
from pubflow.service import prefect_guard, supervisor
from pubflow.service.supervisor import Addresses, Child, Supervisor, office_children

HERE = Path(__file__).resolve().parent
SLEEPER = [sys.executable, "-c", "import time; print('hello', flush=True); time.sleep(60)"]
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
PARENT = [sys.executable, "-c", "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"]


def child(name: str, command: list[str], **more: object) -> Child:
    return Child(name, command, dict(os.environ), **more)


def started(tmp_path: Path, *children: Child) -> tuple[Supervisor, list[str]]:
    said: list[str] = []
    one = Supervisor(children, folder=tmp_path, logs=tmp_path / "logs", say=said.append)
    one.start()
    return one, said


def until(ask: Callable[[], object], within: float = 10.0) -> object:
    end = time.monotonic() + within
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"nothing after {within} s")


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_child_that_dies_is_started_again_and_a_line_says_so(tmp_path: Path):
    office, said = started(tmp_path, child("portal", SLEEPER))
    office.wait_ready(10)
    first = office.pids()["portal"]
    os.kill(first, signal.SIGKILL)
    second = until(lambda: (pid := office.pids().get("portal")) not in (None, first) and pid)
    office.stop()
    assert said[0].startswith("portal ended (signal SIGKILL) after 0 s; again in 1 s")
    assert said[1] == "portal is started again"
    assert not is_alive(second)


def test_a_child_that_does_not_start_ends_the_office_with_the_end_of_its_log(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(supervisor, "BACKOFF", (0.01,))
    broken = child("api", [sys.executable, "-c", "raise SystemExit('no such key in config/bureau.toml')"], ready=bool)
    office, _ = started(tmp_path, broken)
    with pytest.raises(WorkspaceError, match=r"(?s)api does not start.*no such key in config/bureau\.toml"):
        office.wait_ready(10)
    office.stop()


def test_stopping_leaves_nothing_not_even_children_of_children_or_those_who_do_not_listen(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_WITHIN", 0.5)
    office, said = started(tmp_path, child("parent", PARENT), child("stubborn", STUBBORN))
    office.wait_ready(10)
    groups = list(office.pids().values())
    until(lambda: len(_members(groups[0])) == 2)
    time.sleep(0.3)  # the stubborn one needs a moment to close its ears
    office.stop()
    assert [_members(group) for group in groups] == [[], []]
    assert said == ["stubborn: still there after 0 s, ended the hard way"]


def _members(group: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(group) and "Z" not in line.split()[1]]


def test_those_that_use_the_server_are_stopped_before_it(tmp_path: Path):
    note = "import signal, sys, time\ndef end(*_):\n    open('ends', 'a').write(sys.argv[1]); sys.exit()\n"
    note += "signal.signal(15, end); open(sys.argv[1], 'w'); time.sleep(60)"
    server = child("server", [sys.executable, "-c", note, "server "], stops=2, ready=(tmp_path / "server ").exists)
    worker = child("worker", [sys.executable, "-c", note, "worker "], stops=1, ready=(tmp_path / "worker ").exists)
    office, _ = started(tmp_path, server, worker)
    office.wait_ready(10)
    office.stop()
    assert (tmp_path / "ends").read_text() == "worker server "


def test_a_killed_pubflow_up_leaves_no_orphans(tmp_path: Path):
    up = start_up(tmp_path)
    until((tmp_path / "run" / "addresses.json").exists)
    pids = json.loads((tmp_path / "pids").read_text())
    assert all(map(is_alive, pids.values()))
    up.kill()
    up.wait(5)
    until(lambda: not any(map(is_alive, pids.values())))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_stop_everything_with_exit_0(tmp_path: Path, number: signal.Signals):
    up = start_up(tmp_path)
    until((tmp_path / "run" / "addresses.json").exists)
    assert (tmp_path / "run" / "addresses.json").stat().st_mode & 0o777 == 0o600
    pids = until(lambda: (tmp_path / "pids").exists() and json.loads((tmp_path / "pids").read_text()))
    up.send_signal(number)
    said, _ = up.communicate(timeout=10)
    assert up.returncode == 0
    assert "ready in" in said
    assert said.endswith("stopping; once more ends everything at once\nstopped\n")
    assert not any(map(is_alive, pids.values()))
    assert not (tmp_path / "run" / "addresses.json").exists()


def test_a_second_office_on_the_same_workspace_is_refused(tmp_path: Path):
    up = start_up(tmp_path)
    until((tmp_path / "run" / "addresses.json").exists)
    with pytest.raises(WorkspaceError, match="already runs"), supervisor.running(tmp_path, children=lambda _: []):
        pass
    up.terminate()
    assert up.wait(10) == 0


def start_up(home: Path) -> "subprocess.Popen[str]":
    """`run_up` over two sleepers in a process of its own; it writes their process ids to HOME/pids."""
    (home / "prefect").mkdir(exist_ok=True)
    (home / "prefect" / "prefect.db").touch()  # prepared already: no copy of the migrated one is needed here
    return subprocess.Popen(
        [sys.executable, str(HERE / "up_of_sleepers.py"), str(home)], stdout=subprocess.PIPE, text=True
    )


def test_a_long_log_is_put_aside(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(supervisor, "LOG_SIZE", 3)
    log = tmp_path / "api.log"
    log.write_text("long\n")
    supervisor._rotate(log)
    assert (log.read_text(), (tmp_path / "api.log.1").read_text()) == ("", "long\n")


def test_the_prefect_server_gets_our_guard_and_none_of_the_administrators_own_settings(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_of_the_administrator")
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "admin:admin")
    monkeypatch.setenv("https_proxy", "http://proxy.example.org")
    addresses = Addresses("http://127.0.0.1:4200", "http://127.0.0.1:8787", "http://127.0.0.1:8788")
    children = {child.name: child for child in office_children(tmp_path, tmp_path, addresses, "127.0.0.1")}
    server, worker = children["prefect"], children["worker"]
    for process in (server, worker):
        assert "PREFECT_API_KEY" not in process.environment
        assert process.environment["DO_NOT_TRACK"] == "1"
    auth = server.environment["PREFECT_SERVER_API_AUTH_STRING"]
    assert auth == worker.environment["PREFECT_API_AUTH_STRING"] == prefect_guard.auth_string(tmp_path)
    assert len(auth) > 40
    assert "https_proxy" not in server.environment
    assert server.environment["PREFECT_SERVER_UI_V2_ENABLED"] == "false"


def test_a_password_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path):
    prefect_guard.auth_string(tmp_path)
    file = tmp_path / "prefect" / "auth"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(WorkspaceError, match=f"chmod 600 {file}"):
        prefect_guard.auth_string(tmp_path)


def test_prefect_stays_on_this_machine_whatever_address_the_office_listens_on(tmp_path: Path):
    addresses = Addresses("http://127.0.0.1:4200", "http://0.0.0.0:8787", "http://0.0.0.0:8788")
    children = {child.name: list(child.command) for child in office_children(tmp_path, tmp_path, addresses, "0.0.0.0")}
    assert children["prefect"][-4:] == ["--host", "127.0.0.1", "--port", "4200"]
    assert children["api"][-4:] == ["--host", "0.0.0.0", "--port", "8787"]
