"""Tables published earlier, as part of what an outsider knows: last month's cumulative figures, last year's bases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pubflow.protection.reading import Sheet
from pubflow.protection.structure import BEFORE, CUMULATIVE, RATE, SHARE
from pubflow.protection.table import Cell, Relation, SetOfCells, State, difference, growth

_PERIOD = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_MONTH = re.compile(r"1\s*[-—–至]\s*\d+月|\d+月|累计|本月|当月|ytd|month", re.IGNORECASE)


@dataclass(frozen=True)
class Earlier:
    """A published table of the same series; period: YYYY-MM. sheet: nothing hidden; hidden: what was not printed."""

    period: str
    sheet: Sheet
    hidden: frozenset[str]


def months_before(period: str, months: int) -> str:
    """`2026-01`, 1 → `2025-12`. Raises ValueError for what is no period."""
    found = _PERIOD.fullmatch(period)
    if not found:
        raise ValueError(period)
    count = int(found[1]) * 12 + int(found[2]) - 1 - months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def with_earlier(sheet: Sheet, period: str, published: Sequence[Earlier]) -> tuple[Sheet, tuple[str, ...]]:
    """The table together with what is public of its series, and in words what could not be tied together.

    Last month of the same year: month = cumulative less cumulative. A year before: the base of each growth rate. The
    same period, as in a correction: what was printed stays known, what was hidden stays hidden.
    """
    cells = dict(sheet.cells.cells)
    relations = list(sheet.cells.relations)
    words: list[str] = []
    loose: list[str] = []
    for one in published:
        if one.period == period:
            cells |= _again(sheet, one)
        elif one.period == months_before(period, 1) and not period.endswith("-01"):
            _last_month(sheet, one, cells, relations, words, loose)
        elif one.period == months_before(period, 12):
            _year_before(sheet, one, cells, relations, words)
    table = SetOfCells(cells, tuple(relations), sheet.cells.nonnegative)
    return replace(sheet, cells=table, structure=(*sheet.structure, *words)), tuple(loose)


def _again(sheet: Sheet, before: Earlier) -> dict[str, Cell]:
    found = {}
    for id, cell in sheet.cells.cells.items():
        if id in before.hidden:
            found[id] = replace(cell, state=State.HIDDEN)
        elif id in before.sheet.cells.cells and before.sheet.cells.cells[id].value == cell.value:
            found[id] = replace(cell, state=State.PUBLIC)
    return found


def _last_month(
    sheet: Sheet,
    before: Earlier,
    cells: dict[str, Cell],
    relations: list[Relation],
    words: list[str],
    loose: list[str],
) -> None:
    ours, theirs = _by_role(sheet), _by_role(before.sheet)
    half = 0.5 * max(sheet.step, before.sheet.step)
    for (name, role, stem), id in ours.items():
        month, then = ours.get((name, "month", stem)), theirs.get((name, "cumulative", stem))
        if role != "cumulative" or month is None or then is None:
            continue
        known = _taken(before, then, cells)
        made = difference(month, id, known, tolerance=3 * half)
        if abs(made.residual({one: cells[one].value for one, _ in made.terms})) > 3 * half + 1e-9 * abs(
            cells[id].value
        ):
            loose.append(f"{id} 与 {before.period} 已公布的累计数不衔接")
            continue
        relations.append(made)
        words.append(made.words)
    _sums_among(before, cells, relations)


def _year_before(
    sheet: Sheet, before: Earlier, cells: dict[str, Cell], relations: list[Relation], words: list[str]
) -> None:
    """A growth rate that does not agree with last year's figure is another one (real growth): it is left alone."""
    ours, theirs = _by_role(sheet), _by_role(before.sheet)
    role_of = {id: key for key, id in ours.items()}
    for (row, column), own in sheet.unlinked.items():
        head = sheet.grid[0][column]
        if SHARE.search(head) or own not in role_of or role_of[own] not in theirs:
            continue
        text = sheet.grid[row][column].strip()
        rate = next((id for id, place in sheet.places.items() if place == (row, column)), "")
        if not rate or rate not in cells:
            continue
        base = _taken(before, theirs[role_of[own]], cells)
        half = 0.5 * 10.0 ** -len(text.partition(".")[2])
        pair = growth(rate, own, base, cells[rate].value, half_step=half)
        values = {id: cells[id].value for one in pair for id, _ in one.terms}
        if all(one.low <= one.residual(values) <= one.high for one in pair):
            relations += pair
            words.append(pair[0].words)
    _sums_among(before, cells, relations)


def _taken(before: Earlier, id: str, cells: dict[str, Cell]) -> str:
    """The earlier cell among ours, under a name of its own."""
    name = f"{before.period} {id}"
    state = State.HIDDEN if id in before.hidden else State.PUBLIC
    cells[name] = replace(before.sheet.cells.cells[id], id=name, state=state)
    return name


def _sums_among(before: Earlier, cells: dict[str, Cell], relations: list[Relation]) -> None:
    """The earlier table's own sums around its hidden cells: they say more of them, and what they touch comes along."""
    known = {one.words for one in relations}
    touched = {id for id in before.hidden if f"{before.period} {id}" in cells}
    while True:
        more = [
            one
            for one in before.sheet.cells.relations
            if not one.rate and touched & {id for id, _ in one.terms} and f"{before.period} {one.words}" not in known
        ]
        if not more:
            return
        for one in more:
            terms = tuple((_taken(before, id, cells), coefficient) for id, coefficient in one.terms)
            relations.append(replace(one, terms=terms, total="", words=f"{before.period} {one.words}"))
            known.add(relations[-1].words)
            touched |= {id for id, _ in one.terms if id in before.hidden}


def _by_role(sheet: Sheet) -> dict[tuple[str, str, str], str]:
    """Each cell by row, what its column says (month, cumulative) and the rest of the column's words."""
    found = {}
    for id, (row, column) in sheet.places.items():
        head = sheet.grid[0][column].strip()
        if RATE.search(head) or BEFORE.search(head):
            continue
        role = "cumulative" if CUMULATIVE.search(head) else "month"
        found[sheet.names[row - 1], role, _MONTH.sub("", head).strip(" _")] = id
    return found
