"""Figures of one text that another one, not yet released, holds: read with indicator and unit, compared by value.

Pure. Implementing regulation of the Statistics Law, Art. 28: before its release nobody passes a figure on.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

WINDOW = 40  # code points before a value in which its indicator stands
_LEAST = 3  # code points of an indicator that say something
_UNITS = {
    "元": ("元", 1.0),
    "万元": ("元", 1e4),
    "亿元": ("元", 1e8),
    "万亿元": ("元", 1e12),
    "美元": ("美元", 1.0),
    "万美元": ("美元", 1e4),
    "亿美元": ("美元", 1e8),
    "吨": ("吨", 1.0),
    "万吨": ("吨", 1e4),
    "平方米": ("平方米", 1.0),
    "万平方米": ("平方米", 1e4),
    "千瓦时": ("千瓦时", 1.0),
    "万千瓦时": ("千瓦时", 1e4),
    "亿千瓦时": ("千瓦时", 1e8),
    "人": ("人", 1.0),
    "万人": ("人", 1e4),
    "户": ("户", 1.0),
    "万户": ("户", 1e4),
    "家": ("家", 1.0),
    "个": ("个", 1.0),
    "条": ("条", 1.0),
    "件": ("件", 1.0),
    "次": ("次", 1.0),
    "人次": ("人次", 1.0),
    "万人次": ("人次", 1e4),
    "亩": ("亩", 1.0),
    "万亩": ("亩", 1e4),
    "公里": ("公里", 1.0),
    "%": ("%", 1.0),
    "％": ("%", 1.0),
    "个百分点": ("%", 1.0),
}
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_NUMBER = re.compile(rf"(?<![0-9.\-—–])([0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)\s*({_UNIT})?")
_WIDE = str.maketrans("０１２３４５６７８９．，％", "0123456789.,%")
_STOP = re.compile(r"[，。；：、！？\n|]|(?<=\D),")
_ROUGH = re.compile(r"(?:约|近|超|逾|突破|接近|超过|达到?近)[^0-9]{0,2}$")
# What stands between an indicator's name and its value, or before the name, without being part of it.
_FILLER = re.compile(
    r"\d+\s*[-—–至]\s*\d+\s*[月季]份?|\d+\s*[年月日季]度?份?|[一二三四]季度|上半年|下半年|前三季度|全年|本月|当月|累计|全区|全市|我区|我市|"
    r"区内|实现|完成|达到|达|为|约|近|超过|超|逾|突破|同比|比上年同期|比上年|其中|[#＃]|[（(][^（）()]{0,30}[)）]|[0-9.%\s*#:：|]"
)
_RATE_WORDS = re.compile(r"增长|下降|上升|回落|提高|增速|增减|降低")
_CALENDAR = re.compile(r"^\s*(?:年|月|日|期|号|季|时|分|条|页|版|届|次|第)")
_UNIT_CELL = re.compile(rf"^\s*({_UNIT})\s*$")
_UNIT_HEAD = re.compile(rf"[（(]\s*({_UNIT})\s*[)）]")
_SYNONYMS = (("规模以上", "规上"), ("限额以上", "限上"), ("全社会", ""), ("地区生产总值", "GDP"))


@dataclass(frozen=True)
class Figure:
    """A number as a text says it. start, end: code points. value: in the base unit; step: its last digit, same unit.

    unit: base unit, empty without one. indicator: normal words of what it measures, empty where nothing is near.
    digits: significant ones. rate: a growth rate.
    """

    start: int
    end: int
    value: float
    step: float
    unit: str
    indicator: str
    digits: int
    rate: bool = False


@dataclass(frozen=True)
class Match:
    """One of our figures and the embargoed one it gives away."""

    own: Figure
    held: Figure


def figures(text: str, *, csv: bool = False) -> list[Figure]:
    """Every number with what it measures, in reading order. Years, dates, ordinals and bare counts are none.

    csv: every line is a row, cells by comma.
    """
    plain = text.translate(_WIDE)
    if csv:
        plain = plain.replace(",", "|")
    found: list[Figure] = []
    at = 0
    heads: list[str] | None = None  # of the table that the lines are in; its first line is the header
    for line in plain.split("\n"):
        if csv or line.count("|") >= 3:
            cells = _cells(line)
            if heads is None:
                heads = [word for _, word in cells]
            elif cells:
                found += _of_row(cells, heads, at)
        else:
            heads = None
            found += _of_prose(line, at)
        at += len(line) + 1
    return found


def matches(own: Sequence[Figure], held: Iterable[Figure]) -> list[Match]:
    """Figures of `own` that say one of `held`, rounded or converted; at most one match a figure.

    A figure of few digits needs the whole name of the indicator; one of three and more a large part of it.
    """
    by_unit: dict[str, list[tuple[float, Figure]]] = {}
    for one in held:
        by_unit.setdefault(one.unit, []).append((one.value, one))
    for rows in by_unit.values():
        rows.sort(key=lambda row: row[0])
    made = []
    for one in own:
        rows = by_unit.get(one.unit, [])
        low = bisect_left(rows, one.value - 0.5 * one.step * (1 + 1e-9), key=lambda row: row[0])
        high = bisect_right(rows, one.value + one.step * (1 - 1e-9), key=lambda row: row[0])
        match = next((Match(one, other) for _, other in rows[low:high] if _says(one, other)), None)
        if match:
            made.append(match)
    return made


def _says(own: Figure, held: Figure) -> bool:
    if own.rate != held.rate or min(own.digits, held.digits) < 1 or held.digits < 2:
        return False
    return alike(own.indicator, held.indicator, whole=own.digits < 3)


@lru_cache(maxsize=65_536)
def alike(ours: str, theirs: str, *, whole: bool) -> bool:
    """Whether two normal indicators are the same. whole: one holds the other; else a large part in common will do."""
    if min(len(ours), len(theirs)) < _LEAST:
        return False
    if ours in theirs or theirs in ours:
        return True
    return not whole and _common(ours, theirs) >= max(4, 0.6 * min(len(ours), len(theirs)))


def _common(first: str, second: str) -> int:
    """Length of the longest run of signs that both hold."""
    best, row = 0, [0] * (len(second) + 1)
    for sign in first:
        before = 0
        for at, other in enumerate(second, 1):
            row[at], before = (before + 1 if sign == other else 0), row[at]
            best = max(best, row[at])
    return best


def _of_prose(line: str, offset: int) -> Iterator[Figure]:
    named = ""
    last = 0
    for number in _NUMBER.finditer(line):
        before = line[max(last, number.start() - WINDOW) : number.start()]
        last = number.end()
        pieces = _STOP.split(before)
        said = [_normal(one) for one in pieces]
        rate = bool(_RATE_WORDS.search(pieces[-1])) and _UNITS.get(number[2] or "", ("",))[0] == "%"
        own = next((one for one in reversed(said) if len(one) >= _LEAST and not _RATE_WORDS.fullmatch(one)), "")
        stripped = _RATE_WORDS.sub("", own)
        named = stripped if len(stripped) >= _LEAST else named
        if number[2] is None and _CALENDAR.match(line[number.end() : number.end() + 2]):
            continue
        made = _figure(number, named, offset, number[2] or "", rate=rate, rough=bool(_ROUGH.search(before)))
        if made:
            yield made


def _of_row(cells: list[tuple[int, str]], heads: list[str], offset: int) -> Iterator[Figure]:
    label = _normal(cells[0][1])
    unit = next((found[1] for _, word in cells[1:] if (found := _UNIT_CELL.match(word))), "")
    for number, (start, word) in enumerate(cells[1:], 1):
        found = _NUMBER.fullmatch(word.strip())
        if not found:
            continue
        head = heads[number] if number < len(heads) else ""
        rate = bool(_RATE_WORDS.search(head)) or "%" in head or "同比" in head
        own = _UNIT_HEAD.search(head)
        measured = found[2] or ("%" if rate else own[1] if own else unit)
        shift = offset + start + len(word) - len(word.lstrip())
        made = _figure(found, label or _normal(head), shift, measured, rate=rate, rough=False)
        if made:
            yield made


def _figure(number: re.Match[str], indicator: str, offset: int, unit: str, *, rate: bool, rough: bool) -> Figure | None:
    digits = number[1].replace(",", "")
    whole, _, part = digits.partition(".")
    base, factor = _UNITS.get(unit, ("", 1.0))
    zeros = len(whole) - len(whole.rstrip("0")) if rough and not part else 0
    step = 10.0 ** (zeros - len(part)) * factor
    significant = len(digits.replace(".", "").lstrip("0")) - zeros
    if not unit and not part:
        return None  # a bare whole number is an ordinal, a year or a count more often than a figure
    return Figure(
        offset + number.start(), offset + number.end(), float(digits) * factor, step, base, indicator, significant, rate
    )


def _cells(line: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for piece in line.split("|"):
        found.append((at, piece))
        at += len(piece) + 1
    if found and not found[0][1].strip():
        found = found[1:]
    return found[:-1] if found and not found[-1][1].strip() else found


def _normal(words: str) -> str:
    plain = _FILLER.sub("", words).strip()
    for long, short in _SYNONYMS:
        plain = plain.replace(long, short)
    return plain.strip("的是和与及以在中")
