"""Office packages (XLSX, DOCX, PPTX): which part is what. A part that nobody knows is still read, or reported."""

import re
from collections.abc import Callable, Iterator
from zipfile import ZipInfo

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.package import CONTENT_TYPES, Archive, strings_in
from pubflow.extraction.reading import Reading, Source
from pubflow.extraction.units import Parts, Unit
from pubflow.extraction.word import hidden_styles, word_units
from pubflow.extraction.workbook import Sheet, sheets_of, workbook_units
from pubflow.extraction.xml_events import events, loose_units

_WORKBOOK = "spreadsheetml.sheet.main+xml"
_WORD = "wordprocessingml.document.main+xml"
_MACROS = re.compile(r"vbaproject[^/]*\.bin$|(?:^|/)macrosheets/", re.IGNORECASE)  # VBA, and sheets of Excel 4 macros
Inner = Callable[[Source, str, Reading], Iterator[Unit]]

# Part names as Office writes them -> name in Chinese, and whether the reader of the page sees it. First match counts.
_PARTS = [
    (re.compile(r"docProps/core"), "文档属性", True),
    (re.compile(r"docProps/app"), "文档属性（程序）", True),
    (re.compile(r"docProps/custom"), "自定义文档属性", True),
    (re.compile(r"docProps/"), "文档属性", True),
    (re.compile(r"xl/externalLinks/externalLink(\d+)"), "外部链接{}的缓存值", True),
    (re.compile(r"xl/pivotCache/pivotCacheDefinition(\d+)"), "数据透视表缓存{}", True),
    (re.compile(r"xl/pivotCache/pivotCacheRecords(\d+)"), "数据透视表缓存{}的记录", True),
    (re.compile(r"xl/pivotTables/\D*(\d+)"), "数据透视表{}", True),
    (re.compile(r"xl/persons/"), "批注人员", True),
    (re.compile(r"xl/tables/\D*(\d+)"), "表格对象{}", True),
    (re.compile(r"xl/(?:connections|queryTables)"), "数据连接", True),
    (re.compile(r"(?:xl|word|ppt)/charts/\D*(\d+)"), "图表{}", False),
    (re.compile(r"(?:xl|ppt)/drawings/vmlDrawing(\d+)"), "旧式图形{}", True),
    (re.compile(r"xl/drawings/\D*(\d+)"), "图形{}", False),
    (re.compile(r"(?:xl|word|ppt)/diagrams/\D*(\d+)"), "智能图形{}", False),
    (re.compile(r"word/(?:people|commentsExtended|commentsIds)"), "批注人员", True),
    (re.compile(r"word/glossary/"), "构建基块", True),
    (re.compile(r"(?:xl|word|ppt)/(?:styles|theme|fontTable|numbering|webSettings)"), "样式与设置", True),
    (re.compile(r"word/settings"), "文档设置", True),
    (re.compile(r"customXml/"), "自定义 XML 数据", True),
    (re.compile(r"ppt/slides/slide(\d+)"), "幻灯片{}", False),
    (re.compile(r"ppt/notesSlides/\D*(\d+)"), "幻灯片备注{}", True),
    (re.compile(r"_xmlsignatures/"), "数字签名", True),
]
_PARAGRAPHS = [
    (re.compile(r"word/header(\d*)"), "页眉{}", False),
    (re.compile(r"word/footer(\d*)"), "页脚{}", False),
    (re.compile(r"word/footnotes"), "", False),
    (re.compile(r"word/endnotes"), "", False),
    (re.compile(r"word/comments\.xml"), "", True),
]
# The entries of property parts, as Office's own dialogue calls them.
_PROPERTIES = {
    "creator": "“作者”",
    "lastModifiedBy": "“最后修改者”",
    "title": "“标题”",
    "subject": "“主题”",
    "keywords": "“关键词”",
    "description": "“备注”",
    "category": "“类别”",
    "contentStatus": "“状态”",
    "Company": "“单位”",
    "Manager": "“主管”",
    "HyperlinkBase": "“超链接基础”",
    "TitlesOfParts": "“部件标题”",
    "HLinks": "“超链接”",
    "Template": "“模板”",
    "txbx": "的文本框",
    "txBody": "的文本框",
    "cat": "的缓存",
    "val": "的缓存",
    "xVal": "的缓存",
    "yVal": "的缓存",
    "tx": "的缓存",
}


def office_units(archive: Archive, main: str, type_: str, reading: Reading, inner: Inner) -> Iterator[Unit]:
    """All units of an Office package. inner: reads a file inside this one.

    Notes as unread: macros, presentations, binary workbooks, signatures of programs, parts of no known kind.
    """
    if archive.doubled:
        reading.cannot("压缩包内有同名部件，各程序读出的内容可能不同")
    if "macroEnabled" in type_ or any(_MACROS.search(name) for name in archive.names()):
        reading.cannot("含有宏，不能检查")
    done = {CONTENT_TYPES.lower()}
    comments: dict[str, str] = {}
    if _WORKBOOK in type_ or (type_.endswith("main+xml") and "sheet" in type_):
        sheets = sheets_of(archive, main)
        yield from _guarded(workbook_units(archive, main, sheets, reading), "工作簿", reading)
        done |= {main.lower(), *(sheet.part.lower() for sheet in sheets)}
        done |= {one.target.lower() for one in archive.relations(main).values() if one.kind == "sharedStrings"}
        comments = _comments_of(archive, sheets)
    elif _WORD in type_ or (type_.endswith("main+xml") and "wordprocessingml" in type_):
        styles = frozenset[str]()
        for relation in archive.relations(main).values():
            if relation.kind == "styles" and relation.target in archive:
                styles = hidden_styles(archive.stream(relation.target))
        yield from _guarded(word_units(archive, main, "正文", styles, reading), "正文", reading)
        done.add(main.lower())
        for part in archive.names():
            if (named := _match(_PARAGRAPHS, part)) and part.lower() not in done:
                name, hidden = named
                yield from _guarded(word_units(archive, part, name, styles, reading, hidden=hidden), part, reading)
                done.add(part.lower())
    else:
        reading.cannot("这种 Office 文件（演示文稿、二进制工作簿等）不能完整检查，请另存为 XLSX、DOCX 或 PDF")
    for info in archive.members:
        part = info.filename.replace("\\", "/").lstrip("/")
        reading.budget.member()
        if part.lower() not in done:
            yield from _guarded(_part_units(archive, part, comments, reading, inner), part, reading)


def _guarded(units: Iterator[Unit], name: str, reading: Reading) -> Iterator[Unit]:
    """The units up to a bound or a damage, which is noted: what the other parts hold is still read."""
    try:
        yield from units
    except TooMuch as error:
        reading.cannot(str(error), name)


def _comments_of(archive: Archive, sheets: list[Sheet]) -> dict[str, str]:
    """Which part of comments, tables or drawings belongs to which sheet."""
    found = {}
    for sheet in sheets:
        for relation in archive.relations(sheet.part).values():
            if not relation.external:
                found[relation.target.lower()] = sheet.label
    return found


def _match(table: list[tuple[re.Pattern[str], str, bool]], part: str) -> tuple[str, bool] | None:
    for pattern, name, hidden in table:
        if found := pattern.match(part):
            return name.format(*(found.groups() or ("",))), hidden
    return None


def _part_units(archive: Archive, part: str, sheets: dict[str, str], reading: Reading, inner: Inner) -> Iterator[Unit]:
    name, hidden = _match(_PARTS, part) or (f"部件 {part} ", True)
    sheet = sheets.get(part.lower(), "")
    lower = part.lower()
    if lower.endswith(".rels"):
        yield from _outward_links(archive, part, reading)
    elif re.match(r"xl/(?:threaded)?comments", lower):
        yield from _sheet_comments(archive, part, sheet, reading)
    elif lower.endswith((".xml", ".vml")):
        called = f"{sheet}{name}"
        yield from loose_units(
            archive.stream(part),
            called,
            reading,
            hidden=hidden or "隐藏" in sheet,
            label=lambda element: _PROPERTIES.get(element, ""),
        )
    elif "printersettings" in lower:
        said = strings_in(archive.source(_info(archive, part)).whole(reading.budget))
        yield reading.text(said, "打印机设置", hidden=True)
    else:
        source = archive.source(_info(archive, part))
        kind = "缩略图" if "thumbnail" in lower else "图片" if "/media/" in lower else "嵌入文件"
        yield from inner(source, f"{kind}“{source.name}”", reading)


def _info(archive: Archive, part: str) -> ZipInfo:
    return next(info for info in archive.members if info.filename.replace("\\", "/").lstrip("/") == part)


def _outward_links(archive: Archive, part: str, reading: Reading) -> Iterator[Unit]:
    folder, _, base = part.rpartition("_rels/")
    targets = [
        one.target for one in archive.relations(f"{folder}{base.removesuffix('.rels')}").values() if one.external
    ]
    if targets:
        yield reading.text("\n".join(targets), "外部链接地址", hidden=True)


def _sheet_comments(archive: Archive, part: str, sheet: str, reading: Reading) -> Iterator[Unit]:
    """Comments of a sheet, each at its cell, with their authors."""
    parts, cell, inside = Parts(), "", ""
    for kind, value, given in events(archive.stream(part)):
        if kind == "start":
            inside = value
            if value in ("comment", "threadedComment"):
                cell = given.get("ref", "")
        elif kind == "text":
            where = f"{sheet}批注作者" if inside == "author" else f"{sheet}批注 {cell}"
            parts.add(value, reading.place(where, hidden=True))
        elif value in ("comment", "threadedComment", "author"):
            parts.add("\n", None)
    if parts.length:
        yield parts.unit()
