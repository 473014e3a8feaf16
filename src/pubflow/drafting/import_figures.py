"""The figures and statements of a yearly disclosure report, read from its sentences. Pure."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pubflow.drafting.import_oddities import Place
from pubflow.drafting.import_reading import Structure
from pubflow.drafting.import_rules import ImportRules
from pubflow.errors import BadInput

_PART = re.compile(r"^(?P<name>\D+?)\s*(?P<count>\d+)\s*[条件]$")
_AND = re.compile(r"和|及|与|以及")
_DIGITS = "零一二三四五六七八九"
_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")


@dataclass(frozen=True)
class CategoryName:
    """A catalogue category as the import needs it; wiring makes it from the office's categories."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    named_in_scheme: bool = True


@dataclass(frozen=True)
class Figures:
    """What the sentences say; None or empty where the text says nothing."""

    year: str = ""
    items_in_year: int | None = None
    serial_issues: dict[str, int] | None = None  # title of the serial -> issues of the year
    named: tuple[str, ...] = ()  # categories the text names, canonical names in its order
    named_stated: int | None = None  # how many it says they are (九类)
    counts: dict[str, int] | None = None  # canonical category name -> items, cumulative, in the order of the text
    counted_twice: tuple[str, ...] = ()
    unread_parts: tuple[str, ...] = ()  # pieces of the list of counts that hold no count
    total: int | None = None  # the cumulative total the text states
    sum: int | None = None  # what the counts add up to, repeated ones included
    as_of: dt.date | None = None
    no_protected_content: bool | None = None  # 未涉及国家秘密、商业秘密和个人隐私; None: not said
    no_override: bool | None = None  # 没有经权利人同意公开…; None: not said


def category_named(words: str, categories: Sequence[CategoryName], where: str) -> CategoryName:
    """The category with that id, name or alias. Raises BadInput that names the known ones."""
    found = _lookup(words, categories)
    if found is None:
        known = "、".join(category.name for category in categories)
        raise BadInput(
            f"没有名为“{words.strip()}”的目录分类",
            where,
            f"已知的分类：{known}。同一分类的另一叫法，请系统管理员登记为别名",
        )
    return found


def read_figures(structure: Structure, categories: Sequence[CategoryName], name: str, rules: ImportRules) -> Figures:
    """Read every figure the rules have a sentence for. Raises BadInput for a category nobody knows, with its line."""
    text = "\n".join(line.text for line in structure.body_lines)
    year = rules.sentence_pattern("items_in_year").search(text)
    serials = {m.group("title"): int(m.group("count")) for m in rules.sentence_pattern("serial").finditer(text)}
    named, stated = _named(structure, text, categories, name, rules)
    read = Counts()
    if counted := rules.sentence_pattern("counted_categories").search(text):
        read = _counted(counted.group("parts"), structure, categories, name)
    return Figures(
        year=year.group("year") if year else "",
        items_in_year=int(year.group("count")) if year else None,
        serial_issues=serials,
        named=named,
        named_stated=stated,
        counts=read.counts,
        counted_twice=read.twice,
        unread_parts=read.unread,
        total=int(counted.group("total")) if counted else None,
        sum=read.sum if counted else None,
        as_of=date_in(counted.group("date")) if counted else None,
        no_protected_content=_says(rules, "no_protected_content", text),
        no_override=_says(rules, "no_override", text),
    )


@dataclass(frozen=True)
class Counts:
    """The list of counts as read."""

    counts: dict[str, int] | None = None
    twice: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    sum: int = 0


def date_in(words: str) -> dt.date | None:
    """The first date 2016年12月31日 in `words`; None when there is none or it does not exist."""
    found = _DATE.search(words)
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def impossible_dates(structure: Structure) -> tuple[Place, ...]:
    """Every date in the body that no calendar has, such as 2016年2月30日."""
    return tuple(
        Place(line.number, found[0], "这一天不存在")
        for line in structure.body_lines
        for found in _DATE.finditer(line.text)
        if date_in(found[0]) is None
    )


def _named(
    structure: Structure, text: str, categories: Sequence[CategoryName], name: str, rules: ImportRules
) -> tuple[tuple[str, ...], int | None]:
    found = rules.sentence_pattern("named_categories").search(text)
    if not found:
        return (), None
    names: list[str] = []
    for piece in re.split(r"[、,，]", found.group("names")):
        # A category's own name may hold 和, so the whole piece is tried before it is split.
        parts = [piece] if _lookup(piece, categories) else _AND.split(piece)
        names += [category_named(part, categories, _where(structure, part, name)).name for part in parts]
    return tuple(names), _number(found.group("count"))


def _counted(parts: str, structure: Structure, categories: Sequence[CategoryName], name: str) -> Counts:
    counts: dict[str, int] = {}
    twice, unread, added = [], [], 0
    for part in re.split(r"[,，、；;]", parts):
        found = _PART.match(part.strip())
        if not found:
            unread.append(part.strip())
            continue
        known = category_named(found["name"], categories, _where(structure, part, name)).name
        added += int(found["count"])
        if known in counts:
            twice.append(known)
        counts[known] = counts.get(known, 0) + int(found["count"])
    return Counts(counts, tuple(twice), tuple(part for part in unread if part), added)


def _lookup(words: str, categories: Sequence[CategoryName]) -> CategoryName | None:
    wanted = words.strip()
    return next((c for c in categories if wanted in {c.id, c.name, *c.aliases}), None)


def _where(structure: Structure, words: str, name: str) -> str:
    return f"{name} 第{structure.find(words).line}行"


def _number(words: str) -> int | None:
    """九 -> 9, 两 -> 2, 十二 -> 12, 二十 -> 20; digits as they are; None for what is no number below 100."""
    if words.isdecimal():
        return int(words)
    tens, ten, ones = words.replace("两", "二").rpartition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in tens:
        return None
    value = (_DIGITS.index(tens) if tens else 1) * 10 if ten else 0
    return value + (_DIGITS.index(ones) if ones else 0)


def _says(rules: ImportRules, sentence: str, text: str) -> bool | None:
    return True if rules.sentence_pattern(sentence).search(text) else None
