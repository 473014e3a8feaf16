"""What a table's words say of its structure: sums by row and column, differences, growth and shares, as relations."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import replace

from pubflow.errors import BadInput
from pubflow.protection.table import Cell, Relation, difference, growth, share, total_of

TOTAL = re.compile(r"^(?:合计|总计|总数|共计|全市|全区|全县|全国|total|all)$", re.IGNORECASE)
SUBTOTAL = re.compile(r"小计")
OF_WHICH = re.compile(r"^(?:#|＃|其中[:：]?)")
SHARE = re.compile(r"比重|占比|份额|share", re.IGNORECASE)
RATE = re.compile(r"增长|同比|环比|增速|增减|比重|占比|份额|share|yoy|pct|[%％]", re.IGNORECASE)
CUMULATIVE = re.compile(r"累计|ytd|1\s*[-—–至]\s*\d+月", re.IGNORECASE)
BEFORE = re.compile(r"上年|去年|同期|prior|last_year", re.IGNORECASE)


def row_sums(
    where: str, rows: list[list[str]], names: list[str], level_at: int | None, code_at: int | None, label: int
) -> list[tuple[int, list[int]]]:
    """Which row is the sum of which: by level, indentation or code, else by the words 合计 and 小计."""
    plain = [number for number, row in enumerate(rows) if not OF_WHICH.match(row[label].strip())]
    totals = [number for number in plain if TOTAL.match(rows[number][label].strip())]
    if len(totals) > 1:
        raise BadInput("有几行都叫合计", f"{where} 第 {totals[1] + 2} 行", "分组的合计请写作小计")
    depth = _depths(where, rows, plain, level_at, code_at, label)
    inner = [number for number in plain if number not in totals]
    found: dict[int, list[int]] = defaultdict(list)
    top: list[int] = []
    stack: list[int] = []
    for number in inner:
        while stack and depth[stack[-1]] >= depth[number]:
            stack.pop()
        if stack and depth[number] > depth[stack[-1]] + 1 and level_at is not None:
            raise BadInput("层级跳了一级", f"{where} 第 {number + 2} 行", "请补上中间一级，或更正层级")
        (found[stack[-1]] if stack else top).append(number)
        stack.append(number)
    if not found and any(SUBTOTAL.search(names[number]) for number in inner):
        return _by_subtotals(names, inner, totals)
    if totals and top:
        found[totals[0]] = top
    return list(found.items())


def _depths(
    where: str, rows: list[list[str]], plain: list[int], level_at: int | None, code_at: int | None, label: int
) -> dict[int, int]:
    depth: dict[int, int] = {}
    for number in plain:
        text = rows[number][label]
        depth[number] = len(text) - len(text.lstrip(" 　\t"))
        if level_at is not None:
            told = rows[number][level_at].strip()
            if not told.isdecimal():
                raise BadInput(f"层级“{told}”不是整数", f"{where} 第 {number + 2} 行", "请填写 1、2、3")
            depth[number] = int(told)
        elif code_at is not None:
            depth[number] = len(rows[number][code_at].strip().rstrip("0"))
    if code_at is not None and level_at is None:
        codes = {number: rows[number][code_at].strip().rstrip("0") for number in plain}
        for number in plain:
            prefixes = {codes[one] for one in plain if codes[one] != codes[number] and codes[one]}
            depth[number] = sum(codes[number].startswith(one) for one in prefixes)
    return depth


def _by_subtotals(names: list[str], inner: list[int], totals: list[int]) -> list[tuple[int, list[int]]]:
    found: list[tuple[int, list[int]]] = []
    waiting: list[int] = []
    groups: list[int] = []
    first = bool(inner) and bool(SUBTOTAL.search(names[inner[0]]))
    for number in inner:
        if not SUBTOTAL.search(names[number]):
            waiting.append(number)
            continue
        if first and groups:
            found.append((groups[-1], waiting))
        elif not first:
            found.append((number, waiting))
        waiting = []
        groups.append(number)
    if first:
        found.append((groups[-1], waiting))
        waiting = []
    if totals:
        found.append((totals[0], [*groups, *waiting]))
    return [(total, parts) for total, parts in found if parts]


def of_which(rows: list[list[str]], label: int, ids: list[str], cells: dict[str, Cell], half: float) -> list[Relation]:
    """A row that begins with # or 其中 is part of the row above it, and at most as large."""
    found, whole = [], ""
    for row, id in zip(rows, ids, strict=True):
        if not OF_WHICH.match(row[label].strip()):
            whole = id
        elif whole in cells and id in cells:
            terms = ((whole, 1.0), (id, -1.0))
            found.append(Relation(terms, f"{id} 是 {whole} 的其中项", 0.0, math.inf, tolerance=2 * half))
    return found


def column_relations(
    head: list[str],
    values: list[int],
    rows: Collection[int],
    id_of: Callable[[int, int], str],
    cells: dict[str, Cell],
    half: float,
) -> tuple[list[Relation], list[str]]:
    """A column called 合计 is the sum of the others; the month is the difference of two cumulative columns."""
    total = next((at for at in values if TOTAL.match(head[at].strip())), None)
    found: list[Relation] = []
    if total is not None and len(values) > 2:
        for row in rows:
            parts = [id_of(row, at) for at in values if at != total]
            if id_of(row, total) in cells and all(part in cells for part in parts):
                found.append(total_of(id_of(row, total), parts, tolerance=half * (len(parts) + 1)))
        return found, [f"列“{head[total]}”为其余各列之和"]
    cumulative = [at for at in values if CUMULATIVE.search(head[at]) and not BEFORE.search(head[at])]
    month = [at for at in values if at not in cumulative and not BEFORE.search(head[at])]
    if len(cumulative) != 2 or len(month) != 1:
        return found, []
    early, late = cumulative
    sums = [math.fsum(cells[id_of(row, at)].value for row in rows if id_of(row, at) in cells) for at in cumulative]
    if sums[0] > sums[1]:
        early, late = late, early
    for row in rows:
        ids = [id_of(row, at) for at in (month[0], late, early)]
        if all(id in cells for id in ids):
            found.append(difference(*ids, tolerance=3 * half))
    return found, [f"列“{head[month[0]]}”为“{head[late]}”减“{head[early]}”"]


def rate_relations(
    head: list[str],
    rows: list[list[str]],
    rates: list[int],
    values: list[int],
    id_of: Callable[[int, int], str],
    cells: dict[str, Cell],
    sums: list[tuple[int, list[int]]],
) -> tuple[list[Relation], dict[tuple[int, int], str]]:
    """Growth against a column of the year before, shares of the total row. Where the figures do not agree with it
    the rate is another one (real growth), and is hidden together with its cell."""
    found: list[Relation] = []
    unlinked: dict[tuple[int, int], str] = {}
    before = next((at for at in values if BEFORE.search(head[at])), None)
    whole_of = {part: total for total, parts in sums for part in parts}
    for at in rates:
        speaks = [one for one in values if one < at and one != before]
        now = speaks[-1] if speaks else next((one for one in values if one != before), values[0])
        for number, row in enumerate(rows):
            rate, own = id_of(number, at), id_of(number, now)
            if rate not in cells or own not in cells:
                continue
            half = 0.5 * 10.0 ** -len(row[at].strip().partition(".")[2])
            top = number
            while top in whole_of:
                top = whole_of[top]
            base = id_of(top, now) if SHARE.search(head[at]) else id_of(number, before) if before is not None else ""
            make = share if SHARE.search(head[at]) else growth
            pair = make(rate, own, base, cells[rate].value, half_step=half) if base in cells and base != own else ()
            known = {id: cell.value for id, cell in cells.items()} if pair else {}
            if pair and all(one.low <= one.residual(known) <= one.high for one in pair):
                found += pair
            unlinked[number + 1, at] = own
    return found, unlinked


def with_counts_of_totals(cells: dict[str, Cell], relations: list[Relation]) -> dict[str, Cell]:
    """A total of which nobody says the respondents has at least those of its parts."""
    made = dict(cells)
    for _ in range(8):
        changed = False
        for relation in relations:
            total = relation.total
            parts = [made[id].respondents for id, _ in relation.terms[1:]]
            known = [count for count in parts if count is not None]
            if total and made[total].respondents is None and len(known) == len(parts):
                made[total], changed = replace(made[total], respondents=max(known, default=0)), True
        if not changed:
            break
    return made
