"""Random tables: what protect returns is safe for an auditor of its own, which shares nothing with the solver."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.outside_auditor import given_away
from bench.table_cases import KINDS, random_table, sensitive
from pubflow.protection.sensitivity import Level
from pubflow.protection.suppressing import Cost, protect
from pubflow.protection.table import Cell, SetOfCells, total_of


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind in KINDS for seed in range(5)])
def test_no_pattern_gives_anybody_away(kind: str, seed: int) -> None:
    table = random_table(kind, seed, 90)
    levels = sensitive(table)
    made = protect(table, levels, seconds=1)
    assert made.hidden >= set(levels)
    assert given_away(table, set(made.hidden), levels) == []
    assert made.price.cost >= made.price.bound * (1 - 1e-9)


def test_the_auditor_of_these_tests_sees_a_missing_cell() -> None:
    table = random_table("2-D", 1, 40)
    levels = sensitive(table)
    hidden = set(protect(table, levels, seconds=1).hidden)
    assert hidden > set(levels)
    assert any(given_away(table, hidden - {one}, levels) for one in hidden - set(levels))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=9, max_size=9), st.sets(st.integers(0, 8), min_size=1, max_size=3))
def test_a_proven_optimum_is_the_cheapest_of_all_patterns(values: list[int], small: set[int]) -> None:
    inner = {f"{row}{column}": values[3 * row + column] for row in range(3) for column in range(3)}
    cells = {id: Cell(id, value, 9) for id, value in inner.items()}
    relations = []
    for axis, words in enumerate(itertools.tee(range(3))):
        for word in words:
            parts = [id for id in inner if id[axis] == str(word)]
            total = f"{word}T" if axis == 0 else f"T{word}"
            cells[total] = Cell(total, sum(inner[id] for id in parts), 9)
            relations.append(total_of(total, parts))
    cells["TT"] = Cell("TT", sum(values), 9)
    relations += [total_of("TT", ["0T", "1T", "2T"]), total_of("TT", ["T0", "T1", "T2"])]
    table = SetOfCells(cells, tuple(relations))
    ids = list(inner)
    levels = {ids[at]: Level(0.2 * values[at], 0.2 * values[at]) for at in small}
    made = protect(table, levels, cost=Cost.COUNT, seconds=5)
    cheapest = next(
        (
            size
            for size in range(9 - len(levels) + 1)
            for more in itertools.combinations([id for id in ids if id not in levels], size)
            if not given_away(table, {*levels, *more}, levels)
        ),
        None,
    )
    assert made.price.proven
    assert made.totals if cheapest is None else made.price.secondary == cheapest
