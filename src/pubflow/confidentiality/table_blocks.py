"""Blocks of lines with cells inside a text: the lines, what separates their cells, and the header."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

_HEADER_ROWS = 3
_MOST_COLUMNS = 400
_TITLE = 120  # characters before a table that may say what it lists
_BLANK = " \t\u00a0\u3000\"'*_"
_QUOTED = re.compile(r'"(?:[^"]|"")*"|[^,\t;|]*')
_LONG_NUMBER = re.compile(r"(?:[0-9][^0-9]?){7}")
_RULE_LINE = re.compile(r"[\s|:+=\-─━┼]+")
_WIDE_GAP = re.compile(r"\t|[ \u3000]{2,}|\u3000")
_UNIT = "[万亿千百]?(?:元|千瓦时|吨|人|户|个|家|美元|平方米|公里|件|台|辆|度)"
# A figure as a cell holds it: with its unit, in Chinese numerals, with letters that look like digits.
NUMBER = re.compile(
    rf"[-+−]?[0-9OoIlBbSZ]{{0,3}}[0-9][0-9OoIlBbSZ,， ]{{0,24}}(?:\.[0-9OoIlBbSZ ]{{1,12}})?(?:[%％]|{_UNIT})?"
    rf"|[〇零一二三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟萬两点]{{2,24}}(?:{_UNIT})?"
)
UNIT_CELL = re.compile(rf"(?:{_UNIT}|%|‰)$")


@dataclass
class Table:
    """A block of lines with cells. heads: the header's words for each column, "" without any. lines: those below it.

    turned: its columns are read as rows, since the words of the header stand in the first column.
    """

    text: str
    lines: list[tuple[int, int]]
    sign: str
    heads: list[str]
    kinds: list[Counter[str]] = field(default_factory=list)
    head_lines: list[tuple[int, int]] = field(default_factory=list)
    turned: bool = False

    @property
    def start(self) -> int:
        """Where the first line below the header begins."""
        return self.lines[0][0]

    @property
    def end(self) -> int:
        """Where the last line ends."""
        return self.lines[-1][1]

    @cached_property
    def rows(self) -> list[list[tuple[int, int]]]:
        """The cells below the header; taken apart only for a table that somebody asks about."""
        rows = [_cells(self.text, start, end, self.sign) for start, end in self.lines]
        if not self.turned:
            return rows
        longest = min(max(len(row) for row in rows), _MOST_COLUMNS)
        return [[_nth(row, number) for row in rows] for number in range(1, longest)]

    @cached_property
    def columns(self) -> int:
        """The number of columns."""
        return max(len(self.heads), min(max(len(row) for row in self.rows), _MOST_COLUMNS))

    def row_at(self, at: int) -> list[tuple[int, int]]:
        """The cells of the row that holds a place; none for a place outside."""
        starts, numbers = self._row_starts
        place = bisect_right(starts, at) - 1
        return self.rows[numbers[place]] if place >= 0 else []

    @cached_property
    def _row_starts(self) -> tuple[list[int], list[int]]:
        """Where every cell begins, in the order of the text, and the number of its row."""
        cells = sorted((cell[0], number) for number, row in enumerate(self.rows) for cell in row)
        return [start for start, _ in cells], [number for _, number in cells]

    def column(self, number: int) -> list[tuple[int, int]]:
        """The filled cells of a column."""
        return [row[number] for row in self.rows if number < len(row) and row[number][0] < row[number][1]]

    def word(self, cell: tuple[int, int]) -> str:
        """What stands in a cell."""
        return self.text[slice(*cell)]

    def said_before(self) -> str:
        """The line or two above the table, which may name it."""
        first = self.head_lines[0][0] if self.head_lines else self.start
        return "\n".join(self.text[max(0, first - _TITLE) : first].rstrip("\n").split("\n")[-2:])

    def first_column(self) -> list[str]:
        """The words of the first cell of every line, the header's too."""
        above = [_cells(self.text, *line, self.sign) for line in self.head_lines]
        return [self.word(_nth(row, 0)) for row in (*above, *self.rows)]

    def turn(self) -> "Table":
        """The same cells with rows and columns exchanged."""
        lines = [*self.head_lines, *self.lines]
        return Table(self.text, lines, self.sign, [_squeezed(word) for word in self.first_column()], turned=True)


def tables_in(text: str, *, csv: bool) -> Iterator[Table]:
    """The tables of a text, from top to bottom. csv: every line is a row."""
    if not csv and text.count(",") < 6 and not any(sign in text for sign in ("\t", "|", "  ", "\u3000")):
        return
    block: list[tuple[int, int]] = []
    sign = ""
    at = 0
    while at <= len(text):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        if stop == at and block and sign == "\t":  # the elements of a page's table leave empty lines
            at += 1
            continue
        here = _delimiter(text, at, stop, csv=csv, wanted=sign if block else "")
        if block and (not here or here != sign):
            if table := _table(text, block, sign):
                yield table
            block = []
        if here:
            block.append((at, stop))
            sign = here
        at = stop + 1
    if block and (table := _table(text, block, sign)):
        yield table


def _delimiter(text: str, start: int, end: int, *, csv: bool, wanted: str) -> str:
    """The sign that separates the cells of a line; "" for a line that is no row."""
    if end - start > 20_000 or start == end:
        return ""
    if csv:
        if wanted and text.find(wanted, start, end) >= 0:
            return wanted
        for sign in (",", "\t", ";", "|"):
            if text.find(sign, start, end) >= 0:
                return sign
        return wanted if text[start:end].strip() else ""
    if text.find("\t", start, end) >= 0:
        return "\t"
    if text.count("|", start, end) >= 2:
        return "|"
    if text.count(",", start, end) >= 2 and text.find("。", start, end) < 0 and text.find("，", start, end) < 0:
        return ","
    line = text[start:end].strip(" \u3000")
    if len(line) < 200 and "。" not in line and "，" not in line and len(_WIDE_GAP.findall(line)) >= 2:
        return "  "
    return ""


def _table(text: str, lines: list[tuple[int, int]], sign: str) -> Table | None:
    """Header and lines of a block; None for what is no table."""
    lines = [line for line in lines if not _RULE_LINE.fullmatch(text, *line) and not text.startswith("#", line[0])]
    heads: list[str] = []
    read = 0
    for line in lines[:_HEADER_ROWS]:
        words = [text[slice(*cell)] for cell in _cells(text, *line, sign)]
        filled = [word for word in words if word]
        if len(filled) < 2:
            read += 1
            continue
        if any(_is_data(word) for word in filled) or (heads and not _continues_head(heads, words)):
            break
        if len(heads) < len(words):
            heads += [""] * (len(words) - len(heads))
        if any(heads) and not words[0]:  # a cell over several columns stands in the first of them
            for number in range(1, len(heads)):
                heads[number] = heads[number] or heads[number - 1]
        heads = [head + (words[number] if number < len(words) else "") for number, head in enumerate(heads)]
        read += 1
    heads = [_squeezed(head) for head in heads]
    return Table(text, lines[read:], sign, heads, head_lines=lines[:read]) if lines[read:] else None


def _squeezed(head: str) -> str:
    return head.replace(" ", "").replace("\u3000", "")


def _nth(row: list[tuple[int, int]], number: int) -> tuple[int, int]:
    """A cell of a row; an empty one behind its end."""
    if number < len(row):
        return row[number]
    end = row[-1][1] if row else 0
    return end, end


def _is_data(word: str) -> bool:
    return NUMBER.fullmatch(word) is not None or _LONG_NUMBER.search(word) is not None


def _continues_head(heads: list[str], words: list[str]) -> bool:
    """A second line of a header holds units and notes only, or stands below cells that span several columns."""
    if not words[0] and "" in heads[1:]:
        return True
    return all(not word or UNIT_CELL.fullmatch(word.strip("（）()")) or word.startswith(("（", "(")) for word in words)


def _cells(text: str, start: int, end: int, sign: str) -> list[tuple[int, int]]:
    """Spans of the cells of one line, without blanks, quotes and Markdown's marks around them."""
    cells: list[tuple[int, int]] = []
    if sign == "  ":
        line_start = start + len(text[start:end]) - len(text[start:end].lstrip(" \u3000"))
        at = line_start
        for gap in _WIDE_GAP.finditer(text, line_start, end):
            cells.append((at, gap.start()))
            at = gap.end()
        cells.append((at, end))
    elif text.find('"', start, end) >= 0:
        at = start
        while at <= end:
            cell = _QUOTED.match(text, at, end)
            stop = cell.end() if cell else end
            if stop < end and text[stop] != sign:  # something after a closing quote, or another separator
                stop = text.find(sign, stop, end)
                stop = end if stop < 0 else stop
            cells.append((at, stop))
            at = stop + 1
    else:
        at = start
        for part in text[start:end].split(sign):
            cells.append((at, at + len(part)))
            at += len(part) + 1
    if sign == "|" and cells and not text[slice(*cells[0])].strip():
        cells = cells[1:]
    return [_bare(text, cell) for cell in cells[:_MOST_COLUMNS]]


def _bare(text: str, cell: tuple[int, int]) -> tuple[int, int]:
    start, end = cell
    if start < end and (text[start] in _BLANK or text[end - 1] in _BLANK or text[end - 1] == "\r"):
        word = text[start:end]
        left = len(word) - len(word.lstrip(_BLANK))
        if left == len(word):
            return start, start
        return start + left, end - (len(word) - len(word.rstrip(_BLANK + "\r")))
    return cell
