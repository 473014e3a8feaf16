"""What hiding costs beside the proven optimum, and CPU seconds by the number of cells."""

import time
from typing import Any

from bench.table_cases import KINDS, random_table, sensitive
from pubflow.protection.suppressing import protect

_SEEDS, _SIZE, _QUICK, _LONG = 25, 100, 2.0, 30.0
_SIZES = (100, 300, 1000, 2000, 5000)


def measure_tables() -> list[dict[str, Any]]:
    """100 tables of about 100 cells: cost after two seconds beside the optimum where it is proven; then size."""
    return [_against_optimum(kind) for kind in KINDS] + [_by_size(kind, size) for size in _SIZES for kind in KINDS]


def _against_optimum(kind: str) -> dict[str, Any]:
    ratios, proven, cells, began = [], 0, 0, time.process_time()
    for seed in range(_SEEDS):
        table = random_table(kind, seed, _SIZE)
        levels = sensitive(table)
        made = protect(table, levels, seconds=_QUICK)
        cells = len(table.cells)
        best = made if made.price.proven else protect(table, levels, seconds=_LONG)
        if best.price.proven:
            proven += 1
            ratios.append(made.price.cost / best.price.cost if best.price.cost else 1.0)
    seconds = (time.process_time() - began) / _SEEDS
    worst = max(ratios, default=float("nan"))
    return _row(kind, cells, _SEEDS, proven, sum(ratios) / max(len(ratios), 1), worst, seconds)


def _by_size(kind: str, size: int) -> dict[str, Any]:
    table = random_table(kind, 0, size)
    levels = sensitive(table)
    began = time.process_time()
    made = protect(table, levels, seconds=_QUICK)
    seconds = time.process_time() - began
    ratio = made.price.cost / made.price.bound if made.price.bound else 1.0
    return _row(kind, len(table.cells), 1, int(made.price.proven), ratio, ratio, seconds)


def _row(kind: str, cells: int, tables: int, proven: int, mean: float, worst: float, seconds: float) -> dict[str, Any]:
    return {
        "tables": kind,
        "cells": cells,
        "number": tables,
        "optimum proven": proven,
        "cost / optimum, mean": mean,  # one table by size: cost / proven bound
        "worst": worst,
        "CPU s a table": seconds,
    }
