"""What hiding costs beside the proven optimum, beside pytauargus, and CPU seconds by the number of cells."""

import json
import subprocess
import time
import venv
from collections.abc import Collection
from pathlib import Path
from typing import Any

from bench.blind.adapter import trial
from bench.blind.micro import KINDS as BLIND
from bench.outside_auditor import given_away
from bench.table_cases import KINDS, RULES, cell_id, micro_data, random_table, sensitive
from pubflow.errors import BadInput
from pubflow.protection.auditing import audit
from pubflow.protection.sensitivity import Level
from pubflow.protection.suppressing import protect
from pubflow.protection.table import SetOfCells

HERE = Path(__file__).parent
_PEER = HERE / ".peers" / "tau-argus"
_PIN = "pytauargus==0.6.0"
# The third of each rule is the first that counts a holding as one respondent, the second for FREQ.
_PEER_RULES = "NK(0,0)|NK(0,0)|NK(1,85)|P(0,0,0)|P(0,0,0)|P(10,100,1)|FREQ(0,0)|FREQ(3,20)"
_METHODS = {"modular": "MOD(1,1,1,1,1)", "optimal": "OPT(1,1)"}  # minutes; modular: with all care for singletons
_PATIENCE = 90.0  # seconds for one table of the peer
_SEEDS, _SIZE, _QUICK, _LONG = 25, 100, 2.0, 30.0
_SIZES = (100, 300, 1000, 2000, 5000)


def measure_tables() -> list[dict[str, Any]]:
    """100 tables of about 100 cells: cost after two seconds beside the optimum where it is proven; then size."""
    blind = [_by_blind_author(kind) for kind in BLIND]
    beside = [row for kind in KINDS for row in _beside_peer(kind)]
    sizes = [_by_size(kind, size) for size in _SIZES for kind in KINDS]
    return [_against_optimum(kind) for kind in KINDS] + blind + beside + sizes


def _against_optimum(kind: str) -> dict[str, Any]:
    ratios, proven, cells, unsafe, seconds = [], 0, 0, 0, 0.0
    for seed in range(_SEEDS):
        table = random_table(kind, seed, _SIZE)
        levels = sensitive(table)
        began = time.process_time()
        made = protect(table, levels, rules=RULES, seconds=_QUICK)
        seconds += time.process_time() - began
        unsafe += bool(given_away(table, set(made.hidden), levels))
        cells = len(table.cells)
        best = made if made.price.proven else protect(table, levels, rules=RULES, seconds=_LONG)
        if best.price.proven:
            proven += 1
            ratios.append(made.price.cost / best.price.cost if best.price.cost else 1.0)
    worst = max(ratios, default=float("nan"))
    return _row(kind, cells, _SEEDS, proven, sum(ratios) / max(len(ratios), 1), worst, seconds / _SEEDS, unsafe)


def _by_blind_author(kind: str) -> dict[str, Any]:
    """Twenty tables of an author who had not read the solver, and his verdict; `trial` stops at the first bad one."""
    began, made, cells = time.process_time(), 0, 0
    for seed in range(20):
        table, _, pattern = trial(kind, seed, 0.3)
        made, cells = made + (pattern is not None), len(table.cells)
    nothing = float("nan")
    seconds = (time.process_time() - began) / 20
    return _row(f"blind {kind}", cells, made, 0, nothing, nothing, seconds, 0)


def _beside_peer(kind: str) -> list[dict[str, Any]]:
    """pubflow and both methods of pytauargus where a total costs its value, since the peer spares none.

    The optimum is the cheapest that is safe for each respondent alone in a cell as well; an unsafe pattern of the peer
    may be cheaper. Where two rules hold its levels may be narrower than ours, so the last column
    goes by its own. Linked tables are protected one by one: the package has no way to protect them together.
    """
    names = ("pubflow, totals not spared", *(f"tau-ARGUS, {name}" for name in _METHODS))
    ratios: dict[str, list[float]] = {name: [] for name in names}
    seconds, made, unsafe, told, plain = (dict.fromkeys(names, 0.0) for _ in range(5))
    proven = cells = 0
    for seed in range(_SEEDS):
        table = random_table(kind, seed, _SIZE)
        levels, cells = sensitive(table), len(table.cells)
        began = time.process_time()
        own = protect(table, levels, keep_totals=False, seconds=_QUICK)
        found: dict[str, tuple[set[str], float, dict[str, Level]] | None] = {}
        found[names[0]] = set(own.hidden), time.process_time() - began, levels
        best = own if own.price.proven else protect(table, levels, keep_totals=False, seconds=_LONG)
        proven += best.price.proven
        for name, method in zip(names[1:], _METHODS.values(), strict=True):
            found[name] = _by_peer(kind, seed, method)
        for name, one in found.items():
            if one is None:  # the peer broke off; its row says of how many tables it speaks
                continue
            hidden, spent, its = one
            made[name] += 1
            seconds[name] += spent
            told[name] += not audit(table, hidden, levels, intervals=False).safe
            unsafe[name] += bool(given_away(table, hidden | set(levels), levels)) or not hidden >= set(levels)
            plain[name] += any(not attacker for _, attacker in given_away(table, hidden, its))
            if best.price.proven and best.hidden:
                ratios[name].append(_value(table, hidden) / _value(table, best.hidden))
    return [
        _row(
            *(kind, cells, int(made[name]), proven, sum(ratios[name]) / max(len(ratios[name]), 1)),
            *(max(ratios[name], default=float("nan")), seconds[name] / max(made[name], 1), int(unsafe[name])),
            by=name,
            told=int(told[name]),
            plain=int(plain[name]),
        )
        for name in names
    ]


def _value(table: SetOfCells, hidden: Collection[str]) -> float:
    return sum(abs(table.cells[id].value) for id in hidden)


def _by_peer(kind: str, seed: int, method: str) -> tuple[set[str], float, dict[str, Level]] | None:
    """The cells pytauargus hides, its seconds of CPU and the levels it works by. None: broke off or too slow."""
    axes, respondents = micro_data(kind, seed, _SIZE)
    respondents.sort(key=lambda one: one.holding)  # tau-ARGUS sees a holding only in adjacent records
    words = ["T", *sorted({word for axis in axes for leaf, above in axis.items() for word in (leaf, *above)})]
    words += sorted({one.other for one in respondents} - {""})
    # Codes of one length: a dot in the codes of a hierarchy kills the modular method of 0.6.0.
    code_of = {word: "T" if word == "T" else f"c{number:03}" for number, word in enumerate(words)}
    word_of = {code: word for word, code in code_of.items()}
    names = [f"axis{number}" for number in range(len(axes))]
    columns: dict[str, list[Any]] = {
        name: [code_of[one.place[at]] for one in respondents] for at, name in enumerate(names)
    }
    columns |= {"value": [one.value for one in respondents], "holding": [one.holding for one in respondents]}
    tables, trees = [names], {}
    if kind == "linked":
        columns["other"] = [code_of[one.other] for one in respondents]
        tables.append([names[0], "other"])
    for name, axis in zip(names, axes, strict=True):
        groups: dict[str, list[str]] = {}
        for leaf, above in axis.items():
            for group in above:
                groups.setdefault(code_of[group], []).append(code_of[leaf])
        if groups:
            trees[name] = groups
    asked = {"columns": columns, "tables": tables, "hierarchies": trees, "rules": _PEER_RULES, "suppress": method}
    command = [str(_python()), str(HERE / "tau_argus_peer.py")]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=_PATIENCE
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    answer = json.loads(done.stdout)
    hidden = {cell_id([word_of[code] for code in key]) for key in answer["hidden"]}
    levels = {
        cell_id([word_of[code] for code in key]): Level(low, high, "tau-ARGUS") for key, low, high in answer["levels"]
    }
    return hidden, float(answer["seconds"]), levels


def _python() -> Path:
    """The interpreter of the peer's own environment, made on first use."""
    python = _PEER / "bin" / "python"
    if not python.exists():
        venv.create(_PEER, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", _PIN], check=True)
    return python


def _by_size(kind: str, size: int) -> dict[str, Any]:
    table = random_table(kind, 0, size)
    levels = sensitive(table)
    began = time.process_time()
    try:
        made = protect(table, levels, rules=RULES, seconds=_QUICK)
    except BadInput:  # refused, since its time was up
        nothing = float("nan")
        return _row(kind, len(table.cells), 0, 0, nothing, nothing, time.process_time() - began, 0)
    seconds = time.process_time() - began
    ratio = made.price.cost / made.price.bound if made.price.bound else 1.0
    return _row(kind, len(table.cells), 1, int(made.price.proven), ratio, ratio, seconds, 0)


def _row(
    kind: str,
    cells: int,
    tables: int,
    proven: int,
    mean: float,
    worst: float,
    seconds: float,
    unsafe: int,
    *,
    by: str = "pubflow",
    told: int = 0,
    plain: int = 0,
) -> dict[str, Any]:
    return {
        "by": by,
        "tables": kind,
        "cells": cells,
        "number": tables,
        "optimum proven": proven,
        "cost / optimum, mean": mean,  # one table by size: cost / proven bound
        "worst": worst,
        "CPU s a table": seconds,
        "unsafe for our audit": told,
        "unsafe for the outside auditor": unsafe,  # of the small tables; the large ones have their own audit only
        "unsafe for outsiders by its own levels": plain,
    }
