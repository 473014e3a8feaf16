"""A table as cells and the linear relations between them, and whether its figures agree with them."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pubflow.errors import BadInput

_SHOWN = 5  # faults named in one message


class State(StrEnum):
    """What may become of a cell."""

    OPEN = "open"
    PUBLIC = "public"  # published earlier: everybody has it, it cannot be hidden any more
    HIDDEN = "hidden"  # hidden in a table published earlier: it stays hidden


@dataclass(frozen=True)
class Contribution:
    """One respondent's part of a cell. weight: respondents it stands for. holding: whose it is, empty for its own."""

    value: float
    weight: float = 1.0
    holding: str = ""


@dataclass(frozen=True)
class Cell:
    """One figure. respondents: how many it was made from, None when nobody says.

    largest: the largest contributions, where single ones are not given; in the unit of the value.
    rate: a growth rate or share; it takes part in relations as their source, not as a term.
    sole: who the only respondent is; cells of the same word are known to the same person.
    """

    id: str
    value: float
    respondents: int | None = None
    contributions: tuple[Contribution, ...] = ()
    largest: tuple[float, ...] = ()
    rate: bool = False
    state: State = State.OPEN
    sole: str = ""


@dataclass(frozen=True)
class Relation:
    """low <= sum of coefficient x value <= high over `terms`.

    total: the cell the others add up to, empty for other relations. tolerance: what rounding may make of a sum.
    rate: the cell this is read from (a growth rate); once that is hidden, nobody knows the relation.
    """

    terms: tuple[tuple[str, float], ...]
    words: str
    low: float = 0.0
    high: float = 0.0
    total: str = ""
    tolerance: float = 0.0
    rate: str = ""

    def residual(self, values: Mapping[str, float]) -> float:
        """The sum over the terms, in the unit of the values."""
        return math.fsum(coefficient * values[id] for id, coefficient in self.terms)


def total_of(total: str, parts: Collection[str], *, tolerance: float = 0.0) -> Relation:
    """`total` is the sum of `parts`."""
    terms = ((total, 1.0), *((part, -1.0) for part in parts))
    return Relation(terms, f"{total} = {' + '.join(parts)}", total=total, tolerance=tolerance)


def difference(left: str, whole: str, taken: str, *, tolerance: float = 0.0) -> Relation:
    """`left` is `whole` less `taken`: the month between two cumulative figures."""
    terms = ((left, 1.0), (whole, -1.0), (taken, 1.0))
    return Relation(terms, f"{left} = {whole} - {taken}", tolerance=tolerance)


def growth(rate: str, now: str, before: str, percent: float, *, half_step: float) -> tuple[Relation, Relation]:
    """now / before - 1 rounds to `percent`. half_step: half of the last printed digit, in per cent."""
    return _ratio(rate, now, before, 1 + (percent - half_step) / 100, 1 + (percent + half_step) / 100)


def share(rate: str, part: str, whole: str, percent: float, *, half_step: float) -> tuple[Relation, Relation]:
    """part / whole rounds to `percent`."""
    return _ratio(rate, part, whole, (percent - half_step) / 100, (percent + half_step) / 100)


def _ratio(rate: str, above: str, below: str, low: float, high: float) -> tuple[Relation, Relation]:
    words = f"{above} / {below}（{rate}）"
    at_least = Relation(((above, 1.0), (below, -low)), words, 0.0, math.inf, rate=rate)
    at_most = Relation(((above, 1.0), (below, -high)), words, -math.inf, 0.0, rate=rate)
    return at_least, at_most


@dataclass(frozen=True)
class SetOfCells:
    """A table, or several linked ones. nonnegative: everybody knows that no cell is below zero.

    Raises BadInput (Chinese, naming the cells) when a relation speaks of a cell that is not there, or figures
    do not agree with a relation beyond rounding.
    """

    cells: Mapping[str, Cell]
    relations: tuple[Relation, ...] = ()
    nonnegative: bool = True
    totals: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", frozenset(one.total for one in self.relations if one.total))
        for id, cell in self.cells.items():
            if not math.isfinite(cell.value):
                raise BadInput("不是有限的数", id, "请填写数值，空缺请先删去该格")
            if cell.respondents is not None and cell.respondents < 0:
                raise BadInput("调查对象数不能小于零", id, "请核对单位数")
        for relation in self.relations:
            for id in (*(id for id, _ in relation.terms), *filter(None, (relation.rate,))):
                if id not in self.cells:
                    raise BadInput(f"关系“{relation.words}”中的格不存在", id, "请核对表的结构")
        if faults := self.faults():
            more = f"（另有 {len(faults) - _SHOWN} 处）" if len(faults) > _SHOWN else ""
            raise BadInput(f"表内关系不平：{'；'.join(faults[:_SHOWN])}{more}", "", "请先更正数字，或更正表的结构")

    def faults(self) -> list[str]:
        """Relations that the figures do not agree with, in words with the difference."""
        values = {id: cell.value for id, cell in self.cells.items()}
        found = []
        for relation in self.relations:
            residual = relation.residual(values)
            size = max((abs(coefficient * values[id]) for id, coefficient in relation.terms), default=0.0)
            slack = relation.tolerance + 1e-9 * size
            if residual < relation.low - slack or residual > relation.high + slack:
                found.append(f"{relation.words}，相差 {residual:.6g}")
        return found
