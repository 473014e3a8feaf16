"""What an outsider can compute of hidden cells: linear programs over the relations of a table.

Everything is in deviations from the true value, scaled so that the largest figure of the table is `_SIZE`; the true
table is the point zero. A published cell has deviation zero. Where printed figures add up only after rounding, the
outsider is taken to know the remainder exactly: the intervals so found are those of the rounded table, only narrower,
never wider, by the width of the rounding.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import highspy
import numpy as np
from numpy.typing import NDArray

from pubflow.protection.sensitivity import Level, informed
from pubflow.protection.table import Relation, SetOfCells

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
UP, DOWN = 1, -1
SLACK = 1e-7  # relative: what a solver's tolerance may take from an interval
_SIZE = 1e5
_ENDLESS = 100 * _SIZE  # a hundred times the largest figure: nobody would believe more
_LONGEST = 10.0  # seconds for one program; then it counts as if nothing could move
_PRIMAL = 4  # HiGHS' number of the primal simplex method
_EXACT = 1e-9  # feasibility asked of the solver
NARROWEST = 1e-4  # a width below this drowns in tolerances: a thousand millionth of the largest figure
_SOME = 1e-6  # of the value: a level that is nothing but rounding still asks for this much


@dataclass(frozen=True)
class Row:
    """One relation in numbers. rate: the index of the cell that it is read from, -1 for none."""

    cells: NDArray[np.intp]
    coefficients: Floats
    low: float
    high: float
    rate: int = -1


@dataclass(frozen=True)
class Need:
    """The deviation an outsider must still think possible for a cell, in one direction."""

    cell: int
    side: int
    width: float


@dataclass(frozen=True)
class Weakness:
    """A need that is not met. knows: cells the attacker knows besides. reached: deviation still possible.

    rows: the relations that hold the cell there, with the multiplier of each: the dual solution, a proof.
    """

    need: Need
    knows: frozenset[int]
    reached: float
    rows: tuple[tuple[int, float], ...] = ()


class Equations:
    """A set of cells as arrays. Indices follow the order of `table.cells`."""

    def __init__(self, table: SetOfCells) -> None:
        self.table = table
        self.ids = list(table.cells)
        self.index = {id: number for number, id in enumerate(self.ids)}
        values = np.array([cell.value for cell in table.cells.values()], dtype=float)
        largest = max((abs(cell.value) for cell in table.cells.values() if not cell.rate), default=0.0)
        self.scale = _SIZE / (largest or 1.0)
        self.values = values * self.scale
        self.below = -self.values.clip(min=0.0) if table.nonnegative else np.full(len(values), -_ENDLESS)
        self.above = np.full(len(values), _ENDLESS)
        self.rates = np.array([cell.rate for cell in table.cells.values()], dtype=bool)
        # Everybody knows which cells are empty: such a cell hides nothing, and neither does a rate by its value.
        self.empty = np.array([cell.respondents == 0 and not cell.value for cell in table.cells.values()], dtype=bool)
        still = self.rates | self.empty
        self.below[still] = self.above[still] = 0.0
        self.rows = [self._row(relation) for relation in table.relations]
        self.rows_of: list[list[int]] = [[] for _ in self.ids]
        self.read_from: list[list[int]] = [[] for _ in self.ids]
        for number, row in enumerate(self.rows):
            for cell in row.cells:
                self.rows_of[cell].append(number)
            if row.rate >= 0:
                self.read_from[row.rate].append(number)
        self.row_low = np.array([row.low for row in self.rows])
        self.row_high = np.array([row.high for row in self.rows])
        self.row_rate = np.array([row.rate for row in self.rows], dtype=np.intp)
        nothing: Floats = np.zeros(0)
        self.entries = (  # cell, coefficient and relation of every term
            np.concatenate([row.cells for row in self.rows] or [np.zeros(0, dtype=np.intp)]).astype(np.intp),
            np.concatenate([row.coefficients for row in self.rows] or [nothing]),
            np.repeat(np.arange(len(self.rows)), [len(row.cells) for row in self.rows]),
        )

    def _row(self, relation: Relation) -> Row:
        cells = np.array([self.index[id] for id, _ in relation.terms], dtype=np.intp)
        coefficients = np.array([coefficient for _, coefficient in relation.terms], dtype=float)
        rate = self.index[relation.rate] if relation.rate else -1
        if relation.low == relation.high:
            return Row(cells, coefficients, 0.0, 0.0, rate)
        now = float(coefficients @ self.values[cells])
        return Row(cells, coefficients, min(relation.low - now, 0.0), max(relation.high - now, 0.0), rate)

    @cached_property
    def groups(self) -> list[frozenset[int]]:
        """The cells each respondent knows that is alone in them."""
        return [frozenset(self.index[id] for id in group) for group in informed(self.table)]

    @cached_property
    def own_parts(self) -> list[dict[int, float]]:
        """For each of `groups`, how much of which sums is its own."""
        above: dict[int, list[Relation]] = {}
        for relation in self.table.relations:
            if relation.total:
                for id, _ in relation.terms[1:]:
                    above.setdefault(self.index[id], []).append(relation)
        found = []
        for group in self.groups:
            own = {cell: float(self.values[cell]) for cell in group}
            waiting = list(group)
            while waiting:
                for relation in above.get(waiting.pop(), ()):
                    total = self.index[relation.total]
                    sum_ = math.fsum(own.get(self.index[id], 0.0) for id, _ in relation.terms[1:])
                    if total not in group and sum_ > own.get(total, 0.0):
                        own[total] = sum_
                        waiting.append(total)
            found.append({cell: sum_ for cell, sum_ in own.items() if cell not in group})
        return found

    def needs(self, levels: dict[str, Level]) -> list[Need]:
        """Both directions of every level; below, nothing is asked beyond zero where cells cannot be negative."""
        made = []
        for id, level in levels.items():
            cell = self.index[id]
            least = _SOME * abs(float(self.values[cell]))
            down = min(max(level.lower * self.scale, least), -float(self.below[cell]))
            for side, width in ((UP, max(level.upper * self.scale, least)), (DOWN, down)):
                if width > 0:
                    made.append(Need(cell, side, width))
        return made


@dataclass
class Reach:
    """How far each cell may move, and which relations are known. Made from a pattern, whole or fractional."""

    low: Floats
    high: Floats
    open_rows: Floats  # 0 = known; 1 = its rate is hidden

    @classmethod
    def of(cls, equations: Equations, hidden: Floats) -> "Reach":
        """hidden: 0 .. 1 for each cell."""
        open_rows = np.where(equations.row_rate >= 0, hidden[equations.row_rate], 0.0)
        return cls(equations.below * hidden, equations.above * hidden, open_rows)


@dataclass
class Part:
    """Hidden cells that hang together by relations, and the linear program over them."""

    cells: list[int]
    rows: list[int]
    place: dict[int, int] = field(init=False)
    low: Floats = field(init=False)
    high: Floats = field(init=False)
    bounds: Floats = field(init=False)  # now, with what an attacker knows
    solver: highspy.Highs = field(init=False)

    def load(self, equations: Equations, reach: Reach) -> None:
        """Make the program."""
        self.place = {cell: at for at, cell in enumerate(self.cells)}
        at = np.full(len(equations.ids), -1, dtype=np.int32)
        at[self.cells] = np.arange(len(self.cells), dtype=np.int32)
        rows = [equations.rows[number] for number in self.rows]
        columns = at[np.concatenate([row.cells for row in rows])] if rows else at[:0]
        numbers = np.concatenate([row.coefficients for row in rows]) if rows else np.zeros(0)
        ends = np.cumsum([len(row.cells) for row in rows], dtype=np.intp)
        inside = columns >= 0
        starts = np.concatenate([[0], np.concatenate([[0], np.cumsum(inside)])[ends]]).astype(np.int32)
        wider = _ENDLESS * reach.open_rows[self.rows]
        lows = np.array([max(row.low, -_ENDLESS) for row in rows]) - wider
        highs = np.array([min(row.high, _ENDLESS) for row in rows]) + wider
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = len(self.cells), len(self.rows)
        program.col_cost_ = np.zeros(len(self.cells))
        program.col_lower_, program.col_upper_ = reach.low[self.cells], reach.high[self.cells]
        program.row_lower_, program.row_upper_ = lows, highs
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_, program.a_matrix_.index_ = starts, columns[inside]
        program.a_matrix_.value_ = numbers[inside]
        self.low, self.high = reach.low[self.cells], reach.high[self.cells]
        self.bounds = np.stack([self.low, self.high], axis=1)
        self.solver = quiet_solver()
        self.solver.setOptionValue("simplex_strategy", _PRIMAL)  # from one aim to the next the point stays a solution
        self.solver.passModel(program)

    def furthest(self, cell: int, side: int, enough: float = math.inf) -> tuple[float, Floats, Floats]:
        """How far `cell` can move to that side, up to `enough`; the point of it; the multiplier of each row."""
        at = self.place[cell]
        low, high = self.bounds[at]
        if side == UP:
            self.solver.changeColBounds(at, low, min(high, enough))
        else:
            self.solver.changeColBounds(at, max(low, -enough), high)
        self.solver.changeColCost(at, float(-side))
        point, duals = self._run()
        self.solver.changeColCost(at, 0.0)
        self.solver.changeColBounds(at, low, high)
        return side * float(point[at]), point, duals

    def together(self, wanted: Sequence[Need]) -> Floats:
        """A point that moves many cells at once, each as far as it needs and no further; one need for a cell."""
        places = np.array([self.place[need.cell] for need in wanted], dtype=np.int32)
        old = self.bounds[places]
        new = old.copy()
        for at, need in enumerate(wanted):
            end = 1 if need.side == UP else 0
            new[at, end] = need.side * min(need.width, abs(new[at, end]))
        costs = np.array([-need.side / need.width for need in wanted])
        count = len(places)
        self.solver.changeColsBounds(count, places, new[:, 0].copy(), new[:, 1].copy())
        self.solver.changeColsCost(count, places, costs)
        point, _ = self._run()
        self.solver.changeColsCost(count, places, np.zeros(count))
        self.solver.changeColsBounds(count, places, old[:, 0].copy(), old[:, 1].copy())
        return point

    def _run(self) -> tuple[Floats, Floats]:
        self.solver.setOptionValue("time_limit", self.solver.getRunTime() + _LONGEST)
        self.solver.run()
        solution = self.solver.getSolution()
        point, duals = np.array(solution.col_value), np.array(solution.row_dual)
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal or not np.isfinite(point).all():
            # Zero is always a solution and every variable is bounded: what fails is arithmetic or time. Fail closed.
            return np.zeros(len(self.cells)), np.zeros(len(self.rows))
        return point, -duals

    def know(self, cells: Iterable[int]) -> None:
        """The attacker knows these exactly."""
        self._bound([self.place[cell] for cell in cells if cell in self.place], known=True)

    def forget(self, cells: Iterable[int]) -> None:
        """Undo `know`."""
        self._bound([self.place[cell] for cell in cells if cell in self.place], known=False)

    def publish(self, cell: int) -> None:
        """Everybody knows it, from now on."""
        self.know([cell])
        self.low[self.place[cell]] = self.high[self.place[cell]] = 0.0

    def _bound(self, places: list[int], *, known: bool) -> None:
        for at in places:
            low, high = (0.0, 0.0) if known else (float(self.low[at]), float(self.high[at]))
            self.bounds[at] = low, high
            self.solver.changeColBounds(at, low, high)


def quiet_solver() -> highspy.Highs:
    """A solver of one thread that prints nothing."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # as it is shipped
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    solver.setOptionValue("primal_feasibility_tolerance", _EXACT)
    return solver


def parts_of(equations: Equations, reach: Reach, near: Iterable[int] | None = None) -> list[Part]:
    """The connected parts of what can move; with `near` only those that hold one of these cells."""
    moves = reach.high > reach.low
    rows_known = reach.open_rows < 1
    seen: set[int] = set()
    parts = []
    for start in range(len(equations.ids)) if near is None else near:
        if start in seen or not moves[start]:
            continue
        cells, rows, waiting = [], set(), [start]
        seen.add(start)
        while waiting:
            cell = waiting.pop()
            cells.append(cell)
            for number in equations.rows_of[cell]:
                if number in rows or not rows_known[number]:
                    continue
                rows.add(number)
                for other in equations.rows[number].cells:
                    if moves[other] and other not in seen:
                        seen.add(int(other))
                        waiting.append(int(other))
        part = Part(sorted(cells), sorted(rows))
        part.load(equations, reach)
        parts.append(part)
    return parts


def interval(
    equations: Equations, hidden: Floats, cells: Sequence[int], late: Callable[[], bool] = lambda: False
) -> dict[int, tuple[float, float]]:
    """The least and greatest value an outsider can think of, in the table's unit; inf where nothing bounds it.

    late: stop there with those that are found.
    """
    found = {}
    for part in parts_of(equations, Reach.of(equations, hidden), cells):
        for cell in cells:
            if cell in part.place and not late():
                down, up = part.furthest(cell, DOWN)[0], part.furthest(cell, UP)[0]
                low = -math.inf if down >= 0.99 * _ENDLESS else (equations.values[cell] - down) / equations.scale
                high = math.inf if up >= 0.99 * _ENDLESS else (equations.values[cell] + up) / equations.scale
                found[cell] = (float(low), float(high))
    return found
