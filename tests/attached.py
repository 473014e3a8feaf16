"""Files to attach, made by the libraries offices' programs are made with, and reports that carry them."""

import io

import docx
from builders import Given
from openpyxl import Workbook
from openpyxl.comments import Comment

from pubflow.drafting.attaching import AttachedFile, attach

SHOWN, HIDDEN = "13812345678", "13987654321"
TABLE = [["行业", "产值（万元）"], ["制造业", "345.6"], ["建筑业", "789.0"]]
CONTACTS = [["科室", "手机号码"], ["综合科", SHOWN]]


def workbook(rows: list[list[str]], *, hidden: list[list[str]] | None = None, comment: str = "") -> bytes:
    """A sheet 一 of these rows; a hidden sheet and a comment on its first cell where there are any."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "一"
    for row in rows:
        sheet.append(row)
    if comment:
        sheet["A1"].comment = Comment(comment, "某人")
    if hidden:
        other = book.create_sheet("底表")
        other.sheet_state = "hidden"
        for row in hidden:
            other.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def document(*paragraphs: str) -> bytes:
    """A Word document; a paragraph with | in it is written in as many runs."""
    made = docx.Document()
    for paragraph in paragraphs:
        written = made.add_paragraph()
        for number, run in enumerate(paragraph.split("|")):
            written.add_run(run).bold = number % 2 == 1
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def attached(
    given: Given, report_id: str, name: str, content: bytes, *, by: str = "lin_xiao", replace: bool = False
) -> AttachedFile:
    """The drafter attaches a file."""
    return attach(
        given.office, report_id, given.people[by], name, content, reason="补充附表", replace=replace, now=given.tick()
    )
