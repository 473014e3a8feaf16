"""Primary rules: which cells would give a respondent away, and how wide an outsider's interval must stay.

Sources: Statistics Law (2024) Art. 28, implementing regulation Art. 29 (a summary from which one respondent can be
inferred); formulas and protection levels of the Handbook on Statistical Disclosure Control, chapter 4.2.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pubflow.protection.table import Cell, Contribution, Relation, SetOfCells, State


class Weighting(StrEnum):
    """How sampling weights enter a rule."""

    COPIES = "copies"  # a contribution of weight 4 counts as four respondents of that value
    SAMPLE = "sample"  # the largest are those of the sample, the total is weighted


@dataclass(frozen=True)
class Threshold:
    """Fewer than `minimum` respondents. protection: per cent of the value that must stay open on either side."""

    minimum: int
    protection: float = 20.0
    name: str = "threshold"


@dataclass(frozen=True)
class Dominance:
    """The (n,k) rule: the n largest make more than k per cent of the total."""

    n: int
    k: float
    name: str = "dominance"


@dataclass(frozen=True)
class Prior:
    """The p % rule, and with q < 100 the (p,q) rule.

    The second largest, who knows the others to q per cent, could tell the largest to within p per cent.
    """

    p: float
    q: float = 100.0
    name: str = "p-percent"


Rule = Threshold | Dominance | Prior


@dataclass(frozen=True)
class Level:
    """How far below and above the value the outsider's interval must reach, in the unit of the value. rule: why."""

    lower: float
    upper: float
    rule: str = ""


@dataclass(frozen=True)
class Summary:
    """What the rules look at. largest: descending, already by holding and weight; respondents: None when unknown."""

    total: float
    largest: tuple[float, ...]
    respondents: int | None


def summary(cell: Cell, weighting: Weighting = Weighting.COPIES) -> Summary:
    """The total, the largest contributions and the number of respondents of a cell.

    Contributions of one holding are one respondent. Negative ones count by their size, as the handbook advises:
    a loss points to a firm as a profit does.
    """
    if not cell.contributions:
        return Summary(abs(cell.value), tuple(sorted(map(abs, cell.largest), reverse=True)), cell.respondents)
    parts = by_holding(cell.contributions)
    total = math.fsum(abs(one.value) * one.weight for one in parts)
    ordered = sorted(parts, key=lambda one: -abs(one.value))
    if weighting is Weighting.SAMPLE:
        return Summary(total, tuple(abs(one.value) for one in ordered), len(parts))
    count = round(math.fsum(one.weight for one in parts)) if cell.respondents is None else cell.respondents
    return Summary(total, copies(ordered, 10), count)


def by_holding(contributions: Iterable[Contribution]) -> list[Contribution]:
    """The contributions with those of each holding added up; a holding's weight is 1, its value the weighted sum."""
    alone, held = [], defaultdict(list)
    for one in contributions:
        if one.holding:
            held[one.holding].append(one)
        else:
            alone.append(one)
    for name, ones in held.items():
        if len(ones) == 1:
            alone.append(ones[0])
        else:
            alone.append(Contribution(math.fsum(one.value * one.weight for one in ones), 1.0, name))
    return alone


def copies(ordered: Sequence[Contribution], count: int) -> tuple[float, ...]:
    """The `count` largest when each contribution stands for as many respondents as its weight says."""
    made: list[float] = []
    for one in ordered:
        made += [abs(one.value)] * min(max(1, round(one.weight)), count - len(made))
    return tuple(made)


def level(rule: Rule, seen: Summary, value: float) -> Level | None:
    """The protection a cell needs under `rule`, None when the rule does not hold for it."""
    if isinstance(rule, Threshold):
        if seen.respondents is None or not 0 < seen.respondents < rule.minimum:
            return None
        width = abs(value) * rule.protection / 100
        return Level(width, width, rule.name)
    if not seen.largest:
        return None
    if isinstance(rule, Dominance):
        most = math.fsum(seen.largest[: rule.n])
        if most <= seen.total * rule.k / 100:
            return None
        width = most * 100 / rule.k - seen.total
    else:
        first, second = (*seen.largest, 0.0)[:2]
        width = rule.p / rule.q * first - (seen.total - first - second)
        if width <= 0:
            return None
    return Level(width, width, rule.name)


def p_of_dominance(k: float) -> float:
    """The p (per cent) whose rule never hides less than the (2,k) rule (k in per cent)."""
    return 100 * (100 - k) / k


def estimate_by_second(seen: Summary) -> float:
    """What the second largest can conclude the largest to be at most: the total less its own."""
    return seen.total - seen.largest[1]


def sensitive_cells(
    table: SetOfCells, rules: Sequence[Rule], *, weighting: Weighting = Weighting.COPIES, smallest: float = 0.0
) -> dict[str, Level]:
    """Every cell that a rule holds for, with the widest level asked for.

    smallest: the least width that means anything, in the unit of the values (1 for counts).
    A cell without respondents gives nobody away and is never sensitive. Rates are not asked.
    """
    found: dict[str, Level] = {}
    for id, cell in table.cells.items():
        if cell.rate or cell.state is State.PUBLIC:
            continue
        seen = summary(cell, weighting)
        if seen.respondents == 0:
            continue
        levels = [one for rule in rules if (one := level(rule, seen, cell.value))]
        if levels:
            names = "、".join(dict.fromkeys(one.rule for one in levels))
            width = max(smallest, *(one.upper for one in levels))
            found[id] = Level(max(smallest, *(one.lower for one in levels)), width, names)
    return found


def together(cells: Sequence[Cell]) -> Cell:
    """Several cells as one: what an outsider knows of them is their sum. A holding in several of them is one."""
    value = math.fsum(cell.value for cell in cells)
    if all(cell.contributions for cell in cells):
        parts = tuple(one for cell in cells for one in cell.contributions)
        return Cell(" + ".join(cell.id for cell in cells), value, len(by_holding(parts)), parts)
    counts = [cell.respondents for cell in cells]
    known = [count for count in counts if count is not None]
    told = sum(known) if len(known) == len(counts) else None
    return Cell(" + ".join(cell.id for cell in cells), value, told)


def sums_given_away(
    table: SetOfCells, hidden: Collection[str], rules: Sequence[Rule], weighting: Weighting = Weighting.COPIES
) -> list[tuple[Relation, Cell]]:
    """Sums of hidden cells that everybody can subtract and that a rule holds for: two cells of one holding, say.

    Only of relations with nothing else hidden: total and all other parts are printed.
    """
    found = []
    for relation in table.relations:
        if not relation.total or relation.total in hidden or relation.low or relation.high:
            continue
        inside = [table.cells[id] for id, _ in relation.terms[1:] if id in hidden]
        if len(inside) < 2:
            continue  # a single one is known exactly, which the linear programs see
        sum_ = together(inside)
        seen = summary(sum_, weighting)
        if seen.respondents != 0 and any(level(rule, seen, sum_.value) for rule in rules):
            found.append((relation, sum_))
    return found


def informed(table: SetOfCells) -> list[frozenset[str]]:
    """Cells that one respondent knows exactly because nobody else is in them; one set for each such respondent.

    The same respondent where the same holding is named, or where a total of one is made of a part of one.
    """
    alone = {id: id for id, cell in table.cells.items() if not cell.rate and _is_alone(cell)}

    def root(id: str) -> str:
        while alone[id] != id:
            id = alone[id]
        return id

    named: dict[str, str] = {}
    for id in alone:
        if name := _sole(table.cells[id]):
            alone[root(id)] = root(named.setdefault(name, id))
    for relation in table.relations:
        if relation.total in alone:
            for part, coefficient in relation.terms[1:]:
                if part in alone and coefficient == -1:
                    alone[root(part)] = root(relation.total)
    groups: Mapping[str, set[str]] = defaultdict(set)
    for id in alone:
        groups[root(id)].add(id)
    return [frozenset(group) for group in groups.values()]


def _is_alone(cell: Cell) -> bool:
    if cell.contributions:
        return len(by_holding(cell.contributions)) == 1
    return cell.respondents == 1


def _sole(cell: Cell) -> str:
    return cell.sole or (cell.contributions[0].holding if cell.contributions else "")
