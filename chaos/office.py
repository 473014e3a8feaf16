"""A real `pubflow up` seen from outside: its processes by the list of processes, each asked whether it answers."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pubflow.cli.demo import new_workspace
from pubflow.prefect_client import LookAgain, Prefect
from pubflow.service import prefect_guard
from pubflow.service.supervisor import POOL

PREFECT, WORKER, SERVICE, SECOND, API, PORTAL, OFFICE = (
    "prefect",
    "worker",
    "service",
    "second service",
    "api",
    "portal",
    "whole office",
)
# What tells each process of an office apart in a list of processes.
MARKS = {
    PREFECT: "prefect server start",
    WORKER: "_resident_worker.py",
    SERVICE: "pubflow service",
    API: "pubflow serve-api",
    PORTAL: "pubflow portal serve",
}
READY_WITHIN = 120.0  # seconds


@dataclass
class Office:
    """One workspace and the processes on it. Ports stay the same when the office is started again.

    variables: of the environment of all processes, by which they stop at their kill points.
    """

    home: Path
    control: Path
    variables: Mapping[str, str]
    tokens: dict[str, str] = field(default_factory=dict)
    up: "subprocess.Popen[bytes] | None" = None
    second: "subprocess.Popen[bytes] | None" = None
    ports: Mapping[str, int] = field(default_factory=lambda: dict(zip((PREFECT, API, PORTAL), _free(3), strict=True)))

    def begin(self) -> None:
        """A fresh workspace, a running office, and a token for each of its five persons."""
        passwords = new_workspace(self.home)
        self.start()
        self.ready()
        for person, password in passwords.items():
            given = {"person": person, "password": password}
            answer = httpx.post(f"{self.address(API)}/session", json=given, trust_env=False, timeout=30)
            answer.raise_for_status()
            self.tokens[person] = answer.json()["token"]

    def start(self) -> None:
        names = {PREFECT: "prefect", API: "desk", PORTAL: "portal"}
        ports = [word for name, port in self.ports.items() for word in (f"--{names[name]}-port", str(port))]
        command = [sys.executable, "-m", "pubflow", "up", "--home", str(self.home), *ports]
        with (self.control / "up.log").open("ab") as said:
            environment = os.environ | dict(self.variables)
            self.up = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=environment)

    def ready(self, within: float = READY_WITHIN) -> None:
        """Wait until every process answers. Raises TimeoutError with what `pubflow up` said."""
        until = time.monotonic() + within
        while late := [name for name in MARKS if not self.answers(name, _long_ago())]:
            if time.monotonic() > until or (self.up and self.up.poll() is not None):
                raise TimeoutError(f"{late} do not answer:\n{(self.control / 'up.log').read_text()[-2000:]}")
            time.sleep(0.2)

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def pids(self) -> dict[str, int]:
        """{name: process id} of what runs now, the second service too."""
        children = _children(self.up.pid) if self.up and self.up.poll() is None else []
        commands = {pid: _command(pid) for pid in children}
        found = {name: pid for name, mark in MARKS.items() for pid, command in commands.items() if mark in command}
        if self.second and self.second.poll() is None:
            found[SECOND] = self.second.pid
        return found

    def start_second(self) -> bool:
        """A second service beside the first, with the first one's environment; False while there is none to copy."""
        pid = self.pids().get(SERVICE)
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if pid else []
        except OSError:
            variables = []
        environment = dict(one.decode().split("=", 1) for one in variables if b"=" in one)
        if "PUBFLOW_HOME" not in environment:
            return False
        with (self.control / "second.log").open("ab") as said:
            command = [sys.executable, "-m", "pubflow", "service"]
            self.second = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        return True

    def stop_second(self) -> None:
        if self.second:
            self.second.kill()
            self.second.wait()
        self.second = None

    def kill(self, name: str) -> int | None:
        """SIGKILL; the process id, None when that process is not there. All children die with the whole office."""
        pid = self.up.pid if name == OFFICE and self.up else self.pids().get(name)
        if pid is None:
            return None
        os.kill(pid, signal.SIGKILL)
        if name == OFFICE and self.up:
            self.up.wait()
            self.start()
        if name == SECOND and self.second:
            self.second.wait()
        return pid

    def stall(self, name: str, seconds: float) -> bool:
        """SIGSTOP, and SIGCONT after a while; False when that process is not there."""
        pid = self.pids().get(name)
        if pid is None:
            return False
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        if _command(pid):
            os.kill(pid, signal.SIGCONT)
        return True

    def answers(self, name: str, since: datetime) -> bool:
        """Whether a process does its work: an HTTP answer; the worker's heartbeat after `since`; for a service, that
        it has the register open (it has no door to ask at)."""
        probes: Mapping[str, Callable[[], bool]] = {
            PREFECT: self._knows_us,
            WORKER: lambda: self._beat() > since,
            SERVICE: lambda: self._register_open(SERVICE),
            SECOND: lambda: self._register_open(SECOND),
            API: lambda: httpx.get(f"{self.address(API)}/healthz", timeout=2, trust_env=False).is_success,
            PORTAL: lambda: httpx.get(f"{self.address(PORTAL)}/healthz", timeout=2, trust_env=False).is_success,
            OFFICE: lambda: all(self.answers(one, since) for one in MARKS),
        }
        try:
            return probes[name]()
        except httpx.TransportError:
            return False

    def end(self) -> None:
        """Ctrl-C; the hard way when it does not listen."""
        self.stop_second()
        if self.up and self.up.poll() is None:
            self.up.send_signal(signal.SIGINT)
            try:
                self.up.wait(30)
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()

    def _prefect(self) -> Prefect:
        return Prefect(f"{self.address(PREFECT)}/api", prefect_guard.auth_string(self.home), timeout=2, attempts=1)

    def _knows_us(self) -> bool:
        with self._prefect() as prefect:
            return prefect.knows_us()

    def _beat(self) -> datetime:
        try:
            with self._prefect() as prefect:
                return max(prefect.worker_heartbeats(POOL).values(), default=_long_ago())
        except LookAgain:
            return _long_ago()

    def _register_open(self, name: str) -> bool:
        pid = self.pids().get(name)
        try:
            return (
                any(one.readlink().name == "register.db" for one in Path(f"/proc/{pid}/fd").iterdir()) if pid else False
            )
        except OSError:
            return False


def new_control(folder: Path) -> Path:
    """A private folder for what the chaos run itself writes."""
    control = folder / f"control-{secrets.token_hex(3)}"
    control.mkdir(mode=0o700)
    return control


def _long_ago() -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC)


def _free(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _children(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
