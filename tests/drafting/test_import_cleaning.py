"""Pinyin and traditional characters go; everything else stays, and the difference is kept."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pubflow.drafting.import_cleaning import clean

SEED = Path(__file__).parents[1] / "data" / "donghu-2016-annual-report.txt"


def test_the_real_report_loses_exactly_150_pinyin_insertions():
    cleaned = clean(SEED.read_text("utf-8"))
    assert cleaned.pinyin_removed == 150
    assert cleaned.first_change == 1
    assert cleaned.text.split("\n")[1] == "发布机构: | 东湖区人民政府 | 生成日期: | 2017-02-27 15:06 |"
    assert "\n-發(fā)布機(jī)構(gòu): | 東湖區(qū)人民政府 | 生成日期: | 2017-02-27 15:06 |\n" in cleaned.diff
    assert "\n+发布机构: | 东湖区人民政府 | 生成日期: | 2017-02-27 15:06 |\n" in cleaned.diff


def test_brackets_that_are_no_pinyin_stay():
    text = "(一)概述,价格指数(CPI),重量(kg),见附件(略),函数(fā)后,abc(fā)"
    assert clean(text).text == "(一)概述,价格指数(CPI),重量(kg),见附件(略),函数后,abc(fā)"
    assert clean(text).pinyin_removed == 1
    assert clean(text).untoned == ((1, "(kg)"),)


def test_the_count_of_converted_characters_is_that_of_the_traditional_ones():
    cleaned = clean("東湖區\n统计局\n發(fā)布")
    assert (cleaned.text, cleaned.characters_converted, cleaned.pinyin_removed) == ("东湖区\n统计局\n发布", 3, 1)


def test_a_clean_text_is_not_touched():
    cleaned = clean("东湖区统计局\r\n一、概述\r\n")
    assert cleaned.text == "东湖区统计局\n一、概述\n"
    assert (cleaned.pinyin_removed, cleaned.characters_converted, cleaned.first_change, cleaned.diff) == (0, 0, 0, "")


@given(st.text(alphabet="东湖區發布(fāǎ)\n 1,。?<"))
def test_lines_stay_lines_and_cleaning_twice_changes_no_character_more(text):
    once = clean(text)
    assert once.text.count("\n") == text.count("\n")
    assert clean(once.text).characters_converted == 0
