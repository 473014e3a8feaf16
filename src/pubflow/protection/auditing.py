"""The audit of a whole pattern: what an outsider, and each respondent that is alone in a cell, can compute."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pubflow.errors import BadInput, PubflowError
from pubflow.protection.attacking import weaknesses
from pubflow.protection.outsider import UP, Equations, Floats, Weakness, interval
from pubflow.protection.sensitivity import Level, Rule, sums_given_away
from pubflow.protection.table import SetOfCells, State
from pubflow.protection.witnesses import Numbers, Witnesses


@dataclass(frozen=True)
class Verdict:
    """What can be computed of one cell. low, high: in the unit of the value; infinite where nothing bounds it."""

    cell: str
    hidden: bool
    safe: bool
    low: float
    high: float
    reason: str


@dataclass(frozen=True)
class Audit:
    """One verdict for every sensitive and every hidden cell."""

    verdicts: tuple[Verdict, ...]

    @property
    def safe(self) -> bool:
        """Whether the pattern gives nobody away."""
        return all(one.safe for one in self.verdicts)

    @property
    def unsafe(self) -> tuple[Verdict, ...]:
        """The cells that it gives away."""
        return tuple(one for one in self.verdicts if not one.safe)


@dataclass(eq=False)
class UnsafePattern(PubflowError):
    """A pattern that gives somebody away; it was not written."""

    code = "unsafe_pattern"
    status = 409
    cells: tuple[str, ...]
    reasons_of: tuple[str, ...]

    def __str__(self) -> str:
        shown = "；".join(self.reasons_of[:5])
        more = f"；另有 {len(self.cells) - 5} 格" if len(self.cells) > 5 else ""
        return f"这样隐去不安全，没有写出：{shown}{more}。请增加隐去的格，或用 `pubflow tables protect` 生成"


def pattern(equations: Equations, hidden: Collection[str]) -> Floats:
    """1 for each hidden cell, and for those that a table published earlier hides; 0 for the others."""
    made = np.zeros(len(equations.ids))
    for id in hidden:
        made[equations.index[id]] = 1.0
    for id, cell in equations.table.cells.items():
        if cell.state is not State.OPEN:
            made[equations.index[id]] = float(cell.state is State.HIDDEN)
    return made


def audit(
    table: SetOfCells,
    hidden: Collection[str],
    levels: Mapping[str, Level],
    *,
    rules: Sequence[Rule] = (),
    intervals: bool = True,
    points: Iterable[tuple[Numbers, Floats]] = (),
    late: Callable[[], bool] = lambda: False,
    soon: Callable[[], bool] = lambda: False,
) -> Audit:
    """Judge the pattern `hidden` for the sensitive cells of `levels`.

    rules: what sums of hidden cells are judged by as well. intervals: also compute the exact interval of every hidden
    cell; without it only the verdicts. points: tables that may prove something, by the order of `table.cells`; each is
    checked first. late: the time is up. Raises BadInput then: half an audit proves nothing. soon: no time for further
    intervals, they are nan then.
    """
    equations = Equations(table)
    made = pattern(equations, hidden)
    found: dict[int, Weakness] = {}
    needs = equations.needs(dict(levels))
    known = Witnesses(equations, needs)
    known.judge(made)
    for cells, moves in points:
        known.add(cells, moves)
    for weakness in weaknesses(equations, made, needs, witnesses=known, late=late):
        found.setdefault(weakness.need.cell, weakness)
    if late():
        raise BadInput("没有在限定的时间内审核完", "", "请增加 --seconds，或按专业、地区拆成几张表")
    asked = [equations.index[id] for id in levels] + [int(cell) for cell in np.flatnonzero(made)]
    reached = interval(equations, made, list(dict.fromkeys(asked)), soon) if intervals else {}
    verdicts = []
    for cell in dict.fromkeys(asked):
        if equations.rates[cell]:
            continue
        value = table.cells[equations.ids[cell]].value
        low, high = reached.get(cell, (math.nan, math.nan) if intervals and made[cell] else (value, value))
        if not intervals:
            low = high = math.nan
        reason = _reason(equations, found[cell], made) if cell in found else ""
        verdicts.append(Verdict(equations.ids[cell], bool(made[cell]), cell not in found, low, high, reason))
    for relation, sum_ in sums_given_away(table, {equations.ids[int(one)] for one in np.flatnonzero(made)}, rules):
        reason = f"合计数由 {relation.words} 推算得出，而它们合起来调查对象过少或过于集中"
        verdicts.append(Verdict(sum_.id, True, False, sum_.value, sum_.value, reason))
    return Audit(tuple(verdicts))


def refuse_unsafe(
    table: SetOfCells,
    hidden: Collection[str],
    levels: Mapping[str, Level],
    *,
    rules: Sequence[Rule] = (),
    intervals: bool = True,
    points: Iterable[tuple[Numbers, Floats]] = (),
    late: Callable[[], bool] = lambda: False,
    soon: Callable[[], bool] = lambda: False,
) -> Audit:
    """The audit of a safe pattern. Raises UnsafePattern naming cells and reasons for any other, BadInput when late."""
    done = audit(table, hidden, levels, rules=rules, intervals=intervals, points=points, late=late, soon=soon)
    if not done.safe:
        raise UnsafePattern(
            tuple(one.cell for one in done.unsafe), tuple(f"{one.cell}：{one.reason}" for one in done.unsafe)
        )
    return done


def _reason(equations: Equations, weakness: Weakness, made: Floats) -> str:
    """Without a figure: it may be printed."""
    if not made[weakness.need.cell]:
        return "调查对象过少或过于集中，应隐去而未隐去"
    who = "外人"
    if weakness.knows:
        known = "、".join(equations.ids[cell] for cell in sorted(weakness.knows))
        who = f"“{known}”的唯一调查对象"
    by = "；".join(dict.fromkeys(equations.table.relations[row].words for row, _ in weakness.rows[:3]))
    how = "推算出来" if weakness.reached <= 1e-6 * weakness.need.width else "推算到过窄的范围"
    side = "上限" if weakness.need.side == UP else "下限"
    return f"{who}可由已公布的数{how}（{side}）" + (f"，依据：{by}" if by else "")
