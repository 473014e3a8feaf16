"""A report's text: head and body, one canonical spelling, one digest; mistakes are named with field and remedy."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubflow.documents.attachments import Attached, name_problem
from pubflow.documents.report_text import FENCE, LABELS, Head, ReportText, parse_head
from pubflow.errors import BadInput

TEXT = """+++
title = "2016年度政府信息公开工作报告"
category = "annual_reports"
date_created = 2017-02-27
+++

## 一、概述

正文。
"""
CANONICAL = """+++
title = "2016年度政府信息公开工作报告"
category = "annual_reports"
date_created = "2017-02-27"
validity = "有效"
scope = "面向全社会"
method = "主动公开"
+++

## 一、概述

正文。
"""
# printf '%s\n' ... | sha256sum
DIGEST = "6d21f0e9f22016263a3df411c80fa7b2f8be3d210b3917b4a11bf43f48de0f40"


def test_the_canonical_text_and_its_digest_are_these() -> None:
    text = ReportText.parse(TEXT)
    assert text.canonical() == CANONICAL
    assert text.digest == DIGEST == hashlib.sha256(CANONICAL.encode()).hexdigest()


@pytest.mark.parametrize(
    "same",
    [
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.replace("正文。", "正文。  \t"),
        TEXT + "\n\n\n",
        TEXT.rstrip("\n"),
        TEXT.replace("+++\n\n##", "+++\n\n\n\n##"),
        TEXT.replace('category = "annual_reports"\n', "").replace(
            "+++\ntitle", '+++\ncategory="annual_reports"\ntitle'
        ),
        TEXT.replace("title =", "# 备注\n\ntitle   =   "),
        TEXT.replace("2017-02-27", "'2017-02-27'"),
    ],
)
def test_whatever_editor_saved_it_an_equal_text_has_an_equal_digest(same: str) -> None:
    assert ReportText.parse(same).digest == DIGEST


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("正文。", "正文！"),
        TEXT.replace("annual_reports", "work_news"),
        TEXT.replace("2017-02-27", "2017-02-28"),
        TEXT.replace("+++\n\n##", 'method = "依申请公开"\n+++\n\n##'),
        TEXT.replace("+++\n\n##", 'validity = ""\n+++\n\n##'),
        TEXT.replace("## 一", "##  一"),
    ],
)
def test_whatever_the_public_sees_is_covered_by_the_digest(other: str) -> None:
    assert ReportText.parse(other).digest != DIGEST


_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(
    values=st.fixed_dictionaries(
        {},
        optional={name: _LINE for name in Head.model_fields if name not in ("date_created", "period", "attachments")},
    )
)
def test_any_head_survives_writing_and_reading(values: dict[str, str]) -> None:
    text = ReportText(head=Head(**values), body="正文\n")
    again = ReportText.parse(text.canonical())
    assert again == text
    assert again.canonical() == text.canonical()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80).filter(lambda body: "#" not in body))
def test_reading_the_canonical_text_changes_nothing_more(body: str) -> None:
    once = ReportText.parse(f'{FENCE}\ntitle = "t"\n{FENCE}\n\n{body}')
    assert ReportText.parse(once.canonical()).canonical() == once.canonical()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "开头没有元数据"),
        ("## 一、概述\n", "第一行应为 +++"),
        ('+++\ntitle = "t"\n\n正文', "元数据没有结束"),
        ('+++\ntitle = "甲"\ntitle = "乙"\n+++\n正文', "有两个标题。同一字段只留一行"),
        ('+++\ncategory = "a"\ncategory = "b"\n+++\n正文', "字段 category 写了两次"),
        ('+++\ntitle = "甲"\n+++\n# 乙\n', "有两个标题：元数据中是“甲”，正文中是“乙”"),
        ('+++\ntitle = "甲"\n+++\n# 甲\n\n# 甲\n', "有两个标题"),
        ("+++\ntitle = 甲\n+++\n正文", "元数据第 2 行读不懂"),
        ('+++\nheadline = "甲"\n+++\n正文', "没有名为 headline 的字段，可用字段：title、"),
        ('+++\ndate_created = "2017-02-29"\n+++\n正文', "生成日期（date_created）“2017-02-29”不是一个存在的日期"),
        ('+++\ndate_created = "昨天"\n+++\n正文', "不是一个存在的日期"),
        ("+++\ndate_created = 2017-02-29\n+++\n正文", "元数据第 2 行读不懂"),
        ("+++\ntitle = 12\n+++\n正文", "信息名称（title）应为加引号的文字"),
        ('+++\ntitle = "甲\\n乙"\n+++\n正文', "信息名称（title）不合格"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        ReportText.parse(text, "draft.md")
    assert str(refused.value).startswith("draft.md：")
    assert message in str(refused.value)


def test_the_title_may_stand_once_more_as_the_first_heading() -> None:
    assert ReportText.parse('+++\ntitle = "甲"\n+++\n# 甲\n\n正文\n').head.title == "甲"


def test_a_hash_in_a_code_block_or_a_deeper_heading_is_no_title() -> None:
    ReportText.parse('+++\ntitle = "甲"\n+++\n## 乙\n\n```\n# a remark\n```\n')


def test_dates_of_toml_are_kept_as_written() -> None:
    assert parse_head("date_created = 2017-02-27").date_created == "2017-02-27"
    assert parse_head("date_created = 2017-02-27T09:30:00").date_created == "2017-02-27 09:30"


_FILE = {"name": "附表.xlsx", "sha256": "a" * 64, "size": 12}


def test_a_text_without_attachments_is_spelt_as_before_there_were_any() -> None:
    assert ReportText.parse(TEXT).digest == DIGEST
    assert "attachments" not in ReportText.parse(TEXT).canonical()


@given(files=st.lists(st.tuples(_LINE, st.integers(1, 10_000)), max_size=5, unique_by=lambda file: file[0].casefold()))
def test_a_list_of_attachments_survives_writing_and_reading(files: list[tuple[str, int]]) -> None:
    listed = [
        Attached(name=f"{number}{name}.xlsx", sha256=f"{number:064x}", size=size)
        for number, (name, size) in enumerate(files)
        if not name_problem(f"{number}{name}.xlsx")
    ]
    text = ReportText.parse(TEXT).with_attachments(listed)
    again = ReportText.parse(text.canonical())
    assert again == text
    assert again.head.attachments == tuple(listed)
    assert (text.digest == DIGEST) == (not listed)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([_FILE | {"name": "a/b.xlsx"}], "第 1 项不合格：文件名含有路径"),
        ([_FILE | {"sha256": "x"}], "第 1 项不合格"),
        ([_FILE, _FILE | {"sha256": "b" * 64}], "有两个附件名为“附表.xlsx”"),
        ([_FILE, _FILE | {"name": "乙.xlsx"}], "有两个附件内容相同"),
        ([_FILE | {"size": 60 * 1024 * 1024 + 1}], "合计超过 60 MB"),
        ([_FILE | {"title": "写错了地方"}], "第 1 项不合格"),
        (
            [{"name": f"{number}.csv", "sha256": f"{number:064x}", "size": 1} for number in range(51)],
            "附件超过 50 个；附件用 report attach",
        ),
    ],
)
def test_a_list_that_cannot_be_is_refused_by_what_is_wrong(files: list[dict[str, object]], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Head.checked({"title": "甲", "attachments": files})


def test_every_field_has_the_label_that_office_people_read() -> None:
    assert set(LABELS) == set(Head.model_fields)
