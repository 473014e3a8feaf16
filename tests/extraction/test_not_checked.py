"""What no program can read is 未检查 and stops a publication; what one should only look at stops nothing."""

import io
import zipfile
from base64 import b64encode

import pytest
from extraction.packages import office, zipped
from PIL import ExifTags, Image
from pypdf import PdfWriter

from pubflow.extraction.cleaning import cleaned
from pubflow.extraction.extract import extract

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
_BOOK = '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
_TEXT = '<document xmlns="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'


def _saved(picture: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def _grey() -> Image.Image:
    return Image.new("L", (40, 40), 128)


def _encrypted_pdf() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("", "owner")  # opens without a password, and is still not ours to take apart
    writer.write(out)
    return out.getvalue()


def _encrypted_zip() -> bytes:
    content = bytearray(zipped({"a.txt": b"text"}))
    content[6] |= 1  # the flag in the member's own head
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    return bytes(content)


def _packed(kind: str, part: str, xml: str, *more: str) -> bytes:
    out = io.BytesIO(office(kind, part, xml))
    with zipfile.ZipFile(out, "a") as archive:
        for name in more:
            archive.writestr(name, b"\x00\x01")
    return out.getvalue()


_WORKBOOK, _DOCUMENT = (
    ("spreadsheetml.sheet", "xl/workbook.xml", _BOOK),
    (
        "wordprocessingml.document",
        "word/document.xml",
        _TEXT,
    ),
)
_HARD: list[tuple[str, str, bytes, str]] = [
    ("encrypted workbook", "a.xlsx", _OLE + "EncryptedPackage".encode("utf-16-le"), "加密"),
    ("encrypted document", "a.docx", _OLE + "EncryptedPackage".encode("utf-16-le"), "加密"),
    ("encrypted PDF", "a.pdf", _encrypted_pdf(), "加密"),
    ("encrypted member", "a.zip", _encrypted_zip(), "加密"),
    ("old macros", "a.xls", _OLE + "_VBA_PROJECT".encode("utf-16-le"), "宏"),
    ("macros of a workbook", "a.xlsm", _packed(*_WORKBOOK, "xl/vbaProject.bin"), "宏"),
    ("macros of a document", "a.docm", _packed(*_DOCUMENT, "word/vbaProject.bin"), "宏"),
    ("macros of Excel 4", "a.xlsx", _packed(*_WORKBOOK, "xl/macrosheets/sheet1.xml"), "宏"),
    ("scanned page", "a.pdf", _saved(_grey(), "PDF"), "扫描页"),
    ("OFD", "a.ofd", zipped({"OFD.xml": b"<OFD/>"}), "OFD"),
    ("OpenDocument", "a.odt", zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "ODF"),
    (
        "several pictures",
        "a.gif",
        _saved(_grey(), "GIF", save_all=True, append_images=[Image.new("L", (40, 40))]),
        "动画",
    ),
    ("behind a picture", "a.png", _saved(_grey(), "PNG") + b"more", "其他数据"),
    (
        "damaged picture in a page",
        "a.html",
        b"<img src='data:image/png;base64," + b64encode(b"\x89PNG\r\n") + b"'>",
        "损坏",
    ),
    (
        "document type",
        "a.docx",
        office("wordprocessingml.document", "word/document.xml", "<!DOCTYPE a><a/>"),
        "文档类型",
    ),
]


@pytest.mark.parametrize(("name", "content", "said"), [one[1:] for one in _HARD], ids=[one[0] for one in _HARD])
def test_what_cannot_be_read_stops_a_publication(name: str, content: bytes, said: str) -> None:
    done = extract(content, name)
    for _ in done:
        pass
    assert any(said in one.reason and one.rule == "unchecked" for one in done.unread if one.hard), done.unread


def test_where_a_picture_was_taken_is_said_and_is_not_in_the_copy() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[2] = (28.0, 40.0, 12.0)
    content = _saved(_grey(), "JPEG", exif=exif)
    done = extract(content, "a.jpg")
    units = list(done)
    assert [(one.rule, one.hard) for one in done.unread] == [("picture-content", False), ("picture-location", False)]
    assert any("28.0" in unit.text for unit in units)
    again = extract(cleaned(content, "a.jpg"), "a.jpg")
    for _ in again:
        pass
    assert [one.rule for one in again.unread] == ["picture-content"]


def test_a_picture_on_a_page_of_text_is_to_be_looked_at_and_stops_nothing() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG")
    page = b"<p>text <img src='data:image/jpeg;base64," + b64encode(out.getvalue()) + b"'></p>"
    done = extract(page, "a.html")
    for _ in done:
        pass
    assert [(one.rule, one.hard) for one in done.unread] == [("picture-content", False)]
