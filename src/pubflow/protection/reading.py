"""A CSV file as a table with its relations, inferred from words, indentation and levels, and told for confirmation."""

import csv
import io
import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from pubflow.errors import BadInput
from pubflow.protection.table import Cell, Relation, SetOfCells, difference, growth, share, total_of

MOST_CELLS = 20_000
MOST_BYTES = 8 * 1024 * 1024
MARK = "…"
FOOTNOTE = "注：表中“…”表示该项数据为保护调查对象而不公布，合计数包含该项。"
_TOTAL = re.compile(r"^(?:合计|总计|总数|共计|全市|全区|全县|全国|total|all)$", re.IGNORECASE)
_SUBTOTAL = re.compile(r"小计")
_OF_WHICH = re.compile(r"^(?:#|＃|其中[:：]?)")
_COUNT = re.compile(r"单位数|企业数|户数|家数|个数|法人数|调查对象|respondents|units", re.IGNORECASE)
_LEVEL = re.compile(r"^(?:层级|级别|level)$", re.IGNORECASE)
_CODE = re.compile(r"^(?:代码|编码|code)$", re.IGNORECASE)
_SHARE = re.compile(r"比重|占比|份额|share", re.IGNORECASE)
_RATE = re.compile(r"增长|同比|环比|增速|增减|比重|占比|份额|share|yoy|pct|[%％]", re.IGNORECASE)
_CUMULATIVE = re.compile(r"累计|ytd|1\s*[-—–至]\s*\d+月", re.IGNORECASE)
_BEFORE = re.compile(r"上年|去年|同期|prior|last_year", re.IGNORECASE)
_NUMBER = re.compile(r"[-−]?[0-9][0-9,]*(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Sheet:
    """A table as read. grid: rows of texts, header first. places: row and column of each cell.

    structure: each relation in words. unlinked: rates whose base is not in the table, with the cell they speak of;
    step: the last printed digit of the values, in their unit. missing: cells of which nobody says the respondents.
    """

    grid: list[list[str]]
    cells: SetOfCells
    places: dict[str, tuple[int, int]]
    structure: tuple[str, ...]
    unlinked: dict[tuple[int, int], str]
    step: float
    missing: tuple[str, ...]
    marked: frozenset[str]


def read_sheet(
    path: Path, *, counts: bool = False, respondents: Path | None = None, original: "Sheet | None" = None
) -> Sheet:
    """The table of a CSV file, UTF-8 or GB18030, one header line.

    counts: the figures themselves count respondents. respondents: a file of the same shape that holds the counts.
    original: where the values of cells printed as … stand.
    Raises BadInput (Chinese) naming file, line and remedy, also for totals that do not add up.
    """
    grid = _grid(path)
    head, rows = grid[0], grid[1:]
    level_at, code_at = _column(head, _LEVEL), _column(head, _CODE)
    numeric = [at for at in range(len(head)) if at not in (level_at, code_at) and _is_numeric(rows, at)]
    labels = [at for at in range(len(head)) if at not in numeric and at not in (level_at, code_at)]
    if not labels or not numeric:
        raise BadInput("没有行名列或没有数值列", str(path), "第一列写名称，其余列写数")
    count_at = next((at for at in numeric if _COUNT.search(head[at]) and not counts), None)
    rates = [at for at in numeric if _RATE.search(head[at])]
    values = [at for at in numeric if at != count_at and at not in rates]
    if not values:
        raise BadInput("没有数值列", str(path), "请核对表头")
    names = _names(path, rows, labels)
    given = _same_shape(path, respondents, grid) if respondents else None
    cells: dict[str, Cell] = {}
    places: dict[str, tuple[int, int]] = {}
    marked: set[str] = set()

    def id_of(row: int, column: int) -> str:
        return names[row] if len(values) == 1 and column == values[0] else f"{names[row]}|{head[column].strip()}"

    decimals = 0
    for number, row in enumerate(rows):
        for at in (*values, *rates):
            text = row[at].strip()
            id = id_of(number, at)
            if text == MARK:
                marked.add(id)
                text = _original(path, id, original)
            if not text:
                continue
            value = _value(path, number, head[at], text)
            decimals = max(decimals, len(text.partition(".")[2])) if at in values else decimals
            told = round(value) if counts else _count(path, number, row, count_at, given, at)
            cells[id] = Cell(id, value, None if at in rates else told, rate=at in rates)
            places[id] = (number + 1, at)
    step = 10.0**-decimals
    half = 0.0 if counts else step / 2
    relations: list[Relation] = []
    sums = _row_sums(path, rows, names, level_at, code_at, labels[0])
    for at in values:
        for total, parts in sums:
            whole, inner = id_of(total, at), [id_of(part, at) for part in parts if id_of(part, at) in cells]
            if whole in cells and len(inner) == len(parts):
                relations.append(total_of(whole, inner, tolerance=half * (len(inner) + 1)))
        relations += _of_which(rows, labels[0], [id_of(number, at) for number in range(len(rows))], cells, half)
    columns, taken = _column_relations(head, values, range(len(rows)), id_of, cells, half)
    relations += columns
    told_rates, unlinked = _rates(head, rows, rates, values, id_of, cells, sums)
    relations += told_rates
    cells = _with_counts_of_totals(cells, relations)
    missing = tuple(id for id, cell in cells.items() if not cell.rate and cell.respondents is None)
    nonnegative = all(cell.value >= 0 for cell in cells.values() if not cell.rate)
    words = tuple(dict.fromkeys([*(one.words for one in relations), *taken]))
    table = SetOfCells(cells, tuple(relations), nonnegative)
    return Sheet(grid, table, places, words, unlinked, step, missing, frozenset(marked))


def protected_csv(sheet: Sheet, hidden: Collection[str]) -> str:
    """The table with … for hidden cells and for rates beside them, with a footnote when there are any."""
    grid = [list(row) for row in sheet.grid]
    for id in hidden:
        row, column = sheet.places[id]
        grid[row][column] = MARK
    for (row, column), of in sheet.unlinked.items():
        if of in hidden:
            grid[row][column] = MARK
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(grid)
    if hidden:
        writer.writerow([FOOTNOTE])
    return out.getvalue()


def _grid(path: Path) -> list[list[str]]:
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise BadInput(f"文件读不出来（{error.strerror}）", str(path), "请核对文件名") from None
    if size > MOST_BYTES:
        raise BadInput(f"文件超过 {MOST_BYTES // 1024 // 1024} MB", str(path), "请按专业或地区拆成几张表")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            raise BadInput("不是 UTF-8 也不是 GB18030", str(path), "请另存为 UTF-8") from None
    try:
        found = [row for row in csv.reader(io.StringIO(text)) if any(one.strip() for one in row)]
    except csv.Error as error:
        raise BadInput(f"不是 CSV（{error}）", str(path), "请另存为 CSV") from None
    while found and found[-1][0].startswith("注"):
        found.pop()
    if len(found) < 2:
        raise BadInput("没有数据行", str(path), "请给出表头和数据")
    width = len(found[0])
    for number, row in enumerate(found, 1):
        if len(row) != width:
            raise BadInput(f"第 {number} 行有 {len(row)} 列，表头有 {width} 列", str(path), "请补齐或去掉多余的逗号")
    if len(found) * width > MOST_CELLS:
        raise BadInput(f"超过 {MOST_CELLS} 格", str(path), "请按专业或地区拆成几张表")
    return found


def _column(head: list[str], word: re.Pattern[str]) -> int | None:
    return next((at for at, one in enumerate(head) if word.search(one.strip())), None)


def _is_numeric(rows: list[list[str]], at: int) -> bool:
    texts = [row[at].strip() for row in rows if row[at].strip()]
    return bool(texts) and sum(bool(_NUMBER.fullmatch(one)) or one == MARK for one in texts) >= 0.6 * len(texts)


def _value(path: Path, number: int, column: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"“{text}”不是数", f"{path} 第 {number + 2} 行 {column}", "请填写数字，或留空")
    return float(text.replace(",", "").replace("−", "-"))


def _original(path: Path, id: str, original: Sheet | None) -> str:
    if original is None:
        raise BadInput("有隐去的格，不知道原数", f"{path} {id}", "请用 --original 给出未隐去的表")
    if id not in original.places:
        raise BadInput("原表没有这一格", f"{path} {id}", "两张表的行和列须相同")
    row, column = original.places[id]
    return original.grid[row][column].strip()


def _count(
    path: Path, number: int, row: list[str], count_at: int | None, given: list[list[str]] | None, at: int
) -> int | None:
    text = given[number + 1][at].strip() if given else row[count_at].strip() if count_at is not None else ""
    if not text:
        return None
    if not re.fullmatch(r"[0-9,]+", text):
        raise BadInput(f"单位数“{text}”不是整数", f"{path} 第 {number + 2} 行", "请填写整数")
    return int(text.replace(",", ""))


def _same_shape(path: Path, other: Path, grid: list[list[str]]) -> list[list[str]]:
    given = _grid(other)
    if [row[0].strip() for row in given] != [row[0].strip() for row in grid] or len(given[0]) != len(grid[0]):
        raise BadInput(f"行列与 {path.name} 不同", str(other), "两张表的行名、列数和次序须相同")
    return given


def _names(path: Path, rows: list[list[str]], labels: list[int]) -> list[str]:
    names = ["/".join(row[at].strip() for at in labels if row[at].strip()) for row in rows]
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if not name:
            raise BadInput("没有行名", f"{path} 第 {number + 2} 行", "请填写名称")
        if name in seen:
            raise BadInput(f"“{name}”出现两次", f"{path} 第 {seen[name] + 2} 行和第 {number + 2} 行", "请合并或改名")
        seen[name] = number
    return names


def _row_sums(
    path: Path, rows: list[list[str]], names: list[str], level_at: int | None, code_at: int | None, label: int
) -> list[tuple[int, list[int]]]:
    """Which row is the sum of which: by level, indentation or code, else by the words 合计 and 小计."""
    plain = [number for number, row in enumerate(rows) if not _OF_WHICH.match(row[label].strip())]
    totals = [number for number in plain if _TOTAL.match(rows[number][label].strip())]
    if len(totals) > 1:
        raise BadInput("有几行都叫合计", f"{path} 第 {totals[1] + 2} 行", "分组的合计请写作小计")
    depth = _depths(path, rows, plain, level_at, code_at, label)
    inner = [number for number in plain if number not in totals]
    found: dict[int, list[int]] = defaultdict(list)
    top: list[int] = []
    stack: list[int] = []
    for number in inner:
        while stack and depth[stack[-1]] >= depth[number]:
            stack.pop()
        if stack and depth[number] > depth[stack[-1]] + 1 and level_at is not None:
            raise BadInput("层级跳了一级", f"{path} 第 {number + 2} 行", "请补上中间一级，或更正层级")
        (found[stack[-1]] if stack else top).append(number)
        stack.append(number)
    if not found and any(_SUBTOTAL.search(names[number]) for number in inner):
        return _by_subtotals(names, inner, totals)
    if totals and top:
        found[totals[0]] = top
    return list(found.items())


def _depths(
    path: Path, rows: list[list[str]], plain: list[int], level_at: int | None, code_at: int | None, label: int
) -> dict[int, int]:
    depth: dict[int, int] = {}
    for number in plain:
        text = rows[number][label]
        depth[number] = len(text) - len(text.lstrip(" 　\t"))
        if level_at is not None:
            told = rows[number][level_at].strip()
            if not told.isdecimal():
                raise BadInput(f"层级“{told}”不是整数", f"{path} 第 {number + 2} 行", "请填写 1、2、3")
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
    first = bool(inner) and bool(_SUBTOTAL.search(names[inner[0]]))
    for number in inner:
        if not _SUBTOTAL.search(names[number]):
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


def _of_which(rows: list[list[str]], label: int, ids: list[str], cells: dict[str, Cell], half: float) -> list[Relation]:
    found, whole = [], ""
    for row, id in zip(rows, ids, strict=True):
        if not _OF_WHICH.match(row[label].strip()):
            whole = id
        elif whole in cells and id in cells:
            terms = ((whole, 1.0), (id, -1.0))
            found.append(Relation(terms, f"{id} 是 {whole} 的其中项", 0.0, math.inf, tolerance=2 * half))
    return found


def _column_relations(
    head: list[str],
    values: list[int],
    rows: Collection[int],
    id_of: Callable[[int, int], str],
    cells: dict[str, Cell],
    half: float,
) -> tuple[list[Relation], list[str]]:
    """A column called 合计 is the sum of the others; the month is the difference of two cumulative columns."""
    total = next((at for at in values if _TOTAL.match(head[at].strip())), None)
    found: list[Relation] = []
    if total is not None and len(values) > 2:
        for row in rows:
            parts = [id_of(row, at) for at in values if at != total]
            if id_of(row, total) in cells and all(part in cells for part in parts):
                found.append(total_of(id_of(row, total), parts, tolerance=half * (len(parts) + 1)))
        return found, [f"列“{head[total]}”为其余各列之和"]
    cumulative = [at for at in values if _CUMULATIVE.search(head[at]) and not _BEFORE.search(head[at])]
    month = [at for at in values if at not in cumulative and not _BEFORE.search(head[at])]
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


def _rates(
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
    before = next((at for at in values if _BEFORE.search(head[at])), None)
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
            base = id_of(top, now) if _SHARE.search(head[at]) else id_of(number, before) if before is not None else ""
            make = share if _SHARE.search(head[at]) else growth
            pair = make(rate, own, base, cells[rate].value, half_step=half) if base in cells and base != own else ()
            known = {id: cell.value for id, cell in cells.items()} if pair else {}
            if pair and all(one.low <= one.residual(known) <= one.high for one in pair):
                found += pair
            unlinked[number + 1, at] = own
    return found, unlinked


def _with_counts_of_totals(cells: dict[str, Cell], relations: list[Relation]) -> dict[str, Cell]:
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
