"""What a reader, or a respondent who knows its own figures, can compute about the hidden cells of a table."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy.optimize import linprog

from bench.blind.micro import Table

Levels = dict[str, tuple[float, float]]
# One relation between cells: factor of each cell, and the bounds of the weighted sum.
Row = tuple[dict[str, float], float, float]
Found = tuple[str, str, float, float]


def sensitive(table: Table) -> Levels:
    """Width below and above (units of the cell) that every cell in need of protection must keep."""
    rates = {ratio[0] for ratio in table.ratios}
    levels = {}
    for cell, total in table.cells.items():
        shares = sorted(table.owners.get(cell, {}).values(), reverse=True)
        if cell in rates or cell in table.public or not shares:
            continue
        first, second = shares[0], shares[1] if len(shares) > 1 else 0.0
        widths = []
        if len(shares) < 3:
            widths.append(0.2 * total)
        if first > 0.85 * total:
            widths.append(first * 100 / 85 - total)
        if 0.1 * first - (total - first - second) > 0:
            widths.append(0.1 * first - (total - first - second))
        if widths:
            levels[cell] = (max(1.0, *widths), max(1.0, *widths))
    return levels


def given_away(table: Table, hidden: set[str], levels: Levels) -> list[Found]:
    """(cell, attacker or '' for any reader, lowest, highest) of each sensitive cell that is known too closely.

    What last month hid stays hidden, what last month published stays known. Raises ValueError when the relations
    contradict each other.
    """
    gone = (hidden | table.hidden_before) - table.public
    found = [(cell, "", table.cells[cell], table.cells[cell]) for cell in levels if cell not in gone]
    unknown = {cell for cell in gone if cell in table.cells and table.owners.get(cell)}
    rows = _relations(table, gone)
    alone: dict[str, set[str]] = defaultdict(set)
    for cell in unknown:
        if len(table.owners[cell]) == 1:
            alone[next(iter(table.owners[cell]))].add(cell)
    for component, inside in _components(unknown, rows):
        found += _attack(table, component, inside, levels, "")
        for owner in sorted(owner for owner, own in alone.items() if own & component):
            for part, its in _components(component - alone[owner], inside):
                found += _attack(table, part, its, levels, owner)
    return sorted(found)


def _relations(table: Table, gone: set[str]) -> list[Row]:
    rows: list[Row] = [({total: 1.0} | dict.fromkeys(parts, -1.0), 0.0, 0.0) for total, parts in table.sums]
    rows += [({month: 1.0, upto: -1.0, before: 1.0}, 0.0, 0.0) for month, upto, before in table.differences]
    for rate, top, bottom, printed, half, kind in table.ratios:
        if rate in gone:
            continue
        base = 100.0 if kind == "growth" else 0.0
        rows.append(({top: 1.0, bottom: -(base + printed + half) / 100}, -np.inf, 0.0))
        rows.append(({top: 1.0, bottom: -(base + printed - half) / 100}, 0.0, np.inf))
    return [(factors, low, high) for factors, low, high in rows if gone & factors.keys()]


def _components(unknown: set[str], rows: list[Row]) -> list[tuple[set[str], list[Row]]]:
    """Unknown cells that hang together, with the relations among them."""
    touching: dict[str, list[int]] = defaultdict(list)
    for number, (factors, _, _) in enumerate(rows):
        for cell in factors.keys() & unknown:
            touching[cell].append(number)
    left, parts = set(unknown), []
    for start in sorted(unknown):
        if start not in left:
            continue
        left.discard(start)
        component, used, queue = {start}, set(), [start]
        while queue:
            for number in touching[queue.pop()]:
                if number not in used:
                    used.add(number)
                    fresh = rows[number][0].keys() & left
                    left -= fresh
                    component |= fresh
                    queue += fresh
        parts.append((component, [rows[number] for number in sorted(used)]))
    return parts


def _attack(table: Table, component: set[str], rows: list[Row], levels: Levels, attacker: str) -> list[Found]:
    targets = sorted(component & levels.keys())
    if not targets:
        return []
    names = sorted(component)
    place = {cell: number for number, cell in enumerate(names)}
    above, limits, equal, right = [], [], [], []
    for factors, low, high in rows:
        line = np.zeros(len(names))
        known = 0.0
        for cell, factor in factors.items():
            if cell in place:
                line[place[cell]] = factor
            else:
                known += factor * table.cells[cell]
        if low == high:
            equal.append(line)
            right.append(low - known)
        elif np.isfinite(high):
            above.append(line)
            limits.append(high - known)
        else:
            above.append(-line)
            limits.append(known - low)

    def solve(costs: np.ndarray) -> np.ndarray | None:
        answer = linprog(costs, above or None, limits or None, equal or None, right or None, (0, None), method="highs")
        if answer.status == 2:
            raise ValueError(f"the relations around {names[0]} contradict each other: {answer.message}")
        return answer.x if answer.status == 0 else None

    def reach(low: np.ndarray, high: np.ndarray, costs: np.ndarray) -> bool:
        """Widen what is known to be possible by one more solution; False when the direction has no end."""
        point = solve(costs)
        if point is None:
            return False
        np.minimum(low, point, out=low)
        np.maximum(high, point, out=high)
        return True

    lowest, highest = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    found = []
    for cell in targets:
        at, value = place[cell], table.cells[cell]
        slack = 1e-6 * value + 1e-4
        floor, ceiling = max(0.0, value - levels[cell][0]) + slack, value + levels[cell][1] - slack
        # A solution found for another cell may already show enough room; no need to find the very end then.
        costs = np.zeros(len(names))
        costs[at] = 1.0
        if not lowest[at] <= floor:
            reach(lowest, highest, costs)
        if not highest[at] >= ceiling and not reach(lowest, highest, -costs):
            highest[at] = np.inf
        if lowest[at] > floor or highest[at] < ceiling:
            if lowest[at] <= floor:
                reach(lowest, highest, costs)
            elif highest[at] >= ceiling and not reach(lowest, highest, -costs):
                highest[at] = np.inf
            found.append((cell, attacker, float(lowest[at]), float(highest[at])))
    return found
