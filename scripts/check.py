"""All checks in one place: format, lint, types, floors of the house, migrations; with --tests all tests as well.

Prints the seconds of each, and of each room of the tests. The checks go side by side; then the tests, two files at a
time; then the few that start a whole office, alone, since a starved Prefect server answers late and says 503.
"""

import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = {
    "format": [BIN / "ruff", "format", "--check", "--quiet", "."],
    "lint": [BIN / "ruff", "check", "--quiet", "."],
    "types": [BIN / "mypy"],
    "floors": [BIN / "lint-imports"],
}
PYTEST = [sys.executable, "-m", "pytest", "--durations=0", "--durations-min=0.001", "-vv", "-rN", "--no-header"]
WHOLE_OFFICES = "tests/flow_runs"
TESTS = {
    "tests": [*PYTEST, "tests", f"--ignore={WHOLE_OFFICES}", "--numprocesses=2", "--dist=loadfile"],
    "offices": [*PYTEST, WHOLE_OFFICES],
}
_DURATION = re.compile(r"^\s*(\d+\.\d+)s (?:call|setup|teardown)\s+tests/([\w.]+)")


def run(name: str, command: list[Any]) -> bool:
    """Run one check; its output is shown only when it fails."""
    began = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    said = [_verdict(name, done.returncode, seconds)]
    if done.returncode != 0:
        said.append(done.stdout + done.stderr)
    print("\n".join(said), flush=True)
    return done.returncode == 0


def run_tests(name: str, command: list[str]) -> bool:
    """Run pytest, a dot for each test; then the seconds of each room and pytest's own last line."""
    began = time.monotonic()
    rooms: dict[str, float] = defaultdict(float)
    tail: list[str] = []
    last = ""
    in_durations = False
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout or ():
        found = _DURATION.match(line)
        if found:
            rooms[found[2]] += float(found[1])
        if "slowest durations" in line:
            in_durations = True
        if " PASSED" in line:
            print(".", end="", flush=True)
        elif " FAILED" in line or " ERROR" in line:
            print("\n" + line.rstrip(), flush=True)
        elif not in_durations and "SUBPASSED" not in line:
            tail.append(line)
        last = line if line.strip() else last
    code = process.wait()
    said = ["", "".join(tail)] if code != 0 else [""]
    said.append(last.strip("= \n"))
    said += [f"       {room:<24} {seconds:6.1f} s" for room, seconds in sorted(rooms.items(), key=lambda one: -one[1])]
    said.append(_verdict(name, code, time.monotonic() - began))
    print("\n".join(said), flush=True)  # at once: another run may be printing its dots
    return code == 0


def _verdict(name: str, code: int, seconds: float) -> str:
    return f"{'ok    ' if code == 0 else 'FAILED'} {name:<10} {seconds:6.1f} s"


def side_by_side(commands: Mapping[str, list[Any]]) -> bool:
    """All at the same time, each to its end also after another failed; True when all of them passed."""
    with ThreadPoolExecutor(len(commands)) as threads:
        return all(list(threads.map(run, commands.keys(), commands.values())))


def main() -> int:
    """Exit code 0 when everything passes."""
    good = side_by_side(CHECKS)
    if good and "--tests" in sys.argv[1:]:
        passed = [run_tests(name, command) for name, command in TESTS.items()]
        good = all(passed)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
