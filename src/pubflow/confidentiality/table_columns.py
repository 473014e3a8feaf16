"""What the columns of a table hold: by the words of the header, or by the share of cells that have a form."""

import re
from collections.abc import Callable, Sequence

from pubflow.confidentiality.check_digits import is_credit_code
from pubflow.confidentiality.found import PERSONAL, Found, Reading
from pubflow.confidentiality.homes import Homes
from pubflow.confidentiality.illness import Illness
from pubflow.confidentiality.labelled import packed, read_as_organisation_code, straight
from pubflow.confidentiality.names import Names
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
)
from pubflow.confidentiality.table_blocks import Table

FEWEST = 3  # cells of a column that is judged by what they hold
_SAMPLE = 4  # cells that are looked at before all
_SENTENCE = 9  # characters of a cell that tells something
_HEAD = 10  # characters of a header; longer ones are sentences
_ANY_ADDRESS = frozenset(
    {"地址", "详细地址", "通讯地址", "联系地址", "所在地址"}
)  # a firm's, unless persons are listed


class Columns:
    """The rules that know a column by its header, and those that know it by its cells."""

    def __init__(
        self, rules: Sequence[RuleBase], names: Names | None, illness: Illness | None, homes: Sequence[Homes]
    ) -> None:
        self._names, self._illness, self._homes = names, illness, homes
        self._headed = [rule for rule in rules if rule.headers and not isinstance(rule, SmallCell | EnterpriseFigures)]
        self._coded_heads = {word.lower(): rule for rule in self._headed for word in rule.headers if word.isascii()}
        words = {word for rule in rules for word in rule.headers if not isinstance(rule, EnterpriseFigures)}
        words |= set(names.rule.private_headers) if names else set()
        self._any_head = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)")

    def any_in(self, table: Table) -> bool:
        """Whether a header may name a type."""
        return self._any_head.search("|".join(table.heads)) is not None

    def is_personal_head(self, word: str) -> bool:
        """Whether a word is the header of something personal."""
        if not 2 <= len(word) <= _HEAD:
            return False
        if self._names and any(head in word for head in self._names.rule.private_headers):
            return True
        rule = self.rule_of(word)
        return rule is not None and (word.isascii() or word.endswith(rule.headers))

    def code_column(self, table: Table) -> int | None:
        """The column of the respondents' codes."""
        for column, kinds in enumerate(table.kinds):
            headed = isinstance(self.rule_of(table.heads[column]), CreditCode | OrganisationCode)
            if headed or (kinds["USCC"] + kinds["ORG_CODE"]) * 2 > len(table.rows):
                return column
        return None

    def read(self, reading: Reading, table: Table, *, personal: bool, listed_by_law: bool) -> bool:
        """Add the cells whose column says their type. Returns whether the table holds something personal.

        listed_by_law: the codes of firms in it are public.
        """
        listed = self._is_list_of_people(table)
        taken = {(found.start, found.rule.type) for found in reading.found}
        for column, head in enumerate(table.heads):
            rule = self._rule_of_column(table, column, listed=listed, personal=personal)
            if rule is None or isinstance(rule, PersonName) or (listed_by_law and isinstance(rule, CreditCode)):
                continue
            if isinstance(rule, Medical | Household) and not (listed or personal):
                continue
            if isinstance(rule, HomeAddress) and head in _ANY_ADDRESS and not listed:
                continue
            why = (f"所在列的表头是“{head[:20]}”",)
            for start, end in table.column(column):
                known = any((place, rule.type) in taken for place in (start, start + 1))
                if not known and self._is_value(rule, table.text[start:end]):
                    reading.found.append(Found(start, end, rule, why))
                    personal = personal or rule.type in PERSONAL or isinstance(rule, Household)
        return personal

    def rule_of(self, head: str) -> RuleBase | None:
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

    def _rule_of_column(self, table: Table, column: int, *, listed: bool, personal: bool) -> RuleBase | None:
        """By its header, else by what most of its cells are; the less a form says, the more the table must say."""
        head = table.heads[column]
        if rule := self.rule_of(head):
            return None if self._is_office_telephone(rule, table, head) else rule
        cells = [table.word(cell) for cell in table.column(column)]
        firms = any(kinds["USCC"] + kinds["ORG_CODE"] for kinds in table.kinds)
        for rule in self._headed:
            if isinstance(rule, OrganisationCode) and _most(cells, 2, read_as_organisation_code):
                return rule
            if isinstance(rule, Labelled) and rule.weak_labels and personal and not firms:
                said_otherwise = any(word in head for word in rule.not_between)
                if not said_otherwise and _most(cells, FEWEST, self._is_telephone(rule)):
                    return rule
            if not (listed or personal):
                continue
            if isinstance(rule, Household) and _most(cells, FEWEST, _tells(rule)):
                return rule
        if (listed or personal) and self._illness and _most(cells, FEWEST, self._illness.is_disease):
            return self._illness.rule
        for home in self._homes if (listed or personal) and not firms else ():
            said_otherwise = any(word in head for word in home.rule.not_after)
            if not said_otherwise and _most(cells, FEWEST, home.is_home):
                return home.rule
        return None

    def _is_office_telephone(self, rule: RuleBase, table: Table, head: str) -> bool:
        """座机 in a list that names posts or a fax is an office's."""
        if not isinstance(rule, Labelled) or not rule.weak_labels or not head.endswith(rule.weak_labels):
            return False
        public = (*(self._names.rule.public_headers if self._names else ()), *rule.not_between)
        return any(word in one for one in table.heads for word in public)

    def _is_telephone(self, rule: Labelled) -> Callable[[str], bool]:
        return lambda cell: cell.startswith("0") and self._is_value(rule, cell)

    def _is_value(self, rule: RuleBase, cell: str) -> bool:
        if not cell or "*" in cell or "×" in cell or "＊" in cell:
            return False
        if isinstance(rule, Labelled):
            spellings = (cell, straight(cell), cell[:1] + straight(cell[1:]), packed(cell)) if rule.digits else (cell,)
            return any(rule.compiled.fullmatch(plain) is not None for plain in spellings)
        if isinstance(rule, CreditCode):
            return is_credit_code(packed(cell).upper()) and not packed(cell).startswith(rule.public_prefixes)
        if isinstance(rule, OrganisationCode):
            return read_as_organisation_code(cell)
        if isinstance(rule, HomeAddress):
            return len(cell) >= 5 and not cell.isascii()
        if isinstance(rule, Medical):
            return self._illness is not None and self._illness.is_disease(cell)
        return isinstance(rule, Household) and cell not in ("无", "否", "/", "-", "—")

    def _is_list_of_people(self, table: Table) -> bool:
        return self._names is not None and any(head.endswith(self._names.rule.headers) for head in table.heads)


def _most(cells: Sequence[str], fewest: int, is_one: Callable[[str], bool]) -> bool:
    """Three in five of at least so many cells; a sample first, since most columns are something else."""
    if len(cells) < fewest or not any(map(is_one, cells[:_SAMPLE])):
        return False
    return sum(map(is_one, cells)) * 5 >= len(cells) * 3


def _tells(rule: Household) -> Callable[[str], bool]:
    return lambda cell: len(cell) >= _SENTENCE and any(fact in cell for fact in rule.facts)
