"""Figures in tables that lead to one respondent: rows of one enterprise each, and figures of too few respondents."""

import re

from pubflow.confidentiality.enterprises import Enterprises
from pubflow.confidentiality.found import Found, Reading
from pubflow.confidentiality.rule_kinds import EnterpriseFigures, SmallCell, Words
from pubflow.confidentiality.table_blocks import NUMBER, Table

FIGURE_HEADS = re.compile(
    r"元|吨|千瓦|产值|收入|利润|增加值|面积|产量|数量|金额|总额|税|累计|本月|合计|总计|增长|比重|指标值|数值|[0-9]{4}年|[量值额率]$"
)
BRACKETS = re.compile(r"[（(\[][^（）()\[\]]*[)）\]]")
_COUNT = re.compile(r"([0-9]{1,6}|[一二两])[家户个人]?")
_NOTHING = ("0", "0.0")
_SPELT = {"一": 1, "二": 2, "两": 2}
_NO_FIGURE_HEADS = re.compile(r"(?i)qq|微信|邮箱|序号|编号|代码|年份|邮编|电话|手机|号码|证|账号|卡号|日期|时间|年龄")


class RespondentRows:
    """The rule of the kind `enterprise_figures` in tables."""

    def __init__(self, rule: EnterpriseFigures, enterprises: Enterprises) -> None:
        self._rule, self._enterprises = rule, enterprises

    def read(self, reading: Reading, table: Table, code_column: int | None) -> bool:
        """Rows that give figures of one enterprise each. Returns whether there are any.

        code_column: of the respondents' codes, which stand for the names where no column holds these.
        """
        rule = self._rule
        if table.columns < 2:
            return False
        said = "".join(table.heads) + table.said_before()
        if any(word in said for word in rule.public_context):
            return False
        column = self._name_column(table, rule.headers)
        first = column if column is not None else code_column
        if first is None:
            return False
        figures = [
            other
            for other in range(table.columns)
            if (other > first or (other < first and FIGURE_HEADS.search(table.heads[other])))
            and holds_figures(table, other)
            and not any(word in table.heads[other] for word in rule.public_context)
        ]
        if not figures:
            return False
        why = ("这一行是一家企业的名称和它的统计数据", "识别或者推断单个统计调查对象的资料不得公开（统计法第二十八条）")
        for row in table.rows:
            if first >= len(row) or (
                column is not None and not self._enterprises.is_enterprise(table.word(row[column]))
            ):
                continue
            values = [row[other] for other in figures if other < len(row) and is_number(table, row[other])]
            if values and table.turned:  # what belongs together does not stand together
                reading.found += [Found(*value, rule, why) for value in values]
            elif values:
                cells = [row[first], *values] if column is not None else values
                start, end = min(cell[0] for cell in cells), max(cell[1] for cell in cells)
                reading.found.append(Found(start, end, rule, why))
        return True

    def _name_column(self, table: Table, headers: Words) -> int | None:
        for column in range(table.columns):
            cells = table.column(column)
            named = sum(self._enterprises.is_enterprise(table.word(cell)) for cell in cells)
            if named and (any(word in table.heads[column] for word in headers) or named * 2 >= len(cells)):
                return column
        return None


class FewRespondentsInTable:
    """The rule of the kind `small_cell` in tables."""

    def __init__(self, rule: SmallCell) -> None:
        self._rule = rule

    def read(self, reading: Reading, table: Table) -> None:
        """Figures of rows whose count of respondents is below the least."""
        rule = self._rule
        counting = [
            column
            for column, head in enumerate(table.heads)
            if BRACKETS.sub("", head).strip().endswith(rule.headers) and not any(w in head for w in rule.not_values)
        ]
        if not counting:
            self._in_columns(reading, table)
            return
        values = [
            other
            for other in range(table.columns)
            if other not in counting
            and holds_figures(table, other)
            and not any(word in table.heads[other] for word in rule.not_values)
        ]
        for number, column in enumerate(counting):
            # Of several counts each speaks of the figures between it and the next.
            first, last = (column if len(counting) > 1 else 0), ([*counting, table.columns])[number + 1]
            own = [other for other in values if first <= other < last]
            for row in table.rows:
                count = _count(table.word(row[column])) if column < len(row) else 0
                if 0 < count < rule.fewest:
                    self._add(
                        reading, table, [row[other] for other in own if other < len(row)], _row(table, column, count)
                    )

    def _in_columns(self, reading: Reading, table: Table) -> None:
        """The same where the counts are a row and the respondents' groups are columns."""
        rule = self._rule
        for counts in table.rows:
            label = BRACKETS.sub("", table.word(counts[0])).strip() if counts else ""
            if not label.endswith(rule.headers) or any(word in label for word in rule.not_values):
                continue
            few = [column for column in range(1, len(counts)) if 0 < _count(table.word(counts[column])) < rule.fewest]
            for row in table.rows:
                name = table.word(row[0]) if row else ""
                if row is not counts and not any(word in name for word in rule.not_values):
                    cells = [row[column] for column in few if column < len(row)]
                    self._add(reading, table, cells, f"本列“{label[:20]}”")
            return

    def _add(self, reading: Reading, table: Table, cells: list[tuple[int, int]], where: str) -> None:
        why = (f"{where}少于{self._rule.fewest}", "可能据此推断出单个统计调查对象（统计法第二十八条）")
        reading.found += [
            Found(*cell, self._rule, why)
            for cell in cells
            if is_number(table, cell) and table.word(cell) not in _NOTHING
        ]


def holds_figures(table: Table, column: int) -> bool:
    """Whether at least half of a column are figures, and its header names no other kind of number."""
    head = table.heads[column] if column < len(table.heads) else ""
    if _NO_FIGURE_HEADS.search(BRACKETS.sub("", head)) or (column < len(table.kinds) and table.kinds[column]):
        return False
    cells = table.column(column)
    numbers = sum(is_number(table, cell) for cell in cells)
    return bool(numbers) and numbers * 2 >= len(cells)


def is_number(table: Table, cell: tuple[int, int]) -> bool:
    """Whether a cell is one figure."""
    return NUMBER.fullmatch(table.text, *cell) is not None


def _row(table: Table, column: int, count: int) -> str:
    return f"本行“{table.heads[column][:20]}”为{count}，"


def _count(cell: str) -> int:
    """The count in a cell: 2, 2家, 两户; 0 for what is none."""
    found = _COUNT.fullmatch(cell.replace(",", ""))
    return _SPELT.get(found[1]) or int(found[1]) if found else 0
