"""Which further cells to hide so that the sensitive ones are safe, as cheaply as can be found in the time given.

First a quick safe pattern: for each need not met, the cheapest way to move the cell is a linear program whose moving
cells are hidden too; then cells that turn out to be needless are published again. Then the integer program over all
patterns, by cutting planes (Fischetti and Salazar-González 2001): each attack that succeeds on a candidate gives an
inequality that every safe pattern fulfils. Candidates are mended into safe patterns, the best is kept, and the bound
of the integer program says how far it is from the cheapest. Whatever comes out has passed the audit.
"""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import highspy
import numpy as np

from pubflow.errors import BadInput
from pubflow.protection.attacking import attack, weaknesses
from pubflow.protection.auditing import Audit, pattern, refuse_unsafe
from pubflow.protection.outsider import (
    UP,
    Bools,
    Equations,
    Floats,
    Need,
    Part,
    Reach,
    Weakness,
    parts_of,
    quiet_solver,
)
from pubflow.protection.sensitivity import Level, Rule, sums_given_away
from pubflow.protection.table import Relation, SetOfCells, State
from pubflow.protection.witnesses import Numbers, Witnesses

_RATE = 0.01  # of the value it speaks of: a hidden rate costs little
_TOTAL = 1e3  # times the dearest part: a total is hidden where nothing else helps
_PRICE_STEPS = 1e5  # prices are scaled so that the dearest ordinary cell costs this much
_FIRST, _PATIENCE, _GRACE = 3.0, 2.0, 10.0
# A first pattern has _FIRST times the search besides; a dearer one without a search, and then the audit, _PATIENCE
# times each; none less than _GRACE seconds.
_DETOUR = 0.1  # for moving what is hidden anyway: a way over few cells is a witness for more respondents
_PROVEN = 1e-6
_MOVED = 1e-8  # what moves less does not move
_CUTS = 400  # taken from one round of attacks
_RELAXED = 800  # cells up to which the relaxed program is attacked as well


Cut = tuple[Numbers, Floats]  # cells and coefficients: their sum over a safe pattern is at least 1


class Cost(StrEnum):
    """What hiding a cell costs."""

    VALUE = "value"
    COUNT = "count"


@dataclass(frozen=True)
class Price:
    """What a pattern costs. cells: hidden ones; secondary: of these not sensitive; share: hidden part of the value
    of the innermost cells, 0 .. 1. cost, bound: in the unit of the cost; no safe pattern is cheaper than `bound`."""

    cells: int
    secondary: int
    share: float
    cost: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether no safe pattern under the same limits is cheaper."""
        return self.cost <= self.bound * (1 + 1e-4) + 1e-9


@dataclass(frozen=True)
class Pattern:
    """A safe pattern. totals: totals that had to be hidden; rounds: integer programs solved."""

    hidden: frozenset[str]
    primary: frozenset[str]
    audit: Audit
    price: Price
    totals: tuple[str, ...]
    rounds: int


class _Clock:
    """How much of the time is left; seconds of CPU would not stop a solver that waits."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return self._end - time.monotonic()

    def late(self) -> bool:
        return self.left() <= 0


class _Late(Exception):
    """The time for looking is up."""


class _Search:
    """The state of one search. free: cells that may be hidden besides those that must."""

    def __init__(self, equations: Equations, must: Floats, needs: list[Need], prices: Floats, clock: _Clock) -> None:
        self.equations, self.must, self.needs, self.prices, self.clock = equations, must, needs, prices, clock
        self.free = np.zeros(len(must), dtype=bool)
        self.cuts: list[Cut] = []
        self._seen: set[tuple[int, int, frozenset[int], tuple[tuple[int, float], ...]]] = set()

    def cost(self, made: Floats) -> float:
        return float(self.prices @ made)

    # -- attacks

    def weak(
        self, made: Floats, known: Witnesses | None = None, late: Callable[[], bool] = lambda: False
    ) -> list[Weakness]:
        return weaknesses(self.equations, made, self.needs, witnesses=known, late=late)

    def witnesses(self) -> Witnesses:
        return Witnesses(self.equations, self.needs)

    def learn(self, found: list[Weakness], made: Floats) -> int:
        """Add the cut of each weakness that `made` violates; how many were new."""
        before = len(self.cuts)
        for weakness in found[:_CUTS]:
            key = (weakness.need.cell, weakness.need.side, weakness.knows, weakness.rows)
            if key in self._seen:
                continue
            self._seen.add(key)
            cut = self._cut(weakness)
            if cut is not None and float(cut[1] @ made[cut[0]]) < 1 - 1e-6:
                self.cuts.append(cut)
        return len(self.cuts) - before

    def _cut(self, weakness: Weakness) -> Cut | None:
        """coefficients @ pattern[cells] >= 1, true of every pattern that meets the need.

        For any multipliers u of the rows, side x cell = (side x e - u A) z + u (A z), and each term is at most what
        the bounds of its cell allow when hidden.
        """
        equations, need = self.equations, weakness.need
        rows = [equations.rows[number] for number, _ in weakness.rows]
        parts = [-multiplier * row.coefficients for row, (_, multiplier) in zip(rows, weakness.rows, strict=True)]
        every = np.concatenate([[need.cell], *(row.cells for row in rows)]).astype(np.intp)
        cells, place = np.unique(every, return_inverse=True)
        direction = np.bincount(place, np.concatenate([[float(need.side)], *parts]))
        constant, opened = 0.0, []
        for row, (_, multiplier) in zip(rows, weakness.rows, strict=True):
            slack = multiplier * (row.high if multiplier > 0 else row.low)
            if not math.isfinite(slack):
                return None
            constant += slack
            if row.rate >= 0 and abs(multiplier) > 1e-12:
                opened.append(row.rate)
        direction[np.abs(direction) < 1e-9] = 0.0
        gain = np.where(direction > 0, direction * equations.above[cells], direction * equations.below[cells])
        gain[np.isin(cells, list(weakness.knows))] = 0.0
        if opened:
            cells = np.concatenate([cells, np.unique(opened)])
            gain = np.concatenate([gain, np.full(len(cells) - len(gain), math.inf)])
        hidden = self.must[cells] > 0
        constant += float(gain[hidden].sum())
        bound = need.width - constant
        if bound <= 1e-9 * need.width:
            return None
        gain = np.minimum(gain, bound) / bound
        keep = ~hidden & (gain >= 1e-7)
        return cells[keep], gain[keep]

    # -- quick patterns

    def mend(self, made: Floats, known: Witnesses) -> Floats | None:
        """Hide more until nothing is weak. None: with the cells that may be hidden there is no way. Raises _Late.

        known: witnesses fit for `made`; those of the mended pattern are added.
        """
        made = made.copy()
        paths = _Paths(self.equations, self.free, self.prices)
        number_of = {(need.cell, need.side): number for number, need in enumerate(self.needs)}
        group_of = {group: number for number, group in enumerate(known.groups)}
        while True:
            found = self.weak(made, known, self.clock.late)
            if self.clock.late():
                raise _Late
            self.learn(found, made)
            if not found:
                return made
            found.sort(key=lambda one: (-one.need.width, one.need.cell))
            changed = False
            for weakness in found:
                if self.clock.late():
                    raise _Late
                if known.is_met(number_of[weakness.need.cell, weakness.need.side], group_of[weakness.knows]):
                    continue
                way = paths.cheapest(made, weakness)
                if way is None:
                    return None
                more, moves = way
                if more:
                    changed = True
                    made[more] = 1.0
                    known.judge(made)
                moving = np.flatnonzero(moves)
                known.add(moving, moves[moving])
            if not changed:
                return None  # the way exists but the audit does not see it: numbers beyond the solver's precision

    def trim(self, made: Floats, known: Witnesses) -> Floats:
        """Publish again what need not be hidden, dearest first, while there is time.

        known: witnesses of the pattern; those of the trimmed one are left.
        """
        made = made.copy()
        known.judge(made)
        part_of = self._parts(made)
        candidates = [int(cell) for cell in np.flatnonzero((made > 0) & (self.must == 0))]
        for cell in sorted(candidates, key=lambda one: -self.prices[one]):
            if self.clock.late():
                break
            made[cell] = 0.0
            known.judge(made)
            rate = bool(self.equations.rates[cell])
            if rate:  # a relation is known again: parts grow together
                rows = self.equations.read_from[cell]
                gone = known.drop({int(one) for row in rows for one in self.equations.rows[row].cells})
                parts = self._parts(made)
            else:
                gone, parts = known.drop([cell]), part_of
                if cell in parts:
                    parts[cell].know([cell])
            asked = np.unique(np.concatenate([one.done for one in gone.values()] or [np.zeros(0, np.intp)]))
            found = self._still_weak(parts, known, asked)
            if found or self.clock.late():
                self.learn(found, made)
                made[cell] = 1.0
                known.judge(made)
                known.restore(gone)
                if not rate and cell in parts:
                    parts[cell].forget([cell])
            else:
                part_of = parts
                if not rate and cell in parts:
                    parts[cell].publish(cell)
        return made

    def _parts(self, made: Floats) -> dict[int, Part]:
        """The part of each hidden cell."""
        parts = parts_of(self.equations, Reach.of(self.equations, made))
        return {cell: part for part in parts for cell in part.cells}

    def _still_weak(self, parts: Mapping[int, Part], known: Witnesses, asked: Numbers) -> list[Weakness]:
        by_part: dict[int, tuple[Part, list[int]]] = {}
        for need in asked:
            part = parts[int(known.places[need])]
            by_part.setdefault(id(part), (part, []))[1].append(int(need))
        for part, needs in by_part.values():
            if found := attack(part, known, np.array(needs), first=True, late=self.clock.late):
                return found
        return []


class _Paths:
    """The cheapest way to move one cell as far as it needs, all else that may be hidden moving with it."""

    def __init__(self, equations: Equations, free: Bools, prices: Floats) -> None:
        self._equations, self._free, self._prices = equations, free, prices
        self._count = len(equations.ids)
        self._solver: highspy.Highs | None = None
        self._open: frozenset[int] = frozenset()

    def _load(self, made: Floats) -> highspy.Highs:
        """Two variables a cell, up and down, with the price of a unit moved."""
        equations, count = self._equations, self._count
        usable = (made > 0) | self._free
        up = np.where(usable, equations.above, 0.0)
        down = np.where(usable, -equations.below, 0.0)
        known = [row for row in equations.rows if row.rate < 0 or not made[row.rate]]
        starts, columns, numbers, lows, highs = [0], [], [], [], []
        for row in known:
            columns += [*row.cells, *(row.cells + count)]
            numbers += [*row.coefficients, *(-row.coefficients)]
            lows.append(row.low)
            highs.append(row.high)
            starts.append(len(columns))
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = 2 * count, len(known)
        program.col_cost_ = np.zeros(2 * count)
        program.col_lower_, program.col_upper_ = np.zeros(2 * count), np.concatenate([up, down])
        program.row_lower_, program.row_upper_ = np.array(lows), np.array(highs)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_, program.a_matrix_.index_ = np.array(starts), np.array(columns, dtype=np.int32)
        program.a_matrix_.value_ = np.array(numbers, dtype=float)
        solver = quiet_solver()
        solver.passModel(program)
        self._bounds = np.concatenate([up, down])
        return solver

    def cheapest(self, made: Floats, weakness: Weakness) -> tuple[list[int], Floats] | None:
        """The cells to hide besides, none when the way is open already, and the moves; None when there is no way.

        Where a growth rate is in the way, hiding it is tried after everything else.
        """
        opened = frozenset(int(cell) for cell in np.flatnonzero(made * self._equations.rates))
        if self._solver is None or opened != self._open:
            self._solver, self._open = self._load(made), opened
        moved = self._solve(made, weakness)
        if moved is not None:
            return moved
        rates = {row.rate for row in self._equations.rows if row.rate >= 0 and self._free[row.rate]}
        if not (rates := {rate for rate in rates if not made[rate]}):
            return None
        beside = self._equations.rows_of[weakness.need.cell]
        own = {self._equations.rows[row].rate for row in beside} & rates
        more = sorted(own or rates)
        further = made.copy()
        further[more] = 1.0
        rest = self.cheapest(further, weakness)
        return None if rest is None else ([*more, *rest[0]], rest[1])

    def _solve(self, made: Floats, weakness: Weakness) -> tuple[list[int], Floats] | None:
        assert self._solver is not None  # noqa: S101
        solver, count, need = self._solver, self._count, weakness.need
        per_unit = np.where(made > 0, _DETOUR, self._prices) / need.width
        every = np.arange(2 * count, dtype=np.int32)
        solver.changeColsCost(2 * count, every, np.concatenate([per_unit, per_unit]))
        low, high = np.zeros(2 * count), self._bounds.copy()
        forward, back = (need.cell, need.cell + count) if need.side == UP else (need.cell + count, need.cell)
        if high[forward] < need.width * (1 - 1e-9):
            return None
        low[forward] = high[forward] = min(need.width, high[forward])
        high[back] = 0.0
        for cell in weakness.knows:
            high[cell] = high[cell + count] = 0.0
        solver.changeColsBounds(2 * count, every, low, high)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        point = np.array(solver.getSolution().col_value)
        moves = point[:count] - point[count:]
        moves[np.abs(moves) <= _MOVED] = 0.0
        return [int(cell) for cell in np.flatnonzero(moves) if not made[cell]], moves


class _Master:
    """The integer program over patterns, with the cuts known so far."""

    def __init__(self, search: _Search) -> None:
        self._search = search
        self._columns = [int(cell) for cell in np.flatnonzero(search.free & (search.must == 0))]
        self._at = {cell: at for at, cell in enumerate(self._columns)}
        self._place = np.full(len(search.must), -1, dtype=np.int32)
        self._place[self._columns] = np.arange(len(self._columns), dtype=np.int32)
        self._solver = quiet_solver()
        self._taken = 0
        for cell in self._columns:
            self._solver.addCol(float(search.prices[cell]), 0.0, 1.0, 0, np.array([], np.int32), np.array([]))
        self._pairs()

    def _pairs(self) -> None:
        """A cell hidden alone in a sum is known by subtraction, so nobody hides it there to any use."""
        search = self._search
        for row in search.equations.rows:
            if row.low or row.high or row.rate >= 0 or (search.must[row.cells] > 0).any():
                continue
            columns = [self._at[int(cell)] for cell in row.cells if int(cell) in self._at]
            for one in columns:
                numbers = np.array([-1.0 if other == one else 1.0 for other in columns])
                self._solver.addRow(0.0, highspy.kHighsInf, len(columns), np.array(columns, np.int32), numbers)

    def solve(self, *, whole: bool, seconds: float) -> tuple[Floats, float] | None:
        """The best pattern under the cuts (fractional unless `whole`) and the bound; None without one in time."""
        search = self._search
        for cells, coefficients in search.cuts[self._taken :]:
            at = self._place[cells]
            inside = at >= 0
            self._solver.addRow(1.0, highspy.kHighsInf, int(inside.sum()), at[inside], coefficients[inside])
        self._taken = len(search.cuts)
        kind = highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
        for column in range(len(self._columns)):
            self._solver.changeColIntegrality(column, kind)
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + max(seconds, 0.05))
        self._solver.setOptionValue("mip_rel_gap", _PROVEN)
        self._solver.run()
        status = self._solver.getModelStatus()
        info = self._solver.getInfo()
        done = status == highspy.HighsModelStatus.kOptimal
        timed = status == highspy.HighsModelStatus.kTimeLimit and whole and info.primal_solution_status == 2
        if not (done or timed):
            return None
        made = search.must.copy()
        values = np.array(self._solver.getSolution().col_value)
        made[self._columns] = np.round(values) if whole else values.clip(0.0, 1.0)
        base = search.cost(search.must)
        bound = info.mip_dual_bound if whole else info.objective_function_value
        return made, base + (float(bound) if math.isfinite(bound) else 0.0)


def protect(
    table: SetOfCells,
    levels: Mapping[str, Level],
    *,
    cost: Cost = Cost.VALUE,
    weights: Mapping[str, float] | None = None,
    keep: Collection[str] = (),
    keep_totals: bool = True,
    rules: Sequence[Rule] = (),
    seconds: float = 10.0,
) -> Pattern:
    """A safe pattern for the sensitive cells `levels`.

    weights: costs of the office by cell, instead of `cost`. keep: cells that stay published whatever it costs.
    keep_totals: totals stay unless there is no other way; else they cost what they cost.
    rules: what the sums of hidden cells are judged by as well. seconds: for the search; a first pattern has three times
    as much besides. Without one then, a dearer one is taken that needs no search; what is not audited in twice that
    time is refused.
    Raises BadInput (Chinese) when a kept or published cell is itself sensitive, nothing safe spares it, or time is up;
    UnsafePattern when the audit at the end finds something (then nothing may be written).
    """
    equations = Equations(table)
    for id in keep:
        if id not in table.cells:
            raise BadInput("没有这一格", id, "请核对 --keep")
        if id in levels:
            raise BadInput("这一格本身须隐去，不能保留", id, "请去掉这个 --keep")
    for id in levels:
        if table.cells[id].state is State.PUBLIC:
            raise BadInput("这一格本身须隐去，但已经公布过", id, "请报告保密员")
    prices = _prices(equations, cost, weights or {}, keep_totals=keep_totals)
    stages = _Stages(equations, keep, keep_totals=keep_totals)
    clock, whole = _Clock(seconds), _Clock(max(_GRACE, _PATIENCE * seconds))
    more: set[str] = set()  # hidden since the sum of others would give somebody away
    least: float | None = None  # no pattern is cheaper, whatever is hidden besides
    while True:
        must = pattern(equations, {*levels, *more})
        if least is None or not clock.late():
            search = _Search(equations, must, equations.needs(dict(levels)), prices, clock)
            best, bound, rounds, known = _searched(search, stages.of(must), seconds)
            least = bound if least is None else least
        else:
            best = np.maximum(best, must)  # what is hidden besides makes nothing less safe
        hidden = frozenset(equations.ids[int(cell)] for cell in np.flatnonzero(best))
        wrong = sums_given_away(table, hidden, rules)
        if not wrong:
            break
        more |= {_beside(search, relation, hidden, stages) for relation, _ in wrong}
    late = _Clock(max(_GRACE, _PATIENCE * seconds)).late
    done = refuse_unsafe(table, hidden, levels, rules=rules, points=known.points(), late=late, soon=whole.late)
    totals = tuple(id for id in table.totals if id in hidden and id not in levels)
    price = _price(search, best, least, prices, len(set(levels) & hidden))
    return Pattern(hidden, frozenset(levels), done, price, tuple(sorted(totals)), rounds)


def _searched(search: _Search, stages: list[Bools], seconds: float) -> tuple[Floats, float, int, Witnesses]:
    """A safe pattern, the bound, the rounds and the witnesses. Raises BadInput when there is none or not in time."""
    clock, search.clock = search.clock, _Clock(search.clock.left() + max(_GRACE, _FIRST * seconds))
    try:
        made = None
        for free in stages:
            search.free = free
            known = search.witnesses()
            made = search.mend(search.must, known)
            if made is not None:
                break
    except _Late:
        made, known = _wide(search, stages, _Clock(max(_GRACE, _PATIENCE * seconds)))
        search.clock = _Clock(seconds)
        return search.trim(made, known), search.cost(search.must), 0, known
    search.clock = clock
    if made is None:
        raise BadInput("没有安全的隐去办法：保留的格和已公布的格已足以推算", "", "请减少 --keep，或合并行列后再试")
    return _improve(search, search.trim(made, known), known)


def _wide(search: _Search, stages: list[Bools], limit: _Clock) -> tuple[Floats, Witnesses]:
    """A dear pattern without a search: all that stands beside what is hidden, then all that may be hidden."""
    equations = search.equations
    beside = np.zeros(len(search.must), dtype=bool)
    for cell in np.flatnonzero(search.must):
        for number in equations.rows_of[int(cell)]:
            beside[equations.rows[number].cells] = True
            if equations.rows[number].rate >= 0:
                beside[equations.rows[number].rate] = True
    for free in stages:
        search.free = free
        for chosen in (free & beside, free):
            made = np.where(chosen, 1.0, search.must)
            known = search.witnesses()
            weak = search.weak(made, known, late=limit.late)
            if limit.late():
                raise BadInput("没有在限定的时间内找到安全的办法", "", "请增加 --seconds，或按专业、地区拆成几张表")
            if not weak:
                return made, known
    raise BadInput("没有安全的隐去办法：保留的格和已公布的格已足以推算", "", "请减少 --keep，或合并行列后再试")


def _beside(search: _Search, relation: Relation, hidden: Collection[str], stages: "_Stages") -> str:
    """The cheapest cell of a sum that may be hidden as well. Raises BadInput when there is none."""
    index = search.equations.index
    others = [id for id, _ in relation.terms if id not in hidden]
    for free in stages.of(search.must):
        able = [id for id in others if free[index[id]]]
        if able:
            return min(able, key=lambda id: search.prices[index[id]])
    raise BadInput("没有安全的隐去办法：隐去的格合起来仍指向一个调查对象", relation.words, "请减少 --keep，或合并行列")


class _Stages:
    """Which cells may be hidden, in the order of trying: no total; any but the topmost; any."""

    def __init__(self, equations: Equations, keep: Collection[str], *, keep_totals: bool) -> None:
        table = equations.table
        open_ = np.array([cell.state is State.OPEN for cell in table.cells.values()]) & ~equations.empty
        for id in keep:
            open_[equations.index[id]] = False
        totals = np.array([id in table.totals for id in equations.ids])
        parts = {id for relation in table.relations if relation.total for id, _ in relation.terms[1:]}
        topmost = np.array([id in table.totals and id not in parts for id in equations.ids])
        self._stages = [open_ & ~totals, open_ & ~topmost, open_] if keep_totals else [open_ & ~topmost, open_]

    def of(self, must: Floats) -> list[Bools]:
        """The same, with what must be hidden in each."""
        return [stage | (must > 0) for stage in self._stages]


def _prices(equations: Equations, cost: Cost, weights: Mapping[str, float], *, keep_totals: bool) -> Floats:
    """What hiding each cell costs, at least a little each, scaled for the solver."""
    table = equations.table
    raw = np.abs(equations.values) if cost is Cost.VALUE else np.ones(len(equations.ids))
    ordinary = raw[~equations.rates & (raw > 0)]
    raw = np.maximum(raw, 1e-4 * float(ordinary.max()) if len(ordinary) else 1.0)
    raw[equations.rates] = _RATE * (float(ordinary.mean()) if len(ordinary) else 1.0)
    for id, weight in weights.items():
        if id not in equations.index or not weight > 0:
            raise BadInput("费用须为已有格的正数", id, "请核对费用")
        raw[equations.index[id]] = weight
    totals = np.array([id in table.totals for id in equations.ids])
    inner = raw[~totals]
    dearest = float(inner.max()) if len(inner) else 1.0
    if keep_totals:
        raw[totals] += _TOTAL * dearest
    return np.asarray(raw * _PRICE_STEPS / dearest)


def _improve(search: _Search, best: Floats, proof: Witnesses) -> tuple[Floats, float, int, Witnesses]:
    """Cutting planes until the optimum is proven or time is up: pattern, bound, rounds, witnesses."""
    bound, rounds = search.cost(search.must), 0
    if not search.needs or search.cost(best) <= bound:
        return best, bound, rounds, proof
    _first_cuts(search)
    master = _Master(search)
    if len(search.equations.ids) <= _RELAXED:
        bound = max(bound, _relax(search, master))
    while not search.clock.late():
        found = master.solve(whole=True, seconds=search.clock.left())
        if found is None:
            break
        rounds += 1
        candidate, low = found
        bound = max(bound, low)
        if search.cost(best) <= bound * (1 + 1e-6) or search.clock.late():
            break
        known = search.witnesses()
        weak = search.weak(candidate, known, search.clock.late)
        if not weak and not search.clock.late():
            if search.cost(candidate) < search.cost(best):
                best, proof = candidate, known
            break
        learnt = search.learn(weak, candidate)
        try:
            mended = search.mend(candidate, known)
        except _Late:
            break
        if mended is not None:
            mended = search.trim(mended, known)
            if search.cost(mended) < search.cost(best):
                best, proof = mended, known
        if not learnt:
            break
    return best, min(bound, search.cost(best)), rounds, proof


def _relax(search: _Search, master: _Master) -> float:
    """Attack fractional patterns first: cheap rounds that raise the bound a long way."""
    bound = 0.0
    for _ in range(60):
        found = master.solve(whole=False, seconds=search.clock.left())
        if found is None or search.clock.left() < 0:
            break
        made, low = found
        better = low > bound * (1 + 1e-4)
        bound = max(bound, low)
        if not search.learn(search.weak(made, late=search.clock.late), made) or not better:
            break
    return bound


def _first_cuts(search: _Search) -> None:
    """Each sum that a sensitive cell stands in, as an attack of its own."""
    equations, known = search.equations, search.witnesses()
    for at, need in enumerate(search.needs):
        for number in equations.rows_of[need.cell]:
            row = equations.rows[number]
            if row.low or row.high or row.rate >= 0:
                continue
            own = float(row.coefficients[row.cells == need.cell][0])
            for group in (0, *np.unique(known.group_of[row.cells])):
                if search.clock.late():
                    return
                if not group or need.cell not in known.groups[group]:
                    asked = replace(need, width=known.width(at, int(group)))
                    search.learn([Weakness(asked, known.groups[group], 0.0, ((number, need.side / own),))], search.must)


def _price(search: _Search, made: Floats, bound: float, prices: Floats, primary: int) -> Price:
    equations = search.equations
    totals = np.array([id in equations.table.totals for id in equations.ids])
    inner = ~totals & ~equations.rates
    values = np.abs(equations.values)
    whole = float(values[inner].sum())
    hidden = made > 0
    share = float(values[inner & hidden].sum()) / whole if whole else 0.0
    return Price(int(hidden.sum()), int(hidden.sum()) - primary, share, float(prices @ made), bound)
