"""`pubflow up`: starts the processes of an office, watches them, starts again what dies, and stops them all together.

One thread starts every child and lives as long as they do: Linux ends a child with the *thread* that started it
(PR_SET_PDEATHSIG), which is how nothing is left when this process itself is killed.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO

import httpx

from pubflow.errors import PubflowError, WorkspaceError
from pubflow.prefect_client import LookAgain, Prefect
from pubflow.service import prefect_guard
from pubflow.service.ports import kept_ports

READY_WITHIN = 90.0  # seconds; a first start on a slow machine migrates Prefect's database
STOP_WITHIN = 10.0  # seconds between the polite and the hard end
BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before a child is started again
SETTLED = 60.0  # seconds alive after which a child starts again without waiting long
START_FAILURES = 3  # deaths before the first readiness after which we give up
LOG_SIZE = 5_000_000  # bytes; one older file is kept beside it
PR_SET_PDEATHSIG = 1
POOL = "pubflow"  # as in deployments/prefect.yaml


@dataclass(frozen=True)
class Ports:
    """The ports to try first; another free one is taken where somebody else listens."""

    prefect: int = 4200
    desk: int = 8787
    portal: int = 8788


# Prefect is the operators' console and runs what it is told: it never leaves this machine, whatever `host` is.
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """Where the running office is found. Also in HOME/run/addresses.json, for the command line."""

    prefect: str
    desk: str
    portal: str

    @property
    def prefect_api(self) -> str:
        return f"{self.prefect}/api"


@dataclass(frozen=True)
class Child:
    """A process to keep running. ready: asked until it is true once; `stops`: order of stopping, lowest first."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    stops: int = 0


@dataclass
class _Running:
    child: Child
    process: "subprocess.Popen[bytes]"
    since: float
    deaths: int = 0
    is_ready: bool = False
    again_at: float | None = None
    log: Path = field(default_factory=Path)


class Supervisor:
    """Keeps a list of children running in a thread of its own.

    folder: working directory of the children. logs: folder of their logs. say: takes one line for each event.
    """

    def __init__(self, children: Sequence[Child], *, folder: Path, logs: Path, say: Callable[[str], None]) -> None:
        self._children = children
        self._folder = folder
        self._logs = logs
        self._say = say
        self._running: dict[str, _Running] = {}
        self._stop = threading.Event()
        self._hard = threading.Event()
        self._ready = threading.Event()
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._work, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start all children at once; two cores then load them side by side."""
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread.start()

    def wait_ready(self, timeout: float = READY_WITHIN) -> None:
        """Return once every child was ready. Raises WorkspaceError when one keeps dying or the time is over."""
        until = time.monotonic() + timeout
        while not self._ready.wait(0.05):
            if self._failure or self._stop.is_set():
                raise WorkspaceError(self._failure or "Stopped before everything was ready.", f"Logs: {self._logs}")
            if time.monotonic() > until:
                late = [name for name, one in self._running.items() if not one.is_ready]
                raise WorkspaceError(
                    f"Not ready after {timeout:.0f} s: {', '.join(late) or 'nothing started'}.",
                    f"Look into {self._logs}, then run `pubflow doctor`.",
                )

    def stop(self, *, hard: bool = False) -> None:
        """Stop all children and wait until they are gone. hard: without the polite part."""
        if hard:
            self._hard.set()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def request_stop(self) -> None:
        """As `stop`, from a signal handler: returns at once; asked a second time it ends the children the hard way."""
        if self._stop.is_set():
            self._hard.set()
        self._stop.set()

    def wait(self) -> None:
        """Wait until somebody asks to stop, or a child cannot be kept running."""
        while not self._stop.wait(0.2):
            if self._failure:
                return

    @property
    def failure(self) -> str | None:
        """Why the office cannot run, if it cannot."""
        return self._failure

    def pids(self) -> dict[str, int]:
        """{name: process id} of the children alive now."""
        return {name: one.process.pid for name, one in self._running.items() if one.process.poll() is None}

    # --- in the supervisor's thread

    def _work(self) -> None:
        for child in self._children:
            self._spawn(child, deaths=0)
        last_look_at_logs = time.monotonic()
        while not self._stop.wait(0.1):
            for one in list(self._running.values()):
                self._start_again_what_died()  # between any two questions, which may take seconds to be answered
                if not one.is_ready and one.process.poll() is None:
                    self._ask_if_ready(one)
            if not self._ready.is_set() and all(one.is_ready for one in self._running.values()):
                self._ready.set()
            if time.monotonic() - last_look_at_logs > 10:
                last_look_at_logs = time.monotonic()
                for one in self._running.values():
                    _rotate(one.log)
        self._end_all()

    def _spawn(self, child: Child, deaths: int) -> None:
        log = self._logs / f"{child.name}.log"
        _rotate(log)
        with _append_privately(log) as out:
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            out.write(f"--- {stamp} {' '.join(child.command)}\n".encode())
            out.flush()
            process = subprocess.Popen(
                _dies_with_us(child.command),
                cwd=self._folder,
                env=dict(child.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                process_group=0,
                umask=0o077,
            )
        self._running[child.name] = _Running(child, process, time.monotonic(), deaths=deaths, log=log)

    def _start_again_what_died(self) -> None:
        for one in list(self._running.values()):
            code = one.process.poll()
            if code is None:
                continue
            if one.again_at is None:
                self._note_death(one, code)
            elif time.monotonic() >= one.again_at:
                self._say(f"{one.child.name} is started again")
                self._spawn(one.child, deaths=one.deaths)

    def _ask_if_ready(self, one: _Running) -> None:
        try:
            one.is_ready = one.child.ready()
        except PubflowError as error:
            self._failure = f"{one.child.name}: {error}"

    def _note_death(self, one: _Running, code: int) -> None:
        lived = time.monotonic() - one.since
        one.deaths = 1 if lived > SETTLED else one.deaths + 1
        pause = BACKOFF[min(one.deaths, len(BACKOFF)) - 1]
        one.again_at = time.monotonic() + pause
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
        self._say(f"{one.child.name} ended ({how}) after {lived:.0f} s; again in {pause:.0f} s, log: {one.log}")
        if not self._ready.is_set() and one.deaths >= START_FAILURES:
            self._failure = f"{one.child.name} does not start. The end of its log:\n{_tail(one.log)}"

    def _end_all(self) -> None:
        """Stop group after group: what uses the server ends before the server."""
        for order in sorted({one.child.stops for one in self._running.values()}):
            group = [one.process for one in self._running.values() if one.child.stops == order]
            for process in group:
                _signal_group(process, signal.SIGKILL if self._hard.is_set() else signal.SIGTERM)
            until = time.monotonic() + STOP_WITHIN
            while any(process.poll() is None for process in group):
                if self._hard.is_set() or time.monotonic() > until:
                    break
                time.sleep(0.02)
            slow = [
                one.child.name for one in self._running.values() if one.process in group and one.process.poll() is None
            ]
            if slow:
                self._say(f"{', '.join(slow)}: still there after {STOP_WITHIN:.0f} s, ended the hard way")
            for process in group:
                _signal_group(process, signal.SIGKILL)  # the whole group: a child may have children of its own
                process.wait()


def office_children(home: Path, root: Path, addresses: Addresses, host: str) -> list[Child]:
    """The processes of an office, as data: Prefect server, resident worker, service, API with desk, portal."""
    prefect_port, desk_port, portal_port = (
        str(httpx.URL(address).port) for address in (addresses.prefect, addresses.desk, addresses.portal)
    )
    server = prefect_guard.server_environment(home, LOOPBACK, int(prefect_port), os.environ)
    client = prefect_guard.client_environment(home, LOOPBACK, int(prefect_port), os.environ) | {
        "PUBFLOW_ROOT": str(root),
        "PUBFLOW_DESK_URL": addresses.desk,
        "PUBFLOW_PORTAL_URL": addresses.portal,
    }
    pubflow = [sys.executable, "-m", "pubflow"]
    here = ["--host", host, "--port"]
    started = datetime.now(UTC)
    prefect = Prefect(addresses.prefect_api, prefect_guard.auth_string(home), timeout=2, attempts=1)
    serve = [sys.executable, "-m", "prefect", "server", "start", "--host", LOOPBACK, "--port", prefect_port]
    return [
        # The service first: the release loop in it has an instant to keep.
        Child("service", [*pubflow, "service"], client),
        Child("prefect", serve, server, prefect.knows_us, stops=2),
        Child(
            "worker", [sys.executable, "flows/_resident_worker.py"], client, lambda: _polls(prefect, started), stops=1
        ),
        Child("api", [*pubflow, "serve-api", *here, desk_port], client, lambda: _answers(addresses.desk)),
        Child("portal", [*pubflow, "portal", "serve", *here, portal_port], client, lambda: _answers(addresses.portal)),
    ]


ChildrenOf = Callable[[Addresses], list[Child]]


@contextlib.contextmanager
def running(
    home: Path,
    *,
    host: str = "127.0.0.1",
    ports: Ports | None = None,
    say: Callable[[str], None] | None = None,
    children: ChildrenOf | None = None,
) -> Iterator[tuple[Addresses, Supervisor]]:
    """A running office, ready; stopped when the block ends. For `pubflow demo` and tests; `run_up` is for people.

    children: another list of processes than `office_children`, for tests. Raises WorkspaceError if it cannot start.
    """
    with _started(home, host, ports or Ports(), say or _print, children) as (addresses, supervisor):
        supervisor.wait_ready()
        _write_addresses(home, addresses)
        yield addresses, supervisor


def run_up(
    home: Path,
    *,
    host: str = "127.0.0.1",
    ports: Ports | None = None,
    on_ready: Callable[[Addresses], None] | None = None,
    children: ChildrenOf | None = None,
) -> int:
    """Run an office until Ctrl-C or SIGTERM; the exit code. Call it from the main thread.

    on_ready: called once with the addresses, after the ready line was printed. Raises WorkspaceError if the office
    cannot start or another `pubflow up` runs on this workspace.
    """
    began = time.monotonic()
    with _signals() as signals:
        try:
            with _started(home, host, ports or Ports(), _print, children) as (addresses, supervisor):
                signals.supervisor = supervisor
                supervisor.wait_ready()
                _write_addresses(home, addresses)
                _print(ready_line(addresses, time.monotonic() - began))
                if on_ready:
                    on_ready(addresses)
                supervisor.wait()
                if supervisor.failure:
                    raise WorkspaceError(supervisor.failure, f"Logs: {home / 'logs'}")
        except (WorkspaceError, KeyboardInterrupt):
            if not signals.asked:
                raise
    _print("stopped")
    return 0


def ready_line(addresses: Addresses, seconds: float) -> str:
    """The one line that says that all is up, and where."""
    return (
        f"ready in {seconds:.1f} s: desk {addresses.desk}  portal {addresses.portal}  "
        f"Prefect {addresses.prefect} (password: HOME/prefect/auth)  Ctrl-C stops"
    )


def read_addresses(home: Path) -> Addresses | None:
    """The addresses of the office that runs on this workspace, None if none does."""
    file = home / "run" / "addresses.json"
    return Addresses(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def checkout() -> Path:
    """The root of the checkout that holds flows/ and deployments/; PUBFLOW_ROOT names it where we cannot see it."""
    for place in (os.environ.get("PUBFLOW_ROOT"), str(Path(__file__).resolve().parents[3])):
        if place and (Path(place) / "deployments" / "prefect.yaml").exists():
            return Path(place)
    raise WorkspaceError(
        "The flows are not here: the installed package alone cannot run an office.",
        "Start it in a checkout of pubflow, or set PUBFLOW_ROOT to one.",
    )


# --- how


@contextlib.contextmanager
def _started(
    home: Path, host: str, ports: Ports, say: Callable[[str], None], children: ChildrenOf | None
) -> Iterator[tuple[Addresses, Supervisor]]:
    with (
        _only_one(home),
        kept_ports(LOOPBACK, (ports.prefect,)) as (prefect,),
        kept_ports(host, (ports.desk, ports.portal)) as (desk, portal),
    ):
        addresses = Addresses(f"http://{LOOPBACK}:{prefect}", f"http://{host}:{desk}", f"http://{host}:{portal}")
        prefect_guard.prepare(home)
        listed = children(addresses) if children else office_children(home, checkout(), addresses, host)
        supervisor = Supervisor(listed, folder=checkout(), logs=home / "logs", say=say)
        supervisor.start()
        try:
            yield addresses, supervisor
        finally:
            (home / "run" / "addresses.json").unlink(missing_ok=True)
            supervisor.stop()


@dataclass
class _Signals:
    """What the signal handlers know: whether somebody asked to stop, and whom to tell."""

    asked: bool = False
    supervisor: Supervisor | None = None

    def handle(self, number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            _print(f"{signal.Signals(number).name}: stopping; once more ends everything at once")
        self.asked = True
        if self.supervisor is None:
            raise KeyboardInterrupt
        self.supervisor.request_stop()


@contextlib.contextmanager
def _signals() -> Iterator[_Signals]:
    signals = _Signals()
    before = {
        number: signal.signal(number, signals.handle) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold HOME/run/up.lock; two offices on one workspace would both release. Raises WorkspaceError if it is held."""
    (home / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "run" / "up.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            known = read_addresses(home)
            where = f" at {known.desk}" if known else ""
            raise WorkspaceError(
                f"An office already runs on {home}{where}.", "Use that one, or stop it with Ctrl-C in its terminal."
            ) from None
        yield


def _write_addresses(home: Path, addresses: Addresses) -> None:
    file = home / "run" / "addresses.json"
    passing = file.with_suffix(".new")
    passing.unlink(missing_ok=True)
    passing.touch(mode=0o600)
    passing.write_text(json.dumps(asdict(addresses), indent=2) + "\n", encoding="utf-8")
    passing.replace(file)


# Ends a child with the thread that started it, also when that is killed; then becomes the command. A launcher and not
# preexec_fn, which may deadlock in a process with threads.
_LAUNCHER = (
    "import ctypes, os, sys\n"
    f"ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, {int(signal.SIGKILL)})\n"
    "if os.getppid() != int(sys.argv[1]): sys.exit('started by a process that is gone')\n"
    "os.execvp(sys.argv[2], sys.argv[2:])\n"
)


def _dies_with_us(command: Sequence[str]) -> list[str]:
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _append_privately(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _rotate(log: Path) -> None:
    """Copy a long log aside and empty it; its process goes on appending."""
    if log.exists() and log.stat().st_size > LOG_SIZE:
        shutil.copy2(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2, trust_env=False).status_code < 500
    except httpx.TransportError:
        return False


def _polls(prefect: Prefect, since: datetime) -> bool:
    """Whether the resident worker of this start has reported to the server; it registers the flows before."""
    try:
        beat = prefect.worker_heartbeats(POOL).get("resident")
    except LookAgain:
        return False
    return beat is not None and beat > since


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
