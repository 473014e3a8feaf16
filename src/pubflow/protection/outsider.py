"""What an outsider can compute of hidden cells: linear programs over the relations of a table.

Everything is in deviations from the true value, scaled so that the largest figure of the table is `_SIZE`; the true
table is the point zero. A published cell has deviation zero. Where printed figures add up only after rounding, the
outsider is taken to know the remainder exactly: the intervals so found are those of the rounded table, only narrower,
never wider, by the width of the rounding.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np
from numpy.typing import NDArray

from pubflow.protection.sensitivity import Level
from pubflow.protection.table import Relation, SetOfCells

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
UP, DOWN = 1, -1
SLACK = 1e-7  # relative: what a solver's tolerance may take from an interval
_SIZE = 1e5
_ENDLESS = 100 * _SIZE  # a hundred times the largest figure: nobody would believe more


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

    def _row(self, relation: Relation) -> Row:
        cells = np.array([self.index[id] for id, _ in relation.terms], dtype=np.intp)
        coefficients = np.array([coefficient for _, coefficient in relation.terms], dtype=float)
        rate = self.index[relation.rate] if relation.rate else -1
        if relation.low == relation.high:
            return Row(cells, coefficients, 0.0, 0.0, rate)
        now = float(coefficients @ self.values[cells])
        return Row(cells, coefficients, min(relation.low - now, 0.0), max(relation.high - now, 0.0), rate)

    def needs(self, levels: dict[str, Level]) -> list[Need]:
        """Both directions of every level; below, nothing is asked beyond zero where cells cannot be negative."""
        made = []
        for id, level in levels.items():
            cell = self.index[id]
            down = min(level.lower * self.scale, -float(self.below[cell]))
            for side, width in ((UP, level.upper * self.scale), (DOWN, down)):
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
        open_rows = np.array([hidden[row.rate] if row.rate >= 0 else 0.0 for row in equations.rows])
        return cls(equations.below * hidden, equations.above * hidden, open_rows)


@dataclass
class Part:
    """Hidden cells that hang together by relations, and the linear program over them."""

    cells: list[int]
    rows: list[int]
    place: dict[int, int] = field(init=False)
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
        self.solver = quiet_solver()
        self.solver.passModel(program)

    def furthest(self, cell: int, side: int) -> tuple[float, Floats, Floats]:
        """How far `cell` can move to that side; the point of it; the multiplier of each row (for `side` x cell)."""
        at = self.place[cell]
        self.solver.changeColCost(at, float(-side))
        self.solver.run()
        status = self.solver.getModelStatus()
        solution = self.solver.getSolution()
        self.solver.changeColCost(at, 0.0)
        if status != highspy.HighsModelStatus.kOptimal:
            # Zero is always a solution and every variable is bounded; what fails is the arithmetic. Fail closed.
            return 0.0, np.zeros(len(self.cells)), np.zeros(len(self.rows))
        point = np.array(solution.col_value)
        return side * float(point[at]), point, -np.array(solution.row_dual)

    def know(self, cells: Iterable[int]) -> None:
        """The attacker knows these exactly."""
        for cell in cells:
            if cell in self.place:
                self.solver.changeColBounds(self.place[cell], 0.0, 0.0)

    def forget(self, cells: Iterable[int]) -> None:
        """Undo `know`."""
        for cell in cells:
            if cell in self.place:
                at = self.place[cell]
                self.solver.changeColBounds(at, float(self.low[at]), float(self.high[at]))


def quiet_solver() -> highspy.Highs:
    """A solver of one thread that prints nothing."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # as it is shipped
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
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


def weaknesses(
    equations: Equations,
    hidden: Floats,
    needs: Sequence[Need],
    groups: Sequence[frozenset[int]],
    *,
    first: bool = False,
    late: Callable[[], bool] = lambda: False,
) -> list[Weakness]:
    """Every need that the outsider, or a respondent who knows the cells of one of `groups`, leaves unmet.

    hidden: 1 for a hidden cell, 0 for a published one; between them for a relaxed pattern. first: stop at one.
    late: stop there with what was found (then the list proves nothing).
    """
    found = [Weakness(need, frozenset(), 0.0) for need in needs if hidden[need.cell] <= 0]
    if found and first:
        return found
    asked = [need for need in needs if hidden[need.cell] > 0]
    reach = Reach.of(equations, hidden)
    for part in parts_of(equations, reach, dict.fromkeys(need.cell for need in asked)):
        inside = [need for need in asked if need.cell in part.place]
        found += _in_part(part, inside, _informed_in(part, groups), first=first, late=late)
        if (found and first) or late():
            break
    return found


def _informed_in(part: Part, groups: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    inside = [frozenset(cell for cell in group if cell in part.place) for group in groups]
    return [group for group in inside if group]


def _in_part(
    part: Part, needs: list[Need], groups: list[frozenset[int]], *, first: bool, late: Callable[[], bool]
) -> list[Weakness]:
    """A point that meets one need often meets others, and two points on both sides of what a respondent knows have
    one between them that leaves it as it is: such needs are proven met without a program of their own."""
    places = np.array([part.place[need.cell] for need in needs])
    sides = np.array([need.side for need in needs])
    widths = np.array([need.width for need in needs])
    members = [np.array([part.place[cell] for cell in group]) for group in groups]
    met = np.zeros((len(needs), 1 + len(groups)), dtype=bool)
    before, after = np.zeros_like(met), np.zeros_like(met)

    def use(point: Floats) -> None:
        done = sides * point[places] >= widths * (1 - SLACK)
        if not done.any():
            return
        met[done, 0] = True
        for number, cells in enumerate(members, 1):
            moved = point[cells]
            if np.abs(moved).max() <= 1e-9:
                met[done, number] = True
            elif len(cells) == 1:
                (after if moved[0] > 0 else before)[done, number] = True

    for number, group in enumerate(groups, 1):
        own = np.array([need.cell in group for need in needs])
        met[own, number] = True  # what it knows of itself is not disclosed to it
    found = []
    for number, group in enumerate((frozenset[int](), *groups)):
        part.know(group)
        for at, need in enumerate(needs):
            if met[at, number] or (before[at, number] and after[at, number]):
                continue
            if late():
                break
            reached, point, duals = part.furthest(need.cell, need.side)
            use(point)
            if reached < need.width * (1 - SLACK):
                rows = tuple((row, float(dual)) for row, dual in zip(part.rows, duals, strict=True) if dual)
                found.append(Weakness(need, group, reached, rows))
                met[at, number] = True
                if first:
                    part.forget(group)
                    return found
        part.forget(group)
    return found


def interval(equations: Equations, hidden: Floats, cells: Sequence[int]) -> dict[int, tuple[float, float]]:
    """The least and greatest value an outsider can think of, in the table's unit; inf where nothing bounds it."""
    found = {}
    for part in parts_of(equations, Reach.of(equations, hidden), cells):
        for cell in cells:
            if cell in part.place:
                down, up = part.furthest(cell, DOWN)[0], part.furthest(cell, UP)[0]
                low = -math.inf if down >= 0.99 * _ENDLESS else (equations.values[cell] - down) / equations.scale
                high = math.inf if up >= 0.99 * _ENDLESS else (equations.values[cell] + up) / equations.scale
                found[cell] = (float(low), float(high))
    return found
