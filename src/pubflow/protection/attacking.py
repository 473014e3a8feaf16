"""Which needs of a pattern are not met: linear programs for all that no witness proves already."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pubflow.protection.outsider import NARROWEST, SLACK, Equations, Floats, Need, Part, Reach, Weakness, parts_of
from pubflow.protection.witnesses import Numbers, Witnesses

_TOGETHER = 6  # needs from which one program for many is worth its while
_ROUNDS = 6  # such programs in a row


def weaknesses(
    equations: Equations,
    hidden: Floats,
    needs: Sequence[Need],
    *,
    witnesses: Witnesses | None = None,
    late: Callable[[], bool] = lambda: False,
) -> list[Weakness]:
    """Every need that the outsider, or a respondent who knows the cells in which it is alone, leaves unmet.

    A need that the outsider leaves unmet is not asked again for the respondents, who know more.
    hidden: 1 for a hidden cell, 0 for a published one; between them for a relaxed pattern. witnesses: of the same
    needs, fit for this pattern; new ones are added. late: stop there (then the list proves nothing).
    """
    known = witnesses or Witnesses(equations, needs)
    known.judge(hidden)
    found = [Weakness(need, frozenset(), 0.0) for need in needs if hidden[need.cell] <= 0]
    asked = np.array([at for at, need in enumerate(needs) if hidden[need.cell] > 0], dtype=np.intp)
    for part in parts_of(equations, Reach.of(equations, hidden), dict.fromkeys(int(known.places[at]) for at in asked)):
        inside = np.array([at for at in asked if int(known.places[at]) in part.place], dtype=np.intp)
        found += attack(part, known, inside, late=late)
        if late():
            break
    return found


def attack(
    part: Part, known: Witnesses, asked: Numbers, *, first: bool = False, late: Callable[[], bool] = lambda: False
) -> list[Weakness]:
    """The weaknesses among the needs `asked`, all of this part. first: stop at one."""
    found: list[Weakness] = []
    groups = np.unique(known.group_of[part.cells])
    groups = np.concatenate([[0], groups[groups > 0]])
    strong = np.ones(len(asked), dtype=bool)
    for group in groups:
        left = asked[strong & ~known.met(asked, group[None])[:, 0]]
        if not len(left) or late():
            continue
        cells = known.groups[group]
        part.know(cells)
        if not first:
            left = _together(part, known, left, int(group))
        for need in left:
            if late():
                break
            if known.is_met(need, int(group)):
                continue
            weakness = _ask(part, known, int(need), int(group))
            if weakness is None:
                continue
            found.append(weakness)
            if first:
                part.forget(cells)
                return found
            if not group:
                strong[asked == need] = False
        part.forget(cells)
    return found


def _ask(part: Part, known: Witnesses, number: int, group: int) -> Weakness | None:
    need, cells = replace(known.needs[number], width=known.width(number, group)), known.groups[group]
    if need.width < NARROWEST:
        return Weakness(need, cells, 0.0)
    reached, point, duals = part.furthest(need.cell, need.side, need.width)
    if reached >= need.width * (1 - SLACK):
        known.add(np.array(part.cells, dtype=np.intp), point)
        if known.is_met(number, group):
            return None  # else arithmetic failed, and the need counts as unmet
    rows = tuple((row, float(dual)) for row, dual in zip(part.rows, duals, strict=True) if dual)
    return Weakness(need, cells, min(reached, need.width), rows)


def _together(part: Part, known: Witnesses, left: Numbers, group: int) -> Numbers:
    """Meet many at once while that goes well; what is left then."""
    dice = np.random.default_rng(len(left))
    for _ in range(_ROUNDS):
        if len(left) < _TOGETHER:
            break
        side = dice.permutation(left)
        one_each = {known.needs[number].cell: known.needs[number] for number in side}
        point = part.together(list(one_each.values()))
        known.add(np.array(part.cells, dtype=np.intp), point)
        before = len(left)
        left = left[~known.met(left, np.array([group]))[:, 0]]
        if len(left) > 0.8 * before:
            break
    return left
