"""Random tables made from micro data: respondents come first, every table is counted from them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product

import numpy as np

KINDS = ("2-D", "3-D", "hierarchical", "linked", "monthly")

Tree = dict[str, tuple[str, ...]]
Respondent = tuple[str, tuple[str, ...], float]


@dataclass
class Table:
    """Cells with the owners behind them, and every relation that a reader can compute with."""

    cells: dict[str, float] = field(default_factory=dict)
    owners: dict[str, dict[str, float]] = field(default_factory=dict)
    sums: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    differences: list[tuple[str, str, str]] = field(default_factory=list)
    ratios: list[tuple[str, str, str, float, float, str]] = field(default_factory=list)
    public: set[str] = field(default_factory=set)
    hidden_before: set[str] = field(default_factory=set)


def random_table(kind: str, seed: int) -> Table:
    """A table of one of `KINDS`; the same kind and seed give the same table. Raises ValueError for another kind."""
    if kind not in KINDS:
        raise ValueError(f"no kind of table {kind!r}; choose one of {', '.join(KINDS)}")
    rng = np.random.default_rng([KINDS.index(kind), seed])
    if kind == "2-D":
        trees = [_flat("r", int(rng.integers(7, 11))), _flat("c", int(rng.integers(7, 10)))]
    elif kind == "3-D":
        trees = [_flat("r", 4), _flat("c", 3), _flat("s", int(rng.integers(3, 6)))]
    elif kind == "hierarchical":
        trees = [_nested("r", 3, int(rng.integers(3, 5))), _flat("c", int(rng.integers(4, 7)))]
    elif kind == "linked":
        return _linked(rng)
    else:
        return _monthly(rng)
    table = Table()
    _count(table, _respondents(rng, [_leaves(tree) for tree in trees]), trees)
    return table


def _flat(letter: str, size: int) -> Tree:
    return {"T": tuple(f"{letter}{n}" for n in range(size))}


def _nested(letter: str, groups: int, size: int) -> Tree:
    tree = _flat(letter, groups)
    return tree | {group: tuple(f"{group}.{n}" for n in range(size)) for group in tree["T"]}


def _leaves(tree: Tree) -> list[str]:
    return [code for children in tree.values() for code in children if code not in tree]


def _respondents(rng: np.random.Generator, dimensions: list[list[str]]) -> list[Respondent]:
    """Some places are empty or have 1-2 respondents; one respondent in twenty belongs to a holding."""
    people: list[Respondent] = []
    for place in product(*dimensions):
        crowd = rng.choice([0, 1, 2, int(rng.integers(3, 13))], p=[0.05, 0.1, 0.1, 0.75])
        for _ in range(int(crowd)):
            owner = f"holding{rng.integers(0, 4)}" if rng.random() < 0.05 else f"unit{len(people)}"
            people.append((owner, place, float(max(1, round(rng.lognormal(5, 1.2))))))
    return people


def _count(table: Table, people: list[Respondent], trees: list[Tree], suffix: str = "") -> None:
    """Add the cross table of `people` to `table`, with all its margins and sums."""
    above = [{child: parent for parent, children in tree.items() for child in children} for tree in trees]
    codes = [["T", *parents] for parents in above]
    counted: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for owner, place, value in people:
        lines = []
        for code, parents in zip(place, above, strict=True):
            line = [code]
            while line[-1] in parents:
                line.append(parents[line[-1]])
            lines.append(line)
        for where in product(*lines):
            counted["|".join(where) + suffix][owner] += value
    for where in product(*codes):
        cell = "|".join(where) + suffix
        table.owners[cell] = dict(counted.get(cell, {}))
        table.cells[cell] = float(sum(table.owners[cell].values()))
        for axis, tree in enumerate(trees):
            if where[axis] in tree:
                parts = tuple(
                    "|".join((*where[:axis], part, *where[axis + 1 :])) + suffix for part in tree[where[axis]]
                )
                if (cell, parts) not in table.sums:
                    table.sums.append((cell, parts))


def _linked(rng: np.random.Generator) -> Table:
    """Region by industry and region by size, of the same respondents: the regions' totals are the same cells."""
    regions, industries, sizes = _flat("r", int(rng.integers(6, 9))), _flat("a", 6), _flat("b", 4)
    people = _respondents(rng, [_leaves(regions), _leaves(industries)])
    sized = [(owner, (place[0], f"b{min(3, int(rng.geometric(0.4)) - 1)}"), value) for owner, place, value in people]
    table = Table()
    _count(table, people, [regions, industries])
    _count(table, sized, [regions, sizes])
    return table


def _monthly(rng: np.random.Generator) -> Table:
    """Month, cumulative and last month's cumulative of nested rows; rates on some rows."""
    rows = _nested("r", 4, int(rng.integers(4, 7)))
    before = _respondents(rng, [_leaves(rows)])
    now = [
        (owner, place, float(max(1, round(value * rng.lognormal(-1, 0.3)))))
        for owner, place, value in before
        if rng.random() < 0.97
    ]
    year = [(owner, place, float(max(1, round(value * rng.lognormal(0, 0.2))))) for owner, place, value in now]
    table, past = Table(), Table()
    for people, suffix in ((now, "|month"), (before + now, "|cumulative"), (before, "|earlier")):
        _count(table, people, [rows], suffix)
    _count(past, year, [rows], "|year")
    names = ["T", *rows["T"], *_leaves(rows)]
    table.differences = [(f"{row}|month", f"{row}|cumulative", f"{row}|earlier") for row in names]
    table.hidden_before = _hidden_last_month(table)
    table.public = {f"{row}|earlier" for row in names} - table.hidden_before
    for row in names:
        month, base = f"{row}|month", f"{row}|year"
        group = f"{row.split('.')[0]}|month"
        chance = rng.random()
        if chance < 0.3 and past.cells[base] > 0:
            table.cells[base], table.owners[base] = past.cells[base], past.owners[base]
            table.public.add(base)
            rate = round((table.cells[month] / table.cells[base] - 1) * 100, 1)
            table.ratios.append((f"{row}|growth", month, base, rate, 0.05, "growth"))
        elif chance > 0.8 and month != group and table.cells[group] > 0:
            rate = round(table.cells[month] / table.cells[group] * 100, 1)
            table.ratios.append((f"{row}|share", month, group, rate, 0.05, "share"))
    return table


def _hidden_last_month(table: Table) -> set[str]:
    """Cells of 1-2 respondents, and then at least two hidden cells in every sum that has any."""
    sums = [(total, parts) for total, parts in table.sums if total.endswith("|earlier")]
    hidden = {cell for cell in table.cells if cell.endswith("|earlier") and 0 < len(table.owners[cell]) < 3}
    changed = True
    while changed:
        changed = False
        for total, parts in sums:
            if len(hidden & {total, *parts}) == 1:
                free = [part for part in parts if part not in hidden and table.cells[part] > 0]
                hidden.add(min(free, key=lambda part: table.cells[part]) if free else total)
                changed = len(hidden & {total, *parts}) > 1 or changed
    return hidden
