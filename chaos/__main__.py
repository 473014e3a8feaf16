"""`make chaos`: kill the processes of a running office, then see whether anything was lost or let through.

Exit code 1 on any violation, on anything due that did not become public, and on a sown fault that was not caught.
"""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from chaos import invariants
from chaos.faults import sow
from chaos.invariants import Findings, moment
from chaos.office import MARKS, OFFICE, SECOND, Office, new_control
from chaos.storm import Blow, Storm

RESULT = Path(__file__).resolve().parent.parent / "bench" / "results" / "chaos.json"


def main() -> int:
    """Run the rounds, check after each, print and write what came out."""
    given, console = _arguments(), Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="pubflow-chaos-"))
    office = Office(folder / "office", new_control(folder))
    with ExitStack() as stack:
        columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        progress = stack.enter_context(Progress(*columns, TimeElapsedColumn(), console=console, transient=True))
        task = progress.add_task("pubflow up", total=given.rounds * given.kills)

        def tell(what: str, kills: int) -> None:
            progress.update(task, description=what, advance=kills)

        storm = Storm(office, random.Random(given.seed), tell)  # noqa: S311 - no secret
        stack.callback(storm.end)
        office.begin()
        storm.begin()
        found, left = Findings(), list[str]()
        for number in range(1, given.rounds + 1):
            left += storm.round(given.kills, given.seconds)
            found = _after_round(console, storm, number, left, found)
        faults = sow(office.home, storm.plants(), storm.seen) if storm.seen else []
    result = _result(storm, found, left, faults) | {
        "seed": given.seed,
        "rounds": given.rounds,
        "seconds": round(time.monotonic() - began, 1),
    }
    _show(console, result)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if result["passed"]:
        shutil.rmtree(folder)
    else:
        console.print(f"[red]Kept to look at: {folder}[/red]", soft_wrap=True)
    return 0 if result["passed"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="storms, each followed by quiet and the checks (4)")
    parser.add_argument("--kills", type=int, default=10, help="SIGKILLs a round (10)")
    parser.add_argument("--seconds", type=float, default=45.0, help="length of a storm without its quiet (45)")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3)), help="for the same choices again")
    return parser.parse_args()


def _after_round(console: Console, storm: Storm, number: int, left: Sequence[str], before: Findings) -> Findings:
    """Check the quiet office; counts add up over the rounds, a violation that stays is told once."""
    found = invariants.check(storm.office.home, storm.plants(), storm.seen)
    fallen = storm.fallen()
    found.hold("the acting people are still there", not fallen, ", ".join(fallen))
    new = [one for one in found.violations if one not in before.violations]
    say = f"round {number}: {len(storm.blows)} blows, {sum(found.checked.values())} checks, {len(new)} violations"
    console.print(f"{say}, {len(left)} left on the line", highlight=False)
    return Findings(before.checked + found.checked, before.violations + new)


def _result(storm: Storm, found: Findings, left: Sequence[str], faults: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    journals, register = storm.journals(), invariants.read(storm.office.home)
    checked = found.checked + storm.during.checked
    violations = [
        *found.violations,
        *storm.during.violations,
        *(("everything due becomes public", one) for one in left),
    ]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "memory GB": _memory(), "python": platform.python_version()},
        "processes": _processes(storm.blows),
        "reports": {
            "started": sum(event["action"] == "start" for event in register.events),
            "published": sum(edition["stage"] == "published" for edition in register.editions),
            "kept as drafts on purpose": sum("kept" in line for line in journals),
            "versions": sum(event["action"] == "edit" for event in register.events),
            **{f"{verb}s": sum(one["action"] == verb for one in register.events) for verb in ("return", "recall")},
            **{f"{verb}s": sum(one["action"] == verb for one in register.events) for verb in ("hold", "move")},
            "releases failed": sum(one["action"] == "fail" for one in register.events),
            "requests unanswered": sum("unanswered" in line for line in journals),
            "answers 5xx": sum("failed" in line for line in journals),
            "requests refused": sum("refused" in line for line in journals),
            "events": len(register.events),
        },
        "lateness": _lateness(register, storm.blows),
        "checked": dict(checked),
        "violations": violations,
        "faults": list(faults),
        "blows": [{**asdict(blow), "at": blow.at.isoformat()} for blow in storm.blows],
        "passed": not violations and bool(faults) and all(one["caught"] for one in faults),
    }


def _processes(blows: Sequence[Blow]) -> list[dict[str, Any]]:
    rows = []
    for name in (*MARKS, SECOND, OFFICE):
        kills = [blow for blow in blows if (blow.process, blow.kind) == (name, "kill")]
        seconds = [blow.recovery for blow in kills if blow.recovery is not None]
        stalls = sum((blow.process, blow.kind) == (name, "stall") for blow in blows)
        rows.append({"process": name, "kills": len(kills), "stalls": stalls, **_spread("recovery s", seconds)})
    return rows


def _lateness(register: invariants.Register, blows: Sequence[Blow]) -> list[dict[str, Any]]:
    """Seconds from the instant, or the last signature if that was later, to the switch; releases held are apart.

    Hit: something was killed or stalled between the last signature and the switch.
    """
    late: dict[str, list[float]] = {"not hit": [], "hit": [], "held for a while": []}
    for release in register.releases.values():
        if release["state"] != "released":
            continue
        events = register.about(release["id"])
        signed = max((moment(event["at"]) for event in events if event["action"] == "confirm"), default=None)
        public, due = moment(release["released_at"]), moment(release["instant"])
        since = max(signed or due, due)
        hit = any((signed or due) <= blow.at <= public for blow in blows)
        group = "held for a while" if any(one["action"] == "hold" for one in events) else "hit" if hit else "not hit"
        late[group].append((public - since).total_seconds())
    return [{"releases": name, "number": len(each), **_spread("late s", each)} for name, each in late.items()]


def _spread(what: str, seconds: Sequence[float]) -> dict[str, Any]:
    if not seconds:
        return {f"{what} median": None, f"{what} max": None}
    return {f"{what} median": round(statistics.median(seconds), 3), f"{what} max": round(max(seconds), 3)}


def _memory() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def _show(console: Console, result: Mapping[str, Any]) -> None:
    for title in ("processes", "lateness"):
        console.print(_table(title, result[title]))
    console.print(_table("reports", [{"what": what, "number": number} for what, number in result["reports"].items()]))
    broken = [name for name, _ in result["violations"]]
    names = dict.fromkeys([*result["checked"], *broken])
    held = [
        {"invariant": one, "checks": result["checked"].get(one, 0), "violations": broken.count(one)} for one in names
    ]
    console.print(_table("invariants", held))
    if result["faults"]:  # none when nothing was published, which is no success either
        console.print(_table("faults sown in a copy", result["faults"]))
    for name, what in result["violations"][:40]:
        console.print(f"[red]violated[/red] {name}: {what}", highlight=False, soft_wrap=True)
    kills = sum(row["kills"] for row in result["processes"])
    console.print(
        f"{kills} kills, {sum(result['checked'].values())} checks, {len(result['violations'])} violations, "
        f"{sum(one['caught'] for one in result['faults'])} of {len(result['faults'])} sown faults caught, "
        f"{result['seconds']:.0f} s, seed {result['seed']}",
        highlight=False,
    )


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(*map(str, rows[0]), title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    return table


if __name__ == "__main__":
    sys.exit(main())
