"""The door of the room: from a file to its units and to what could not be read.

Fails closed: whatever goes wrong while a file is read becomes a note 未检查 at its place, and the rest is still read.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

from pubflow.extraction.images import image_units
from pubflow.extraction.kinds import contradiction, kind_of, suffix
from pubflow.extraction.limits import Budget, Limits, TooMuch, in_mib
from pubflow.extraction.office import office_units
from pubflow.extraction.package import Archive
from pubflow.extraction.pdf import pdf_units
from pubflow.extraction.reading import Reading, Source, refuse_unopenable, source_of
from pubflow.extraction.text_files import text_units
from pubflow.extraction.units import Format, Unit, Unread

_OTHER_OFFICE = {"OFD.xml", "mimetype"}  # members by which OFD (GB/T 33190) and OpenDocument are known
_DATA_ADDRESS = re.compile(
    r"""\bdata:(?P<kind>[a-z0-9.+-]+/[a-z0-9.+-]+)?(?:;(?!base64)[^,;\s"'<>]{0,200}){0,9}(?P<base64>;base64)?,"""
    r"""(?P<body>[^\s"'<>)]*)""",
    re.IGNORECASE,
)
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLE_MACROS = "_VBA_PROJECT".encode("utf-16-le")


@dataclass
class Extraction:
    """The units of one file, read while they are asked for, once; `unread` is complete after the last of them."""

    units: Iterator[Unit]
    unread: list[Unread] = field(default_factory=list)

    def __iter__(self) -> Iterator[Unit]:
        return self.units


def extract(source: bytes | Path, name: str, limits: Limits | None = None) -> Extraction:
    """Everything that a file says, in units with places; what could not be read, with reasons.

    source: the content, or a path that is read as a stream. name: the file's name, of which the suffix counts.
    Never raises for what is in the file. Memory: see the modules of the formats; at most a few times
    `limits.whole_bytes`, for text, CSV and sheets from a path a few MiB and the strings that a workbook shares.
    Raises OSError when the path cannot be opened, or is no regular file: a pipe can be read once, we read twice.
    """
    bounds = limits or Limits()
    reading = Reading(Budget(bounds))
    if isinstance(source, Path):
        refuse_unopenable(source)
    opened = source_of(source, name)
    path = source if isinstance(source, Path) else None
    if opened.size > bounds.source_bytes:
        reading.cannot(f"文件有 {in_mib(opened.size)}，超过 {in_mib(bounds.source_bytes)}")
        return Extraction(iter(()), reading.unread)
    return Extraction(_safely(opened, reading, path), reading.unread)


def _safely(source: Source, reading: Reading, path: Path | None = None) -> Iterator[Unit]:
    try:
        yield from _units(source, reading, path)
    except TooMuch as error:
        reading.cannot(str(error))
    except Exception as error:  # noqa: BLE001 - fail closed: no file may stop the scan or pass because of a fault
        reading.cannot(f"读取出错（{type(error).__name__}）")


def _units(source: Source, reading: Reading, path: Path | None) -> Iterator[Unit]:
    kind = kind_of(source)
    if reason := contradiction(source, kind):
        reading.cannot(reason, "文件名", rule="name-contradicts-content")
    if kind in ("text", "html"):
        for unit in text_units(source, _format(source.name, kind), reading):
            yield unit
            yield from _inlaid(unit, reading)
    elif kind == "zip":
        yield from _archive_units(Archive(source, reading, path), source.name, reading)
    elif kind == "pdf":
        yield from pdf_units(source.whole(reading.budget), reading, _attached)
    elif kind == "image":
        yield from image_units(source.whole(reading.budget), reading)
    elif kind == "ole":
        reading.cannot(_why_ole(source.whole(reading.budget)))
    elif kind == "rtf":
        reading.cannot("RTF 文件不能检查，请另存为 DOCX 或 PDF")
    else:
        reading.cannot("不认识的文件类型，不能检查")


def _format(name: str, kind: str) -> Format:
    if suffix(name) in ("csv", "tsv"):
        return "csv"
    return "html" if kind == "html" else "text"


def _inlaid(unit: Unit, reading: Reading) -> Iterator[Unit]:
    """What a page carries inside its own text, such as a picture in an address `data:`."""
    for found in _DATA_ADDRESS.finditer(unit.text):
        place = unit.at(found.start(), found.end())
        if place is None:
            continue  # the chunk before has shown it
        reading.budget.member()
        kind, base64, body = (found["kind"] or "text/plain").lower(), found["base64"], unquote_to_bytes(found["body"])
        try:
            content = b64decode(body + b"===") if base64 else body
        except ValueError:
            reading.cannot("内嵌数据（data:）读不出来", place.name.removeprefix(reading.outer))
            continue
        name = f"内嵌.{'txt' if kind == 'text/plain' else kind.rpartition('/')[2].partition('+')[0]}"
        yield from _attached(source_of(content, name), f"{place.name.removeprefix(reading.outer)}内嵌数据", reading)


def _archive_units(archive: Archive, name: str, reading: Reading) -> Iterator[Unit]:
    yield from archive.outside_units()
    main, type_ = archive.main_part()
    if main:
        yield from office_units(archive, main, type_, reading, _attached)
        return
    if suffix(name) in ("xlsx", "docx", "pptx", "xlsm", "docm"):
        reading.cannot("不是完整的 Office 文件")
    if _OTHER_OFFICE & set(archive.names()):
        reading.cannot("OFD 或 ODF 文件不能完整检查，请另存为 PDF、DOCX 或 XLSX")
    for info in archive.members:
        yield from _inner(archive.source(info), f"压缩包内“{info.filename}”", reading)


def _inner(source: Source, name: str, reading: Reading) -> Iterator[Unit]:
    """The units of a file inside a file."""
    try:
        inner = reading.within(name)
    except TooMuch as error:
        reading.cannot(str(error), name)
        return
    yield from _safely(source, inner)


def _attached(source: Source, name: str, reading: Reading) -> Iterator[Unit]:
    """The units of a file that a document carries along: nobody sees it who reads the document."""
    for unit in _inner(source, name, reading):
        yield unit.concealed()


def _why_ole(content: bytes) -> str:
    if _OLE_ENCRYPTED in content:
        return "文件已加密，不能检查"
    if _OLE_MACROS in content:
        return "旧版 Office 文件且含有宏，不能检查，请另存为 XLSX 或 DOCX"
    return "旧版 Office 文件（.doc、.xls、.ppt 或嵌入对象）不能检查，请另存为 XLSX、DOCX 或 PDF"
