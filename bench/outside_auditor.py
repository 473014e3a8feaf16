"""An auditor that shares nothing with the solver: scipy, the printed figures, one pair of programs a cell and attacker.

It was not written blind: its author knew the solver. Only sums are read, so tables with rates are not for it.
"""

import math

import numpy as np
from scipy.optimize import linprog

from pubflow.protection.sensitivity import Level
from pubflow.protection.table import SetOfCells


def _range(table: SetOfCells, hidden: set[str], cell: str, known: set[str] = frozenset()) -> tuple[float, float]:
    """Least and greatest value of `cell`, from the printed figures alone; only for sums."""
    open_ = sorted(hidden - known)
    at = {id: number for number, id in enumerate(open_)}
    rows, right = [], []
    for relation in table.relations:
        row, sum_ = np.zeros(len(open_)), 0.0
        for id, coefficient in relation.terms:
            if id in at:
                row[at[id]] = coefficient
            else:
                sum_ += coefficient * table.cells[id].value
        if row.any():
            rows.append(row)
            right.append(-sum_)
    found = []
    for sign in (1, -1):
        aim = np.zeros(len(open_))
        aim[at[cell]] = sign
        bounds = [(0, 0) if table.cells[id].respondents == 0 else (0, None) for id in open_]
        done = linprog(aim, A_eq=np.array(rows) if rows else None, b_eq=right or None, bounds=bounds, method="highs-ds")
        assert done.status in (0, 3)
        found.append(sign * done.fun if done.status == 0 else math.inf)
    return found[0], found[1]


def given_away(table: SetOfCells, hidden: set[str], levels: dict[str, Level]) -> list[tuple[str, str]]:
    """(cell, attacker) of everything that somebody can tell too closely."""
    alone: dict[str, set[str]] = {}
    for id, cell in table.cells.items():
        if len({one.holding for one in cell.contributions}) == 1:
            alone.setdefault(cell.contributions[0].holding, set()).add(id)
    wrong = []
    for cell, level in levels.items():
        value = table.cells[cell].value
        for name, known in [("", set()), *alone.items()]:
            if cell in known or (known and not known & hidden):
                continue
            low, high = _range(table, hidden, cell, known)
            if low > max(0.0, value - level.lower) + 1e-4 or high < value + level.upper - 1e-4:
                wrong.append((cell, name))
    return wrong
