"""Contributions, weights and earlier tables beside a table, as files: what they change, and what is refused."""

import pytest

from pubflow.errors import BadInput
from pubflow.protection.beside import weights_of
from pubflow.protection.earlier import Earlier, months_before, with_earlier
from pubflow.protection.protected import Wish, alternatives, make_safe
from pubflow.protection.reading import Given, Sheet, read_sheet
from pubflow.protection.sensitivity import Dominance, Prior, Threshold

TABLE = "行业,产值\n印刷,40\n食品,30\n医药,30\n合计,100\n"
CONTRIBUTIONS = (
    "格,调查对象,数值,集团\n"
    "印刷,A,10,\n印刷,B,10,\n印刷,C,10,\n印刷,D,10,\n"
    "食品,E,10,\n食品,F,10,\n食品,G,10,\n"
    "医药,H,28,\n医药,I,1,\n医药,J,1,\n"
)


def _sheet(table: str = TABLE, contributions: str = CONTRIBUTIONS) -> Sheet:
    return read_sheet(Given("t.csv", table, contributions=contributions))


def test_dominance_and_p_percent_see_the_largest_respondents_and_totals_take_those_of_their_parts() -> None:
    sheet = _sheet()
    assert sheet.missing == ()
    assert sheet.cells.cells["合计"].respondents == 10
    made = make_safe(sheet, (Threshold(3), Dominance(1, 85), Prior(10)), Wish())
    assert made.primary == ("医药",)  # 28 of 30 are one firm's
    assert made.hidden == ("医药", "食品")
    assert made.why() == {"医药": "本身须隐去：过于集中", "食品": "否则可推算：医药"}


def test_units_of_one_holding_are_one_respondent() -> None:
    held = CONTRIBUTIONS.replace("印刷,A,10,", "印刷,A,10,某集团").replace("印刷,B,10,", "印刷,B,10,某集团")
    assert _sheet(contributions=held).cells.cells["印刷"].respondents == 3


@pytest.mark.parametrize(
    ("contributions", "match"),
    [
        ("格,数值\n印刷,1\n", "缺少列：调查对象"),
        (CONTRIBUTIONS + "纺织,K,1,\n", "没有“纺织”这一格"),
        (CONTRIBUTIONS + "印刷,A,1,\n", "出现两次"),
        (CONTRIBUTIONS.replace("H,28", "H,25"), "“医药”的贡献之和与表中的数不符"),
        (CONTRIBUTIONS.replace("H,28", "H,廿八"), "不是数"),
        (CONTRIBUTIONS.replace("印刷,D,10,", "印刷,,10,"), "没有写明调查对象"),
    ],
)
def test_contributions_that_cannot_be_used_are_refused_with_place_and_remedy(contributions: str, match: str) -> None:
    with pytest.raises(BadInput, match=match) as refused:
        _sheet(contributions=contributions)
    assert "贡献表" in refused.value.where
    assert refused.value.remedy


def test_the_offices_weights_say_what_is_hidden_and_the_alternatives_stand_side_by_side() -> None:
    weights = weights_of("格,费用\n食品,900\n印刷,1\n医药,1\n", "w.csv")
    found = alternatives(_sheet(), (Dominance(1, 85),), Wish(weights=weights))
    assert [one.name for one in found] == ["按数值", "按格数", "按本局权重"]
    assert set(found[0].hidden) == {"医药", "食品"}
    assert set(found[2].hidden) == {"医药", "印刷"}
    assert [len(one.hidden) for one in found] == [2, 2, 2]
    with pytest.raises(BadInput, match="出现两次"):
        weights_of("格,费用\n食品,1\n食品,2\n", "w.csv")


def test_a_growth_rate_gives_last_years_hidden_figure_away_unless_it_is_hidden_too() -> None:
    last_year = read_sheet(Given("2025", "行业,单位数,产值\n甲,2,100.0\n乙,9,80.0\n丙,9,300.0\n合计,20,480.0\n"))
    now = read_sheet(
        Given(
            "2026", "行业,单位数,产值,同比增长%\n甲,9,110.0,10.0\n乙,9,84.0,5.0\n丙,9,330.0,10.0\n合计,27,524.0,9.2\n"
        )
    )
    rules = (Threshold(3),)
    assert make_safe(now, rules, Wish()).hidden == ()
    tied, loose = with_earlier(now, "2026-11", [Earlier("2025-11", last_year, frozenset({"甲", "乙"}))])
    assert loose == ()
    made = make_safe(tied, rules, Wish())
    assert set(made.hidden) & {"甲", "甲|同比增长%"}  # else 110.0 / 1.10 = 100.0
    assert make_safe(with_earlier(now, "2026-11", [])[0], rules, Wish()).hidden == ()


def test_a_correction_cannot_hide_again_what_was_printed() -> None:
    sheet = read_sheet(Given("v2", "行业,单位数,产值\n甲,2,10\n乙,9,20\n合计,11,30\n"))
    printed = Earlier(
        "2026-11", read_sheet(Given("v1", "行业,单位数,产值\n甲,5,10\n乙,9,20\n合计,14,30\n")), frozenset()
    )
    tied, _ = with_earlier(sheet, "2026-11", [printed])
    assert make_safe(tied, (Threshold(3),), Wish()).hidden == ()  # everybody has it already: nothing is gained
    assert months_before("2026-01", 1) == "2025-12"


def test_cumulative_figures_that_do_not_continue_last_months_are_told() -> None:
    text = "行业,单位数,本月,累计\n甲,5,1.0,11.0\n合计,5,1.0,11.0\n"
    before = read_sheet(Given("10", "行业,单位数,本月,累计\n甲,5,1.0,9.0\n合计,5,1.0,9.0\n"))
    _, loose = with_earlier(read_sheet(Given("11", text)), "2026-11", [Earlier("2026-10", before, frozenset())])
    assert loose == ("甲|累计 与 2026-10 已公布的累计数不衔接", "合计|累计 与 2026-10 已公布的累计数不衔接")
