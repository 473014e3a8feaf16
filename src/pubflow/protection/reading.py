"""A CSV file as a table with its relations, inferred from words, indentation and levels, and told for confirmation."""

import csv
import hashlib
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pubflow.errors import BadInput
from pubflow.protection.beside import with_contributions
from pubflow.protection.structure import (
    RATE,
    column_relations,
    of_which,
    rate_relations,
    row_sums,
    with_counts_of_totals,
)
from pubflow.protection.table import Cell, Relation, SetOfCells, total_of

MOST_CELLS = 20_000
MOST_BYTES = 8 * 1024 * 1024
MARK = "…"
FOOTNOTE = "注：表中“…”表示该项数据为保护调查对象而不公布，合计数包含该项。"
_COUNT = re.compile(r"单位数|企业数|户数|家数|个数|法人数|调查对象|respondents|units", re.IGNORECASE)
_LEVEL = re.compile(r"^(?:层级|级别|level)$", re.IGNORECASE)
_CODE = re.compile(r"^(?:代码|编码|code)$", re.IGNORECASE)
_NUMBER = re.compile(r"[-−]?[0-9][0-9,]*(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Given:
    """A table as an office has it, each part the text of a CSV file.

    name: how errors call it. respondents: the same shape with the respondents of each cell. contributions: one line a
    respondent (see `beside`). counts: the figures themselves count respondents.
    """

    name: str
    table: str
    respondents: str = ""
    contributions: str = ""
    counts: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table as read. grid: rows of texts, header first. places: row and column of each cell. names: of the rows.

    structure: each relation in words. unlinked: rates, with the cell they speak of and are hidden with.
    step: the last printed digit of the values, in their unit. missing: cells of which nobody says the respondents.
    """

    name: str
    grid: list[list[str]]
    names: list[str]
    cells: SetOfCells
    places: dict[str, tuple[int, int]]
    structure: tuple[str, ...]
    unlinked: dict[tuple[int, int], str]
    step: float
    missing: tuple[str, ...]
    marked: frozenset[str]

    @property
    def structure_digest(self) -> str:
        """What a person confirms: SHA-256 over the relations in words, 64 hexadecimal digits."""
        return hashlib.sha256("\n".join(self.structure).encode()).hexdigest()


def given_files(
    path: Path, *, respondents: Path | None = None, contributions: Path | None = None, counts: bool = False
) -> Given:
    """The files of a table, UTF-8 or GB18030. Raises BadInput (Chinese) naming the file."""
    return Given(
        str(path),
        _file_text(path),
        _file_text(respondents) if respondents else "",
        _file_text(contributions) if contributions else "",
        counts,
    )


def decoded(name: str, content: bytes) -> str:
    """The text of a CSV file, UTF-8 or GB18030. Raises BadInput."""
    if len(content) > MOST_BYTES:
        raise BadInput(f"文件超过 {MOST_BYTES // 1024 // 1024} MB", name, "请按专业或地区拆成几张表")
    for coding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(coding)
        except UnicodeDecodeError:
            continue
    raise BadInput("不是 UTF-8 也不是 GB18030", name, "请另存为 UTF-8")


def has_counts(text: str) -> bool:
    """Whether a CSV text carries respondents beside its figures, and so is a table that may give somebody away."""
    try:
        grid = grid_of("", text)
    except BadInput:
        return False
    return any(_COUNT.search(one.strip()) for one in grid[0])


def hides(text: str) -> bool:
    """Whether a CSV text prints … where a figure would stand."""
    try:
        grid = grid_of("", text)
    except BadInput:
        return False
    return any(cell.strip() == MARK for row in grid[1:] for cell in row[1:])


def read_sheet(given: Given, *, original: Sheet | None = None) -> Sheet:
    """The table with its relations; one header line. original: where the values of cells printed as … stand.

    Raises BadInput (Chinese) naming file, line and remedy, also for totals that do not add up.
    """
    where = given.name
    grid = grid_of(where, given.table)
    head, rows = grid[0], grid[1:]
    level_at, code_at = _column(head, _LEVEL), _column(head, _CODE)
    numeric = [at for at in range(len(head)) if at not in (level_at, code_at) and _is_numeric(rows, at)]
    labels = [at for at in range(len(head)) if at not in numeric and at not in (level_at, code_at)]
    if not labels or not numeric:
        raise BadInput("没有行名列或没有数值列", where, "第一列写名称，其余列写数")
    count_at = next((at for at in numeric if _COUNT.search(head[at]) and not given.counts), None)
    rates = [at for at in numeric if RATE.search(head[at])]
    values = [at for at in numeric if at != count_at and at not in rates]
    if not values:
        raise BadInput("没有数值列", where, "请核对表头")
    _refuse_same_heads(where, head, [*values, *rates])
    names = _names(where, rows, labels)
    told_apart = _same_shape(where, grid, given.respondents) if given.respondents else None
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
                text = _original(where, id, original)
            if not text:
                continue
            value = _value(where, number, head[at], text)
            decimals = max(decimals, len(text.partition(".")[2])) if at in values else decimals
            told = round(value) if given.counts else _count(where, number, row, count_at, told_apart, at)
            cells[id] = Cell(id, value, None if at in rates else told, rate=at in rates)
            places[id] = (number + 1, at)
    step = 10.0**-decimals
    half = 0.0 if given.counts else step / 2
    relations: list[Relation] = []
    sums = row_sums(where, rows, names, level_at, code_at, labels[0])
    for at in values:
        for total, parts in sums:
            # An empty cell is none; where it is not, the sum does not add up and says so.
            whole, inner = id_of(total, at), [id_of(part, at) for part in parts if id_of(part, at) in cells]
            if whole in cells and inner:
                relations.append(total_of(whole, inner, tolerance=half * (len(inner) + 1)))
        relations += of_which(rows, labels[0], [id_of(number, at) for number in range(len(rows))], cells, half)
    columns, taken = column_relations(head, values, range(len(rows)), id_of, cells, half)
    relations += columns
    told_rates, unlinked = rate_relations(head, rows, rates, values, id_of, cells, sums)
    relations += told_rates
    if given.contributions:
        cells = with_contributions(cells, relations, given.contributions, where, half)
    cells = with_counts_of_totals(cells, relations)
    missing = tuple(id for id, cell in cells.items() if not cell.rate and cell.respondents is None)
    nonnegative = all(cell.value >= 0 for cell in cells.values() if not cell.rate)
    words = tuple(dict.fromkeys([*(one.words for one in relations), *taken]))
    table = SetOfCells(cells, tuple(relations), nonnegative)
    return Sheet(where, grid, names, table, places, words, unlinked, step, missing, frozenset(marked))


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


def grid_of(where: str, text: str) -> list[list[str]]:
    """The rows of a CSV text, notes below it left out, all of one width. Raises BadInput."""
    try:
        found = [row for row in csv.reader(io.StringIO(text)) if any(one.strip() for one in row)]
    except csv.Error as error:
        raise BadInput(f"不是 CSV（{error}）", where, "请另存为 CSV") from None
    while found and found[-1][0].startswith("注"):
        found.pop()
    if len(found) < 2:
        raise BadInput("没有数据行", where, "请给出表头和数据")
    width = len(found[0])
    for number, row in enumerate(found, 1):
        if len(row) != width:
            raise BadInput(f"第 {number} 行有 {len(row)} 列，表头有 {width} 列", where, "请补齐或去掉多余的逗号")
    if len(found) * width > MOST_CELLS:
        raise BadInput(f"超过 {MOST_CELLS} 格", where, "请按专业或地区拆成几张表")
    return found


def _file_text(path: Path) -> str:
    try:
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b"0" * (MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"文件读不出来（{error.strerror}）", str(path), "请核对文件名") from None
    return decoded(str(path), content)


def _refuse_same_heads(where: str, head: list[str], columns: Collection[int]) -> None:
    seen: dict[str, int] = {}
    for at in columns:
        word = head[at].strip()
        if word in seen:
            raise BadInput(f"表头“{word}”出现两次", f"{where} 第 {seen[word] + 1} 列和第 {at + 1} 列", "请改名")
        seen[word] = at


def _column(head: list[str], word: re.Pattern[str]) -> int | None:
    return next((at for at, one in enumerate(head) if word.search(one.strip())), None)


def _is_numeric(rows: list[list[str]], at: int) -> bool:
    texts = [row[at].strip() for row in rows if row[at].strip()]
    return bool(texts) and sum(bool(_NUMBER.fullmatch(one)) or one == MARK for one in texts) >= 0.6 * len(texts)


def _value(where: str, number: int, column: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"“{text}”不是数", f"{where} 第 {number + 2} 行 {column}", "请填写数字，或留空")
    return float(text.replace(",", "").replace("−", "-"))


def _original(where: str, id: str, original: Sheet | None) -> str:
    if original is None:
        raise BadInput("有隐去的格，不知道原数", f"{where} {id}", "请用 --original 给出未隐去的表")
    if id not in original.places:
        raise BadInput("原表没有这一格", f"{where} {id}", "两张表的行和列须相同")
    row, column = original.places[id]
    return original.grid[row][column].strip()


def _count(
    where: str, number: int, row: list[str], count_at: int | None, given: list[list[str]] | None, at: int
) -> int | None:
    text = given[number + 1][at].strip() if given else row[count_at].strip() if count_at is not None else ""
    if not text:
        return None
    if not re.fullmatch(r"[0-9,]+", text):
        raise BadInput(f"单位数“{text}”不是整数", f"{where} 第 {number + 2} 行", "请填写整数")
    return int(text.replace(",", ""))


def _same_shape(where: str, grid: list[list[str]], other: str) -> list[list[str]]:
    given = grid_of(f"{where} 的单位数表", other)
    if [row[0].strip() for row in given] != [row[0].strip() for row in grid] or len(given[0]) != len(grid[0]):
        raise BadInput("单位数表的行列与数值表不同", where, "两张表的行名、列数和次序须相同")
    return given


def _names(where: str, rows: list[list[str]], labels: list[int]) -> list[str]:
    names = ["/".join(row[at].strip() for at in labels if row[at].strip()) for row in rows]
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if not name:
            raise BadInput("没有行名", f"{where} 第 {number + 2} 行", "请填写名称")
        if name in seen:
            raise BadInput(f"“{name}”出现两次", f"{where} 第 {seen[name] + 2} 行和第 {number + 2} 行", "请合并或改名")
        seen[name] = number
    return names
