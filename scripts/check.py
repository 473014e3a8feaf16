"""All checks in one place: format, lint, types, floors of the house, migrations; with --tests all tests as well.

Prints the seconds of each, and of each room of the tests. The tests that start a whole office run alone, since their
processes need both cores; all others run two files at a time.
"""

import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

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


def run(name: str, command: list[object]) -> bool:
    """Run one check; its output is shown only when it fails."""
    began = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name:<10} {seconds:6.1f} s", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def run_tests(name: str, command: list[str]) -> bool:
    """Run pytest, a dot a test; then the seconds of each room and pytest's own last line."""
    began = time.monotonic()
    rooms: dict[str, float] = defaultdict(float)
    tail: list[str] = []
    last = ""
    in_durations = False
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    column = 0
    for line in process.stdout or ():
        found = _DURATION.match(line)
        if found:
            rooms[found[2]] += float(found[1])
        if "slowest durations" in line:
            in_durations = True
        if " PASSED" in line:
            column += 1
            print(".", end="" if column % 100 else "\n", flush=True)
        elif " FAILED" in line or " ERROR" in line:
            print("\n" + line.rstrip(), flush=True)
        elif not in_durations and "SUBPASSED" not in line:
            tail.append(line)
        last = line if line.strip() else last
    code = process.wait()
    print()
    if code != 0:
        print("".join(tail), flush=True)
    print(last.strip("= \n"))
    for room, seconds in sorted(rooms.items(), key=lambda one: -one[1]):
        print(f"       {room:<24} {seconds:6.1f} s")
    print(f"{'ok    ' if code == 0 else 'FAILED'} {name:<10} {time.monotonic() - began:6.1f} s", flush=True)
    return code == 0


def main() -> int:
    """Exit code 0 when everything passes."""
    results = [run(name, list(command)) for name, command in CHECKS.items()]  # all of them, also after one failed
    good = all(results)
    if good and "--tests" in sys.argv[1:]:
        good = all(run_tests(name, command) for name, command in TESTS.items())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
