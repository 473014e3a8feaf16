"""Attacks with what else is public: last month's table, growth rates, shares, and what a respondent knows."""

import pytest

from pubflow.errors import BadInput
from pubflow.protection.auditing import audit
from pubflow.protection.sensitivity import Contribution, Dominance, Level, Threshold, informed, sensitive_cells
from pubflow.protection.suppressing import protect
from pubflow.protection.table import Cell, SetOfCells, State, difference, growth, share, total_of


def test_a_hidden_month_is_not_the_difference_of_two_cumulative_figures() -> None:
    cells = [
        Cell("11月", 7.3, 2),
        Cell("1-11月", 80.3, 9),
        Cell("1-10月", 73.0, 9, state=State.PUBLIC),
    ]
    table = SetOfCells({one.id: one for one in cells}, (difference("11月", "1-11月", "1-10月"),))
    levels = sensitive_cells(table, [Threshold(3)])
    assert not audit(table, ["11月"], levels).safe
    assert protect(table, levels).hidden == {"11月", "1-11月"}


def _with_growth() -> SetOfCells:
    cells = [
        Cell("甲", 110.0, 2),
        Cell("乙", 40.0, 9),
        Cell("丙", 60.0, 9),
        Cell("合计", 210.0, 20),
        Cell("甲增速", 10.0, rate=True),
        Cell("甲上年", 100.0, 9, state=State.PUBLIC),
    ]
    relations = (total_of("合计", ["甲", "乙", "丙"]), *growth("甲增速", "甲", "甲上年", 10.0, half_step=0.05))
    return SetOfCells({one.id: one for one in cells}, relations)


def test_a_printed_growth_rate_gives_a_hidden_figure_away_to_its_rounding() -> None:
    table = _with_growth()
    done = audit(table, ["甲", "丙"], {"甲": Level(22, 22)})
    assert not done.safe
    assert (done.verdicts[0].low, done.verdicts[0].high) == pytest.approx((109.95, 110.05))
    made = protect(table, {"甲": Level(22, 22)})
    assert made.hidden == {"甲", "乙", "甲增速"}  # 乙 is the cheapest that leaves 22 either way


def test_a_printed_share_gives_a_hidden_figure_away() -> None:
    cells = [
        Cell("甲", 25, 2),
        Cell("乙", 35, 9),
        Cell("丙", 40, 9),
        Cell("合计", 100, 20),
        Cell("甲比重", 25.0, rate=True),
    ]
    relations = (total_of("合计", ["甲", "乙", "丙"]), *share("甲比重", "甲", "合计", 25.0, half_step=0.05))
    table = SetOfCells({one.id: one for one in cells}, relations)
    done = audit(table, ["甲", "乙"], {"甲": Level(5, 5)})
    assert (done.verdicts[0].low, done.verdicts[0].high) == pytest.approx((24.95, 25.05))
    assert protect(table, {"甲": Level(5, 5)}).hidden == {"甲", "乙", "甲比重"}


def test_two_respondents_alone_in_their_cells_do_not_learn_of_each_other() -> None:
    cells = [Cell("甲", 10, 1), Cell("乙", 12, 1), Cell("丙", 30, 9), Cell("丁", 50, 9), Cell("合计", 102, 20)]
    table = SetOfCells({one.id: one for one in cells}, (total_of("合计", ["甲", "乙", "丙", "丁"]),))
    levels = sensitive_cells(table, [Threshold(3)])
    assert not audit(table, ["甲", "乙"], levels).safe
    assert protect(table, levels).hidden == {"甲", "乙", "丙"}


def test_a_holding_knows_all_cells_in_which_nobody_else_is() -> None:
    mine = (Contribution(10, 1, "集团"),)
    cells = [Cell("甲", 10, 1, mine), Cell("乙", 10, 1, mine), Cell("丙", 4, 1)]
    table = SetOfCells({one.id: one for one in cells})
    assert sorted(map(sorted, informed(table))) == [["丙"], ["乙", "甲"]]


def test_what_is_hidden_already_stays_hidden_and_what_is_public_cannot_be_hidden() -> None:
    cells = [Cell("甲", 10, 2), Cell("乙", 12, 9, state=State.HIDDEN), Cell("丙", 30, 9), Cell("合计", 52, 20)]
    relations = (total_of("合计", ["甲", "乙", "丙"]),)
    table = SetOfCells({one.id: one for one in cells}, relations)
    assert protect(table, {"甲": Level(2, 2)}).hidden == {"甲", "乙"}
    public = {one.id: Cell(one.id, one.value, one.respondents, state=State.PUBLIC) for one in cells} | {"甲": cells[0]}
    with pytest.raises(BadInput, match="没有安全的隐去办法"):
        protect(SetOfCells(public, relations), {"甲": Level(2, 2)})


def test_negative_contributions_count_by_their_size_and_open_the_lower_side() -> None:
    parts = (Contribution(-90), Contribution(5), Contribution(4), Contribution(3))
    cells = {
        "甲": Cell("甲", -78, 4, parts),
        "乙": Cell("乙", 30, 9),
        "丙": Cell("丙", 50, 9),
        "合计": Cell("合计", 2, 20),
    }
    table = SetOfCells(cells, (total_of("合计", ["甲", "乙", "丙"]),), nonnegative=False)
    levels = sensitive_cells(table, [Dominance(1, 85)])
    assert list(levels) == ["甲"]
    assert protect(table, levels).audit.verdicts[0].low == float("-inf")


def test_figures_that_do_not_add_up_are_refused_with_the_difference() -> None:
    cells = {"甲": Cell("甲", 10, 5), "乙": Cell("乙", 12, 9), "合计": Cell("合计", 23, 20)}
    with pytest.raises(BadInput, match="合计 = 甲 \\+ 乙，相差 1"):
        SetOfCells(cells, (total_of("合计", ["甲", "乙"]),))
    SetOfCells(cells, (total_of("合计", ["甲", "乙"], tolerance=1.5),))


def test_a_cell_without_respondents_is_neither_sensitive_nor_a_hiding_place() -> None:
    cells = {"甲": Cell("甲", 10, 2), "乙": Cell("乙", 0, 0), "丙": Cell("丙", 30, 9), "合计": Cell("合计", 40, 20)}
    table = SetOfCells(cells, (total_of("合计", ["甲", "乙", "丙"]),))
    levels = sensitive_cells(table, [Threshold(3)])
    assert list(levels) == ["甲"]
    alone = audit(table, ["甲", "乙"], levels).verdicts[0]
    assert (alone.low, alone.high) == pytest.approx((10, 10))
    assert protect(table, levels).hidden == {"甲", "丙"}
