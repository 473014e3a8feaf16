"""What a CSV file says of its structure, and what is refused."""

import pytest

from pubflow.errors import BadInput
from pubflow.protection.reading import FOOTNOTE, MOST_CELLS, Given, Sheet, protected_csv, read_sheet


def _read(text: str, *, counts: bool = False, contributions: str = "") -> Sheet:
    return read_sheet(Given("t.csv", text, contributions=contributions, counts=counts))


def test_a_list_with_a_total_row_and_a_column_of_respondents() -> None:
    sheet = _read("行业,单位数,产值\n印刷,6,12.40\n医药,2,7.30\n合计,8,19.70\n")
    assert sheet.structure == ("合计 = 印刷 + 医药",)
    assert sheet.cells.cells["医药"].respondents == 2
    assert sheet.step == 0.01
    assert protected_csv(sheet, {"医药"}).splitlines() == [
        "行业,单位数,产值",
        "印刷,6,12.40",
        "医药,2,…",
        "合计,8,19.70",
        FOOTNOTE,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "名称,户数,值\n合计,20,30\n工业,12,18\n　采矿,4,8\n　制造,8,10\n建筑,8,12\n",
        "名称,层级,户数,值\n合计,0,20,30\n工业,1,12,18\n采矿,2,4,8\n制造,2,8,10\n建筑,1,8,12\n",
        "名称,代码,户数,值\n合计,0,20,30\n工业,1,12,18\n采矿,11,4,8\n制造,12,8,10\n建筑,2,8,12\n",
    ],
    ids=["indentation", "level", "code"],
)
def test_a_hierarchy(text: str) -> None:
    assert set(_read(text).structure) == {"合计 = 工业 + 建筑", "工业 = 采矿 + 制造"}


def test_subtotals_of_which_rows_and_two_dimensions() -> None:
    grouped = _read("名称,户数,值\n甲,4,1\n乙,4,2\n小计一,8,3\n丙,4,4\n小计二,4,4\n合计,12,7\n")
    assert set(grouped.structure) == {"小计一 = 甲 + 乙", "小计二 = 丙", "合计 = 小计一 + 小计二"}
    part = _read("名称,户数,值\n投资,9,10\n#房地产,4,6\n")
    assert part.structure == ("#房地产 是 投资 的其中项",)
    crossed = _read("行业,东,西,合计\n甲,1,2,3\n乙,4,5,9\n合计,5,7,12\n", counts=True)
    assert "列“合计”为其余各列之和" in crossed.structure
    assert len(crossed.cells.relations) == 6
    assert crossed.cells.cells["甲|东"].respondents == 1


def test_the_month_is_the_difference_of_two_cumulative_columns() -> None:
    sheet = _read("指标,户数,11月,1-10月,1-11月\n工业,2,2.06,18.42,20.48\n")
    assert sheet.structure[-1] == "列“11月”为“1-11月”减“1-10月”"
    with pytest.raises(BadInput, match="相差"):
        _read("指标,户数,11月,1-10月,1-11月\n工业,2,2.06,18.42,20.98\n")


def test_rates_beside_a_hidden_cell_are_hidden_too() -> None:
    sheet = _read("district,户数,value,yoy_pct\n全市,9,30,5.1\n东,4,10,4.0\n西,5,20,5.6\n")
    assert "东,4,…,…" in protected_csv(sheet, {"东"})


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("行业,户数,值\n甲,4,1\n甲,5,2\n", "出现两次"),
        ("行业,户数,值\n甲,4,1\n乙,5,2\n合计,9,5\n", "合计 = 甲 \\+ 乙，相差 2"),
        ("行业,户数,值\n甲,4,1\n乙,5\n", "第 3 行有 2 列"),
        ("名称,层级,户数,值\n合计,0,9,3\n甲,1,4,1\n乙,3,5,2\n", "层级跳了一级"),
        ("行业,户数,值\n甲,x,1\n乙,5,2\n丙,6,3\n丁,2,2\n", "单位数“x”不是整数"),
        ("行业,户数,值\n甲,4,…\n乙,5,2\n", "--original"),
        ("行业,户数,值\n", "没有数据行"),
        ("行业,户数,值\n" + "".join(f"甲{n},5,2\n" for n in range(MOST_CELLS // 3 + 1)), "超过 20000 格"),
    ],
)
def test_what_cannot_be_used_is_refused_with_place_and_remedy(text: str, match: str) -> None:
    with pytest.raises(BadInput, match=match) as refused:
        _read(text)
    assert refused.value.remedy
