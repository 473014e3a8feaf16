"""Keeps processes running as a supervisor does in production, with the nursery as the place they are started from."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.control import Control

AGAIN_AFTER = 0.1  # seconds between a death and the next start; `pubflow up` begins with 1
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Program:
    """A process: module and words as for the nursery. role: at which points it stops; none when empty."""

    name: str
    module: str
    words: tuple[str, ...]
    role: str = ""
    keep: bool = True


class Nursery:
    """`python -m chaos.nursery` and what it forked. variables: of the environment of all, for what is patched."""

    def __init__(self, log: Path, variables: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("ab"),
            cwd=ROOT,
            env=os.environ | dict(variables or {}),
        )
        self.ended: dict[int, int] = {}
        self._answered = threading.Condition()
        self._pids: list[int] = []
        self._asking = threading.Lock()
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._ready.wait(60):
            raise RuntimeError(f"the nursery does not start: {log.read_text()[-2000:]}")

    def start(self, program: Program, environment: Mapping[str, str], log: Path) -> int:
        """Fork one; its process id."""
        request = {
            "module": program.module,
            "words": list(program.words),
            "role": program.role,
            "environment": dict(environment),
            "log": str(log),
        }
        with self._asking, self._answered:
            if self._process.stdin is None or self._process.poll() is not None:
                raise RuntimeError("the nursery has died")
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            if not self._answered.wait_for(lambda: self._pids, timeout=20):
                raise RuntimeError("the nursery does not answer")
            return self._pids.pop()

    def wait(self, pid: int, within: float) -> int | None:
        """The exit code of one, None when it still runs after so many seconds."""
        with self._answered:
            self._answered.wait_for(lambda: pid in self.ended, timeout=within)
            return self.ended.get(pid)

    def close(self) -> None:
        """End it, and with it all that it forked."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            told = json.loads(line)
            with self._answered:
                if "pid" in told:
                    self._pids.append(told["pid"])
                elif "ended" in told:
                    self.ended[told["ended"]] = told["code"]
                else:
                    self._ready.set()
                self._answered.notify_all()


class Keeper:
    """Keeps a list of programs running until it is closed; starts again what died."""

    def __init__(self, nursery: Nursery, environment: Mapping[str, str], logs: Path) -> None:
        self._nursery, self._environment, self._logs = nursery, environment, logs
        self._running: dict[str, tuple[Program, int]] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self.fallen: list[str] = []  # what ended without being killed
        logs.mkdir(exist_ok=True, mode=0o700)
        threading.Thread(target=self._watch, daemon=True).start()

    def start(self, program: Program) -> int:
        """Start a program and keep it running; its process id."""
        with self._lock:
            pid = self._nursery.start(program, self._environment, self._logs / f"{program.name}.log")
            self._running[program.name] = (program, pid)
            return pid

    def pids(self) -> dict[str, int]:
        """{name: process id} of what runs now."""
        with self._lock:
            return {name: pid for name, (_, pid) in self._running.items() if pid not in self._nursery.ended}

    def last_pids(self) -> dict[str, int]:
        """{name: process id}, also of what has died and is about to be started again."""
        with self._lock:
            return {name: pid for name, (_, pid) in self._running.items()}

    def kill(self, name: str) -> int | None:
        """SIGKILL; the process id, None when it is not there just now."""
        pid = self.pids().get(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> None:
        """Everything ends, the hard way: that it may is what this is about."""
        self._over.set()
        with self._lock:
            for pid in self.pids().values():
                os.kill(pid, signal.SIGKILL)
        for _, pid in self._running.values():
            self._nursery.wait(pid, 10)

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            with self._lock:
                dead = [one for one in self._running.values() if one[1] in self._nursery.ended]
            for program, pid in dead:
                code = self._nursery.ended[pid]
                if code != -signal.SIGKILL and (program.keep or code):
                    self.fallen.append(f"{program.name} ended with {code}")
                if not program.keep:
                    with self._lock:
                        self._running.pop(program.name, None)
                    continue
                time.sleep(AGAIN_AFTER)
                with self._lock:
                    if not self._over.is_set():
                        self.start(program)


def signs(control: Control, pid: int) -> dict[str, float]:
    """{what: monotonic time} of the signs of life of one process."""
    return {what: at for (one, what), at in list(control.works.items()) if one == pid}
