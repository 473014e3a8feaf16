"""The blind auditor against intervals and widths worked out by hand."""

from __future__ import annotations

import pytest

from bench.blind.auditor import given_away, sensitive
from bench.blind.micro import KINDS, Table, random_table


def _table(owners: dict[str, list[float] | dict[str, float]], **relations: object) -> Table:
    """A table whose cells are added up from their owners; a plain list names owners nobody else shares."""
    named = {
        cell: shares if isinstance(shares, dict) else {f"{cell}{n}": share for n, share in enumerate(shares)}
        for cell, shares in owners.items()
    }
    return Table({cell: sum(shares.values()) for cell, shares in named.items()}, named, **relations)


@pytest.mark.parametrize(
    ("shares", "width"),
    [
        ([100.0], 20.0),  # threshold 20, dominance 17.65, p % 10
        ([60.0, 40.0], 20.0),
        ([850.0, 30.0, 10.0], 110.0),  # dominance 850 / 0.85 - 890, p % 85 - 10
        ([50.0, 47.0, 3.0], 2.0),  # p % 5 - 3
        ([2.0], 1.0),
    ],
)
def test_width_of_the_strictest_rule(shares, width):
    expected = width
    assert sensitive(_table({"a": shares}))["a"] == pytest.approx((expected, expected))


def test_safe_public_and_empty_cells_need_no_width():
    assert sensitive(_table({"a": [40.0, 30.0, 30.0], "b": [5.0], "c": []}, public={"b"})) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_the_same_table(kind):
    assert random_table(kind, 3) == random_table(kind, 3) != random_table(kind, 4)


def test_single_hidden_part_is_found_by_subtraction():
    table = _table({"t": [30.0, 40.0, 30.0], "a": [30.0, 10.0], "b": [60.0]}, sums=[("t", ("a", "b"))])
    assert given_away(table, {"a"}, {"a": (8.0, 8.0)}) == [("a", "", pytest.approx(40), pytest.approx(40))]
    assert given_away(table, set(), {"a": (8.0, 8.0)}) == [("a", "", 40.0, 40.0)]
    two = _table({"t": [30.0, 40.0, 30.0], "a": [30.0, 10.0], "b": [20.0, 20.0, 20.0]}, sums=[("t", ("a", "b"))])
    assert given_away(two, {"a", "b"}, {"a": (8.0, 8.0)}) == []


def test_a_box_of_four_leaves_what_its_margins_allow():
    # Rows 10 and 20, columns 12 and 18: a11 lies between 0 and 10.
    cells = {"a": [3.0], "b": [7.0, 1.0, 1.0], "c": [9.0, 4.0, 4.0], "d": [11.0, 5.0, 5.0]}
    box = _table(cells)
    box.cells |= {"r1": 12.0, "r2": 38.0, "c1": 20.0, "c2": 30.0}
    box.owners |= {total: {"x": 1.0, "y": 1.0, "z": 1.0} for total in ("r1", "r2", "c1", "c2")}
    box.sums = [("r1", ("a", "b")), ("r2", ("c", "d")), ("c1", ("a", "c")), ("c2", ("b", "d"))]
    hidden = {"a", "b", "c", "d"}
    # a is 0 to 12: b = 12 - a, c = 20 - a, d = 18 + a.
    assert [one for one in given_away(box, hidden, {"a": (3.0, 9.0)}) if not one[1]] == []
    (away,) = [one for one in given_away(box, hidden, {"a": (3.0, 9.5)}) if not one[1]]
    assert away[2:] == pytest.approx((0.0, 12.0))


def test_month_growth_and_share_give_a_hidden_cell_away():
    month = _table({"m": [5.0, 5.0], "u": [30.0, 30.0, 30.0], "e": [20.0, 30.0, 30.0]})
    month.cells |= {"m": 10.0, "u": 90.0, "e": 80.0}
    month.differences = [("m", "u", "e")]
    assert given_away(month, {"m"}, {"m": (2.0, 2.0)}) == [("m", "", 10.0, 10.0)]
    assert given_away(month, {"m", "u"}, {"m": (2.0, 2.0)}) == []
    rate = _table({"now": [60.0, 50.0], "then": [40.0, 30.0, 30.0]})
    rate.ratios = [("rate", "now", "then", 10.0, 0.05, "growth")]
    (away,) = given_away(rate, {"now"}, {"now": (22.0, 22.0)})
    assert away[2:] == pytest.approx((109.95, 110.05))
    assert given_away(rate, {"now", "rate"}, {"now": (22.0, 22.0)}) == []
    part = _table({"part": [15.0, 10.0], "whole": [40.0, 30.0, 30.0]})
    part.ratios = [("share", "part", "whole", 25.0, 0.05, "share")]
    (away,) = given_away(part, {"part"}, {"part": (5.0, 5.0)})
    assert away[2:] == pytest.approx((24.95, 25.05))


def test_who_is_alone_in_a_cell_or_in_two_knows_its_own():
    alone = _table({"a": {"A": 10.0}, "b": {"B": 12.0}, "c": [20.0, 5.0, 5.0]})
    alone.cells["t"], alone.owners["t"] = 52.0, {"A": 10.0, "B": 12.0, "C": 30.0}
    alone.sums = [("t", ("a", "b", "c"))]
    levels = {"a": (2.0, 2.0), "b": (2.4, 2.4)}
    assert given_away(alone, {"a", "b"}, levels) == [("a", "B", 10.0, 10.0), ("b", "A", 12.0, 12.0)]
    assert given_away(alone, {"a", "b", "c"}, levels) == []
    both = _table({"a": {"A": 10.0}, "b": {"A": 12.0}, "c": {"C": 30.0}})
    both.cells["t"], both.owners["t"] = 52.0, {"A": 22.0, "C": 30.0}
    both.sums = [("t", ("a", "b", "c"))]
    assert given_away(both, {"a", "b", "c"}, {"c": (6.0, 6.0)}) == [("c", "A", 30.0, 30.0)]
