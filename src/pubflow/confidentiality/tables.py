"""Tables inside a text: rows of cells, and what a column says about its cells.

A column is judged as a column, by its header and by the share of its values that have a form. So a figure of eleven
digits in a column of figures is no telephone number, and the names of a list that gives addresses are personal.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from pubflow.confidentiality.enterprises import Enterprises
from pubflow.confidentiality.found import HAN, PERSONAL, Found, Reading
from pubflow.confidentiality.homes import Homes
from pubflow.confidentiality.illness import Illness
from pubflow.confidentiality.names import Names
from pubflow.confidentiality.rule_kinds import CreditCode, EnterpriseFigures, RuleBase, SmallCell
from pubflow.confidentiality.table_blocks import UNIT_CELL, Table, tables_in
from pubflow.confidentiality.table_columns import FEWEST, Columns
from pubflow.confidentiality.table_figures import (
    BRACKETS,
    FIGURE_HEADS,
    FewRespondentsInTable,
    RespondentRows,
    is_number,
)

_NAME_CELL = re.compile(rf"[{HAN}·•]{{2,10}}")
# Where a number that nobody labelled may be somebody's: anywhere else the column holds figures.
_NUMBER_HEADS = re.compile(
    r"手机|电话|联系|号码|银行卡|卡号|卡$|账号|帐号|账户|证件|身份证|微信|备注|说明|通讯|通信方式|tel|phone|mobile|^号$|^(?:lxdh|dh|sjh?|yddh|lxfs)$",
    re.IGNORECASE,
)
_OTHER_NUMBERS = re.compile(
    r"编号|序号|代码|单号|流水|合同|发票|订单|批次|批号|户号|表号|工号|学号|编码|条码|凭证|型号|档号|指标"
)
_LABEL = 8  # characters of a cell that is a label and no sentence
_MOST_KEYS = 60  # lines of a table that may be a list of keys; a longer one has its header above
_WITH_UNIT = re.compile(r"[（(][^（）()]{0,8}[元吨时人户个家里件台辆度米斤克亩%‰][）)]$")


class Tables:
    """The rules that look at tables."""

    def __init__(
        self,
        rules: Sequence[RuleBase],
        names: Names | None,
        illness: Illness | None,
        enterprises: Enterprises | None,
        homes: Sequence[Homes],
    ) -> None:
        self._names, self._enterprises = names, enterprises
        self._columns = Columns(rules, names, illness, homes)
        self._small = [FewRespondentsInTable(rule) for rule in rules if isinstance(rule, SmallCell)]
        self._codes = [rule for rule in rules if isinstance(rule, CreditCode)]
        counts = [re.escape(word) for rule in rules if isinstance(rule, SmallCell) for word in rule.headers]
        self._any_count = re.compile(rf"(?:{'|'.join(counts) or '(?!)'})(?:[（(][^,\t|\n]{{0,8}}[)）])?[ ]?[,\t|]")
        self._respondents = [
            RespondentRows(rule, enterprises) for rule in rules if enterprises and isinstance(rule, EnterpriseFigures)
        ]

    def read(self, reading: Reading, *, csv: bool) -> None:
        """Add what the columns of every table say, and take back numbers that turn out to be figures."""
        found = sorted(reading.found, key=_start)
        starts = [one.start for one in found]
        read: list[Found] = []
        done = 0
        for table in tables_in(reading.text, csv=csv):
            # Each table is read by itself: a text may hold as many tables as findings.
            first, last = bisect_left(starts, table.start), bisect_left(starts, table.end)
            own = Reading(reading.text, found[first:last])
            self._table(own, table)
            read += found[done:first] + own.found
            done = last
        reading.found[:] = read + found[done:]

    def _table(self, reading: Reading, table: Table) -> None:
        """reading: what was found inside of the table, and what is added to it."""
        inside = list(reading.found)
        if not inside and not self._may_hold_something(table):
            return
        table.heads += [""] * (table.columns - len(table.heads))
        for small in self._small:
            small.read(reading, table)
        if self._heads_stand_in_first_column(table):
            table = table.turn()
            table.heads += [""] * (table.columns - len(table.heads))
        places = self._columns_of(table, inside)
        wrong = self._figures_taken_for_numbers(table, places)
        by_law = self._is_public_list(table)
        if by_law:
            wrong |= {(found.start, found.end) for found, _ in places if isinstance(found.rule, CreditCode)}
        if wrong:
            reading.found[:] = [found for found in reading.found if (found.start, found.end) not in wrong]
            places = [(found, column) for found, column in places if (found.start, found.end) not in wrong]
        personal = any(found.rule.type in PERSONAL for found, _ in places)
        personal = self._columns.read(reading, table, personal=personal, listed_by_law=by_law)
        code_column = self._columns.code_column(table)
        respondents = [rows.read(reading, table, code_column) for rows in self._respondents]
        coded = any(found.rule.type in ("USCC", "ORG_CODE") for found, _ in places)
        self._people(reading, table, personal=personal, respondents=any(respondents) or coded)

    def _heads_stand_in_first_column(self, table: Table) -> bool:
        """A table with a column for each person or firm, or a sheet of keys and values."""
        if not 2 <= len(table.head_lines) + len(table.lines) <= _MOST_KEYS:
            return False
        is_head = self._columns.is_personal_head
        down = sum(is_head(BRACKETS.sub("", word)) for word in set(table.first_column()))
        return down > 1 and down > sum(map(is_head, table.heads))

    def _is_public_list(self, table: Table) -> bool:
        """Whether the law makes the firms in it public: penalties, tenders."""
        said = "".join(table.heads) + table.said_before()
        return any(word in said for rule in self._codes for word in rule.public_context)

    def _may_hold_something(self, table: Table) -> bool:
        """A header names a type or counts respondents, or an enterprise is named."""
        if self._columns.any_in(table) or self._any_count.search(table.text, table.start, table.end):
            return True
        return self._enterprises is not None and self._enterprises.any_in(table.text, table.start, table.end)

    def _columns_of(self, table: Table, inside: list[Found]) -> list[tuple[Found, int]]:
        """The column of each number found in the table; counts the types of each column."""
        table.kinds = [Counter() for _ in range(table.columns)]
        cells = sorted((cell[0], number) for row in table.rows for number, cell in enumerate(row))
        starts = [start for start, _ in cells]
        columns = [number for _, number in cells]
        places = []
        for found in inside:
            at = bisect_right(starts, found.start) - 1
            if at >= 0:
                places.append((found, columns[at]))
                table.kinds[columns[at]][found.rule.type] += 1
        return places

    def _figures_taken_for_numbers(self, table: Table, places: list[tuple[Found, int]]) -> set[tuple[int, int]]:
        """Spans of numbers without a label of their own, in a column that holds figures."""
        wrong: set[tuple[int, int]] = set()
        for found, column in places:
            if found.sure:
                continue
            head = table.heads[column]
            if any(word in head for word in found.rule.headers):
                continue
            figures = (bool(FIGURE_HEADS.search(head)) and "号" not in head) or bool(_OTHER_NUMBERS.search(head))
            cells = table.column(column)
            said = bool(_NUMBER_HEADS.search(head)) and not self._in_row_of_figures(table, found.start)
            if not figures and (said or self._is_column_of(found, table, column, len(cells))):
                continue
            if self._row_says_number(table, found.start):
                continue
            if (head and not _NUMBER_HEADS.search(head)) or self._in_row_of_figures(table, found.start):
                wrong.add((found.start, found.end))
                continue
            few = table.kinds[column][found.rule.type] * 2 < len(cells)
            other_numbers = sum(is_number(table, cell) for cell in cells) * 2 > len(cells)
            if figures or (few and other_numbers) or (other_numbers and self._has_unit(table, found)):
                wrong.add((found.start, found.end))
        return wrong

    def _is_column_of(self, found: Found, table: Table, column: int, cells: int) -> bool:
        """Nearly all of a column have this form, beside a column that is surely personal: no figures do that."""
        if cells < FEWEST or table.kinds[column][found.rule.type] * 5 < cells * 4:
            return False
        return any(
            max(kinds["CN_ID"], kinds["USCC"]) * 2 > cells for other, kinds in enumerate(table.kinds) if other != column
        )

    def _row_says_number(self, table: Table, at: int) -> bool:
        """The first cell of the row names such a number: 联系电话 in a table of figures."""
        row = table.row_at(at)
        first = table.word(row[0]) if row and row[0][1] < at else ""
        return len(first) <= _LABEL and _NUMBER_HEADS.search(first) is not None and not _OTHER_NUMBERS.search(first)

    def _in_row_of_figures(self, table: Table, at: int) -> bool:
        """The first cell of the row names an indicator: a table whose columns are places or years."""
        row = table.row_at(at)
        if not row or row[0][1] >= at:
            return False
        first = table.word(row[0])
        figures = FIGURE_HEADS.search(first) or _WITH_UNIT.search(first)
        return bool(figures) and not _NUMBER_HEADS.search(first)

    def _has_unit(self, table: Table, found: Found) -> bool:
        """Another cell of the row is a unit."""
        return any(UNIT_CELL.fullmatch(table.text, *cell) for cell in table.row_at(found.start))

    def _people(self, reading: Reading, table: Table, *, personal: bool, respondents: bool) -> None:
        """The names of a list that holds something personal, or the respondents' figures or codes."""
        names = self._names
        if names is None:
            return
        heads = table.heads
        private = sum(any(word in head for word in names.rule.private_headers) for head in heads)
        public = any(any(word in head for word in names.rule.public_headers) for head in heads)
        if not personal and not respondents and (public or private < 2):
            return
        beside = self._rows_with_something_personal(reading, table) if public else None
        staff = names.rule.staff_headers
        others = any(
            any(word in head for word in names.rule.headers) and not any(word in head for word in staff)
            for head in heads
        )
        for column, head in enumerate(heads):
            cells = table.column(column)
            headed = any(word in head for word in names.rule.headers)
            if not cells or (others and any(word in head for word in staff)):
                continue
            valid = {cell for cell in cells if names.is_name(_squeezed(table.word(cell)))}
            if headed:
                valid |= {cell for cell in cells if _looks_like_name(table.word(cell), len(valid), len(cells))}
            elif (len(cells) < FEWEST and head) or len(valid) * 5 < len(cells) * 4:
                continue
            why = (
                "姓名与能指向个人或调查对象的信息在同一张表里",
                f"所在列的表头是“{head[:20]}”" if head else "整列都是姓名",
            )
            known = {found.start for found in reading.found if found.rule is names.rule}
            reading.found += [
                Found(*cell, names.rule, why)
                for cell in sorted(valid)
                if cell[0] not in known and (beside is None or cell in beside)
            ]

    def _rows_with_something_personal(self, reading: Reading, table: Table) -> set[tuple[int, int]]:
        """The cells of such rows: in a list of officials and of others the row tells."""
        places = sorted(found.start for found in reading.found if found.rule.type in PERSONAL)
        cells: set[tuple[int, int]] = set()
        for row in table.rows:
            if any(bisect_right(places, end) > bisect_left(places, start) for start, end in row):
                cells.update(row)
        return cells


def _start(found: Found) -> int:
    return found.start


def _squeezed(cell: str) -> str:
    return cell.replace(" ", "").replace("\u3000", "")


def _looks_like_name(cell: str, valid: int, cells: int) -> bool:
    """A rare surname among names that are known."""
    return (
        valid * 2 >= cells
        and bool(_NAME_CELL.fullmatch(cell))
        and len(cell) <= 4
        and "某" not in cell
        and not cell.endswith(("先生", "女士", "行", "社", "局"))
    )
