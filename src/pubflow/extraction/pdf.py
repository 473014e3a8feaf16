"""PDF: the text of the pages, and every string in every object beside them, earlier states of the file included.

Held in memory whole (Limits.whole_bytes).
"""

import logging
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
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
    "/T": "批注作者或表单域名",
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
    "/Title": "文档属性或书签“标题”",
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
    yield from _pages(reader, reading)
    yield from _objects(reader, reading, inner)
    if past:
        yield from _past(content, reading, inner)


def _pages(reader: PdfReader, reading: Reading) -> Iterator[Unit]:
    count = len(reader.pages)
    limit = reading.budget.limits.pages
    if count > limit:
        reading.cannot(f"共 {count} 页，只检查了前 {limit} 页")
    text = Parts()
    for number, page in enumerate(reader.pages, 1):
        reading.budget.in_time()
        if number > limit:
            break
        shown = _page_text(page, number, reading)
        text.add(f"{shown}\n" if shown else "", reading.place(f"第{number}页"))
        if text.length > _CHUNK:
            yield text.unit()
            text = Parts()
    if text.length:
        yield text.unit()


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


def _objects(reader: PdfReader, reading: Reading, inner: Inner) -> Iterator[Unit]:
    """The strings of all objects, reachable or not, XMP and attached files."""
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
            parts.add(f"{said}\n", reading.place(_KEYS.get(key, f"PDF 对象“{key.lstrip('/')}”"), hidden=True))
        if isinstance(one, DictionaryObject) and one.get("/Type") == "/Page" and number not in listed:
            parts.add(_loose_page(one, reader, reading), reading.place("未列入目录的页", hidden=True))
        if isinstance(one, StreamObject):
            yield from _stream_units(one, reading, inner)
        if parts.length > _CHUNK:
            yield parts.unit()
            parts = Parts()
    if parts.length:
        yield parts.unit()


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
