"""Tables that fit all that is printed and in which cells are far enough away: each proves that needs are met.

A witness is a deviation from the true table. It is checked by arithmetic when it comes in, whoever found it; it stands
for the outsider and for every respondent whose own cells it leaves alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pubflow.protection.outsider import DOWN, NARROWEST, SLACK, Bools, Equations, Floats, Need, Reach

Numbers = NDArray[np.intp]
_TOLERANCE = 1e-7  # of bounds and relations; a need below a thousand times as much is never met (NARROWEST)
_STILL = 1e-9  # moves less than this are none
_MIRRORED = 0.05  # a witness turned round is worth keeping from this part of its size


@dataclass(frozen=True)
class Witness:
    """cells and how far each moves. done: the needs it meets; touched: the respondents whose cells it moves, up or
    down where they have one cell. also: the needs it meets only for one respondent (`Witnesses.width`)."""

    cells: Numbers
    moves: Floats
    done: Numbers
    also: Numbers
    touched: Numbers
    up: Numbers
    down: Numbers


class Witnesses:
    """What is proven of a pattern so far. needs and groups by their number; group 0 is the outsider."""

    def __init__(self, equations: Equations, needs: Sequence[Need]) -> None:
        self.equations, self.needs = equations, list(needs)
        self.groups = [frozenset[int](), *equations.groups]
        self.places = np.array([need.cell for need in needs], dtype=np.intp)
        self.sides = np.array([need.side for need in needs], dtype=float)
        self.widths = np.array([need.width for need in needs], dtype=float)
        self._wide = self.widths >= NARROWEST
        self.group_of = np.zeros(len(equations.ids), dtype=np.intp)
        for number, group in enumerate(self.groups):
            self.group_of[list(group)] = number
        self._single = np.array([len(group) == 1 for group in self.groups])
        shape = (len(needs), len(self.groups))
        self._proofs, self._up, self._down = (np.zeros(shape, dtype=np.int16) for _ in range(3))
        self._full = np.zeros(len(needs), dtype=bool)  # proven for everybody: no more witnesses are counted
        # What a respondent knows of itself is not disclosed to it.
        own = self.group_of[self.places]
        self._proofs[np.flatnonzero(own), own[own > 0]] = 1
        self._less: dict[tuple[int, int], float] = {}
        self._part_owners()
        self._at: dict[int, dict[int, Witness]] = {}
        self._number = 0
        self._reach = Reach.of(equations, np.zeros(len(equations.ids)))

    def _part_owners(self) -> None:
        """A respondent that is a part of a sum knows that the sum is no less than its own part, whatever is hidden.

        Where the rest is less than the width asked, no pattern could be wide enough for it; then the rest is to stay as
        uncertain to it as the whole is to others, in proportion.
        """
        if self.equations.table.nonnegative:
            number_of = {need.cell: number for number, need in enumerate(self.needs) if need.side == DOWN}
            for group, parts in enumerate(self.equations.own_parts, 1):
                for cell, own in parts.items():
                    if cell not in number_of:
                        continue
                    value, width = float(self.equations.values[cell]), self.needs[number_of[cell]].width
                    rest = max(value - own, 0.0)
                    if rest < width:
                        less = width * rest / value
                        self._less[number_of[cell], group] = less
                        if less < NARROWEST:
                            self._proofs[number_of[cell], group] = 1
        self._less_need = np.array([need for need, _ in self._less], dtype=np.intp)
        self._less_group = np.array([group for _, group in self._less], dtype=np.intp)
        self._less_width = np.array([*self._less.values()])

    def width(self, need: int, group: int) -> float:
        """How far this respondent must think the cell can move."""
        return self._less.get((need, group), self.needs[need].width)

    def judge(self, hidden: Floats) -> None:
        """The pattern that witnesses are taken for from now on; those that fitted a smaller one still fit."""
        self._reach = Reach.of(self.equations, hidden)

    def met(self, needs: Numbers, groups: Numbers) -> Bools:
        """needs x groups: whether it is proven."""
        at = np.ix_(needs, groups)
        return np.asarray((self._proofs[at] > 0) | ((self._up[at] > 0) & (self._down[at] > 0)))

    def is_met(self, need: int, group: int) -> bool:
        """The same for one."""
        if self._proofs[need, group] > 0:
            return True
        return bool(self._up[need, group] > 0 and self._down[need, group] > 0)

    def add(self, cells: Numbers, moves: Floats) -> None:
        """Take a point as a witness, and turned round as far as it fits. What does not fit proves nothing."""
        moving = np.abs(moves) > _STILL
        cells, moves = np.asarray(cells[moving], dtype=np.intp), moves[moving]
        if not len(cells):
            return
        sums = self._sums(cells, moves)
        if self._fits(cells, moves, sums):
            self._take(cells, moves)
        back = self._part_that_fits(cells, -moves, -sums)
        if back >= _MIRRORED:
            self._take(cells, -back * moves)

    def _sums(self, cells: Numbers, moves: Floats) -> Floats:
        """What each relation comes to."""
        dense = np.zeros(len(self.equations.ids))
        dense[cells] = moves
        columns, numbers, row_of = self.equations.entries
        return np.asarray(
            np.bincount(row_of, numbers * dense[columns], minlength=len(self.equations.rows)), dtype=float
        )

    def _fits(self, cells: Numbers, moves: Floats, sums: Floats) -> bool:
        reach, size = self._reach, _TOLERANCE
        inside = (moves <= reach.high[cells] + size) & (moves >= reach.low[cells] - size)
        kept = (sums <= self.equations.row_high + size) & (sums >= self.equations.row_low - size)
        return bool(inside.all() and (kept | (reach.open_rows > 0)).all())

    def _part_that_fits(self, cells: Numbers, moves: Floats, sums: Floats) -> float:
        reach, equations = self._reach, self.equations
        limit = np.where(moves > 0, reach.high[cells], reach.low[cells])
        part = min(1.0, float((limit / moves).min()))
        moved = (np.abs(sums) > _TOLERANCE) & (reach.open_rows <= 0)
        if moved.any():
            most = np.where(sums > 0, equations.row_high, equations.row_low)[moved]
            part = min(part, float((most / sums[moved]).min()))
        return part

    def _take(self, cells: Numbers, moves: Floats) -> None:
        dense = np.zeros(len(self.equations.ids))
        dense[cells] = moves
        far = self.sides * dense[self.places]
        done = np.flatnonzero((far >= self.widths * (1 - SLACK)) & self._wide & ~self._full)
        groups = self.group_of[cells]
        touched = np.unique(groups[groups > 0])
        also = np.zeros(0, dtype=np.intp)
        if len(self._less):
            enough = far[self._less_need] >= self._less_width * (1 - SLACK)
            enough &= far[self._less_need] < self.widths[self._less_need] * (1 - SLACK)
            also = np.flatnonzero(enough & ~self._full[self._less_need] & ~np.isin(self._less_group, touched))
        if not len(done) and not len(also):
            return
        single = (groups > 0) & self._single[groups]
        up, down = groups[single & (moves > 0)], groups[single & (moves < 0)]
        one = Witness(cells, moves, done, also, touched, up, down)
        self._count(one, 1)
        self._full[done] = self.met(done, np.arange(len(self.groups))).all(axis=1)
        self._number += 1
        for cell in cells:
            self._at.setdefault(int(cell), {})[self._number] = one

    def _count(self, one: Witness, by: int) -> None:
        still = np.full(len(self.groups), by, dtype=np.int16)
        still[one.touched] = 0
        self._proofs[one.done] += still
        np.add.at(self._proofs, (self._less_need[one.also], self._less_group[one.also]), by)
        if len(one.up):
            self._up[np.ix_(one.done, one.up)] += by
        if len(one.down):
            self._down[np.ix_(one.done, one.down)] += by

    def drop(self, cells: Iterable[int]) -> dict[int, Witness]:
        """Forget the witnesses that move one of `cells`; what they were, for `restore`."""
        gone = {number: one for cell in cells for number, one in self._at.get(cell, {}).items()}
        for number, one in gone.items():
            self._count(one, -1)
            self._full[one.done] = False
            for cell in one.cells:
                del self._at[int(cell)][number]
        return gone

    def restore(self, gone: dict[int, Witness]) -> None:
        """Undo `drop`."""
        for number, one in gone.items():
            self._count(one, 1)
            for cell in one.cells:
                self._at.setdefault(int(cell), {})[number] = one

    def points(self) -> list[tuple[Numbers, Floats]]:
        """All of them, to be checked again elsewhere."""
        unique = {number: one for ones in self._at.values() for number, one in ones.items()}
        return [(one.cells, one.moves) for one in unique.values()]
