"""What hiding costs beside the proven optimum, and CPU seconds by the number of cells."""

import time
from typing import Any

from bench.outside_auditor import given_away
from bench.table_cases import KINDS, RULES, random_table, sensitive
from pubflow.errors import BadInput
from pubflow.protection.suppressing import protect

_SEEDS, _SIZE, _QUICK, _LONG = 25, 100, 2.0, 30.0
_SIZES = (100, 300, 1000, 2000, 5000)


def measure_tables() -> list[dict[str, Any]]:
    """100 tables of about 100 cells: cost after two seconds beside the optimum where it is proven; then size."""
    return [_against_optimum(kind) for kind in KINDS] + [_by_size(kind, size) for size in _SIZES for kind in KINDS]


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
    kind: str, cells: int, tables: int, proven: int, mean: float, worst: float, seconds: float, unsafe: int
) -> dict[str, Any]:
    return {
        "tables": kind,
        "cells": cells,
        "number": tables,
        "optimum proven": proven,
        "cost / optimum, mean": mean,  # one table by size: cost / proven bound
        "worst": worst,
        "CPU s a table": seconds,
        "unsafe for the outside auditor": unsafe,  # of the small tables; the large ones have their own audit only
    }
