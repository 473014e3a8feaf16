"""Attaching files as people type it, against a running office."""

import hashlib
from pathlib import Path
from typing import Any

import httpx
import openpyxl
from attached import CONTACTS, HIDDEN, SHOWN, workbook


def test_files_are_attached_listed_read_back_checked_and_taken_off_by_verbs(
    desk: Any, by: Any, story: Any, tmp_path: Path
) -> None:
    report = story.draft()
    table, note = tmp_path / "附表 1.xlsx", tmp_path / "说明.txt"
    table.write_bytes(workbook(CONTACTS, hidden=[["姓名", "手机号码"], ["张三", HIDDEN]]))
    note.write_text("指标解释\n", encoding="utf-8")
    done = by("lin_xiao", "report", "attach", report, str(table), str(note), "--reason", "补充附表")
    assert done.code == 0, done.err
    assert "已添加附件 附表 1.xlsx" in done.out
    assert "清洗件中没有：" in done.out
    assert "工作表“底表”（隐藏）B2" in done.out
    assert HIDDEN not in done.out + done.err
    listed = story.ok("lin_xiao", "report", "attachments", report)
    assert [(one["name"], one["kind"], one["added_by"]) for one in listed] == [
        ("附表 1.xlsx", "xlsx", "lin_xiao"), ("说明.txt", "txt", "lin_xiao"),
    ]  # fmt: skip
    assert "附表 1.xlsx" in by("lin_xiao", "report", "attachments", report).out
    copy = tmp_path / "copy.xlsx"
    assert by("lin_xiao", "report", "attachment", report, "附表 1.xlsx", "--out", str(copy)).code == 0
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == listed[0]["sha256"]
    assert openpyxl.load_workbook(copy).sheetnames == ["一"]
    again = by("lin_xiao", "report", "attachment", report, "附表 1.xlsx", "--out", str(copy))
    assert (again.code, "文件写不进去" in again.err) == (1, True)
    found = by("lin_xiao", "check", "run", report)
    assert "附件“附表 1.xlsx” 工作表“一”B2" in found.out
    assert SHOWN not in found.out
    story.ok("lin_xiao", "report", "detach", report, "说明.txt", "--reason", "并入正文")
    assert [one["name"] for one in story.ok("lin_xiao", "report", "attachments", report)] == ["附表 1.xlsx"]
    assert by("gong_lei", "report", "attachments", report).code == 1  # the operator reads no drafts


def test_a_file_that_cannot_be_attached_says_why_and_what_was_done_before_it(
    by: Any, story: Any, tmp_path: Path
) -> None:
    report = story.draft()
    good, page = tmp_path / "表.csv", tmp_path / "页面.html"
    good.write_text("行业,产值\n制造业,345.6\n", encoding="utf-8")
    page.write_text("<p>甲</p>", encoding="utf-8")
    done = by("lin_xiao", "report", "attach", report, str(good), str(page))
    assert done.code == 1
    assert "表.csv 已添加，页面.html 没有" in done.err
    assert "网页文件不能作附件" in done.err
    assert by("lin_xiao", "report", "attach", report, str(tmp_path / "没有.csv")).code == 1
    assert by("lin_xiao", "report", "attach", report, str(good)).code == 1
    good.write_text("行业,产值\n制造业,346\n", encoding="utf-8")
    assert by("lin_xiao", "report", "attach", report, str(good), "--replace").code == 0
    assert "没有附件" in by("lin_xiao", "report", "attachments", story.draft()).out


def test_who_reads_the_whole_text_outside_is_told_of_its_attachments_but_opens_none(
    desk: Any, by: Any, story: Any, tmp_path: Path
) -> None:
    report = story.draft()
    table = tmp_path / "表.csv"
    table.write_text("行业,产值\n制造业,345.6\n", encoding="utf-8")
    done = story.ok("lin_xiao", "report", "attach", report, str(table))[0]
    story.ok("lin_xiao", "report", "submit", report)
    desk.flows()
    words = ("--name", "欧阳", "--organ", "某学会", "--digest", story.digest(report)[:8], "--whole-text")
    link = story.ok("fang_zhi", "review", "fact-check", report, *words)["link"]
    page = httpx.get(link, trust_env=False, timeout=30).text
    assert f"表.csv（{done['size']} 字节，摘要值 {done['sha256']}）" in page
    assert "345.6" not in page
