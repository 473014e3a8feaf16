"""What a chaos run prints, and the shape of its JSON."""

import os
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.worlds import World


def machine() -> dict[str, Any]:
    """What it ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {"cores": os.cpu_count(), "memory GB": round(memory, 1)}


def world(one: World) -> dict[str, Any]:
    """One world as JSON: its points with how often each was reached and killed, and how long recovery took."""
    kills = Counter((kill.role, kill.point) for kill in one.kills)
    seconds: dict[str, list[float]] = defaultdict(list)
    for kill in one.kills:
        if kill.recovery is not None:
            seconds[kill.role].append(kill.recovery)
    next_step = [value for each in one.numbers for value in each.get("next step s", ())]
    late = [row for each in one.numbers for row in each.get("lateness s", ())]
    places = sorted(one.reached.keys() | kills.keys())
    counted = [name for name, value in (one.numbers[0] if one.numbers else {}).items() if isinstance(value, int)]
    return {
        "world": one.name,
        "rounds": one.rounds,
        "kills": len(one.kills),
        "points": [
            {"role": role, "point": point, "reached": one.reached[role, point], "kills": kills[role, point]}
            for role, point in places
        ],
        "recovery": [
            {"role": role, "kills": sum(kill.role == role for kill in one.kills), **spread(seconds[role])}
            for role in sorted({kill.role for kill in one.kills})
        ],
        "next step": spread(next_step),
        "lateness": [
            {"releases": name, **spread([row["seconds"] for row in late if bool(row["kills meanwhile"]) == hit])}
            for name, hit in (("nobody killed meanwhile", False), ("hit meanwhile", True))
        ],
        "numbers": {name: sum(each[name] for each in one.numbers) for name in counted},
        "checked": dict(one.found.checked),
        "violations": one.found.violations,
        "not done": one.not_done,
    }


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    """{number, median s, max s}"""
    if not seconds:
        return {"number": 0, "median s": None, "max s": None}
    return {
        "number": len(seconds),
        "median s": round(statistics.median(seconds), 3),
        "max s": round(max(seconds), 3),
    }


def show(console: Console, result: Mapping[str, Any]) -> None:
    """The tables."""
    for one in result["worlds"]:
        rows = [{**row, "kills": row["kills"] or ""} for row in one["points"]]
        console.print(table(f"{one['world']}: kill points", rows))
        console.print(table(f"{one['world']}: recovery", one["recovery"]))
        if one["next step"]["number"]:
            console.print(table(f"{one['world']}: from a decision to the next step", [one["next step"]]))
            console.print(table(f"{one['world']}: lateness of releases", one["lateness"]))
            happened = [{"what": name, "number": number} for name, number in one["numbers"].items()]
            console.print(table(f"{one['world']}: what happened", happened))
    broken = [name for name, _ in result["violations"]]
    held = [
        {"invariant": name, "checks": result["checked"].get(name, 0), "violations": broken.count(name)}
        for name in dict.fromkeys([*result["checked"], *broken])
    ]
    console.print(table("invariants", held))
    for title in ("faults in the data", "faults in the code"):
        console.print(table(title, result[title]))
    for name, what in result["violations"][:40]:
        console.print(f"[red]violated[/red] {name}: {what}", highlight=False, soft_wrap=True)
    for one in result["not done"]:
        console.print(f"[yellow]not done[/yellow] {one}", highlight=False, soft_wrap=True)
    faults = [*result["faults in the data"], *result["faults in the code"]]
    console.print(
        f"{result['kills']} kills, {result['points reached']} points reached, "
        f"{sum(result['checked'].values())} checks, {len(result['violations'])} violations, "
        f"{sum(one['caught'] for one in faults)} of {len(faults)} sown faults caught, "
        f"{result['seconds']:.0f} s, seed {result['seed']}",
        highlight=False,
    )


def table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows of the same keys; empty when there are none."""
    made = Table(*(map(str, rows[0]) if rows else ()), title=title, title_justify="left")
    for row in rows:
        made.add_row(*("" if value is None else str(value) for value in row.values()))
    return made
