"""Files come to a draft by one door: looked through in memory, cleaned, and listed in a new version."""

import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Iterator

import pytest
from attached import CONTACTS, HIDDEN, TABLE, attached, document, workbook
from builders import NOON, Given
from openpyxl import Workbook, load_workbook
from pypdf import PdfWriter
from sqlmodel import select
from watching import data_of, events, files_with, refusal, rows

from pubflow.documents.attachments import LARGEST
from pubflow.documents.report_text import ReportText
from pubflow.drafting.actions import edit
from pubflow.drafting.attaching import attach, detach
from pubflow.errors import AlreadyMoved, BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.attachments import attachments_of, read_attachment
from pubflow.records.tables import Attachment
from pubflow.wiring import create_workspace

PLANTED = "雀屏计划第七号附图"
CSV = "行业,产值\n制造业,345.6\n".encode()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    """One office for the file; each test has a report of its own, or only tries what is refused."""
    office = create_workspace(tmp_path_factory.mktemp("attaching") / "office", NOON)
    yield Given(office)
    office.close()


@pytest.fixture(scope="module")
def draft(desk: Given) -> str:
    """A report with one attachment, which no test changes."""
    report = desk.report(title="只读的一份")
    attached(desk, report, "附表.csv", CSV)
    return report


def names(given: Given, report: str, number: int | None = None) -> list[str]:
    found = attachments_of(given.office, given.people["lin_xiao"], report, now=given.tick(), number=number)
    return [one.name for one in found]


def encrypted() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.encrypt("secret", algorithm="AES-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def wide() -> bytes:
    """Few filled cells, but far apart: the empty ones between them count."""
    book = Workbook()
    for row in range(1, 33):
        for column in (1, 16_384):
            book.worksheets[0].cell(row, column, "1")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_macros() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(TABLE))) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        target.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0" + b"_VBA_PROJECT" * 9)
    return out.getvalue()


def test_the_text_lists_the_cleaned_copy_and_its_digest_covers_it(desk: Given) -> None:
    report = desk.report()
    before = desk.edition(report)
    original = workbook(TABLE, hidden=[["底稿"]], comment="内部意见")
    done = attached(desk, report, "附表1.xlsx", original)
    text = desk.text(report)
    (listed,) = text.head.attachments
    assert (listed, done.edition.version) == (done.attached, before.version + 1)
    assert text.digest == desk.edition(report).digest != before.digest
    _, content = read_attachment(desk.office, desk.people["lin_xiao"], report, "附表1.xlsx", now=desk.tick())
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (listed.sha256, listed.size)
    book = load_workbook(io.BytesIO(content))
    assert (book.sheetnames, book["一"]["A1"].comment, book["一"]["B2"].value) == (["一"], None, "345.6")
    assert {"隐藏工作表“底表”", "批注"} <= set(done.removed)
    with desk.office.records.reading() as session:
        row = session.get_one(Attachment, (report, listed.sha256))
    assert row.original_sha256 == hashlib.sha256(original).hexdigest()
    assert b"345.6" not in row.sealed
    (told,) = (data_of(one) for one in events(desk.office, subject=report) if "attached" in data_of(one))
    assert (told["attached"], told["size"], told["kind"]) == (listed.sha256, listed.size, "xlsx")
    assert files_with(desk.office, "附表1.xlsx", "内部意见") == []


def test_a_file_off_the_list_is_still_that_of_the_version_that_had_it(desk: Given) -> None:
    report = desk.report()
    attached(desk, report, "附表1.csv", CSV)
    attached(desk, report, "说明.docx", document("填报说明"))
    assert names(desk, report) == ["附表1.csv", "说明.docx"]
    gone = detach(desk.office, report, desk.people["lin_xiao"], "附表1.csv", reason="改为正文", now=desk.tick())
    assert (names(desk, report), names(desk, report, gone.version - 1)) == (["说明.docx"], ["附表1.csv", "说明.docx"])
    with refusal(desk.office, NotFound, "附件“附表1.csv”", codes=["not_found"]):
        detach(desk.office, report, desk.people["lin_xiao"], "附表1.csv", reason="再来", now=desk.tick())


def test_a_file_of_the_same_name_gives_way_only_when_asked_to(desk: Given) -> None:
    report = desk.report()
    attached(desk, report, "附表.csv", CSV)
    with refusal(desk.office, BadInput, "已有名为“附表.CSV”的附件.*--replace", codes=["bad_input"]):
        attached(desk, report, "附表.CSV", CSV.replace(b"345", b"346"))
    attached(desk, report, "说明.txt", b"note\n")
    attached(desk, report, "附表.csv", CSV.replace(b"345", b"346"), replace=True)
    listed, other = desk.text(report).head.attachments
    assert other.name == "说明.txt"
    assert listed.sha256 == hashlib.sha256(CSV.replace(b"345", b"346")).hexdigest()


def test_a_masters_copy_of_macos_and_of_windows_is_one_name(desk: Given) -> None:
    report = desk.report()
    attached(desk, report, "Ra\u0308nge.csv", CSV)
    assert names(desk, report) == ["R\u00e4nge.csv"]


def test_a_text_may_list_only_what_is_kept_for_its_report(desk: Given, draft: str) -> None:
    other = desk.report(title="另一份")
    head = desk.text(draft).head
    drafter = desk.people["lin_xiao"]

    def save(report: str, text: str) -> None:
        edit(desk.office, report, drafter, text, reason="改", seen=None, now=desk.tick())

    stolen = desk.text(other)
    stolen = ReportText(head=stolen.head.model_copy(update={"attachments": head.attachments}), body=stolen.body)
    with refusal(desk.office, BadInput, f"附件“附表.csv”没有保存在 {other} 中", codes=["bad_input"]):
        save(other, stolen.canonical())
    whole = desk.text(draft).canonical()
    with refusal(desk.office, BadInput, "类型或大小与保存的文件不符", codes=["bad_input"]):
        save(draft, whole.replace('"附表.csv"', '"附表.xlsx"'))
    with refusal(desk.office, BadInput, "第 1 项不合格：文件名含有路径", codes=["bad_input"]):
        save(draft, whole.replace('"附表.csv"', '"../附表.csv"'))
    with refusal(desk.office, BadInput, "有两个附件名为", codes=["bad_input"]):
        save(draft, whole.replace("+++\n\n", whole[whole.index("[[") : whole.index("+++\n\n")] + "+++\n\n"))
    before = rows(desk.office)
    with pytest.raises(SecretMarkFound):
        save(draft, whole.replace('"附表.csv"', '"附表-机密.csv"'))
    assert rows(desk.office) == before


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../附表.csv", "文件名含有路径"),
        ("..\\附表.csv", "文件名含有路径"),
        ("附表\u202evsc.csv", "控制字符或看不见的字符"),
        ("附\n表.csv", "控制字符"),
        (".csv", "以点开头"),
        ("附表", "这种文件不能作附件，可用：xlsx、docx"),
        ("附" * 70 + ".csv", "文件名过长"),
        ("页面.html", "网页文件不能作附件.*另存为 PDF"),
        ("图.svg", "网页文件不能作附件"),
        ("旧表.xls", "旧格式或带宏的文件.*另存为 XLSX"),
        ("全部.zip", "压缩包不能作附件.*逐个添加"),
        ("工具.exe", "这种文件不能作附件"),
    ],
)
def test_a_name_that_cannot_be_public_is_refused(desk: Given, draft: str, name: str, why: str) -> None:
    with refusal(desk.office, BadInput, why, codes=["bad_input"]):
        attached(desk, draft, name, CSV)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("空.csv", b"", "文件是空的"),
        ("大.csv", b"1,2\n" * (LARGEST // 4 + 1), "文件超过 20 MB.*拆分"),
        ("加密.pdf", encrypted(), "加密"),
        ("宏.xlsx", with_macros(), "宏"),
        ("坏.xlsx", workbook(TABLE)[:2000], "没有读完这个文件"),
        ("坏.docx", b"PK\x03\x04" + bytes(200), "没有读完这个文件"),
        ("多.xlsx", wide(), "单元格超过 500000 个.*请拆分"),
        ("假.pdf", CSV, "内容却是文本"),
        ("图.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "没有读完这个文件"),
    ],
)
def test_what_cannot_be_cleaned_is_refused_and_says_what_to_do(
    desk: Given, draft: str, name: str, content: bytes, why: str
) -> None:
    with refusal(desk.office, BadInput, why, codes=["bad_input"]) as _:
        attached(desk, draft, name, content)


MARKED = {
    "in the name": (f"机密★20年{PLANTED}.csv", CSV),
    "in a cell": ("附表9.xlsx", workbook([*TABLE, [f"机密★20年 {PLANTED}", ""]])),
    "on a hidden sheet": ("附表9.xlsx", workbook(TABLE, hidden=[[f"机密★20年 {PLANTED}"]])),
    "in a comment": ("附表9.xlsx", workbook(TABLE, comment=f"机密★20年 {PLANTED}")),
    "in a document": ("说明9.docx", document(f"秘|密★1|0年 {PLANTED}")),
}


@pytest.mark.parametrize("where", MARKED)
def test_a_mark_anywhere_in_a_file_closes_the_door_and_no_byte_of_it_is_kept(
    desk: Given, draft: str, where: str
) -> None:
    name, content = MARKED[where]
    before, known = rows(desk.office), len(events(desk.office))
    with pytest.raises(SecretMarkFound):
        attached(desk, draft, name, content)
    assert rows(desk.office) == before
    (told,) = events(desk.office, after=known)
    assert (told.action, data_of(told)["code"]) == ("refused", "secret_mark")
    assert files_with(desk.office, PLANTED, name) == []


def test_the_drafter_is_told_what_hid_in_the_original(desk: Given) -> None:
    report = desk.report()
    done = attached(desk, report, "附表.xlsx", workbook(CONTACTS, hidden=[["姓名", "手机号码"], ["张三", HIDDEN]]))
    told = {(one.place, one.type) for one in done.hidden}
    assert ("工作表“底表”（隐藏）B2", "MOBILE") in told
    assert not any("工作表“一”" in place for place, _ in told)
    assert all(HIDDEN not in one.masked for one in done.hidden)
    _, content = read_attachment(desk.office, desk.people["lin_xiao"], report, "附表.xlsx", now=desk.tick())
    assert load_workbook(io.BytesIO(content)).sheetnames == ["一"]


def test_a_version_saved_meanwhile_is_not_overwritten(desk: Given) -> None:
    report = desk.report()

    def look(*args: object) -> object:
        desk.write(report, "别人同时写的。\n")
        return desk.office.look(*args)  # type: ignore[arg-type]

    slow = dataclasses.replace(desk.office, look=look)  # type: ignore[arg-type]
    with pytest.raises(AlreadyMoved, match="刚刚有人先办理了"):
        attach(slow, report, desk.people["lin_xiao"], "附表.csv", CSV, reason="补", now=desk.tick())
    assert names(desk, report) == []
    with desk.office.records.reading() as session:
        assert session.exec(select(Attachment).where(Attachment.report_id == report)).all() == []


def test_only_who_may_edit_attaches_and_only_who_may_read_reads(desk: Given, draft: str) -> None:
    stranger = next(person for person in desk.people.values() if person.section not in ("zonghe", "juling"))
    with refusal(desk.office, StepRefused, "不能执行", codes=None):
        attached(desk, draft, "附表2.csv", CSV, by="fang_zhi")
    with refusal(desk.office, StepRefused, "未发布稿件只向本科室", codes=["may_not_read"]):
        read_attachment(desk.office, stranger, draft, "附表.csv", now=desk.tick())
    with refusal(desk.office, StepRefused, "未发布稿件只向本科室", codes=["may_not_read"]):
        attachments_of(desk.office, stranger, draft, now=desk.tick())
    read_attachment(desk.office, desk.people["wan_ning"], draft, "附表.csv", now=desk.tick())
    last = events(desk.office, subject=draft)[-1]
    assert (last.action, last.actor, data_of(last)) == (
        "read", "wan_ning", {"attachment": hashlib.sha256(CSV).hexdigest()},
    )  # fmt: skip


def test_nothing_is_attached_to_a_text_under_review(desk: Given) -> None:
    report = desk.report(Stage.DEPARTMENT_REVIEW)
    with refusal(desk.office, StepRefused, "没有“修改”这一步", codes=["no_such_step"]):
        attached(desk, report, "附表.csv", CSV)
