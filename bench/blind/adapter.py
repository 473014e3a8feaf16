"""The blind author's tables for the solver, and one whole trial: a pattern by the solver, judged by the auditor."""

from bench.blind.auditor import given_away, sensitive
from bench.blind.micro import Table, random_table
from pubflow.errors import BadInput
from pubflow.protection.sensitivity import Dominance, Level, Prior, Threshold, sensitive_cells
from pubflow.protection.suppressing import Pattern, protect
from pubflow.protection.table import (
    Cell,
    Contribution,
    Relation,
    SetOfCells,
    State,
    difference,
    growth,
    share,
    total_of,
)

RULES = (Threshold(3), Dominance(1, 85), Prior(10))


def as_cells(table: Table) -> SetOfCells:
    """The same table for the solver."""
    cells = {}
    for id, value in table.cells.items():
        state = State.HIDDEN if id in table.hidden_before else State.PUBLIC if id in table.public else State.OPEN
        owners = table.owners[id]
        parts = tuple(Contribution(one, 1.0, owner) for owner, one in owners.items())
        cells[id] = Cell(id, value, len(owners), parts, state=state)
    relations: list[Relation] = [total_of(total, parts) for total, parts in table.sums]
    relations += [difference(*one) for one in table.differences]
    for rate, above, below, printed, half, kind in table.ratios:
        cells[rate] = Cell(rate, printed, rate=True)
        relations += (growth if kind == "growth" else share)(rate, above, below, printed, half_step=half)
    return SetOfCells(cells, tuple(relations))


def trial(kind: str, seed: int, seconds: float) -> tuple[Table, dict[str, Level], Pattern | None]:
    """A random table, its sensitive cells and its pattern; None where last month's print leaves no safe one.

    Raises AssertionError when the two authors see other cells as sensitive, or the pattern gives somebody away.
    """
    table = random_table(kind, seed)
    levels = sensitive_cells(as_cells(table), RULES, smallest=1.0)
    theirs = sensitive(table)
    if levels.keys() != theirs.keys():
        raise AssertionError(f"{kind} {seed}: {levels.keys() ^ theirs.keys()} are sensitive for one of both only")
    for id, (_, up) in theirs.items():
        if abs(levels[id].upper - up) > 1e-6 * max(1.0, up):
            raise AssertionError(f"{kind} {seed}: {id} needs {levels[id].upper} or {up}")
    try:
        made = protect(as_cells(table), levels, rules=RULES, seconds=seconds)
    except BadInput as refused:
        if not table.public or "没有安全的隐去办法" not in refused.what:
            raise
        return table, levels, None
    if away := given_away(table, set(made.hidden), theirs):
        raise AssertionError(f"{kind} {seed}: {away}")
    return table, levels, made
