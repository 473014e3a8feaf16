"""How a workbook shows a number, as far as its format changes what is read: dates, per cent, own signs, nothing.

A format that only rounds, groups, colours or names a currency shows what is stored; then the stored digits count.
Source: ECMA-376 part 1, 18.8.30 and 18.8.31 (numFmt, numFmts).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from pubflow.extraction.reading import Readable
from pubflow.extraction.xml_events import events
from pubflow.settings.calendar_models import weekday_name

_MONTHS, _DAYS, _CLOCK = 'yyyy"年"m"月"', 'm"月"d"日"', '上午/下午h"时"mm"分"'
# Formats that Excel knows by number, as its Chinese edition shows them; no file writes down what they mean.
_BUILTIN = {
    9: "0%",
    10: "0.00%",
    14: "yyyy/m/d",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy/m/d h:mm",
    45: "mm:ss",
    47: "mm:ss.0",
    **dict.fromkeys((27, 36, 50, 52, 57), _MONTHS),
    **dict.fromkeys((28, 29, 51, 53, 54, 58), _DAYS),
    30: "m-d-yy",
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    34: _CLOCK,
    35: f'{_CLOCK}ss"秒"',
    55: _CLOCK,
    56: f'{_CLOCK}ss"秒"',
}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.?)|(?P<space>_.?)|(?P<fill>\*.?)|\[\$(?P<sign>[^\]-]*)[^\]]*\]|'
    r"\[(?P<elapsed>h+|m+|s+)\]|(?P<aside>\[[^\]]*\])|(?P<half>AM/PM|A/P|上午/下午)|(?P<power>E[+-]0+)|"
    r"(?P<general>General|G/通用格式)|(?P<date>y+|e+|m+|d+|h+|s+|a{3,4})|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|"
    r"(?P<percent>%)|(?P<text>@)|(?P<end>;)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST = 1_000  # code points of a format; Excel allows 255
_LAST_DAY = 2_958_466  # 10000-01-01, which no program shows
_DIGITS = 309  # digits of the largest number of a cell
Token = tuple[str, str]  # kind, text


def formats_of(stream: Readable) -> list[str]:
    """The format of each cell style, in the order of their numbers in xl/styles.xml."""
    own: dict[str, str] = {}
    found: list[str] = []
    inside = False
    for kind, name, given in events(stream):
        if name == "cellXfs":
            inside = kind == "start"
        elif kind == "start" and name == "numFmt":
            own[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif kind == "start" and name == "xf" and inside:
            number = given.get("numFmtId", "0")
            known = int(number) if number.isdecimal() and len(number) < 6 else 0
            found.append(own.get(number, _BUILTIN.get(known, "General")))
    return found


def shown_number(value: str, code: str, *, from_1904: bool = False) -> str:
    """What a cell with this number and format shows; the value itself where the format changes nothing that is read.

    value: as stored. from_1904: days count from 1904-01-01. Empty: the format hides the number.
    """
    sections = _sections(code)
    if all(section.plain for section in sections):
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS:
        return value
    which = 1 if number < 0 and len(sections) > 1 else 2 if number == 0 and len(sections) > 2 else 0
    section = sections[which]
    if section.plain:
        return value
    if section.date:
        return _shown_date(number, section.tokens, from_1904) or value
    return _shown_digits(abs(number) if which == 1 else number, section.tokens)


def shown_text(value: str, code: str) -> str:
    """What a cell with this text and format shows: the fourth part of a format may hide it."""
    sections = _sections(code)
    if len(sections) < 4 or any(kind == "text" for kind, _ in sections[3].tokens):
        return value
    return "".join(text for kind, text in sections[3].tokens if kind == "literal")


@dataclass(frozen=True)
class _Section:
    """One part of a format. plain: it shows what is stored."""

    tokens: tuple[Token, ...]
    date: bool
    plain: bool


@lru_cache(maxsize=4096)
def _sections(code: str) -> tuple[_Section, ...]:
    parts: list[list[Token]] = [[]]
    for found in _TOKEN.finditer(code[:_LONGEST]):
        kind, text = str(found.lastgroup), found[found.lastgroup or 0]
        if kind == "end":
            parts.append([])
        elif kind in ("quoted", "escaped", "sign", "other"):
            parts[-1].append(("literal", text))
        elif kind == "space":
            parts[-1].append(("literal", " "))
        elif kind not in ("fill", "aside"):
            parts[-1].append((kind, text))
    return tuple(_section(tuple(part), hides=len(parts) > 1) for part in parts)


def _section(tokens: tuple[Token, ...], *, hides: bool) -> _Section:
    kinds = [kind for kind, _ in tokens]
    if {"general", "power", "elapsed", "text"} & set(kinds):
        return _Section(tokens, date=False, plain=True)
    if {"date", "half"} & set(kinds):
        return _Section(tokens, date=True, plain=False)
    if "digit" not in kinds:
        return _Section(tokens, date=False, plain=not tokens and not hides)
    first, last = kinds.index("digit"), len(kinds) - 1 - kinds[::-1].index("digit")
    literals = [(at, text) for at, (kind, text) in enumerate(tokens) if kind == "literal"]
    telling = any(first < at < last or any(sign.isdecimal() for sign in text) for at, text in literals)
    scaled = "percent" in kinds or kinds[last + 1 : last + 2] == ["comma"]
    return _Section(tokens, date=False, plain=not telling and not scaled)


def _shown_date(number: Decimal, tokens: tuple[Token, ...], from_1904: bool) -> str:
    """Empty for a day that is no date."""
    if not 0 <= number < _LAST_DAY:
        return ""
    # The calendar of 1900 counts a 29 February that never was.
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if number < 60 else 30)  # noqa: DTZ001 - no zone
    try:
        moment = start + timedelta(seconds=round(float(number) * 86_400))
    except OverflowError:
        return ""
    halves = any(kind == "half" for kind, _ in tokens)
    units = [(at, text[0].lower()) for at, (kind, text) in enumerate(tokens) if kind == "date"]
    said: list[str] = []
    for at, (kind, text) in enumerate(tokens):
        if kind == "half":
            early = moment.hour < 12
            said.append(("上午" if early else "下午") if "上" in text else ("AM" if early else "PM"))
        elif kind == "date":
            before = next((unit for place, unit in reversed(units) if place < at), "")
            behind = next((unit for place, unit in units if place > at), "")
            said.append(_unit(moment, text.lower(), minutes=before == "h" or behind == "s", halves=halves))
        else:
            said.append(text)
    return "".join(said)


def _unit(moment: datetime, text: str, *, minutes: bool, halves: bool) -> str:
    unit, wide = text[0], len(text) > 1
    if unit in "ye":
        return f"{moment.year:04d}" if unit == "e" or len(text) > 2 else f"{moment.year % 100:02d}"
    if unit == "a" or (unit == "d" and len(text) > 2):
        return "星期" * (len(text) > 3) + weekday_name(moment.date())[-1]
    value = {
        "m": moment.minute if minutes else moment.month,
        "d": moment.day,
        "h": (moment.hour % 12 or 12) if halves else moment.hour,
        "s": moment.second,
    }[unit]
    return f"{value:02d}" if wide else str(value)


def _shown_digits(number: Decimal, tokens: tuple[Token, ...]) -> str:
    kinds = [kind for kind, _ in tokens]
    if "digit" not in kinds:
        return "".join(text for kind, text in tokens if kind == "literal")
    last = len(kinds) - 1 - kinds[::-1].index("digit")
    thousands = next((n for n, kind in enumerate(kinds[last + 1 :]) if kind != "comma"), len(kinds) - last - 1)
    number = number.scaleb(2 * kinds.count("percent") - 3 * thousands)
    point = kinds.index("point") if "point" in kinds else len(kinds)
    places = kinds[point:].count("digit")
    digits = f"{abs(number).scaleb(places).to_integral_value(ROUND_HALF_UP):f}".rjust(places, "0")
    waiting = list(digits if digits.strip("0") or places else "")
    said: list[str] = []
    left = kinds.count("digit")
    for kind, text in reversed(tokens):
        if kind == "digit":
            left -= 1
            if left == 0:
                said.append("".join(waiting) or ("0" if text == "0" else ""))
            else:
                said.append(waiting.pop() if waiting else "0" if text == "0" else "")
        elif kind != "comma":
            said.append(text)
    return ("-" if number < 0 else "") + "".join(reversed(said))
