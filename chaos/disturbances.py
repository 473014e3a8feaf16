"""What a round goes through besides kills: each a context in which something is wrong, again and again."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from chaos import invariants

if TYPE_CHECKING:
    from chaos.line import LineRound

Disturbance = Callable[["LineRound"], AbstractContextManager[None]]
LAST_STEP = 3 * 3600.0  # seconds
STEPS = (90.0, -90.0, 0.0, 3600.0, -3600.0, 30.0, 0.0)  # seconds that the office's clock is off, one after the other
MOODS = (("503", 6.0), ("well", 3.0), ("away", 6.0), ("well", 3.0), ("busy", 10.0), ("well", 2.0))
BURSTS = (0.2, 1.0, 0.05, 3.0, 0.5, 17.0)  # seconds; the register waits 15 for its lock
_HOLD = """
import sqlite3, sys, time
base = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
while True:
    for seconds in map(float, sys.argv[2:]):
        base.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        base.execute("ROLLBACK")
        time.sleep(0.3)
"""


@contextmanager
def _again_and_again(work: Callable[[threading.Event], None]) -> Iterator[None]:
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


@contextmanager
def busy_register(line: "LineRound", bursts: Sequence[float] = BURSTS) -> Iterator[None]:
    """Another process holds the register's write lock in bursts, one of them longer than anybody waits."""
    command = [sys.executable, "-c", _HOLD, str(line.home / "register.db"), *map(str, bursts)]
    holder = subprocess.Popen(command)
    try:
        yield
    finally:
        holder.kill()
        holder.wait()


def clock_steps(line: "LineRound") -> AbstractContextManager[None]:
    """The office's clock is set forward and back while releases wait for their instants."""

    def work(over: threading.Event) -> None:
        for seconds in STEPS * 100:
            line.set_clock(seconds)
            if over.wait(4):
                break
        line.set_clock(LAST_STEP)  # what was planned while the clock was ahead becomes due at last

    return _again_and_again(work)


def prefect_away(line: "LineRound") -> AbstractContextManager[None]:
    """Prefect answers 503, or hangs up, or is busy every third time; then its whole database is lost."""

    def work(over: threading.Event) -> None:
        for number in range(100):
            for mood, seconds in MOODS:
                line.prefect.mood = mood
                if over.wait(seconds):
                    line.prefect.mood = "well"
                    return
            if number % 2 == 0:
                line.prefect.forget()

    return _again_and_again(work)


def stale_runs(line: "LineRound") -> AbstractContextManager[None]:
    """Runs nobody needs: the same step twice, of an old version, of a release long before its instant, of any day."""

    def work(over: threading.Event) -> None:
        while not over.wait(2):
            with suppress(sqlite3.Error):
                register = invariants.read(line.home)
                for edition in register.editions[-2:]:
                    subject = edition["report_id"]
                    for step in ("drafting", "department-review", "approval"):
                        line.prefect.start(step, f"{subject}@{edition['version']}")
                    line.prefect.start("department-review", f"{subject}@1")
                    line.prefect.start("confidentiality-check", subject)
                for release in list(register.releases)[-2:]:
                    line.prefect.start("scheduled-publication", f"{release}@0")
                    line.prefect.start("scheduled-publication", release)
                line.prefect.start("daily", "2020-01-01")

    return _again_and_again(work)


def full_disk(line: "LineRound") -> AbstractContextManager[None]:
    """Every block of the disk is taken for some seconds, again and again. The disk must be a small tmpfs."""

    def work(over: threading.Event) -> None:
        filler = line.disk / "filler"
        while not over.wait(5):
            _fill(filler)
            over.wait(4)
            filler.unlink()

    return _again_and_again(work)


def _fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 65536)
    with suppress(OSError), file.open("ab", buffering=0) as filler:
        while True:
            filler.write(b"x" * 512)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A tmpfs of this size at `folder`. Raises PermissionError where no file system may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode:
        raise PermissionError(f"full disks need root, to mount a small tmpfs: {done.stderr.strip()}")
    try:
        yield
    finally:
        for _ in range(50):
            if subprocess.run(["umount", str(folder)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


DISTURBANCES: dict[str, Disturbance] = {
    "SQLITE_BUSY storms": busy_register,
    "clock steps": clock_steps,
    "Prefect away, 503, lost": prefect_away,
    "duplicate and stale runs": stale_runs,
    "full disk": full_disk,
}
