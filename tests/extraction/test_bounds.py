"""Each bound of a reading stops a publication: it gives a hard finding UNCHECKED, never a pass and never a crash."""

import dataclasses
import io
import zipfile

import pytest
from extraction.packages import office, zipped
from openpyxl import Workbook
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, NameObject

from pubflow.confidentiality.files import UNCHECKED, scan_file
from pubflow.confidentiality.harness import SHIPPED_RULES
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import Rules, load_rules
from pubflow.extraction import pdf, word, workbook, xml_events
from pubflow.extraction.extract import extract
from pubflow.extraction.limits import Budget, Limits, TooMuch
from pubflow.extraction.reading import NOTES, WHOLE_FILE, Reading

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.fixture(scope="module")
def rules() -> Rules:
    """The shipped rules, compiled once."""
    return load_rules(SHIPPED_RULES)


def _workbook() -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in range(20):
        book.worksheets[0].append([f"甲{row}", row])
    book.save(out)
    return out.getvalue()


def _pdf(pages: int = 3) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.write(out)
    return out.getvalue()


def _pdf_with_past() -> bytes:
    content = _pdf()
    for title in ("一", "二"):
        later, out = PdfWriter(io.BytesIO(content), incremental=True), io.BytesIO()
        later.add_metadata({"/Title": title})
        later.write(out)
        content = out.getvalue()
    return content


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "PNG")
    return out.getvalue()


def _sheet(inside: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{namespace}"><sheets><sheet name="一" r:id="s"/></sheets></workbook>'
    members = {
        name: zipfile.ZipFile(io.BytesIO(office("spreadsheetml.sheet", "xl/workbook.xml", book))).read(name)
        for name in ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")
    }
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="s" '
        f'Type="{namespace}/worksheet" Target="sheet1.xml"/><Relationship Id="t" '
        f'Type="{namespace}/sharedStrings" Target="strings.xml"/></Relationships>'
    )
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{inside}</sheetData></worksheet>'
    strings = f'<sst xmlns="{_MAIN}">{"<si><t>甲乙丙丁</t></si>" * 5}</sst>'
    return zipped(
        {
            **members,
            "xl/_rels/workbook.xml.rels": relation.encode(),
            "xl/sheet1.xml": sheet.encode(),
            "xl/strings.xml": strings.encode(),
        }
    )


_TWO = zipped({"a.txt": b"x1" * 2000, "b.txt": b"b"})
_BOUNDS: list[tuple[Limits, str, bytes, str]] = [
    (Limits(source_bytes=100), "a.zip", _TWO, "超过"),
    (Limits(unpacked_bytes=1000), "a.zip", _TWO, "解压后总量"),
    (Limits(member_bytes=1000), "a.zip", _TWO, "单个内含文件"),
    (Limits(ratio=50), "a.zip", zipped({"a.txt": b"ab\n" * 2_000_000}), "压缩比"),
    (Limits(whole_bytes=100), "a.zip", _TWO, "只能读到"),
    (Limits(depth=0), "a.zip", _TWO, "层"),
    (Limits(members=1), "a.zip", _TWO, "内含文件超过"),
    (Limits(members=2), "a.html", b"<p>" + b"<img src='data:,x'>" * 3, "内含文件超过"),
    (Limits(cells=10), "a.xlsx", _workbook(), "单元格超过"),
    (Limits(string_chars=10), "a.xlsx", _sheet("<row><c t='s'><v>0</v></c></row>"), "共享字符串超过"),
    (Limits(html_chars=10), "a.html", b"<p>" + b"a" * 20, "网页超过"),
    (Limits(pages=2), "a.pdf", _pdf(), "只检查了前 2 页"),
    (Limits(revisions=1), "a.pdf", _pdf_with_past(), "历史版本"),
    (Limits(pixels=399), "a.png", _picture(), "像素"),
    (Limits(seconds=-1), "a.txt", b"text", "秒"),
]


@pytest.mark.parametrize(("limits", "name", "content", "said"), _BOUNDS, ids=[one[3] for one in _BOUNDS])
def test_a_bound_that_is_reached_is_unchecked_and_one_that_is_not_says_nothing(
    rules: Rules, limits: Limits, name: str, content: bytes, said: str
) -> None:
    hard = [one for one in scan_file(content, name, rules, limits=limits) if one.severity is Severity.HARD]
    assert [one.type for one in hard] == [UNCHECKED] * len(hard)
    assert any(said in one.evidence[0] for one in hard), hard
    usual = scan_file(content, name, rules, limits=Limits(ratio=10_000))
    assert not any(one.severity is Severity.HARD for one in usual)


def test_every_bound_has_a_case_here() -> None:
    tried = {field.name for field in dataclasses.fields(Limits) for one in _BOUNDS if _differs(one[0], field.name)}
    assert tried == {field.name for field in dataclasses.fields(Limits)}


def _differs(limits: Limits, name: str) -> bool:
    return bool(getattr(limits, name) != getattr(Limits(), name))


def _document(inside: str) -> bytes:
    return office("wordprocessingml.document", "word/document.xml", f'<document xmlns="{_WORD}">{inside}</document>')


def _nested_pdf() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    deep = ArrayObject()
    for _ in range(60):
        deep = ArrayObject([deep])
    writer._root_object[NameObject("/X")] = deep
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("where", "name", "content", "said"),
    [
        (None, "a.docx", _document("<x>" * 1_001 + "</x>" * 1_001), "嵌套超过"),
        (None, "a.xlsx", _sheet('<row r="1"><c r="XFE1"><v>1</v></c></row>'), "个单元格"),
        (None, "a.pdf", _nested_pdf(), "嵌套过深"),
        ((workbook, "_CELL_CHARS"), "a.xlsx", _sheet(f"<row><c><v>{'1' * 2000}</v></c></row>"), "一个单元格超过"),
        ((workbook, "_CELL_CHARS"), "a.xlsx", _sheet(f"<row><c><f>{'1' * 2000}</f></c></row>"), "一个单元格超过"),
        ((word, "_PARAGRAPH_CHARS"), "a.docx", _document(f"<p><r><t>{'a' * 2000}</t></r></p>"), "一个段落超过"),
        ((xml_events, "_LONGEST_TAG"), "a.docx", _document(f"<p a='{'a' * 200_000}'/>"), "过长的标签"),
        ((pdf, "_STRINGS"), "a.pdf", _pdf(), "字符串超过"),
    ],
)
def test_a_bound_inside_a_format_is_unchecked_too(
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[object, str] | None,
    name: str,
    content: bytes,
    said: str,
) -> None:
    if where:
        monkeypatch.setattr(*where, 0 if where[1] == "_STRINGS" else 1000)
    done = extract(content, name)
    for _ in done:
        pass
    assert any(said in one.reason for one in done.unread if one.hard), done.unread


def test_notes_are_bounded_and_the_last_stands_for_the_others_of_its_kind() -> None:
    reading = Reading(Budget(Limits()))
    for number in range(NOTES * 3):
        reading.cannot("图片", f"图片{number}", hard=False)
    assert not any(one.hard for one in reading.unread)
    for number in range(NOTES * 3):
        reading.cannot("损坏", f"第{number}页")
    assert len(reading.unread) == 2 * (NOTES + 1)
    assert [one.hard for one in reading.unread if one.place.name == WHOLE_FILE] == [False, True]


def test_names_from_a_file_are_cut_in_the_middle() -> None:
    place = Reading(Budget(Limits())).place("甲" * 5_000 + "末")
    assert len(place.name) < 400
    assert place.name.startswith("甲")
    assert place.name.endswith("末")


class _Clock:
    """A clock that stands still until it is looked at for the `late`th time."""

    def __init__(self, late: int) -> None:
        self.late, self.looks = late, 0

    def __call__(self) -> float:
        self.looks += 1
        return 1e9 if self.looks > self.late else 0.0


def test_the_clock_is_looked_at_with_every_block_member_and_page() -> None:
    clock = _Clock(3)
    budget = Budget(Limits(), clock)  # first look: when reading began
    budget.unpack(1)
    budget.member()
    with pytest.raises(TooMuch, match="秒"):
        budget.in_time()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"line\n" * 900_000),
        ("a.csv", b"a,b\n" * 900_000),
        ("a.html", b"<p>a</p>" * 500_000),
        ("a.zip", zipped({"a.txt": b"ab\n" * 900_000})),
        ("a.xlsx", _workbook()),
        ("a.pdf", _pdf(8)),
    ],
)
def test_reading_stops_soon_after_its_time_is_over(monkeypatch: pytest.MonkeyPatch, name: str, content: bytes) -> None:
    clock = _Clock(3)
    monkeypatch.setattr("pubflow.extraction.extract.Budget", lambda limits: Budget(limits, clock))
    done = extract(content, name)
    for _ in done:
        pass
    assert any("秒" in one.reason for one in done.unread if one.hard)
    assert clock.looks <= 3 + 40  # a part that was stopped is noted, and the next one looks at the clock itself
