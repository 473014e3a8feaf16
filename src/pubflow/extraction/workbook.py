"""Workbooks (XLSX): every sheet, shown or not, and every part around them.

Cells come as CSV units, as the sheet shows them; a number that is stored otherwise comes once more.
Formulas are text, never computed, so that one that refers to itself is nothing special.
Memory: the shared strings of the workbook (bounded by Limits.string_chars) and one chunk of a table.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.number_formats import formats_of, shown_number, shown_text
from pubflow.extraction.package import Archive
from pubflow.extraction.reading import Readable, Reading
from pubflow.extraction.tables import TableUnits
from pubflow.extraction.units import Parts, Place, Unit
from pubflow.extraction.xml_events import SPOKEN, events

_STATES = {"hidden": "（隐藏）", "veryHidden": "（深度隐藏）"}
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_CHUNK = 250_000  # code points of formulas or of a sheet's surroundings in one unit
_COLUMNS = 16_384  # cells of a row; what Excel can hold
_TELLING = 7  # digits before the point of a stored number that can mean somebody; the days of a date have five
_HEADING = 100  # code points of a column's name that are repeated before a stored number
_CELL_CHARS = 1_000_000  # code points of a cell or a formula; Excel holds 32,767
# What surrounds the cells of a sheet, by the element that holds it.
_SURROUNDINGS = {
    "headerFooter": "页眉页脚",
    "dataValidations": "数据有效性",
    "dataValidation": "数据有效性",
    "hyperlinks": "超链接",
    "conditionalFormatting": "条件格式",
    "scenarios": "方案",
    "protectedRanges": "保护区域",
    "customSheetViews": "自定义视图",
    "webPublishItems": "网页发布项",
    "ignoredErrors": "忽略的错误",
    "autoFilter": "筛选",
    "extLst": "扩展数据",
}


@dataclass
class _Strings:
    """The strings that cells share."""

    texts: list[str] = field(default_factory=list)
    phonetic: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)


@dataclass
class _Looks:
    """How cells show numbers: a format for each number of a style."""

    formats: list[str] = field(default_factory=list)
    from_1904: bool = False

    def shown(self, kind: str, stored: str, style: str) -> str:
        """A cell's text as its reader sees it. kind: the cell's type in the file."""
        number = int(style) if style.isdecimal() and len(style) < 9 else 0
        code = self.formats[number] if number < len(self.formats) else "General"
        if code == "General" or code == "@":
            return stored
        if kind == "n":
            return shown_number(stored, code, from_1904=self.from_1904)
        return shown_text(stored, code) if kind in ("s", "str", "inlineStr") else stored


@dataclass(frozen=True)
class Sheet:
    """A sheet as the workbook lists it. label: 工作表“附表1”（隐藏）."""

    part: str
    label: str
    hidden: bool


def sheets_of(archive: Archive, main: str) -> list[Sheet]:
    """The sheets in the workbook's order."""
    relations = archive.relations(main)
    found = []
    for kind, name, given in events(archive.stream(main)):
        if kind == "start" and name == "sheet":
            relation = relations.get(given.get("id", ""))
            state = given.get("state", "")
            label = f"工作表“{given.get('name', '')}”{_STATES.get(state, '')}"
            if relation is not None and not relation.external:
                found.append(Sheet(relation.target, label, state in _STATES))
    return found


def workbook_units(archive: Archive, main: str, sheets: list[Sheet], reading: Reading) -> Iterator[Unit]:
    """The units of the workbook part, of all sheets and of the strings no cell uses."""
    yield from _names(archive.stream(main), reading)
    strings = _Strings()
    looks = _Looks(from_1904=_from_1904(archive.stream(main)))
    for relation in archive.relations(main).values():
        if relation.kind == "sharedStrings" and relation.target in archive:
            strings = _shared_strings(archive.stream(relation.target), reading)
        elif relation.kind == "styles" and relation.target in archive:
            looks.formats = formats_of(archive.stream(relation.target))
    for sheet in sheets:
        if sheet.part in archive:
            yield from _sheet_units(archive.stream(sheet.part), sheet, strings, looks, reading)
        else:
            reading.cannot("工作表缺失", sheet.label)
    left = [text for number, text in enumerate(strings.texts) if number not in strings.used and text]
    for texts, name in ((left, "共享字符串（没有单元格引用）"), (strings.phonetic, "拼音标注")):
        if texts:
            yield reading.text("\n".join(texts), name, hidden=True)


def _from_1904(stream: Readable) -> bool:
    """Whether days count from 1904-01-01, as old programs on the Macintosh did."""
    for kind, name, given in events(stream):
        if kind == "start" and name == "workbookPr":
            return given.get("date1904") in ("1", "true")
    return False


def _names(stream: Readable, reading: Reading) -> Iterator[Unit]:
    """Defined names and what else the workbook part says; the names of sheets are text as well."""
    parts = Parts()
    inside = ""
    for kind, value, given in events(stream):
        if kind == "start":
            inside = f"定义名称“{given.get('name', '')}”" if value == "definedName" else "工作簿设置"
            hidden = value != "sheet" or given.get("state", "") in _STATES
            for key, said in given.items():
                if key in SPOKEN:
                    where = "工作表名称" if value == "sheet" else inside
                    parts.add(f"{said}\n", reading.place(where, hidden=hidden))
        elif kind == "text" and value.strip():
            parts.add(f"{value}\n", reading.place(inside, hidden=True))
    if parts.length:
        yield parts.unit()


def _shared_strings(stream: Readable, reading: Reading) -> _Strings:
    strings, text, phonetic, total, inside = _Strings(), [], 0, 0, False
    for kind, value, _ in events(stream):
        if kind == "text":
            total += len(value)
            if total > reading.budget.limits.string_chars:
                raise TooMuch(f"共享字符串超过 {reading.budget.limits.string_chars} 个字符")
            if phonetic:
                strings.phonetic.append(value)
            elif inside:
                text.append(value)
        elif value == "rPh":
            phonetic += 1 if kind == "start" else -1
        elif value == "t":
            inside = kind == "start"
        elif value == "si":
            if kind == "end":
                strings.texts.append("".join(text))
            text = []
    return strings


@dataclass
class _Hidden:
    """Which rows and columns of a sheet are hidden."""

    columns: list[tuple[int, int]] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)

    def why(self, row: int, column: int) -> str:
        if row in self.rows:
            return "（隐藏行）"
        return "（隐藏列）" if any(first <= column <= last for first, last in self.columns) else ""


def _sheet_units(stream: Readable, sheet: Sheet, strings: _Strings, looks: _Looks, reading: Reading) -> Iterator[Unit]:
    hidden = _Hidden()

    def place(row: int, column: int) -> Place:
        why = hidden.why(row, column)
        return reading.place(f"{sheet.label}{letters(column)}{row}{why}", hidden=sheet.hidden or bool(why))

    table = TableUnits(place, reading.budget)
    around, formulas, stored = Parts(), Parts(), Parts()
    header: dict[int, str] = {}  # of the first row that is no title, so that a stored number keeps its column's name
    path: list[str] = []
    row = column = 0
    cells: list[tuple[int, str]] = []
    kind_of_cell = style = value_text = formula = ""
    all_hidden = False
    for kind, value, given in events(stream):
        if kind == "start":
            path.append(value)
            if value == "c":
                column += 1
                if found := _REFERENCE.fullmatch(given.get("r", "")):
                    column = number_of(found[1])
                kind_of_cell, style, value_text, formula = given.get("t", "n"), given.get("s", "0"), "", ""
            elif value == "row":
                row = int(given["r"]) if given.get("r", "").isdecimal() else row + 1
                column, cells = 0, []
                if all_hidden or given.get("hidden") in ("1", "true") or given.get("ht") in ("0", "0.0"):
                    hidden.rows.add(row)
            elif value == "col":
                if given.get("hidden") in ("1", "true") or given.get("width") in ("0", "0.0"):
                    hidden.columns.append(_range(given))
            elif value == "sheetFormatPr":
                all_hidden = given.get("zeroHeight") in ("1", "true")
            elif "sheetData" not in path:
                where = f"{sheet.label}{_surrounding(path)}"
                for key, said in given.items():
                    if key in SPOKEN or key in ("val", "location", "codeName"):
                        around.add(f"{said}\n", reading.place(where, hidden=True))
        elif kind == "text":
            at = path[-1] if path else ""
            if "sheetData" not in path:
                if value.strip():
                    shown = "headerFooter" in path and not sheet.hidden
                    around.add(value, reading.place(f"{sheet.label}{_surrounding(path)}", hidden=not shown))
            elif at == "v" or (at == "t" and "rPh" not in path):
                value_text += value
                _refuse_long(value_text)
            elif at == "f":
                formula += value
                _refuse_long(formula)
            elif value.strip():
                around.add(f"{value}\n", reading.place(f"{sheet.label}单元格内其他内容", hidden=True))
        else:
            path.pop()
            if value == "c":
                held = _stored(kind_of_cell, value_text, strings)
                text = looks.shown(kind_of_cell, held, style)
                if text != held and (not text or len(held.partition(".")[0]) >= _TELLING):
                    stored.add(f"{header.get(column, '')}：", None)
                    cell = f"{sheet.label}{letters(column)}{row}（存储值）"
                    stored.add(f"{held}\n", reading.place(cell, hidden=True))
                if text:
                    cells.append((column, text))
                    if len(cells) > _COLUMNS or column > _COLUMNS:
                        raise TooMuch(f"{sheet.label}第{row}行超过 {_COLUMNS} 个单元格")
                if formula:
                    cell = f"{sheet.label}{letters(column)}{row}的公式"
                    formulas.add(f"{formula}\n", reading.place(cell, hidden=True))
            elif value == "row":
                reading.budget.take_cells(1)
                if not header and len(cells) > 1:
                    header = {at: text[:_HEADING] for at, text in cells}
                yield from table.row(row, cells)
                cells = []
            elif "sheetData" not in path and around.length and value not in ("t", "r"):
                around.add("\n", reading.place(sheet.label, hidden=True))
        if formulas.length > _CHUNK:
            yield formulas.unit()
            formulas = Parts()
        if stored.length > _CHUNK:
            yield stored.unit()
            stored = Parts()
        if around.length > _CHUNK:
            yield around.unit()
            around = Parts()
    yield from table.end()
    for parts in (formulas, stored, around):
        if parts.length:
            yield parts.unit()


def _stored(kind: str, value: str, strings: _Strings) -> str:
    """The text of a cell as the file has it; numbers as all their digits."""
    if kind == "s":
        number = int(value) if value.strip().isdecimal() else -1
        if 0 <= number < len(strings.texts):
            strings.used.add(number)
            return strings.texts[number]
        return ""
    if kind == "n" and "E" in value.upper() and len(value) < 32:
        try:
            number_as_written = Decimal(value)
        except InvalidOperation:
            return value
        # 1.3800138E10 is how programs write 13800138000; no cell has more than 309 digits.
        return f"{number_as_written:f}" if number_as_written.adjusted() < 309 else value
    return value


def _refuse_long(text: str) -> None:
    if len(text) > _CELL_CHARS:
        raise TooMuch(f"一个单元格超过 {_CELL_CHARS} 个字符")


def _range(given: Mapping[str, str]) -> tuple[int, int]:
    first, last = given.get("min", ""), given.get("max", "")
    return (int(first) if first.isdecimal() else 1, int(last) if last.isdecimal() else 16384)


def _surrounding(path: list[str]) -> str:
    return next((f"的{_SURROUNDINGS[name]}" for name in path if name in _SURROUNDINGS), "的设置")


def letters(column: int) -> str:
    """The letters of a column: 1 is A, 28 is AB."""
    name = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def number_of(name: str) -> int:
    """The number of a column: A is 1, AB is 28."""
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
