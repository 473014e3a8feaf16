"""The door: which marks close it, written down by hand."""

import pytest

from pubflow.confidentiality.secret_marks import SHAPES, Mark, secret_marks, secret_marks_in_name

# text, rule, the marked characters as they stand in the text
MARKS = [
    ("机密★10年", "level-with-star", "机密★10年"),
    ("　　　　　　　　机密★１０年", "level-with-star", "机密★１０年"),
    ("报送：绝密 ☆ 三十年 特急", "level-with-star", "绝密 ☆ 三十年"),
    ("机\u200b密\u200d★\ufeff10年", "level-with-star", "机\u200b密\u200d★\ufeff10年"),
    ("祕密★6个月", "level-with-star", "祕密★6个月"),
    ("**机密**★10年", "level-with-star", "机密**★10年"),
    ("机密\n★\n20年", "level-with-star", "机密\n★\n20年"),
    ("机密*10年", "level-with-term", "机密*10年"),
    ("秘密＊5年", "level-with-term", "秘密＊5年"),
    ("机密　２０　年", "level-with-term", "机密　２０　年"),
    ("密级：机密20年", "level-with-term", "机密20年"),
    ("绝密\n\n关于某事的请示", "level-alone", "绝密"),
    ("请示\n  ＊＊【 机 密 】＊＊  \n正文", "level-alone", "机 密"),
    ('+++\ntitle = "秘密"\n+++\n正文', "level-alone", "秘密"),
    ("内 部 资 料　请 勿 外 传\n正文", "keep-safe", "内 部 资 料　请 勿 外 传"),
    (" " * 100 + "机密\n正文", "level-alone", "机密"),
    ("| 密级：绝密 | 份号 |", "level-field", "密级：绝密"),
    ("密级：机密\n正文", "level-field", "密级：机密"),
    ("第一页\f秘密\n第二页", "level-alone", "秘密"),
    ("内部事项　注意保管", "keep-safe", "内部事项　注意保管"),
    ("（内部资料·注意保存）", "keep-safe", "内部资料·注意保存"),
    ("工作秘密\n关于某事的报告", "internal-head", "工作秘密"),
    ("【内 部】\n关于某事的报告", "internal-head", "内 部"),
    ("内部★3年", "internal-head", "内部★3年"),
    ('+++\ntitle = "月报"\n+++\n\n内部使用\n## 一', "internal-head", "内部使用"),
    ("第一页\n" * 20 + "\f内部\n第二页", "internal-head", "内部"),
]


@pytest.mark.parametrize(("text", "rule", "marked"), MARKS)
def test_a_mark_closes_the_door_and_is_shown_where_it_stands(text: str, rule: str, marked: str) -> None:
    start = text.index(marked)
    assert secret_marks(text) == [Mark(rule, SHAPES[rule].type, start, start + len(marked), (SHAPES[rule].evidence,))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "已公开的政府信息中未涉及国家秘密、商业秘密和个人隐私。",
        "不涉及国家秘密10年以上的档案",
        "《中华人民共和国保守国家秘密法》",
        "国家秘密的密级分为绝密、机密、秘密三级",
        "绝密级、机密级、秘密级的保密期限分别不超过三十年、二十年、十年",
        "绝密30年，机密20年，秘密10年",
        "经保密审查，可以公开",
        "泄露企业商业秘密3年的责任",
        "**商业秘密**",
        "# 国家秘密",
        "飞机密集起降★",
        "后附的内部资料供参考，请勿外传，不得公开。",
        "单位内部\n管理",
        "正文\n" * 9 + "内部\n",
        "工作秘密管理办法",
        "内部控制",
        "统计工作人员应当保守秘密",
    ],
)
def test_words_of_the_law_and_running_text_leave_the_door_open(text: str) -> None:
    assert secret_marks(text) == []


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("机密★10年.docx", ["level-with-star"]),
        ("【机密】普查方案.xlsx", ["level-in-name"]),
        ("２０１６-秘密-方案.doc", ["level-in-name"]),
        ("绝\u200b密.pdf", ["level-in-name"]),
        ("（内部）通讯录.xlsx", ["internal-in-name"]),
        ("保守国家秘密法.pdf", []),
        ("保密审查审批表.docx", []),
        ("内部审计办法.docx", []),
        ("统计月报2016-12.xlsx", []),
    ],
)
def test_marks_in_file_names(name: str, rules: list[str]) -> None:
    assert [mark.rule for mark in secret_marks_in_name(name)] == rules


def test_every_mark_of_a_text_is_reported_once_in_reading_order() -> None:
    text = "机密★10年\n密级：秘密\n绝密\n内部事项 注意保管"
    assert [mark.rule for mark in secret_marks(text)] == [
        "level-with-star",
        "level-field",
        "level-alone",
        "keep-safe",
    ]
