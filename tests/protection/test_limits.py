"""Short time, wide scales, sums of hidden cells: a safe pattern or a refusal, never something unaudited."""

import pytest

from bench.table_cases import RULES, random_table, sensitive
from pubflow.errors import BadInput
from pubflow.protection import suppressing
from pubflow.protection.auditing import audit
from pubflow.protection.sensitivity import Contribution, Dominance, Level, Threshold, sensitive_cells
from pubflow.protection.suppressing import protect
from pubflow.protection.table import Cell, SetOfCells, total_of


def _never(*_: object) -> None:
    raise suppressing._Late


@pytest.mark.parametrize("kind", ["2-D", "3-D", "hierarchical", "linked"])
def test_without_time_a_dearer_pattern_comes_out_and_it_is_safe(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = random_table(kind, 3, 120)
    levels = sensitive(table)
    searched = protect(table, levels, seconds=2.0)
    monkeypatch.setattr(suppressing._Search, "mend", _never)
    hurried = protect(table, levels, seconds=0.0)
    assert hurried.price.cost >= searched.price.cost
    assert hurried.price.bound <= hurried.price.cost
    assert audit(table, hurried.hidden, levels, rules=RULES).safe


def test_when_even_the_audit_has_no_time_nothing_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressing, "_GRACE", 0.0)
    table = random_table("2-D", 3, 120)
    with pytest.raises(BadInput, match="限定的时间") as refused:
        protect(table, sensitive(table), seconds=0.0)
    assert "--seconds" in refused.value.remedy


def _held_twice() -> SetOfCells:
    """One holding stands alone in two places: their sum, which everybody can subtract, is its own figure."""
    mine = (Contribution(10, 1, "集团"),)
    many = tuple(Contribution(5, 1, f"单位{number}") for number in range(6))
    cells = {
        "甲": Cell("甲", 10, 1, mine),
        "乙": Cell("乙", 10, 1, mine),
        "丙": Cell("丙", 30, 6, many),
        "丁": Cell("丁", 35, 6, tuple(Contribution(35 / 6, 1, f"户{number}") for number in range(6))),
    }
    cells["合计"] = Cell("合计", 85, 13)
    return SetOfCells(cells, (total_of("合计", ["甲", "乙", "丙", "丁"]),))


def test_two_hidden_cells_of_one_holding_need_a_third() -> None:
    table = _held_twice()
    rules = (Threshold(3), Dominance(1, 85))
    levels = sensitive_cells(table, rules)
    assert set(levels) == {"甲", "乙"}
    unsafe = audit(table, ["甲", "乙"], levels, rules=rules).unsafe
    assert [one.cell for one in unsafe] == ["甲 + 乙"]
    assert protect(table, levels, rules=rules).hidden == {"甲", "乙", "丙"}


def test_where_no_third_may_be_hidden_the_table_is_refused() -> None:
    table = _held_twice()
    rules = (Threshold(3), Dominance(1, 85))
    with pytest.raises(BadInput, match="合起来仍指向一个调查对象"):
        protect(table, sensitive_cells(table, rules), rules=rules, keep=("丙", "丁", "合计"))


def test_figures_a_million_million_times_apart_are_judged_alike() -> None:
    def table(unit: float) -> SetOfCells:
        cells = {"甲": Cell("甲", 7 * unit, 2), "乙": Cell("乙", 5 * unit, 9), "丙": Cell("丙", 60 * unit, 9)}
        return SetOfCells(cells | {"计": Cell("计", 72 * unit, 20)}, (total_of("计", ["甲", "乙", "丙"]),))

    for unit in (1e-3, 1.0, 1e9):
        assert protect(table(unit), {"甲": Level(1.4 * unit, 1.4 * unit)}).hidden == {"甲", "乙"}


def test_figures_too_far_apart_for_arithmetic_are_refused() -> None:
    mixed = {"甲": Cell("甲", 0.002, 2), "乙": Cell("乙", 0.003, 9), "丙": Cell("丙", 1e9, 9)}
    whole = SetOfCells(mixed | {"计": Cell("计", 1e9 + 0.005, 20)}, (total_of("计", list(mixed)),))
    with pytest.raises(BadInput, match="没有安全的隐去办法"):
        protect(whole, {"甲": Level(0.0004, 0.0004)})
