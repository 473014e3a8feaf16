"""Cases with published answers: the handbook, the cell suppression papers, sdcTable, GaussSuppression."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.table_cases import random_table, sensitive
from pubflow.protection.auditing import UnsafePattern, audit, refuse_unsafe
from pubflow.protection.sensitivity import (
    Contribution,
    Dominance,
    Level,
    Prior,
    Summary,
    Threshold,
    Weighting,
    copies,
    estimate_by_second,
    level,
    p_of_dominance,
    summary,
)
from pubflow.protection.suppressing import protect
from pubflow.protection.table import Cell, SetOfCells, total_of

FILE = Path(__file__).with_name("sdc-published-cases.json")
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in json.loads(FILE.read_text("utf-8"))["cases"]}


def _rule(check: dict[str, Any]) -> Dominance | Prior:
    if check["rule"] == "nk":
        return Dominance(check["n"], check["k"])
    return Prior(check["p"], check.get("q", 100.0))


def _table(case: dict[str, Any]) -> SetOfCells:
    cells = {id: Cell(id, value) for id, value in case["cells"].items()}
    return SetOfCells(cells, tuple(total_of(total, parts) for total, parts in case["relations"]))


def _levels(case: dict[str, Any]) -> dict[str, Level]:
    """The cases only say which cells are sensitive, and call safe what is not known exactly: one unit either way."""
    return {id: Level(1, 1) for id in case["primary"]}


@pytest.mark.parametrize("id", ["hb-ex1", "hb-ex2", "hb-ex4"])
def test_the_rules_answer_as_the_handbook_does(id: str) -> None:
    case = CASES[id]
    seen = Summary(case["total"], tuple(case["largest"]), None)
    for check in case["checks"]:
        found = level(_rule(check), seen, case["total"])
        assert (found is not None) is check["sensitive"]
        if found and "upl" in check:
            assert found.upper == pytest.approx(check["upl"])
            assert case["total"] + found.upper == pytest.approx(check["safe_upper_bound"])


@pytest.mark.parametrize("id", ["hb-ex1", "hb-ex2"])
def test_what_the_second_largest_can_say_of_the_largest(id: str) -> None:
    case = CASES[id]
    estimate = estimate_by_second(Summary(case["total"], tuple(case["largest"]), None))
    assert estimate == case["also"]["estimate_of_largest_by_second"]
    largest = case["largest"][0]
    assert 100 * (estimate - largest) / largest == pytest.approx(case["also"]["overestimate_percent"])


def test_the_p_that_belongs_to_a_dominance_rule_of_two() -> None:
    for pair in CASES["hb-param"]["pairs"]:
        assert p_of_dominance(pair["k_of_2k"]) == pytest.approx(pair["p"])


def test_a_weighted_contribution_counts_as_often_as_its_weight() -> None:
    case = CASES["hb-weights"]
    cell = Cell("a", 470, contributions=tuple(Contribution(*one) for one in case["contributions"]))
    seen = summary(cell)
    assert seen.total == case["weighted_total"]
    assert list(seen.largest[:2]) == case["two_largest_used_for_the_rule"]
    assert copies([Contribution(7, 1), Contribution(5, 3)], 3) == (7, 5, 5)


def test_a_total_gives_a_single_hidden_part_away() -> None:
    case = CASES["hb-ex1a"]
    done = audit(_table(case), ["I"], _levels(case))
    assert (done.verdicts[0].low, done.verdicts[0].high) == pytest.approx((998, 998))
    assert not done.safe
    with pytest.raises(UnsafePattern, match=r"T = I \+ II \+ III") as refused:
        refuse_unsafe(_table(case), ["I"], _levels(case))
    assert "998" not in str(refused.value)


def test_the_interval_of_geurts_and_the_respondent_who_is_alone_in_the_neighbour() -> None:
    case = CASES["hb-ex3"]
    values = case["known"] | {"1|1": 4, "1|2": 3, "2|1": 2, "2|2": 1}  # one of the tables that fit what is known
    cells = {id: Cell(id, value, 1 if id == "1|2" else None) for id, value in values.items()}
    relations = tuple(total_of(total, parts) for total, parts in case["relations"])
    table = SetOfCells(cells, relations)
    done = {one.cell: one for one in audit(table, case["unknown"], {}).verdicts}
    assert [done["1|1"].low, done["1|1"].high] == pytest.approx(case["interval"]["1|1"])
    found = audit(table, case["unknown"], {"1|1": Level(1, 1)})
    assert not found.safe
    assert "“1|2”的唯一调查对象" in found.unsafe[0].reason
    nobody_alone = SetOfCells({id: Cell(id, value) for id, value in values.items()}, relations)
    assert audit(nobody_alone, case["unknown"], {"1|1": Level(1, 1)}).safe


@pytest.mark.parametrize("id", ["fs-3x3", "sdctable-attack", "sdctable-linked"])
def test_the_audit_of_published_patterns(id: str) -> None:
    case = CASES[id]
    for one in case["audit"]:
        done = audit(_table(case), one["pattern"], _levels(case))
        verdicts = {verdict.cell: verdict for verdict in done.verdicts}
        for cell, interval in one.get("interval", {}).items():
            assert [verdicts[cell].low, verdicts[cell].high] == pytest.approx(interval, abs=1e-6)
            assert verdicts[cell].safe is one["safe"]
        assert done.safe is one["safe"]


def test_the_rules_on_the_cells_of_sdctable() -> None:
    case = CASES["sdctable-dominance"]
    for expected in case["expected"]:
        rule = Threshold(expected["max"] + 1) if expected["rule"] == "freq" else _rule(expected)
        hit = [
            id
            for id, one in case["contributions"].items()
            if level(rule, Summary(one["total"], tuple(one["largest"]), one["n"]), one["total"])
        ]
        assert hit == expected["sensitive"]


@pytest.mark.parametrize("number", [0, 1])
def test_dominance_with_weights_of_both_kinds(number: int) -> None:
    case = CASES["gauss-dominance"]
    expected = case["expected"][number]
    way = Weighting.COPIES if expected["weights"] == "tau-argus" else Weighting.SAMPLE
    pairs = [(expected["n"], expected["k"])] if number == 0 else list(zip(expected["n"], expected["k"], strict=True))
    hit = []
    for id, group in case["groups"].items():
        seen = summary(Cell(id, 0, contributions=tuple(Contribution(*one) for one in group)), way)
        assert seen.total == case["weighted_totals"][id]
        if any(level(Dominance(n, k), seen, seen.total) for n, k in pairs):
            hit.append(id)
    assert hit == expected["sensitive"]


def test_contributions_of_one_holding_are_one_respondent() -> None:
    parts = (Contribution(5, 1, "甲"), Contribution(4, 1, "甲"), Contribution(2))
    seen = summary(Cell("a", 11, contributions=parts))
    assert (seen.respondents, seen.largest) == (2, (9, 2))


@pytest.mark.parametrize("id", ["sdctable-attack", "sdctable-linked", "sdctable-microdata1"])
def test_the_published_optimum_is_found_and_proven(id: str) -> None:
    case = CASES[id]
    made = protect(_table(case), _levels(case), seconds=10)
    assert sorted(made.hidden - made.primary) == sorted(case["optimum"]["secondary"])
    assert made.price.proven


def test_the_example_of_the_cell_suppression_papers_is_no_dearer_than_theirs() -> None:
    case = CASES["fs-3x3"]
    made = protect(_table(case), {"II|C": Level(4.4, 4.4)}, seconds=10)
    assert sum(case["cells"][id] for id in made.hidden - made.primary) <= 8 + 17 + 12
    assert made.price.proven


@pytest.mark.parametrize("row", CASES["hb-study-a"]["rows"][:2], ids=lambda row: f"{row[0]} cells")
def test_secondary_suppressions_stay_in_the_range_of_the_handbooks_study(row: list[float]) -> None:
    """Other tables than the study's, of the same size: a measure of the order, not an equality."""
    cells, hypercube, modular = row
    table = random_table("hierarchical", 0, int(cells) + 15)
    made = protect(table, sensitive(table), seconds=1)
    share = 100 * made.price.secondary / len(table.cells)
    assert 0.5 * modular <= share <= hypercube
