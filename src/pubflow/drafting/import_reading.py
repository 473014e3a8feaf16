"""The parts of a cleaned text: catalogue fields, title, sections, and the same as Markdown. Pure."""

import datetime as dt
import re
from dataclasses import dataclass, field

from pubflow.drafting.import_oddities import Place
from pubflow.drafting.import_rules import ImportRules
from pubflow.errors import BadInput

_SECTION = re.compile(r"^[一二三四五六七八九十]{1,3}、[^。；;]{1,60}$")
_SUBSECTION = re.compile(r"^[(（][一二三四五六七八九十]{1,3}[)）][^。；;]{1,60}$")
_MARKDOWN_HEADING = re.compile(r"^(#{1,6})\s+(\S.*)$")
_RULE_OF_TABLE = re.compile(r"^[|\s:\-]+$")
_DATE = re.compile(r"^(\d{4})(?:-|/|年)(\d{1,2})(?:-|/|月)(\d{1,2})日?(?:[ T](\d{1,2}):(\d{2})(?::\d{2})?)?$")
_NO_TITLE = re.compile(r"[。；;，,：:！!|]|^[(（]|^\d+[.．、]|^\d{4}(?:年\d{1,2}月\d{1,2}日$|-)")


@dataclass(frozen=True)
class Line:
    """A line that is not blank: its number from 1, its text, and what it is (0 a paragraph, 2 and 3 headings)."""

    number: int
    text: str
    level: int = 0


@dataclass(frozen=True)
class Section:
    """A section 部分: its heading as written and its lines, headings of the third level included."""

    heading: str
    lines: tuple[Line, ...]
    line: int

    @property
    def text(self) -> str:
        """Paragraphs, one a line."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Structure:
    """What a cleaned text is made of."""

    fields: dict[str, str]  # name of catalogue field -> value as read, "" when empty or missing
    field_lines: dict[str, int]  # the line that names the field; missing fields are not in it
    unknown_labels: tuple[Place, ...]
    title: str
    body_lines: tuple[Line, ...]
    sections: tuple[Section, ...]

    def find(self, words: str, note: str = "") -> Place:
        """The first line of the body that holds `words`; line 0 when there is none."""
        number = next((line.number for line in self.body_lines if words in line.text), 0)
        return Place(number, words, note)


@dataclass
class _Head:
    """What has been gathered before the first section."""

    fields: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    unknown: list[Place] = field(default_factory=list)
    titles: list[Line] = field(default_factory=list)


def read_structure(text: str, name: str, rules: ImportRules) -> Structure:
    """Divide a cleaned text into catalogue fields, title and sections.

    Before the first section stand rows `label: | value |` or lines `label: value`, perhaps a title (a short line
    without punctuation, or `# ...`), perhaps a preface. Sections begin with 一、 or `##`, sub-sections with (一) or
    `###` if they stand on a line of their own.
    Raises BadInput naming the line: two titles, a field with two values, a date that does not exist.
    """
    head, body = _Head(), list[Line]()
    for number, written in enumerate(text.split("\n"), 1):
        if not (words := written.strip()):
            continue
        line = _levelled(number, words)
        if line.level == 1:
            head.titles.append(line)
        elif body or line.level or not _taken_by_head(line, head, name, rules):
            body.append(line)
    _refuse_two_titles(head, name)
    fields = {entry.field: head.fields.get(entry.field, "") for entry in rules.label}
    if "date_created" in head.lines:
        fields["date_created"] = _date(fields["date_created"], name, head.lines["date_created"])
    title = head.titles[0].text if head.titles else fields.get("title", "")
    fields.pop("title", None)
    return Structure(fields, head.lines, tuple(head.unknown), title, tuple(body), _sections(body))


def markdown(lines: tuple[Line, ...]) -> str:
    """The body as Markdown: `## ` and `### ` before headings, a blank line between paragraphs, words untouched."""
    return "\n\n".join("#" * line.level + " " * bool(line.level) + line.text for line in lines) + "\n"


def _levelled(number: int, words: str) -> Line:
    found = _MARKDOWN_HEADING.match(words)
    if found:
        return Line(number, found[2].strip(), min(len(found[1]), 3))
    if _SECTION.match(words):
        return Line(number, words, 2)
    return Line(number, words, 3 if _SUBSECTION.match(words) else 0)


def _taken_by_head(line: Line, head: _Head, name: str, rules: ImportRules) -> bool:
    """Whether a line before the first section is a row of fields or a title."""
    labels = rules.labels()
    cells = [cell.strip() for cell in line.text.strip("|").split("|")]
    if len(cells) == 1:
        parts = re.split(r"[:：]", line.text, maxsplit=1)
        if len(parts) == 2 and parts[0].strip() in labels:
            cells = [f"{parts[0].strip()}:", parts[1].strip()]
    if any(_label(cell) in labels for cell in cells):
        _read_row(cells, line.number, head, labels, name)
        return True
    if len(cells) > 1 and _RULE_OF_TABLE.match(line.text):
        return True
    if len(line.text) <= rules.number_of("title_max_length") and not _NO_TITLE.search(line.text):
        head.titles.append(line)
        return True
    return False


def _label(cell: str) -> str:
    """The label a cell holds, "" for a value."""
    return cell[:-1].strip() if cell.endswith((":", "：")) else ""


def _read_row(cells: list[str], number: int, head: _Head, labels: dict[str, str], name: str) -> None:
    # The source drops the cell of an empty value, so a label may follow a label: 文件编号: | 有效性: | 有效 | |
    for position, cell in enumerate(cells):
        if not (label := _label(cell)):
            continue
        if label not in labels:
            head.unknown.append(Place(number, cell, "表头中不认识的栏目，没有读入"))
            continue
        after = cells[position + 1] if position + 1 < len(cells) else ""
        value = "" if _label(after) else after
        if (known := head.fields.get(labels[label])) and value and known != value:
            what = f"“{label}”写了两次：“{known}”和“{value}”"
            what = "有两个标题：" + what if labels[label] == "title" else what
            raise BadInput(what, f"{name} 第{number}行", "请核对后只留一个，再导入")
        head.fields[labels[label]] = known or value
        head.lines[labels[label]] = number


def _refuse_two_titles(head: _Head, name: str) -> None:
    titles = [(f"第{line.number}行", line.text) for line in head.titles]
    labelled = head.fields.get("title", "")
    if labelled and any(text != labelled for _, text in titles):
        titles.append((f"表头第{head.lines['title']}行", labelled))
    if len(titles) > 1:
        listed = "，".join(f"{place}“{text}”" for place, text in titles)
        raise BadInput(f"有两个标题：{listed}", name, "请在文件中只留一个标题，写在一行里，再导入")


def _date(written: str, name: str, number: int) -> str:
    """`2017-02-27` or `2017-02-27 15:06`; "" stays empty. Raises BadInput."""
    if not written:
        return ""
    where = f"{name} 第{number}行"
    found = _DATE.match(written)
    if not found:
        raise BadInput(f"生成日期“{written}”读不懂", where, "请写成 2017-02-27 或 2017-02-27 15:06 的样子")
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    try:
        moment = dt.datetime(year, month, day, hour, minute)  # noqa: DTZ001 - a date as printed, kept without a zone
    except ValueError:
        raise BadInput(f"生成日期“{written}”不存在", where, "请核对原件，改正后再导入") from None
    return moment.isoformat(" ", "minutes") if found[4] else moment.date().isoformat()


def _sections(body: list[Line]) -> tuple[Section, ...]:
    starts = [position for position, line in enumerate(body) if line.level == 2]
    ends = [*starts[1:], len(body)]
    return tuple(
        Section(body[start].text, tuple(body[start + 1 : end]), body[start].number)
        for start, end in zip(starts, ends, strict=False)
    )
