"""PDF: the text of the pages, and every string in every object beside them, earlier states of the file included.

Held in memory whole (Limits.whole_bytes).
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    ContentStream,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
    TextStringObject,
)

from pubflow.extraction.images import texts_of
from pubflow.extraction.limits import TooMuch
from pubflow.extraction.reading import Reading, Source, source_of
from pubflow.extraction.units import Parts, Unit

_END = re.compile(rb"%%EOF[\r\n]*")
_CHUNK = 500_000  # code points of a unit
_STRINGS = 1_000_000  # strings of all objects together
_NESTING = 50  # direct objects inside an indirect one
_SMALL_CONTENT = 200  # bytes of page content without text that are taken for an empty page
_STRANGE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08]")
_STRANGE_SHARE = 0.1  # of a page's characters; above it the font does not tell what its signs mean
_LOOK = "含有图片，图片内容须人工查看"
# Names in Chinese for the entries that hold what people typed; of others the key itself.
_KEYS = {
    "/Contents": "批注",
    "/RC": "批注（富文本）",
    "/Subj": "批注主题",
    "/TU": "表单域说明",
    "/V": "表单域的值",
    "/DV": "表单域的默认值",
    "/Opt": "表单选项",
    "/URI": "链接地址",
    "/JS": "脚本",
    "/Alt": "替代文字",
    "/ActualText": "实际文字",
    "/E": "缩写展开",
    "/Author": "文档属性“作者”",
    "/Subject": "文档属性“主题”",
    "/Keywords": "文档属性“关键词”",
    "/Creator": "文档属性“创建程序”",
    "/Producer": "文档属性“生成程序”",
    "/Company": "文档属性“单位”",
    "/UF": "附件名",
    "/F": "附件名",
    "/Desc": "附件说明",
    "/P": "页码标签",
    "/Name": "名称",
    "/LastModified": "修改时间",
}
# What says that a page's content holds text beside what it paints.
MARKED = re.compile(rb"/(?:ActualText|Alt|E)[\s(<\[]")
_SHOWING = {b"Tj", b"TJ", b"'", b'"'}
_OWNED = 100_000  # objects looked at for one page's notes and fields
_NOT_TEXT = {"/ID", "/CharSet", "/Cert", "/ByteRange", "/Lookup", "/O", "/U", "/Panose", "/CheckSum"}
Inner = Callable[[Source, str, Reading], Iterator[Unit]]

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it repairs it also logs; we report what cannot be read


def pdf_units(content: bytes, reading: Reading, inner: Inner, *, past: bool = True) -> Iterator[Unit]:
    """All units of a PDF. Notes as unread: encrypted, scanned pages, text that cannot be decoded."""
    try:
        reader = PdfReader(BytesIO(content), strict=False)
        encrypted = reader.is_encrypted
    except Exception as error:  # noqa: BLE001 - pypdf raises what it likes on damaged files
        raise TooMuch(f"PDF 损坏（{type(error).__name__}）") from None
    if encrypted:
        reading.cannot("PDF 已加密")
        return
    shown: set[int] = set()
    yield from _pages(reader, reading, shown)
    yield from _objects(reader, reading, inner, shown)
    if past:
        yield from _past(content, reading, inner)


def _pages(reader: PdfReader, reading: Reading, said: set[int]) -> Iterator[Unit]:
    """The text of the pages. said: gets the hash of every line, so that no part of a page is told twice."""
    count = len(reader.pages)
    limit = reading.budget.limits.pages
    if count > limit:
        reading.cannot(f"共 {count} 页，只检查了前 {limit} 页")
    text, marked = Parts(), Parts()
    for number, page in enumerate(reader.pages, 1):
        reading.budget.in_time()
        if number > limit:
            break
        shown = _page_text(page, number, reading)
        said.update(hash(line.strip()) for line in shown.splitlines())
        text.add(f"{shown}\n" if shown else "", reading.place(f"第{number}页"))
        for key, instead in _marked(page.get_contents(), reader, reading, f"第{number}页"):
            marked.add(instead, reading.place(f"第{number}页{_called(key, {})}", hidden=True))
        if text.length + marked.length > _CHUNK:
            yield from (parts.unit() for parts in (text, marked) if parts.length)
            text, marked = Parts(), Parts()
    yield from (parts.unit() for parts in (text, marked) if parts.length)


def _marked(stream: StreamObject | None, reader: PdfReader, reading: Reading, name: str) -> Iterator[tuple[str, str]]:
    """(key, text) of what a page's content says instead of its signs, to who copies or hears it; words by lines."""
    try:
        if stream is None or not MARKED.search(stream.get_data()):
            return
        operations = ContentStream(stream, reader).operations
    except Exception as error:  # noqa: BLE001 - pypdf raises what it likes on damaged content
        reading.cannot(f"标记内容读不出来（{type(error).__name__}）", name)
        return
    open_, broken = [False], True
    for operands, operator in operations:
        if operator in (b"BDC", b"DP") and isinstance(operands, list):
            found = [(key, text) for one in operands[1:] for key, text in _strings(one, "", 0) if key]
            # Programs mark sign by sign: what follows each other without other text between is one word.
            yield from ((key, f"\n{text}" if broken else text) for key, text in found)
            broken = broken and not found
            open_ += [bool(found)] * (operator == b"BDC")
        elif operator == b"BMC":
            open_.append(False)
        elif operator == b"EMC":
            open_ = open_[:-1] or [False]
        elif operator == b"ET" or (operator in _SHOWING and not any(open_)):
            broken = True


def _page_text(page: PageObject, number: int, reading: Reading) -> str:
    name = f"第{number}页"
    try:
        text = page.extract_text()
        pictures = _has_picture(page)
        size = len(page.get_contents().get_data()) if page.get_contents() is not None else 0  # type: ignore[union-attr]
    except TooMuch:
        raise
    except Exception as error:  # noqa: BLE001 - a page that pypdf cannot read is not checked
        reading.cannot(f"本页读不出来（{type(error).__name__}）", name)
        return ""
    if not text.strip():
        if pictures:
            reading.cannot("本页没有文字、只有图片，可能是扫描页", name)
        elif size > _SMALL_CONTENT:
            reading.cannot("本页有内容而没有可提取的文字", name)
    elif len(_STRANGE.findall(text)) > _STRANGE_SHARE * len(text):
        reading.cannot("本页文字的字体没有对照表，读不出来", name)
    elif pictures:
        reading.cannot(_LOOK, name, rule="picture-content", hard=False)
    return text


def _has_picture(page: PageObject) -> bool:
    waiting, seen = [page.get("/Resources")], 0
    while waiting and seen < 1000:
        seen += 1
        resources = waiting.pop()
        resources = resources.get_object() if resources is not None else None
        if not isinstance(resources, DictionaryObject):
            continue
        objects = resources.get("/XObject")
        for value in (objects.get_object() if objects is not None else {}).values():
            one = value.get_object()
            if isinstance(one, DictionaryObject):
                if one.get("/Subtype") == "/Image":
                    return True
                waiting.append(one.get("/Resources"))
    contents = page.get_contents()
    return contents is not None and b" ID" in contents.get_data() and b"BI" in contents.get_data()


def _objects(reader: PdfReader, reading: Reading, inner: Inner, shown: set[int]) -> Iterator[Unit]:
    """The strings of all objects, reachable or not, XMP, attached files, and what forms and notes paint."""
    owners = _owners(reader)
    listed = {page.indirect_reference.idnum for page in reader.pages if page.indirect_reference is not None}
    parts, count = Parts(), 0
    for number in _numbers(reader):
        reading.budget.in_time()
        try:
            one = IndirectObject(number, 0, reader).get_object() if number else reader.trailer
        except Exception as error:  # noqa: BLE001 - an object that pypdf cannot read is not checked
            reading.cannot(f"有对象读不出来（{type(error).__name__}）")
            continue
        for key, said in _strings(one, "", 0):
            count += 1
            if count > _STRINGS:
                raise TooMuch(f"PDF 内的字符串超过 {_STRINGS} 个")
            name = _called(key, one if isinstance(one, DictionaryObject) else {})
            parts.add(f"{said}\n", reading.place(f"{owners.get(number, '')}{name}", hidden=True))
        if isinstance(one, DictionaryObject) and one.get("/Type") == "/Page" and number not in listed:
            parts.add(_loose_page(one, reader, reading), reading.place("未列入目录的页", hidden=True))
        if isinstance(one, StreamObject):
            if one.get("/Subtype") == "/Form":
                where = f"{owners.get(number, '')}外观"
                for line in _painted(one, reader, reading, where).splitlines():
                    if hash(line.strip()) not in shown:
                        parts.add(f"{line}\n", reading.place(where))
                for key, instead in _marked(one, reader, reading, where):
                    parts.add(instead, reading.place(f"{where}{_called(key, {})}", hidden=True))
                parts.add("\n", None)
            yield from _stream_units(one, reading, inner)
        if parts.length > _CHUNK:
            yield parts.unit()
            parts = Parts()
    if parts.length:
        yield parts.unit()


def _owners(reader: PdfReader) -> dict[int, str]:
    """The page of each object that belongs to one: the page itself, its notes and fields, and what paints them."""
    found: dict[int, str] = {}
    for number, page in enumerate(reader.pages, 1):
        waiting: list[Any] = [page.indirect_reference, dict.get(page, "/Annots")]
        depth = 0
        while waiting and depth < _OWNED:
            depth += 1
            one = waiting.pop()
            if isinstance(one, IndirectObject):
                if one.idnum in found:
                    continue
                found[one.idnum] = f"第{number}页"
                one = one.get_object() if depth > 1 else None
            if isinstance(one, ArrayObject):
                waiting += list.__iter__(one)
            elif isinstance(one, DictionaryObject):
                waiting += [dict.get(one, key) for key in ("/AP", "/N", "/R", "/D") if key in one]
                waiting += [value for key, value in dict.items(one) if _is_state(one, key)]
    return found


def _is_state(one: DictionaryObject, key: str) -> bool:
    """Whether a key of a small dictionary names a state of a field (/On, /Off), which has its own appearance."""
    return "/Type" not in one and "/Subtype" not in one and key not in ("/AP", "/N", "/R", "/D", "/Parent")


def _called(key: str, one: Mapping[str, Any]) -> str:
    """What the entry `key` of an object is called in Chinese."""
    if key == "/T":
        return "表单域名" if any(other in one for other in ("/FT", "/Kids", "/V", "/TU", "/MK")) else "批注作者"
    if key == "/Title":
        return "书签" if "/Parent" in one else "文档属性“标题”"
    return _KEYS.get(key, f"PDF 对象“{key.lstrip('/')}”")


def _painted(form: StreamObject, reader: PdfReader, reading: Reading, name: str) -> str:
    """The text that a form, such as the face of a field or a note, paints on a page."""
    page = PageObject(reader)
    page.update({NameObject("/Type"): NameObject("/Page"), NameObject("/Contents"): form})
    page[NameObject("/Resources")] = dict.get(form, "/Resources", DictionaryObject())
    try:
        return page.extract_text()
    except Exception as error:  # noqa: BLE001 - a form that pypdf cannot read is not checked
        reading.cannot(f"外观读不出来（{type(error).__name__}）", name)
        return ""


def _loose_page(one: DictionaryObject, reader: PdfReader, reading: Reading) -> str:
    page = PageObject(reader)
    page.update(one)
    try:
        return page.extract_text()
    except Exception as error:  # noqa: BLE001 - a page that pypdf cannot read is not checked
        reading.cannot(f"本页读不出来（{type(error).__name__}）", "未列入目录的页")
        return ""


def _numbers(reader: PdfReader) -> list[int]:
    numbers = {number for table in reader.xref.values() for number in table}
    return [0, *sorted((numbers | set(reader.xref_objStm)) - {0})]


def _strings(one: Any, key: str, depth: int) -> Iterator[tuple[str, str]]:
    """(key, text) of every string in one object; references are not followed, so nothing is read twice or for ever."""
    if depth > _NESTING:
        raise TooMuch("PDF 对象嵌套过深")
    if isinstance(one, TextStringObject):
        yield key, str(one)
    elif isinstance(one, ByteStringObject):
        yield from ((key, said) for said in texts_of(bytes(one)))
    elif isinstance(one, DictionaryObject):
        for name, value in dict.items(one):
            if name not in _NOT_TEXT:
                yield from _strings(value, str(name), depth + 1)
    elif isinstance(one, ArrayObject):
        for value in list.__iter__(one):
            yield from _strings(value, key, depth + 1)


def _stream_units(stream: StreamObject, reading: Reading, inner: Inner) -> Iterator[Unit]:
    kind, subtype = stream.get("/Type"), stream.get("/Subtype")
    if kind == "/Metadata" or subtype == "/XML":
        yield reading.text(_data(stream, reading).decode("utf-8", "replace"), "XMP 信息", hidden=True, format_="html")
    elif kind == "/EmbeddedFile":
        yield from inner(source_of(_data(stream, reading), "附件"), "附件", reading)
    elif subtype == "/Image" and stream.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
        yield from inner(source_of(bytes(stream._data), "图片.jpg"), "图片", reading)


def _data(stream: StreamObject, reading: Reading) -> bytes:
    try:
        data = stream.get_data()
    except Exception as error:  # noqa: BLE001 - pypdf raises what it likes on damaged streams
        reading.cannot(f"PDF 内的数据读不出来（{type(error).__name__}）")
        return b""
    reading.budget.unpack(len(data))
    return data


def _past(content: bytes, reading: Reading, inner: Inner) -> Iterator[Unit]:
    """Earlier states: later ones are written behind them, so each is the file cut off at an earlier end."""
    ends = [found.end() for found in _END.finditer(content)][:-1]
    if b"/Linearized" in content[:2048]:
        ends = ends[1:]  # its first end is no state but the beginning that is read first
    if len(ends) > reading.budget.limits.revisions:
        reading.cannot(f"PDF 内保存了 {len(ends)} 个历史版本，超过 {reading.budget.limits.revisions} 个")
    for number, end in enumerate(ends[: reading.budget.limits.revisions], 1):
        try:
            for unit in pdf_units(content[:end], reading.within(f"PDF 历史版本{number}"), inner, past=False):
                yield unit.concealed()
        except TooMuch as error:
            reading.cannot(str(error), f"PDF 历史版本{number}")
