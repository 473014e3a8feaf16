"""What a file is, by its content; and what its name says it is."""

from pathlib import PurePath

from pubflow.extraction.reading import Source
from pubflow.extraction.text_files import looks_like_html, looks_like_text

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"{\\rtf", "rtf"),
)
_HEAD = 4096  # bytes looked at
# What a suffix promises. A suffix that is not listed promises nothing.
_PROMISES = {
    "text": {"text"},
    "txt": {"text"},
    "md": {"text", "html"},
    "csv": {"text"},
    "tsv": {"text"},
    "htm": {"html"},
    "html": {"html", "text"},
    "xlsx": {"zip"},
    "docx": {"zip"},
    "pptx": {"zip"},
    "zip": {"zip"},
    "pdf": {"pdf"},
    "xlsm": {"zip"},
    "docm": {"zip"},
    "doc": {"ole"},
    "xls": {"ole"},
    "ppt": {"ole"},
    "png": {"image"},
    "jpg": {"image"},
    "jpeg": {"image"},
    "gif": {"image"},
    "tif": {"image"},
    "tiff": {"image"},
    "webp": {"image"},
    "rtf": {"rtf"},
    "svg": {"html"},
    "xml": {"html"},
    "json": {"text"},
}
NAMES = {
    "text": "文本",
    "html": "网页或 XML",
    "zip": "压缩文件或 Office 文件",
    "ole": "旧版 Office 文件",
    "image": "图片",
    "pdf": "PDF",
    "rtf": "RTF",
    "unknown": "不认识的二进制内容",
}


def kind_of(source: Source) -> str:
    """One of the keys of NAMES, by the first bytes alone."""
    head = source.head(_HEAD)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if looks_like_text(head):
        if suffix(source.name) in ("md", "markdown", "csv", "tsv", "txt"):
            return "text"
        return "html" if looks_like_html(head) or suffix(source.name) in ("html", "htm") else "text"
    return "unknown"


def contradiction(source: Source, kind: str) -> str:
    """A sentence when the name promises something else than the content is; else empty."""
    promised = _PROMISES.get(suffix(source.name))
    if promised is None or kind in promised:
        return ""
    return f"文件名后缀是 .{suffix(source.name)}，内容却是{NAMES[kind]}"


def suffix(name: str) -> str:
    """The suffix in lower case, without its point."""
    return PurePath(name).suffix.lower().lstrip(".")
