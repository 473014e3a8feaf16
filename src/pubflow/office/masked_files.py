"""Replacing stretches of an attachment, provably: the new file says what the old one said, but for exactly these.

Whatever else came of it is refused: a mask that is only half there must not look like one.
"""

import codecs
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree
from openpyxl import load_workbook
from openpyxl.cell.cell import Cell

from pubflow.documents.attachments import kind_of_name
from pubflow.errors import BadInput
from pubflow.extraction.cleaning import CLEANABLE
from pubflow.extraction.extract import extract
from pubflow.extraction.package import packed
from pubflow.extraction.units import Unit

MASKABLE = frozenset({"txt", "md", "csv", "xlsx", "docx"})
"""Kinds in which a stretch can be replaced. Of a PDF or picture only the whole can be taken off."""

_BY_HAND = "请用 review return 退回，由起草人在手中的文件里改好，再用 report attach --replace 添加"
_CELL = re.compile(r"工作表“(?P<sheet>.*)”(?P<cell>[A-Z]{1,3}[0-9]{1,7})", re.DOTALL)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PROPERTIES = "docProps/core.xml"
_ENCODINGS = (
    ("utf-8", b""),
    ("utf-8", codecs.BOM_UTF8),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
    ("gb18030", b""),
)


@dataclass(frozen=True)
class Replacement:
    """`passage` stands at start to end (code points, end exclusive) of a unit of the file; `new` would stand there."""

    unit: int
    start: int
    end: int
    passage: str
    new: str


def units_of(content: bytes, name: str) -> list[Unit]:
    """All units of a cleaned copy; their numbers are those of its findings."""
    return list(extract(content, name, CLEANABLE))


def replaced(content: bytes, name: str, replacements: Sequence[Replacement]) -> bytes:
    """The file with these stretches replaced, the same bytes each time it is asked for.

    Raises BadInput naming the file where a stretch does not stand at its place, reaches over cells, or anything else
    in the file would change.
    """
    kind = kind_of_name(name)
    units = units_of(content, name)
    wanted = [unit.text for unit in units]
    for one in sorted(replacements, key=lambda one: (one.unit, one.start), reverse=True):
        if kind not in MASKABLE or one.unit >= len(units) or units[one.unit].text[one.start : one.end] != one.passage:
            raise BadInput(f"附件“{name}”中找不到要替换的内容", name, _BY_HAND)
        text = wanted[one.unit]
        wanted[one.unit] = text[: one.start] + one.new + text[one.end :]
    if kind == "xlsx":
        new = _in_workbook(content, name, units, replacements)
    elif kind == "docx":
        new = _in_document(content, name, replacements)
    else:
        new = _in_text(content, name, wanted)
    got = [unit.text for unit in units_of(new, name)]
    if list(map(_bare, got)) != list(map(_bare, wanted)):
        raise BadInput(f"附件“{name}”不能只改这一处", name, _BY_HAND)
    return new


def _bare(text: str) -> str:
    """A unit without what an emptied cell or paragraph takes along: closing commas, empty lines, quotes of CSV."""
    return re.sub(r",*\n+", "\n", text.replace('"', ""))


def _in_text(content: bytes, name: str, wanted: Sequence[str]) -> bytes:
    for encoding, mark in _ENCODINGS:
        try:
            text = content.removeprefix(mark).decode(encoding)
            if content.startswith(mark) and mark + text.encode(encoding) == content and len(wanted) == 1:
                return mark + wanted[0].encode(encoding)
        except UnicodeError:
            continue
    raise BadInput(f"附件“{name}”太长，或者编码不规范，不能由系统改写", name, _BY_HAND)


def _in_workbook(content: bytes, name: str, units: Sequence[Unit], replacements: Sequence[Replacement]) -> bytes:
    book = load_workbook(io.BytesIO(content))
    for one in sorted(replacements, key=lambda one: (one.unit, one.start)):
        place = units[one.unit].at(one.start, one.end)
        found = _CELL.fullmatch(place.name) if place else None
        cell = book[found["sheet"]][found["cell"]] if found and found["sheet"] in book.sheetnames else None
        if not isinstance(cell, Cell) or not _write(cell, one.passage.replace('""', '"'), one.new):
            raise BadInput(f"附件“{name}”中要替换的内容不在一个单元格里，或在其中不止一处", name, _BY_HAND)
    out = io.BytesIO()
    book.save(out)
    # With the properties of before, moment of saving included, the same replacements give the same bytes.
    return packed(_members(out.getvalue()) | {_PROPERTIES: _members(content)[_PROPERTIES]})


def _write(cell: Cell, passage: str, new: str) -> bool:
    """Put `new` in place of `passage`, if the cell holds that once. A number gives way as a whole."""
    value = cell.value
    if isinstance(value, str):
        if value.count(passage) != 1:
            return False
        text = value.replace(passage, new)
    elif isinstance(value, (int, float)) and passage in (str(value), f"{Decimal(str(value)):f}"):
        text = new
    else:
        return False
    cell.value = text or None
    if text:
        cell.data_type = "s"  # a text that begins with = stays a text
    return True


def _in_document(content: bytes, name: str, replacements: Sequence[Replacement]) -> bytes:
    """Of equal passages all or none are replaced: which paragraph is meant shows in the text, not in the file."""
    members = _members(content)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    roots = {
        member: etree.fromstring(raw, parser)
        for member, raw in members.items()
        if member.startswith("word/") and member.endswith(".xml")
    }
    paragraphs = [paragraph for root in roots.values() for paragraph in root.iter(f"{_W}p")]
    asked = Counter((one.passage.replace('""', '"'), one.new) for one in replacements)
    for (passage, new), times in asked.items():
        if sum("".join(piece.text or "" for piece in _pieces(one)).count(passage) for one in paragraphs) != times:
            raise BadInput(f"附件“{name}”中要替换的内容跨越段落，或另有相同的几处没有一并处理", name, _BY_HAND)
        for paragraph in paragraphs:
            _replace(list(_pieces(paragraph)), passage, new)
    written = {
        member: etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
        for member, root in roots.items()
    }
    return packed(members | written)


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def _pieces(paragraph: etree._Element) -> Iterator[etree._Element]:
    """The pieces of text of a paragraph, without those of a text box inside it."""
    for piece in paragraph.iter(f"{_W}t"):
        if next(piece.iterancestors(f"{_W}p")) is paragraph:
            yield piece


def _replace(pieces: Sequence[etree._Element], passage: str, new: str) -> None:
    """The first piece that a passage touches takes all of `new`, the others lose what they had of it."""
    while passage in (text := "".join(piece.text or "" for piece in pieces)) and passage not in new:
        start, at, rest = text.index(passage), 0, new
        end = start + len(passage)
        for piece in pieces:
            own = piece.text or ""
            first, last = max(start - at, 0), min(end - at, len(own))
            if first < last:
                piece.text = own[:first] + rest + own[last:]
                piece.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
                rest = ""
            at += len(own)
