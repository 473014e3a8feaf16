"""A stretch of a file is replaced provably: everything else stays as it was, or nothing is done."""

import io
import re
import zipfile

import docx
import pytest
from attached import CONTACTS, HIDDEN, SHOWN, document, workbook
from openpyxl import Workbook, load_workbook

from pubflow.errors import BadInput
from pubflow.extraction.cleaning import cleaned
from pubflow.extraction.package import packed
from pubflow.office.masked_files import Replacement, replaced, units_of

MASK = "138****5678"


def stands(content: bytes, name: str, passage: str) -> list[Replacement]:
    """Every place of a passage, with the mask that would stand there."""
    found = []
    for number, unit in enumerate(units_of(content, name)):
        at = unit.text.find(passage)
        while at >= 0:
            found.append(Replacement(number, at, at + len(passage), passage, MASK))
            at = unit.text.find(passage, at + 1)
    return found


def said(content: bytes, name: str) -> str:
    return "\n".join(unit.text for unit in units_of(content, name))


TEXT = f"科室,手机号码\n综合科,{SHOWN}\n普查科,{HIDDEN}\n"


def raw_parts(content: bytes) -> list[bytes]:
    """Every byte there is, unpacked: a string that no cell uses any more would be one of them."""
    if not content.startswith(b"PK"):
        return [content]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


FILES = {
    "utf8.csv": TEXT.encode(),
    "excel.csv": TEXT.encode("utf-8-sig"),
    "gbk.csv": TEXT.encode("gb18030"),
    "utf16.txt": TEXT.encode("utf-16"),
    "note.md": f"# 说明\n\n联系电话 {SHOWN}，或 {HIDDEN}。\n".encode(),
    "text.xlsx": workbook([*CONTACTS, ["普查科", HIDDEN]]),
    "quoted.xlsx": workbook([*CONTACTS, ["普查科", f'拨"{SHOWN}",或 {HIDDEN}']][::2]),
    "runs.docx": document("联系人", f"电话 {SHOWN[:4]}|{SHOWN[4:8]}|{SHOWN[8:]}，或 {HIDDEN}。"),
}


@pytest.mark.parametrize("name", FILES)
def test_exactly_the_asked_stretch_changes_and_the_same_bytes_come_each_time(name: str) -> None:
    content = cleaned(FILES[name], name)
    asked = stands(content, name, SHOWN)
    assert len(asked) == 1
    new = replaced(content, name, asked)
    assert (SHOWN in said(new, name), HIDDEN in said(new, name), MASK in said(new, name)) == (False, True, True)
    assert said(new, name).replace(MASK, SHOWN) == said(content, name)
    assert not any(SHOWN.encode() in raw for raw in raw_parts(new))
    assert replaced(content, name, asked) == new


def test_a_number_in_a_cell_gives_way_as_a_whole_and_a_removed_one_leaves_an_empty_cell() -> None:
    book = Workbook()
    for row in (["科室", "手机号码"], ["综合科", int(SHOWN)], ["普查科", int(HIDDEN)]):
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    content = cleaned(out.getvalue(), "数.xlsx")
    (asked,) = stands(content, "数.xlsx", SHOWN)
    new = load_workbook(io.BytesIO(replaced(content, "数.xlsx", [asked]))).worksheets[0]
    assert (new["B2"].value, new["B3"].value) == (MASK, int(HIDDEN))
    gone = Replacement(asked.unit, asked.start, asked.end, SHOWN, "")
    new = load_workbook(io.BytesIO(replaced(content, "数.xlsx", [gone]))).worksheets[0]
    assert (new["A2"].value, new["B2"].value, new["B3"].value) == ("综合科", None, int(HIDDEN))


def test_a_workbook_keeps_its_moment_so_that_the_same_masks_give_the_same_digest() -> None:
    with zipfile.ZipFile(io.BytesIO(cleaned(FILES["text.xlsx"], "表.xlsx"))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    core = re.sub(rb"20\d\d-\d\d-\d\dT", b"2016-11-30T", members["docProps/core.xml"])
    content = packed(members | {"docProps/core.xml": core})
    new = replaced(content, "表.xlsx", stands(content, "表.xlsx", SHOWN))
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert archive.read("docProps/core.xml") == core


def test_two_stretches_of_one_file_are_replaced_together() -> None:
    content = cleaned(FILES["text.xlsx"], "表.xlsx")
    asked = [*stands(content, "表.xlsx", SHOWN), *stands(content, "表.xlsx", HIDDEN)]
    new = said(replaced(content, "表.xlsx", asked), "表.xlsx")
    assert (SHOWN in new, HIDDEN in new, new.count(MASK)) == (False, False, 2)


def test_the_looks_of_a_document_stay() -> None:
    content = cleaned(FILES["runs.docx"], "说明.docx")
    new = docx.Document(io.BytesIO(replaced(content, "说明.docx", stands(content, "说明.docx", SHOWN))))
    assert [(run.text, bool(run.bold)) for run in new.paragraphs[1].runs] == [
        (f"电话 {MASK}", False), ("", True), (f"，或 {HIDDEN}。", False),
    ]  # fmt: skip


def refused(content: bytes, name: str, asked: list[Replacement], why: str) -> None:
    with pytest.raises(BadInput, match=why) as told:
        replaced(content, name, asked)
    assert "report attach --replace" in str(told.value)
    assert SHOWN not in str(told.value)


def test_what_cannot_be_done_wholly_is_not_done() -> None:
    sheet = cleaned(workbook([["甲", "乙"], [SHOWN, HIDDEN]]), "表.xlsx")
    (one,) = stands(sheet, "表.xlsx", SHOWN)
    across = Replacement(one.unit, one.start, one.end + 1 + len(HIDDEN), f"{SHOWN},{HIDDEN}", "某企业")
    refused(sheet, "表.xlsx", [across], "不在一个单元格里")
    moved = Replacement(one.unit, one.start + 1, one.end + 1, SHOWN, MASK)
    refused(sheet, "表.xlsx", [moved], "找不到要替换的内容")
    twice = cleaned(workbook([["甲", "乙"], [f"{SHOWN}、{SHOWN}", ""]]), "表.xlsx")
    refused(twice, "表.xlsx", stands(twice, "表.xlsx", SHOWN)[:1], "不止一处")
    paragraphs = cleaned(document(f"电话 {SHOWN}", f"再写一次 {SHOWN}"), "说明.docx")
    refused(paragraphs, "说明.docx", stands(paragraphs, "说明.docx", SHOWN)[:1], "另有相同的几处")
    both = stands(paragraphs, "说明.docx", SHOWN)
    assert SHOWN not in said(replaced(paragraphs, "说明.docx", both), "说明.docx")
    head = cleaned(workbook([["电话", SHOWN], ["甲", "乙"]]), "表.xlsx")
    (one,) = stands(head, "表.xlsx", SHOWN)
    alone = Replacement(one.unit, one.start, one.end, SHOWN, "")  # what is left of the header would be read as a title
    refused(head, "表.xlsx", [alone], "不能只改这一处")
    refused(cleaned(TEXT.encode(), "表.csv"), "表.pdf", [Replacement(0, 0, 2, "科室", "")], "找不到要替换的内容")
