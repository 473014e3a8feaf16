"""`make chaos`: kill the processes of an office at named points and at random, then see what was lost or let through.

Exit code 1 on any violation, on anything due that did not become public, and on a sown fault that was not caught.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from chaos import report
from chaos.code_faults import NAMES
from chaos.disturbances import DISTURBANCES
from chaos.whole_office import office_world
from chaos.worlds import World, faults_world, in_all, line_world, owner_world

RESULT = Path(__file__).resolve().parent.parent / "bench" / "results" / "chaos.json"
WORLDS = ("line", "owner", "office", "faults")
SHARES = {"line": 0.76, "owner": 0.12, "office": 0.12}  # of the kills


def main() -> int:
    """Run the worlds, check after each round, print and write what came out."""
    given, console = _arguments(), Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="pubflow-chaos-", dir=given.folder))
    shares = {name: SHARES[name] for name in given.worlds if name in SHARES}
    kills = {name: round(given.kills * share / sum(shares.values())) for name, share in shares.items()}
    worlds: list[World] = []
    code_faults: list[dict[str, Any]] = []
    data_faults: list[dict[str, Any]] = []
    with ExitStack() as stack:
        columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        progress = stack.enter_context(Progress(*columns, TimeElapsedColumn(), console=console, transient=True))
        task = progress.add_task("starting", total=sum(kills.values()))

        def tell(what: str, done: int) -> None:
            progress.update(task, description=what, advance=done)

        for name in given.worlds:
            place = folder / name
            place.mkdir()
            since = time.monotonic()
            if name == "line":
                worlds.append(line_world(place, kills[name], given.seconds, f"{given.seed}/line", tell, given.only))
            elif name == "owner":
                worlds.append(owner_world(place, kills[name], f"{given.seed}/owner", tell))
            elif name == "office":
                world, data_faults = office_world(place, kills[name], f"{given.seed}/office", tell)
                worlds.append(world)
            else:
                code_faults = faults_world(place, f"{given.seed}/faults", tell)
            seconds = time.monotonic() - since
            console.print(f"{name}: {seconds:.0f} s, {_said(worlds, name, code_faults)}", highlight=False)
    found = in_all(worlds)
    wanted_faults = {"faults": len(NAMES)}.get("faults" if "faults" in given.worlds else "", 0)
    faults = [*data_faults, *code_faults]
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": report.machine(),
        "python": platform.python_version(),
        "seed": given.seed,
        "seconds": round(time.monotonic() - began, 1),
        "kills": sum(len(world.kills) for world in worlds),
        "points reached": sum(len(world.reached) for world in worlds),
        "worlds": [report.world(one) for one in worlds],
        "checked": dict(found.checked),
        "violations": found.violations,
        "faults in the data": data_faults,
        "faults in the code": code_faults,
        "not done": [one for world in worlds for one in world.not_done],
        "passed": not found.violations
        and all(one["caught"] for one in faults)
        and len(code_faults) == wanted_faults
        and ("office" not in given.worlds or bool(data_faults)),
    }
    report.show(console, result)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if result["passed"]:
        shutil.rmtree(folder)
    else:
        console.print(f"[red]Kept to look at: {folder}[/red]", soft_wrap=True)
    return 0 if result["passed"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="SIGKILLs in all worlds together (500)")
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS), help="which of them (all)")
    parser.add_argument("--only", nargs="+", choices=DISTURBANCES, default=[], help="rounds with these on the line")
    parser.add_argument("--seconds", type=float, default=75.0, help="longest storm of a round on the line (75)")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3)), help="for the same plan again")
    parser.add_argument("--folder", type=Path, default=None, help="where the offices are made (the system's /tmp)")
    return parser.parse_args()


def _said(worlds: list[World], name: str, faults: list[dict[str, Any]]) -> str:
    if name == "faults":
        return f"{sum(one['caught'] for one in faults)} of {len(faults)} faults in the code caught"
    world = worlds[-1]
    checks, bad = sum(world.found.checked.values()), len(world.found.violations)
    return f"{world.rounds} rounds, {len(world.kills)} kills, {checks} checks, {bad} violations"


if __name__ == "__main__":
    sys.exit(main())
