"""Figures with their indicators, and which of them say an embargoed one; expected results by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubflow.confidentiality.embargo import figures, matches

# Of the rules dossier, section 5.5; the figures are invented.
MONTHLY = """| 指标 | 单位 | 11月 | 1-11月 | 同比增长（%） |
|---|---|---|---|---|
| 社会消费品零售总额 | 亿元 | 36.84 | 378.11 | 11.9 |
| 固定资产投资（不含农户） | 亿元 | 31.25 | 299.65 | 13.6 |
| 规模以上工业增加值 | 亿元 | 2.06 | 20.48 | 8.7 |

全社会用电量19.47亿千瓦时，增长5.8%。
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1-11月，全社会消费品零售总额约378亿元。", ["378亿元"]),
        ("1-11月我区社会消费品零售总额达3781100万元，同比增长11.9%。", ["3781100万元", "11.9%"]),
        ("固定资产投资近300亿元", ["300亿元"]),
        ("固定资产投资（不含农户）完成２９９．６５亿元", ["２９９．６５亿元"]),
        ("社会消费品零售总额超370亿元", ["370亿元"]),
        ("规上工业增加值增长8.7%", ["8.7%"]),
        ("| 用电量 | 单位 | 1-11月 |\n|---|---|---|\n| 全社会用电量 | 亿千瓦时 | 19.5 |\n", ["19.5"]),
        # the same value of something else, another value, the value without its indicator
        ("一般公共预算收入增长8.7%", []),
        ("规上工业增加值增长8.8%", []),
        ("全年接待游客378.11万人", []),
        ("社会消费品零售总额337.90亿元", []),
        ("2016年11月30日，第378期", []),
    ],
)
def test_what_says_an_embargoed_figure_is_found_and_nothing_else(text: str, said: list[str]) -> None:
    found = matches(figures(text), figures(MONTHLY))
    assert [text[one.own.start : one.own.end] for one in found] == said


@given(
    st.integers(1000, 9_999_999).map(lambda number: number / 100),
    st.integers(0, 2),
    st.sampled_from([("亿元", 1), ("万元", 10_000)]),
)
def test_every_rounding_with_its_indicator_is_found(value: float, decimals: int, unit: tuple[str, int]) -> None:
    held = figures(f"社会消费品零售总额{value:.2f}亿元")
    name, factor = unit
    said = f"今年社会消费品零售总额为{value * factor:.{decimals}f}{name}"
    assert len(matches(figures(said), held)) == 1


def test_a_figure_finds_its_own_neighbours_among_thousands() -> None:
    lines = "".join(f"指标甲乙丙{number}.{number % 100:02d}亿元。\n" for number in range(1, 3000))
    found = matches(figures(lines), figures(lines))
    assert len(found) == 2999
    assert all(one.own.value == one.held.value for one in found)
