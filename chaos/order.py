"""Power loss, argued from the order of the calls that make things durable, as strace sees them.

What is renamed or committed before what it speaks of lies on the disk can be all that is left after a power cut. So a
release and a backup are done under strace, and the order is held: every file of a generation is written and synced,
then its folders, then the rename into place, the folder of it, the switch, its folder, and only then the commit.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,unlink"
CALLS += ",fchmod,chmod,close,sync"
ROOT = Path(__file__).resolve().parent.parent
INSIDE = Path(__file__).with_name("inside")
_CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(?P<name>\w+)\((?P<given>.*)\) += (?P<answer>-?\d+)")
_DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Call:
    """One system call: what, on which file (a rename: from which)."""

    name: str
    path: str
    to: str = ""


def traced(words: Sequence[str], trace: Path, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `python WORDS` under strace, which writes down the calls that matter here."""
    command = ["strace", "-f", "-y", "-s", "300", "-e", f"trace={CALLS}", "-o", str(trace), sys.executable, *words]
    environment = os.environ | {"PYTHONPATH": f"{INSIDE}:{os.environ.get('PYTHONPATH', '')}"} | dict(variables)
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=120)


def calls(trace: Path) -> list[Call]:
    """The calls that went through, in order."""
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        call = _CALL.match(line)
        if call is None or call["answer"].startswith("-"):
            continue
        held = _DESCRIPTOR.match(call["given"])
        paths = [path.encode().decode("unicode_escape") for path in _PATHS.findall(call["given"])]
        if call["name"].startswith(("rename", "link")) and len(paths) == 2:
            found.append(Call("rename" if call["name"].startswith("rename") else "link", *paths))
        elif held:
            found.append(Call(call["name"], held[2]))
        elif paths:
            found.append(Call(call["name"], paths[-1]))
    return found


def order_of_switch(folder: Path, variables: Mapping[str, str]) -> list[str]:
    """What is wrong with the order around one release in a new workspace; empty when nothing is."""
    folder.mkdir(parents=True)
    trace = folder / "calls"
    done = traced(["-m", "chaos.one_release", str(folder / "office")], trace, variables)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return wrong_around_switch(calls(trace), folder / "office")


def wrong_around_switch(made: Sequence[Call], home: Path) -> list[str]:
    """Hold the calls of a process that made one release public against the order that survives a power cut."""
    public = f"{home}/public"
    into_place = [number for number, call in enumerate(made) if call.name == "rename" and call.path.endswith(".part")]
    switches = [number for number, call in enumerate(made) if call.name == "rename" and call.to == f"{public}/root"]
    wrong = []
    if not switches or not into_place:
        return ["no switch was seen"]
    placed, switched = max(one for one in into_place if one < switches[-1]), switches[-1]
    part, name = made[placed].path, made[placed].to
    written = {call.path for call in made[:placed] if call.name == "write" and call.path.startswith(f"{part}/")}
    folders = {call.path for call in made[:placed] if call.name == "mkdir" and call.path.startswith(part)}
    for path in sorted(written):
        wrong += _synced(made, path, _last(made[:placed], "write", path), placed, "before it is put into place")
    for path in sorted(folders):
        wrong += _synced(made, path, _last_entry(made[:placed], path), placed, "before it is put into place")
    wrong += [] if written and folders else ["nothing was written before the switch"]
    wrong += _synced(made, f"{public}/generations", placed, switched, "between the rename into place and the switch")
    commit = _next_commit(made, home, switched)
    wrong += _synced(made, name, placed, switched, "before the switch")
    wrong += _synced(made, public, switched, commit, "between the switch and the commit")
    wrong += [] if commit < len(made) else ["no commit was synced after the switch"]
    return wrong


def wrong_around_rename(made: Sequence[Call], target: Path) -> list[str]:
    """A file that appears under its name by a rename or link: synced before, its folder after."""
    named = [number for number, call in enumerate(made) if call.to == str(target)]
    if not named:
        return [f"{target.name} was not put into place"]
    number = named[-1]
    source = made[number].path
    wrong = _synced(made, source, _last(made[:number], "write", source), number, "before it gets its name")
    return wrong + _synced(made, str(target.parent), number, len(made), "after that")


def _synced(made: Sequence[Call], path: str, after: int, before: int, when: str) -> list[str]:
    there = any(one.name in ("fsync", "fdatasync") and one.path == path for one in made[after + 1 : before])
    return [] if there else [f"{path} is not synced {when}"]


def _last(made: Sequence[Call], name: str, path: str) -> int:
    return max((number for number, call in enumerate(made) if (call.name, call.path) == (name, path)), default=-1)


def _last_entry(made: Sequence[Call], folder: str) -> int:
    """When the last entry was made in a folder."""
    entries = ("openat", "symlink", "symlinkat", "mkdir", "rename", "link")
    inside = [
        number
        for number, call in enumerate(made)
        if call.name in entries and str(Path(call.to or call.path).parent) == folder
    ]
    return max(inside, default=-1)


def _next_commit(made: Sequence[Call], home: Path, after: int) -> int:
    """The first sync of the register's log after this; past the end when there is none."""
    log = f"{home}/register.db-wal"
    later = (
        number
        for number, call in enumerate(made)
        if number > after and call.name in ("fsync", "fdatasync") and call.path == log
    )
    return next(later, len(made))
