"""Random tables for the disclosure control, made from micro data: each respondent has its place and its value."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pubflow.protection.sensitivity import Dominance, Level, Prior, Threshold, sensitive_cells
from pubflow.protection.table import Cell, Contribution, Relation, SetOfCells, total_of

RULES = (Threshold(3), Dominance(1, 85), Prior(10))
KINDS = ("2-D", "3-D", "hierarchical", "linked")
Key = tuple[str, ...]
Axis = dict[str, tuple[str, ...]]  # each leaf, and the groups above it
_ALL = "T"
_OTHER = ("x1", "x2", "x3")


class Respondent(NamedTuple):
    """Where one stands and what it gives. holding: whose it is; other: its answer to the second question."""

    place: Key
    value: int
    holding: str
    other: str


def micro_data(kind: str, seed: int, size: int) -> tuple[list[Axis], list[Respondent]]:
    """The axes and the respondents of the random table of the same name."""
    dice = random.Random(f"{kind} {seed} {size}")  # noqa: S311 - a seeded table
    if kind == "3-D":
        side = max(2, round(size ** (1 / 3)) - 1)
        axes: list[Axis] = [_flat("a", side), _flat("b", side), _flat("c", side)]
    elif kind == "hierarchical":
        groups = max(2, round(math.sqrt(size) / 4))
        axes = [_tree("a", groups, 4), _flat("b", max(2, round(size / (groups * 5 + 1)) - 1))]
    else:
        side = max(2, round(math.sqrt(size)) - 1)
        axes = [_flat("a", side), _flat("b", side)]
    places = 1
    for axis in axes:
        places *= len(axis)
    words = [sorted(axis) for axis in axes]
    often = [[1 / (1 + rank) ** 0.7 for rank in range(len(axis))] for axis in axes]  # few large places, many small
    found = []
    for number in range(places * 9):
        leaves = [dice.choices(axis, weights)[0] for axis, weights in zip(words, often, strict=True)]
        value = max(1, round(dice.lognormvariate(4, 1.2)))
        holding = f"h{dice.randrange(places)}" if dice.random() < 0.05 else f"r{number}"
        found.append(Respondent(tuple(leaves), value, holding, dice.choice(_OTHER) if kind == "linked" else ""))
    return axes, found


def random_table(kind: str, seed: int, size: int) -> SetOfCells:
    """A table of about `size` cells, values of whole units, some places with very few respondents."""
    axes, respondents = micro_data(kind, seed, size)
    sums: dict[Key, list[Contribution]] = defaultdict(list)
    for one in respondents:
        above = [(*axis[leaf], _ALL) for axis, leaf in zip(axes, one.place, strict=True)]
        for key in _crossed([(leaf, *up) for leaf, up in zip(one.place, above, strict=True)]):
            sums[key].append(Contribution(one.value, 1.0, one.holding))
        if one.other:  # a second table: the same rows by another question
            for key in _crossed([(one.place[0], _ALL), (one.other,)]):
                sums[key].append(Contribution(one.value, 1.0, one.holding))
    keys = list(_crossed([_words(axis) for axis in axes]))
    relations = [one for at, axis in enumerate(axes) for one in _sums(keys, at, axis)]
    if kind == "linked":
        rows = [*axes[0], _ALL]
        keys += [(row, column) for row in rows for column in _OTHER]
        relations += [total_of(cell_id((row, _ALL)), [cell_id((row, column)) for column in _OTHER]) for row in rows]
        relations += [total_of(cell_id((_ALL, x)), [cell_id((row, x)) for row in axes[0]]) for x in _OTHER]
    return SetOfCells({cell_id(key): _cell(key, sums.get(key, [])) for key in keys}, tuple(relations))


def sensitive(table: SetOfCells) -> dict[str, Level]:
    """The sensitive cells under the rules all benches use."""
    return sensitive_cells(table, RULES, smallest=1.0)


def _cell(key: Key, parts: Sequence[Contribution]) -> Cell:
    held = {one.holding for one in parts}
    return Cell(cell_id(key), math.fsum(one.value for one in parts), len(held), tuple(parts))


def _flat(name: str, count: int) -> dict[str, tuple[str, ...]]:
    return {f"{name}{number}": () for number in range(count)}


def _tree(name: str, groups: int, leaves: int) -> dict[str, tuple[str, ...]]:
    return {f"{name}{group}.{leaf}": (f"{name}{group}",) for group in range(groups) for leaf in range(leaves)}


def _words(axis: dict[str, tuple[str, ...]]) -> list[str]:
    return [*axis, *dict.fromkeys(up for above in axis.values() for up in above), _ALL]


def _sums(keys: Iterable[Key], at: int, axis: dict[str, tuple[str, ...]]) -> list[Relation]:
    groups = list(dict.fromkeys(up for above in axis.values() for up in above))
    parts_of = {group: [leaf for leaf, above in axis.items() if group in above] for group in groups}
    parts_of[_ALL] = groups or list(axis)

    def at_place(key: Key, word: str) -> str:
        return cell_id((*key[:at], word, *key[at + 1 :]))

    return [
        total_of(cell_id(key), [at_place(key, part) for part in parts_of[key[at]]])
        for key in keys
        if key[at] in parts_of
    ]


def _crossed(words: Sequence[Sequence[str]]) -> list[Key]:
    found: list[Key] = [()]
    for choices in words:
        found = [(*key, word) for key in found for word in choices]
    return found


def cell_id(key: Sequence[str]) -> str:
    """The id of the cell at these words, one for each axis."""
    return "|".join(key)
