"""Destroyed runs are found again on any text, so that an edit can be checked; sound text has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubflow.drafting.import_oddities import oddities


def test_a_destroyed_run_is_one_place_with_its_line_and_words():
    (place,) = oddities("## 六、问题\n\n2.规范、优化申请?zhí)幚砹鞒獭<讧?qiáng)政府信息公开")
    assert place.line == 3
    assert place.quote == "优化申请?zhí)幚砹鞒獭<讧?qiáng)政府信息"


def test_the_mended_run_is_no_place_any_more():
    assert oddities("## 六、问题\n\n2.规范、优化申请处理流程。加强政府信息公开") == ()


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("是否公开?不知道", "残留的半角问号"),
        ("流程<加强", "残留的小于号"),
        ("加qiáng公开", "残留的带声调字母"),
        ("加QIÁNG公开", "残留的带声调字母"),
        ("加qia\u0301ng公开", "残留的带声调字母"),
        ("见附件(一", "括号或引号不成对"),
        ("见附件一）。", "括号或引号不成对"),
        ("《条例”", "括号或引号不成对"),
        ("“三到位", "括号或引号不成对"),
        ("公\ufffd开", "无法解码的字符"),
        ("公\ue000开", "无法显示的字符"),
        ("公\x0b开", "无法显示的字符"),
    ],
)
def test_each_sign_of_a_wrong_decoding_is_found(line, note):
    (place,) = oddities(f"好的一行\n{line}")
    assert (place.line, place.note) == (2, note)


@pytest.mark.parametrize(
    "line",
    [
        "(一)概述（见《条例》第“三十一”条）",
        "1)第一项",
        "（一）混用半角(与全角）也成对",
        "见 https://www.example.cn/a?id=1(2 网页",
        "<https://www.example.cn/a?b=1>",
        "增长8.7%，CPI为102.3；是否公开？公开。",
        "",
    ],
)
def test_sound_lines_have_none(line):
    assert oddities(line) == ()


def test_two_runs_far_apart_are_two_places():
    assert [place.line for place in oddities("坏?了" + "好" * 20 + "坏<了\n好\n坏?了")] == [1, 1, 3]


@given(st.text(alphabet="好坏()（）《》“”", max_size=30))
def test_a_line_is_odd_exactly_when_its_brackets_do_not_pair(line):
    plain = line.translate(str.maketrans("（）", "()"))
    plain = plain.replace("好", "").replace("坏", "")
    while plain != (shorter := plain.replace("()", "").replace("《》", "").replace("“”", "")):
        plain = shorter
    assert bool(oddities(line)) == bool(plain)
