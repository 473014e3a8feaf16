"""Word documents (DOCX): what the page shows, and separately what it does not.

What is shown (insertions accepted) comes as text and as tables. A paragraph with deleted or hidden text, or with the
code of a field, comes once more as a whole, where only the unseen pieces have a place.
Memory: one chunk of text, one table's chunk, one paragraph.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.package import Archive
from pubflow.extraction.reading import Readable, Reading
from pubflow.extraction.tables import CellPlace, TableUnits
from pubflow.extraction.units import Parts, Place, Unit
from pubflow.extraction.xml_events import SPOKEN, events

_CHUNK = 250_000  # code points of a unit
_PARAGRAPH_CHARS = 4_000_000  # code points of one paragraph; it is held in memory
_DELETED = {"del", "moveFrom"}
_CODES = {"instrText", "delInstrText"}
_TEXTS = {"t", "delText"} | _CODES
_NOTES = {"footnote": "脚注", "endnote": "尾注", "comment": "批注"}
# Attributes that hold what a person typed; the authors of changes among them.
_ATTRIBUTES = SPOKEN | {"val"}
_VAL_OF = {
    "alias",
    "tag",
    "docVar",
    "default",
    "statusText",
    "helpText",
    "name",
    "listEntry",
    "result",
    "tblCaption",
    "tblDescription",
}


def hidden_styles(stream: Readable) -> frozenset[str]:
    """Identifiers of styles whose text is hidden, directly or through the style they are based on."""
    current, hidden, based = "", set(), {}
    for kind, name, given in events(stream):
        if kind == "start":
            if name == "style":
                current = given.get("styleId", "")
            elif name == "vanish" and is_on(given.get("val")):
                hidden.add(current)
            elif name == "basedOn":
                based[current] = given.get("val", "")
    for style in based:
        seen, one = {style}, style
        while (one := based.get(one, "")) and one not in seen:
            seen.add(one)
            if one in hidden:
                hidden.add(style)
                break
    return frozenset(hidden)


def is_on(value: str | None) -> bool:
    """Whether a switch of WordprocessingML is on: present without a value counts."""
    return value not in ("0", "false", "off")


@dataclass
class _Paragraph:
    """A paragraph being read: pieces of text, and why a piece is not seen."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, why: str) -> None:
        self.pieces.append((text, why))
        self.length += len(text)
        if self.length > _PARAGRAPH_CHARS:
            raise TooMuch(f"一个段落超过 {_PARAGRAPH_CHARS} 个字符")

    @property
    def shown(self) -> str:
        return "".join(text for text, why in self.pieces if not why)

    @property
    def whole(self) -> list[tuple[str, str]]:
        return self.pieces if any(why for _, why in self.pieces) else []


@dataclass
class _Table:
    """A table being read, with its place in the reading."""

    units: TableUnits
    row: int = 0
    column: int = 0
    cells: list[tuple[int, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def word_units(
    archive: Archive, part: str, name: str, styles: frozenset[str], reading: Reading, *, hidden: bool = False
) -> Iterator[Unit]:
    """The units of one part that holds paragraphs: body, header, footer, notes, comments.

    name: the part in Chinese, 正文 for the body. hidden: the reader of the page does not see this part.
    """
    yield from _Reader(name, styles, reading, hidden).units(archive.stream(part))


class _Reader:
    """Walks one part. Paragraphs can stand inside paragraphs (text boxes) and tables inside cells."""

    def __init__(self, name: str, styles: frozenset[str], reading: Reading, hidden: bool) -> None:
        self._name, self._styles, self._reading, self._hidden = name, styles, reading, hidden
        self._text, self._unseen, self._attributes = Parts(), Parts(), Parts()
        self._paragraphs: list[_Paragraph] = []
        self._tables: list[_Table] = []
        self._count = self._table_count = self._box = 0
        self._path: list[str] = []
        self._note = ""
        self._run_hidden = self._mark_hidden = False
        self._choice: set[str] = set()

    def units(self, stream: Readable) -> Iterator[Unit]:
        for kind, name, given in events(stream):
            if kind == "start":
                self._path.append(name)
                self._start(name, given)
            elif kind == "text":
                self._said(name)
            else:
                yield from self._end(name)
                self._path.pop()
            yield from self._full()
        for parts in (self._text, self._unseen, self._attributes):
            if parts.length:
                yield parts.unit()

    def _start(self, name: str, given: Mapping[str, str]) -> None:
        if name == "p":
            self._paragraphs.append(_Paragraph())
            self._count += 1
        elif name == "r":
            self._run_hidden = False
        elif name == "vanish" and "rPr" in self._path and "pPr" not in self._path[-4:]:
            self._run_hidden = is_on(given.get("val"))
        elif name in ("rStyle", "pStyle") and given.get("val") in self._styles:
            self._run_hidden = self._run_hidden or name == "rStyle"
            self._mark_hidden = self._mark_hidden or name == "pStyle"
        elif name == "tbl":
            self._table_count += 1
            self._tables.append(_Table(TableUnits(self._cell_place(self._table_count), self._reading.budget)))
        elif name == "tr" and self._tables:
            self._tables[-1].row += 1
            self._tables[-1].column, self._tables[-1].cells = 0, []
        elif name == "tc" and self._tables:
            self._tables[-1].column += 1
            self._tables[-1].lines = []
        elif name == "txbxContent":
            self._box += "Fallback" not in self._path
        elif name in _NOTES:
            self._note = f"{_NOTES[name]}{given.get('id', '')}"
        elif name in ("tab", "br", "cr", "noBreakHyphen") and self._paragraphs and "pPr" not in self._path:
            self._add({"tab": "\t", "noBreakHyphen": "-"}.get(name, "\n"))
        for key, said in given.items():
            if not said or key not in _ATTRIBUTES or (key == "val" and name not in _VAL_OF):
                continue
            if key == "instr" and self._paragraphs:
                self._paragraphs[-1].add(f" {said} ", "域代码")
            elif key == "author":
                self._attributes.add(f"{said}\n", self._place(f"{self._note}作者" if self._note else "修订作者", True))
            else:
                what = "替代文字" if name in ("docPr", "cNvPr", "shape") else f"属性“{key}”"
                self._attributes.add(f"{said}\n", self._place(what, True))

    def _said(self, text: str) -> None:
        if self._path and self._path[-1] in _TEXTS and self._paragraphs:
            self._add(text)
        elif text.strip():
            self._unseen.add(f"{text}\n", self._place("其他内容", True))

    def _add(self, text: str) -> None:
        inside = self._path[self._since_paragraph() :]
        why = ""
        if "delText" in inside or any(name in _DELETED for name in inside):
            why = "已删除的修订"
        elif any(name in _CODES for name in inside):
            why = "域代码"
        elif self._run_hidden or self._mark_hidden:
            why = "隐藏文字"
        self._paragraphs[-1].add(text, why)

    def _since_paragraph(self) -> int:
        return len(self._path) - 1 - self._path[::-1].index("p") if "p" in self._path else 0

    def _end(self, name: str) -> Iterator[Unit]:
        if name == "p" and self._paragraphs:
            self._close(self._paragraphs.pop())
            self._mark_hidden = False
        elif name == "r":
            self._run_hidden = False
        elif name == "tc" and self._tables:
            table = self._tables[-1]
            if text := "\n".join(line for line in table.lines if line):
                table.cells.append((table.column, text))
        elif name == "tr" and self._tables:
            table = self._tables[-1]
            yield from table.units.row(table.row, table.cells)
        elif name == "tbl" and self._tables:
            yield from self._tables.pop().units.end()
        elif name == "AlternateContent":
            self._choice.clear()
        elif name in _NOTES:
            self._note = ""

    def _close(self, paragraph: _Paragraph) -> None:
        shown = paragraph.shown
        in_box = "txbxContent" in self._path
        if in_box and "Fallback" in self._path and shown in self._choice:
            return  # the same box once more, for old programs
        if in_box:
            self._choice.add(shown)
        where = self._where(in_box)
        if whole := paragraph.whole:
            for text, why in whole:
                self._unseen.add(text, self._place(f"{where}（{why}）", True) if why else None)
            self._unseen.add("\n", None)
        if self._tables and not in_box:
            self._tables[-1].lines.append(shown)
        elif shown:
            self._text.add(f"{shown}\n", self._place(where, False))

    def _where(self, in_box: bool) -> str:
        if in_box:
            return f"文本框{self._box}"
        if self._tables:
            return f"表{self._table_count}第{self._tables[-1].row}行第{self._tables[-1].column}列"
        return self._note or f"第{self._count}段"

    def _place(self, what: str, hidden: bool) -> Place:
        name = what if self._name == "正文" and what else f"{self._name}{what}"
        return self._reading.place(name, hidden=hidden or self._hidden)

    def _cell_place(self, table: int) -> CellPlace:
        return lambda row, column: self._place(f"表{table}第{row}行第{column}列", False)

    def _full(self) -> Iterator[Unit]:
        if self._text.length > _CHUNK:
            yield self._text.unit()
            self._text = Parts()
        if self._unseen.length > _CHUNK:
            yield self._unseen.unit()
            self._unseen = Parts()
        if self._attributes.length > _CHUNK:
            yield self._attributes.unit()
            self._attributes = Parts()
