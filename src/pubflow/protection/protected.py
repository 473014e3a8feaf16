"""A table made safe: the audited pattern, what is printed, why each cell is hidden, and what else was possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pubflow.errors import BadInput
from pubflow.protection.auditing import audit
from pubflow.protection.reading import Sheet, protected_csv
from pubflow.protection.sensitivity import Level, Rule, sensitive_cells
from pubflow.protection.suppressing import Cost, Pattern, Price, protect

_WORDS = {"threshold": "调查对象过少", "dominance": "过于集中", "p-percent": "过于集中"}


@dataclass(frozen=True)
class Wish:
    """How the office wants a table protected. weights: by cell, instead of the cost. seconds: for the search."""

    cost: Cost = Cost.VALUE
    weights: Mapping[str, float] | None = None
    keep: tuple[str, ...] = ()
    seconds: float = 10.0


@dataclass(frozen=True)
class Alternative:
    """Another pattern, by its price. hidden: its cells."""

    name: str
    price: Price
    hidden: tuple[str, ...]
    totals: tuple[str, ...]


@dataclass(frozen=True)
class Protected:
    """A safe table. printed: CSV with … and a footnote. why: for each hidden cell, in words without a figure."""

    sheet: Sheet
    pattern: Pattern
    rules: tuple[Rule, ...]
    levels: Mapping[str, Level]
    printed: str

    @property
    def hidden(self) -> tuple[str, ...]:
        """The hidden cells of this table, without those of tables published earlier."""
        return tuple(sorted(self.pattern.hidden & set(self.sheet.places)))

    @property
    def primary(self) -> tuple[str, ...]:
        """Those of them that a rule hides, the others hide these."""
        return tuple(id for id in self.hidden if id in self.levels)

    def why(self) -> dict[str, str]:
        """For a sensitive cell its rule, without the numbers; for another, whom it protects."""
        told = {}
        for id in self.hidden:
            if id in self.levels:
                rules = dict.fromkeys(_WORDS.get(one, one) for one in self.levels[id].rule.split("、"))
                told[id] = f"本身须隐去：{'、'.join(rules)}"
                continue
            without = audit(
                self.sheet.cells, self.pattern.hidden - {id}, self.levels, rules=self.rules, intervals=False
            )
            protects = "、".join(one.cell for one in without.unsafe)
            told[id] = f"否则可推算：{protects}" if protects else "搜索时间内未能证明可以公布"
        return told


def levels_of(sheet: Sheet, rules: Sequence[Rule]) -> dict[str, Level]:
    """The sensitive cells. Raises BadInput where nobody says how many respondents a cell has."""
    if sheet.missing:
        shown = "、".join(sheet.missing[:5]) + (f"等 {len(sheet.missing)} 格" if len(sheet.missing) > 5 else "")
        remedy = "请加一列单位数，或用 --respondents 给出，计数表用 --counts"
        raise BadInput(f"不知道由几个调查对象汇总：{shown}", sheet.name, remedy)
    return sensitive_cells(sheet.cells, rules, smallest=sheet.step)


def make_safe(sheet: Sheet, rules: Sequence[Rule], wish: Wish) -> Protected:
    """Hide what must be hidden. Raises BadInput, UnsafePattern; then there is nothing that could be printed."""
    levels = levels_of(sheet, rules)
    made = protect(
        sheet.cells, levels, cost=wish.cost, weights=wish.weights, keep=wish.keep, rules=rules, seconds=wish.seconds
    )
    return Protected(sheet, made, tuple(rules), levels, protected_csv(sheet, made.hidden & set(sheet.places)))


def alternatives(sheet: Sheet, rules: Sequence[Rule], wish: Wish) -> list[Alternative]:
    """The same table by value, by count and, where there are any, by the office's weights, for choosing."""
    ways = {
        "按数值": Wish(Cost.VALUE, None, wish.keep, wish.seconds),
        "按格数": Wish(Cost.COUNT, None, wish.keep, wish.seconds),
    }
    if wish.weights:
        ways["按本局权重"] = wish
    found = []
    for name, way in ways.items():
        made = make_safe(sheet, rules, way).pattern
        inside = tuple(sorted(made.hidden & set(sheet.places)))
        found.append(Alternative(name, made.price, inside, made.totals))
    return found
