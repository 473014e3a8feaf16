"""Tables inside a text: rows of cells, and what a column says about its cells.

A column is judged as a column, by its header and by the share of its values that have a form. So a figure of eleven
digits in a column of figures is no telephone number, and the names of a list that gives addresses are personal.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from pubflow.confidentiality.check_digits import is_credit_code
from pubflow.confidentiality.enterprises import Enterprises
from pubflow.confidentiality.found import Found, Reading
from pubflow.confidentiality.labelled import packed, read_as_organisation_code, straight
from pubflow.confidentiality.persons import HAN, PERSONAL, Homes, Illness, Names
from pubflow.confidentiality.rule_kinds import (
    CreditCode,
    EnterpriseFigures,
    HomeAddress,
    Household,
    Labelled,
    Medical,
    OrganisationCode,
    PersonName,
    RuleBase,
    SmallCell,
    Words,
)
from pubflow.confidentiality.table_blocks import NUMBER, UNIT_CELL, Table, tables_in

_TITLE = 120  # characters before a table that may say what it lists
_BRACKETS = re.compile(r"[（(\[][^（）()\[\]]*[)）\]]")
_NAME_CELL = re.compile(rf"[{HAN}·•]{{2,10}}")
_FIGURE_HEADS = re.compile(
    r"元|吨|千瓦|产值|收入|利润|增加值|面积|产量|数量|金额|总额|税|累计|本月|合计|总计|增长|比重|指标值|数值|[0-9]{4}年|[量值额率]$"
)
# Where a number that nobody labelled may be somebody's: anywhere else the column holds figures.
_NUMBER_HEADS = re.compile(
    r"手机|电话|联系|号码|银行卡|卡号|卡$|账号|帐号|账户|证件|身份证|微信|备注|说明|通讯|通信方式|tel|phone|mobile|^号$|^(?:lxdh|dh|sjh?|yddh|lxfs)$",
    re.IGNORECASE,
)
_OTHER_NUMBERS = re.compile(
    r"编号|序号|代码|单号|流水|合同|发票|订单|批次|批号|户号|表号|工号|学号|编码|条码|凭证|型号|档号|指标"
)
_SAMPLE = 4  # cells of a column that are looked at before all of it
_LABEL = 8  # characters of a cell that is a label and no sentence
_MOST_KEYS = 60  # lines of a table that may be a list of keys; a longer one has its header above
_FEWEST_NAMES = 3  # under a header that says nothing of names
_COUNT = re.compile(r"([0-9]{1,6}|[一二两])[家户个人]?")
_NOTHING = ("0", "0.0")
_SPELT = {"一": 1, "二": 2, "两": 2}
_ANY_ADDRESS = frozenset(
    {"地址", "详细地址", "通讯地址", "联系地址", "所在地址"}
)  # a firm's, unless persons are listed
_PERSON_HEADS = ("姓名", "户主", "名字", "申请人", "当事人", "患者", "被调查人", "受访者", "收款人", "业主")
_WITH_UNIT = re.compile(r"[（(][^（）()]{0,8}[元吨时人户个家里件台辆度米斤克亩%‰][）)]$")
_NO_FIGURE_HEADS = re.compile(r"(?i)qq|微信|邮箱|序号|编号|代码|年份|邮编|电话|手机|号码|证|账号|卡号|日期|时间|年龄")


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
        self._names, self._illness, self._enterprises, self._homes = names, illness, enterprises, homes
        self._headed = [rule for rule in rules if rule.headers and not isinstance(rule, SmallCell | EnterpriseFigures)]
        self._coded_heads = {word.lower(): rule for rule in self._headed for word in rule.headers if word.isascii()}
        self._small = [rule for rule in rules if isinstance(rule, SmallCell)]
        self._codes = [rule for rule in rules if isinstance(rule, CreditCode)]
        words = {word for rule in rules for word in rule.headers if not isinstance(rule, EnterpriseFigures)}
        words |= set(names.rule.private_headers) if names else set()
        self._any_head = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)")
        counts = [re.escape(word) for rule in self._small for word in rule.headers]
        self._any_count = re.compile(rf"(?:{'|'.join(counts) or '(?!)'})(?:[（(][^,\t|\n]{{0,8}}[)）])?[ ]?[,\t|]")
        self._figures = next((rule for rule in rules if isinstance(rule, EnterpriseFigures)), None)

    def read(self, reading: Reading, *, csv: bool) -> None:
        """Add what the columns of every table say, and take back numbers that turn out to be figures."""
        for table in tables_in(reading.text, csv=csv):
            self._table(reading, table)

    def _table(self, reading: Reading, table: Table) -> None:
        inside = [found for found in reading.found if table.start <= found.start < table.end]
        if not inside and not self._may_hold_something(reading.text, table):
            return
        table.heads += [""] * (table.columns - len(table.heads))
        for rule in self._small:
            self._small_cells(reading, table, rule)
        if self._heads_stand_in_first_column(table):
            table = table.turn()
        table.heads += [""] * (table.columns - len(table.heads))
        places = self._columns_of(table, inside)
        wrong = self._figures_taken_for_numbers(reading.text, table, places)
        by_law = self._is_public_list(reading.text, table)
        if by_law:
            wrong |= {(found.start, found.end) for found, _ in places if isinstance(found.rule, CreditCode)}
        if wrong:
            reading.found[:] = [found for found in reading.found if (found.start, found.end) not in wrong]
            places = [(found, column) for found, column in places if (found.start, found.end) not in wrong]
        personal = any(found.rule.type in PERSONAL for found, _ in places)
        personal = self._typed_columns(reading, table, personal=personal, listed_by_law=by_law)
        respondents = self._respondents(reading, table)
        coded = any(found.rule.type in ("USCC", "ORG_CODE") for found, _ in places)
        self._people(reading, table, personal=personal, respondents=respondents or coded)

    def _heads_stand_in_first_column(self, table: Table) -> bool:
        """A table with a column for each person or firm, or a sheet of keys and values."""
        if not 2 <= len(table.head_lines) + len(table.lines) <= _MOST_KEYS:
            return False
        down = sum(self._is_personal_head(_BRACKETS.sub("", word)) for word in set(table.first_column()))
        return down > 1 and down > sum(map(self._is_personal_head, table.heads))

    def _is_personal_head(self, word: str) -> bool:
        if not 2 <= len(word) <= 10:
            return False
        if self._names and any(head in word for head in self._names.rule.private_headers):
            return True
        rule = self._rule_of(word)
        return rule is not None and (word.isascii() or word.endswith(rule.headers))

    def _is_public_list(self, text: str, table: Table) -> bool:
        """Whether the law makes the firms in it public: penalties, tenders."""
        said = "".join(table.heads) + self._said_before(text, table)
        return any(word in said for rule in self._codes for word in rule.public_context)

    def _may_hold_something(self, text: str, table: Table) -> bool:
        """A header names a type or counts respondents, or an enterprise is named."""
        heads = "|".join(table.heads)
        if self._any_head.search(heads) or self._any_count.search(text, table.start, table.end):
            return True
        return self._enterprises is not None and self._enterprises.any_in(text, table.start, table.end)

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

    def _figures_taken_for_numbers(
        self, text: str, table: Table, places: list[tuple[Found, int]]
    ) -> set[tuple[int, int]]:
        """Spans of numbers without a label of their own, in a column that holds figures."""
        wrong: set[tuple[int, int]] = set()
        for found, column in places:
            if found.sure:
                continue
            head = table.heads[column]
            if any(word in head for word in found.rule.headers):
                continue
            figures = (bool(_FIGURE_HEADS.search(head)) and "号" not in head) or bool(_OTHER_NUMBERS.search(head))
            cells = [row[column] for row in table.rows if column < len(row) and row[column][0] < row[column][1]]
            said = bool(_NUMBER_HEADS.search(head)) and not self._in_row_of_figures(text, table, found.start)
            if not figures and (said or self._is_column_of(found, table, column, len(cells))):
                continue
            if self._row_says_number(text, table, found.start):
                continue
            if (head and not _NUMBER_HEADS.search(head)) or self._in_row_of_figures(text, table, found.start):
                wrong.add((found.start, found.end))
                continue
            few = table.kinds[column][found.rule.type] * 2 < len(cells)
            other_numbers = sum(NUMBER.fullmatch(text, *cell) is not None for cell in cells) * 2 > len(cells)
            if figures or (few and other_numbers) or (other_numbers and self._has_unit(text, table, found)):
                wrong.add((found.start, found.end))
        return wrong

    def _is_column_of(self, found: Found, table: Table, column: int, cells: int) -> bool:
        """Nearly all of a column have this form, beside a column that is surely personal: no figures do that."""
        if cells < _FEWEST_NAMES or table.kinds[column][found.rule.type] * 5 < cells * 4:
            return False
        return any(
            max(kinds["CN_ID"], kinds["USCC"]) * 2 > cells for other, kinds in enumerate(table.kinds) if other != column
        )

    def _row_says_number(self, text: str, table: Table, at: int) -> bool:
        """The first cell of the row names such a number: 联系电话 in a table of figures."""
        row = table.row_at(at)
        first = text[slice(*row[0])] if row and row[0][1] < at else ""
        return len(first) <= _LABEL and _NUMBER_HEADS.search(first) is not None and not _OTHER_NUMBERS.search(first)

    def _in_row_of_figures(self, text: str, table: Table, at: int) -> bool:
        """The first cell of the row names an indicator: a table whose columns are places or years."""
        row = table.row_at(at)
        if not row or row[0][1] >= at:
            return False
        first = text[slice(*row[0])]
        figures = _FIGURE_HEADS.search(first) or _WITH_UNIT.search(first)
        return bool(figures) and not _NUMBER_HEADS.search(first)

    def _has_unit(self, text: str, table: Table, found: Found) -> bool:
        """Another cell of the row is a unit."""
        return any(UNIT_CELL.fullmatch(text, *cell) for cell in table.row_at(found.start))

    def _typed_columns(self, reading: Reading, table: Table, *, personal: bool, listed_by_law: bool) -> bool:
        """Cells whose column's header names their type. Returns whether the table holds something personal.

        listed_by_law: the codes of firms in it are public.
        """
        text = reading.text
        listed = self._list_of_people(table)
        taken = {(found.start, found.rule.type) for found in reading.found}
        for column, head in enumerate(table.heads):
            rule = self._rule_of(head)
            if rule is None and personal:
                rule = self._home_telephones(text, table, column)
            rule = rule or self._organisation_codes(text, table, column)
            if rule is None and (listed or personal):
                rule = self._illnesses(text, table, column) or self._homes_or_facts(text, table, column)
            if self._is_office_telephone(rule, table, head):
                continue
            if rule is None or isinstance(rule, PersonName) or (listed_by_law and isinstance(rule, CreditCode)):
                continue
            if isinstance(rule, Medical | Household) and not (listed or personal):
                continue
            if isinstance(rule, HomeAddress) and head in _ANY_ADDRESS and not listed:
                continue
            why = (f"所在列的表头是“{head[:20]}”",)
            for row in table.rows:
                if column >= len(row):
                    continue
                start, end = row[column]
                if self._is_value(rule, text, start, end) and not any(
                    (place, rule.type) in taken for place in (start, start + 1)
                ):
                    reading.found.append(Found(start, end, rule, why))
                    personal = personal or rule.type in PERSONAL or isinstance(rule, Household)
        return personal

    def _organisation_codes(self, text: str, table: Table, column: int) -> RuleBase | None:
        """The rule of organisation codes for a column most of whose cells are one: by chance one in eleven is."""
        cells = [row[column] for row in table.rows if column < len(row) and row[column][0] < row[column][1]]
        for rule in self._headed:
            if isinstance(rule, OrganisationCode) and len(cells) > 1:
                if not any(self._is_value(rule, text, *cell) for cell in cells[:_SAMPLE]):
                    return None
                own = sum(self._is_value(rule, text, *cell) for cell in cells)
                return rule if own * 5 >= len(cells) * 3 else None
        return None

    def _is_office_telephone(self, rule: RuleBase | None, table: Table, head: str) -> bool:
        """座机 in a list that names posts or a fax is an office's."""
        if not isinstance(rule, Labelled) or not rule.weak_labels or not head.endswith(rule.weak_labels):
            return False
        public = (*(self._names.rule.public_headers if self._names else ()), *rule.not_between)
        return any(word in one for one in table.heads for word in public)

    def _homes_or_facts(self, text: str, table: Table, column: int) -> RuleBase | None:
        """The rule of homes or of households for a column of a list of persons, most of whose cells are one."""
        cells = [
            text[slice(*row[column])] for row in table.rows if column < len(row) and row[column][0] < row[column][1]
        ]
        if len(cells) < _FEWEST_NAMES:
            return None
        firms = any(kinds["USCC"] + kinds["ORG_CODE"] for kinds in table.kinds)
        for home in () if firms else self._homes:
            said_otherwise = any(word in table.heads[column] for word in home.rule.not_after)
            if not said_otherwise and sum(map(home.is_home, cells)) * 5 >= len(cells) * 3:
                return home.rule
        for rule in self._headed:
            if isinstance(rule, Household):
                told = sum(len(cell) > _LABEL and any(fact in cell for fact in rule.facts) for cell in cells)
                if told * 5 >= len(cells) * 3:
                    return rule
        return None

    def _illnesses(self, text: str, table: Table, column: int) -> RuleBase | None:
        """The rule of illness for a column of a list of persons most of whose cells are one."""
        cells = [row[column] for row in table.rows if column < len(row) and row[column][0] < row[column][1]]
        if self._illness is None or len(cells) < _FEWEST_NAMES:
            return None
        own = sum(self._illness.is_disease(text[slice(*cell)]) for cell in cells)
        return self._illness.rule if own * 5 >= len(cells) * 3 else None

    def _home_telephones(self, text: str, table: Table, column: int) -> RuleBase | None:
        """The rule of home telephones for a column of them in a list of persons, unless its header says office."""
        cells = [row[column] for row in table.rows if column < len(row) and row[column][0] < row[column][1]]
        if any(kinds["USCC"] + kinds["ORG_CODE"] for kinds in table.kinds):
            return None  # the telephones of firms
        for rule in self._headed:
            if isinstance(rule, Labelled) and rule.weak_labels and len(cells) >= _FEWEST_NAMES:
                own = sum(text[cell[0]] == "0" and self._is_value(rule, text, *cell) for cell in cells)
                if own * 2 > len(cells) and not any(word in table.heads[column] for word in rule.not_between):
                    return rule
        return None

    def _rule_of(self, head: str) -> RuleBase | None:
        """The rule whose header word is in `head`; the longest word wins."""
        if not head:
            return None
        if head.isascii():  # a column's name in a data base is a whole word or none
            return self._coded_heads.get(head.strip().lower())
        if self._any_head.search(head) is None:
            return None
        best: tuple[int, RuleBase] | None = None
        for rule in self._headed:
            if isinstance(rule, HomeAddress) and any(word in head for word in rule.not_after):
                continue
            for word in rule.headers:
                if word in head and (best is None or len(word) > best[0]):
                    best = len(word), rule
        return best[1] if best else None

    def _is_value(self, rule: RuleBase, text: str, start: int, end: int) -> bool:
        cell = text[start:end]
        if not cell or "*" in cell or "×" in cell or "＊" in cell:
            return False
        if isinstance(rule, Labelled):
            return any(
                (hit := rule.compiled.match(plain)) is not None and hit.end() == len(cell)
                for plain in ((cell, straight(cell), cell[:1] + straight(cell[1:])) if rule.digits else (cell,))
            ) or (rule.digits and rule.compiled.fullmatch(packed(cell)) is not None)
        if isinstance(rule, CreditCode):
            return is_credit_code(packed(cell).upper()) and not packed(cell).startswith(rule.public_prefixes)
        if isinstance(rule, OrganisationCode):
            return read_as_organisation_code(cell)
        if isinstance(rule, HomeAddress):
            return len(cell) >= 5 and not cell.isascii()
        if isinstance(rule, Medical):
            return self._illness is not None and self._illness.is_disease(cell)
        return isinstance(rule, Household) and len(cell) >= 1 and cell not in ("无", "否", "/", "-", "—")

    def _list_of_people(self, table: Table) -> bool:
        named = self._names.rule.headers if self._names else _PERSON_HEADS
        return any(head.endswith(named) for head in table.heads)

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
        text = reading.text
        beside = self._rows_with_something_personal(reading, table) if public else None
        staff = names.rule.staff_headers
        others = any(
            any(word in head for word in names.rule.headers) and not any(word in head for word in staff)
            for head in heads
        )
        for column, head in enumerate(heads):
            cells = [row[column] for row in table.rows if column < len(row) and row[column][0] < row[column][1]]
            headed = any(word in head for word in names.rule.headers)
            if not cells or (others and any(word in head for word in staff)):
                continue
            valid = {cell for cell in cells if names.is_name(_squeezed(text[slice(*cell)]))}
            if headed:
                valid |= {cell for cell in cells if _looks_like_name(text[slice(*cell)], len(valid), len(cells))}
            elif (len(cells) < _FEWEST_NAMES and head) or len(valid) * 5 < len(cells) * 4:
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

    def _respondents(self, reading: Reading, table: Table) -> bool:
        """Rows that give figures of one enterprise each. Returns whether there are any."""
        enterprises, rule = self._enterprises, self._figures
        if enterprises is None or rule is None or table.columns < 2:
            return False
        text = reading.text
        said = "".join(table.heads) + self._said_before(text, table)
        if any(word in said for word in rule.public_context):
            return False
        column = self._name_column(text, table, enterprises, rule.headers)
        coded = self._code_column(table) if column is None else None
        if column is None and coded is None:
            return False
        first = column if column is not None else (coded or 0)
        figures = [
            other
            for other in range(table.columns)
            if (other > first or (other < first and _FIGURE_HEADS.search(table.heads[other])))
            and self._holds_figures(text, table, other)
            and not any(word in table.heads[other] for word in rule.public_context)
        ]
        if not figures:
            return False
        why = ("这一行是一家企业的名称和它的统计数据", "识别或者推断单个统计调查对象的资料不得公开（统计法第二十八条）")
        for row in table.rows:
            if first >= len(row) or (column is not None and not enterprises.is_enterprise(text[slice(*row[column])])):
                continue
            values = [row[other] for other in figures if other < len(row) and NUMBER.fullmatch(text, *row[other])]
            if values and table.turned:  # what belongs together does not stand together
                reading.found += [Found(*value, rule, why) for value in values]
            elif values:
                cells = [row[first], *values] if column is not None else values
                start, end = min(cell[0] for cell in cells), max(cell[1] for cell in cells)
                reading.found.append(Found(start, end, rule, why))
        return True

    def _said_before(self, text: str, table: Table) -> str:
        """The line or two above a table, which may name it."""
        first = table.head_lines[0][0] if table.head_lines else table.start
        return "\n".join(text[max(0, first - _TITLE) : first].rstrip("\n").split("\n")[-2:])

    def _code_column(self, table: Table) -> int | None:
        """The column of the respondents' codes where no column holds their names."""
        for column, kinds in enumerate(table.kinds):
            headed = isinstance(self._rule_of(table.heads[column]), CreditCode | OrganisationCode)
            if headed or (kinds["USCC"] + kinds["ORG_CODE"]) * 2 > len(table.rows):
                return column
        return None

    def _name_column(self, text: str, table: Table, enterprises: Enterprises, headers: Words) -> int | None:
        for column in range(table.columns):
            cells = [row[column] for row in table.rows if column < len(row) and row[column][0] < row[column][1]]
            named = sum(enterprises.is_enterprise(text[slice(*cell)]) for cell in cells)
            head = table.heads[column] if column < len(table.heads) else ""
            if named and (any(word in head for word in headers) or named * 2 >= len(cells)):
                return column
        return None

    def _holds_figures(self, text: str, table: Table, column: int) -> bool:
        head = table.heads[column] if column < len(table.heads) else ""
        if _NO_FIGURE_HEADS.search(_BRACKETS.sub("", head)) or (column < len(table.kinds) and table.kinds[column]):
            return False
        cells = [row[column] for row in table.rows if column < len(row) and row[column][0] < row[column][1]]
        numbers = sum(NUMBER.fullmatch(text, *cell) is not None for cell in cells)
        return bool(numbers) and numbers * 2 >= len(cells)

    def _small_cells(self, reading: Reading, table: Table, rule: SmallCell) -> None:
        """Figures of rows whose count of respondents is below the least."""
        text = reading.text
        counting = [
            column
            for column, head in enumerate(table.heads)
            if _BRACKETS.sub("", head).strip().endswith(rule.headers) and not any(w in head for w in rule.not_values)
        ]
        if not counting:
            self._few_in_columns(reading, table, rule)
            return
        values = [
            other
            for other in range(table.columns)
            if other not in counting
            and self._holds_figures(text, table, other)
            and not any(word in table.heads[other] for word in rule.not_values)
        ]
        for number, column in enumerate(counting):
            # Of several counts each speaks of the figures between it and the next.
            first, last = (column if len(counting) > 1 else 0), ([*counting, table.columns])[number + 1]
            own = [other for other in values if first <= other < last]
            for row in table.rows:
                count = _count(text[slice(*row[column])]) if column < len(row) else 0
                if not 0 < count < rule.fewest:
                    continue
                why = (
                    f"本行“{table.heads[column][:20]}”为{count}，少于{rule.fewest}",
                    "可能据此推断出单个统计调查对象（统计法第二十八条）",
                )
                reading.found += [
                    Found(*row[other], rule, why)
                    for other in own
                    if other < len(row)
                    and NUMBER.fullmatch(text, *row[other])
                    and text[slice(*row[other])] not in _NOTHING
                ]

    def _few_in_columns(self, reading: Reading, table: Table, rule: SmallCell) -> None:
        """The same where the counts are a row and the respondents' groups are columns."""
        text = reading.text
        for counts in table.rows:
            label = _BRACKETS.sub("", text[slice(*counts[0])]).strip() if counts else ""
            if not label.endswith(rule.headers) or any(word in label for word in rule.not_values):
                continue
            few = [column for column in range(1, len(counts)) if 0 < _count(text[slice(*counts[column])]) < rule.fewest]
            for row in table.rows:
                name = text[slice(*row[0])] if row else ""
                if row is counts or any(word in name for word in rule.not_values):
                    continue
                for column in few:
                    if column < len(row) and NUMBER.fullmatch(text, *row[column]):
                        why = (
                            f"本列“{label[:20]}”少于{rule.fewest}",
                            "可能据此推断出单个统计调查对象（统计法第二十八条）",
                        )
                        reading.found.append(Found(*row[column], rule, why))
            return


def _squeezed(cell: str) -> str:
    return cell.replace(" ", "").replace("\u3000", "")


def _count(cell: str) -> int:
    """The count in a cell: 2, 2家, 两户; 0 for what is none."""
    found = _COUNT.fullmatch(cell.replace(",", ""))
    return _SPELT.get(found[1]) or int(found[1]) if found else 0


def _looks_like_name(cell: str, valid: int, cells: int) -> bool:
    """A rare surname among names that are known."""
    return (
        valid * 2 >= cells
        and bool(_NAME_CELL.fullmatch(cell))
        and len(cell) <= 4
        and "某" not in cell
        and not cell.endswith(("先生", "女士", "行", "社", "局"))
    )
