"""Numbers that are known by their form: resident IDs, mobile numbers, bank cards, credit and organisation codes.

One pass finds runs of letters and digits; a run is taken apart into groups, and neighbouring groups are put together
again where people or layouts have split one number: 138 1234 5678, 360102-19850214-1230, a number over two lines.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pubflow.confidentiality.check_digits import check_digit, is_credit_code, is_organisation_code, luhn
from pubflow.confidentiality.found import Found, Reading, label_before, said_label
from pubflow.confidentiality.normalise import GAP
from pubflow.confidentiality.rule_kinds import (
    BankCard,
    CreditCode,
    Mobile,
    OrganisationCode,
    PersonName,
    ResidentId,
    RuleBase,
    Words,
)

_RUN = re.compile(rf"[0-9A-Za-z](?=(?:[A-Za-z{GAP}\n]{{0,6}}[0-9]){{5}})[0-9A-Za-z{GAP}\n]{{8,}}")
_DIGIT_A_CELL = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ \t\n|]{1,4}[0-9Xx]){10,18}(?![0-9A-Za-z])")
_ID_IN_CELLS = re.compile(r"(?<![0-9A-Za-z])[1-8][0-9]{2,15}(?:[ ]?[\t|][ ]?[0-9Xx]{1,14}){1,3}(?![0-9A-Za-z])")
_GROUP = re.compile("[0-9A-Za-z]+")
_INSIDE_LETTERS = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15,19}|1[0-9]{10})(?![0-9])")
_LETTERS = re.compile("[A-Za-z]")
_TITLE, _TITLE_LINE = 160, 40  # characters at the head of a text, and of a line there, that may be its title
_CONTEXT = 80  # characters of the line before a code that may say why it is public
_SIZES = frozenset({9, 11, 15, 16, 17, 18, 19})  # of the numbers we know
_SENTENCE = re.compile(r"[。！？\n\t]")
_LOOSE = " \u3000\n()（）[]【】*`"  # between two numbers they do not make one code of both
_FEWEST = 9  # digits of the shortest number without letters
_LONGEST = 19  # digits of the longest number we know
_LOOKALIKES = str.maketrans("OoQDIliZzSsBbgqG", "0000111225586996")
_MAYBE_DIGITS = re.compile("[0-9OoQDIliZzSsBbgqGXx]{9,}")
_SMALL = str.maketrans("ilo", "110")  # before the letters become capitals
_IN_CODES = str.maketrans("OISZV", "0152U")  # letters that no credit code has
_MOBILE_GROUPS = {
    *((3, 4, 4), (4, 3, 4), (4, 4, 3), (3, 5, 3), (2, 3, 3, 3), (3, 3, 3, 2), (2, 4, 5), (1, 3, 3, 4)),
    *((3, 8), (7, 4), (3, 3, 5), (5, 6), (6, 5), (4, 7), (2, 9), (1,) * 11),
}
# A resident ID cut into its parts, with or without a mobile number cut likewise behind it.
_ID_IN_COLUMNS = re.compile(
    r"(?<![0-9A-Za-z.])(?P<id>[1-8][0-9]{5},[12][089][0-9]{6},[0-9]{3}[0-9Xx])(?:,(?P<mobile>1[3-9][0-9],[0-9]{4},[0-9]{4}))?"
    r"(?![0-9A-Za-z.])"
)
_PREFIXES = ("86", "0086", "17951", "12593", "0")
_AFTER = 6  # characters read after a number for its unit
_CELL_SIGNS = (",", "\t", "|")
_CELLS = re.compile(r"[,\t|]")
_OWN_NUMBERS = ("卡号", "账号", "帐号", "机号", "话号", "证号", "小号", "短号", "系号", "信号", "人号", "长号")
_ASSIGNED = re.compile(r"(?<![A-Za-z])(?!(?i:tel|phone|mobile|mob|sjh|dh|lxdh)[ =]*$)[A-Za-z_]{2,20} ?=$")
_UNIT_CELL = re.compile("[万亿千百]{0,2}(?:.|千瓦时|kWh|公斤|立方米|平方公?米|公里|人次|美元|吨标准煤)")
_AROUND_UNIT = " \u3000()（）"
_ROW = 80  # characters read to each side for the cells of a table's row; bounded to stay linear
_BEFORE = 16  # characters read before it for a word that announces another kind of number
_NAMED = re.compile(r"(?i)(?:tel|phone|mobile|mob|电话|手机|微信|id|no)$")


_Kind = TypeVar("_Kind", bound=RuleBase)


@dataclass(frozen=True, slots=True)
class _Group:
    text: str
    start: int
    end: int


class Numbers:
    """The number rules of one office, ready to run. A rule that is not there finds nothing."""

    def __init__(self, rules: Sequence[RuleBase]) -> None:
        self._ids = _of(rules, ResidentId)
        self._mobiles = _of(rules, Mobile)
        self._cards = _of(rules, BankCard)
        self._credit = _of(rules, CreditCode)
        self._organisations = _of(rules, OrganisationCode)
        surnames = "".join(rule.surnames for rule in _of(rules, PersonName)) or "（"
        # What may stand directly before somebody's number: a sign, a word that announces one, a name.
        name = rf"(?<![\u3400-\u9fff])[{surnames}][\u3400-\u9fff]{{1,2}}"
        self._announced = re.compile(
            rf"(?:[^\u3400-\u9fff]|[号码人拨打电机致注话系微信车给叫是为]|^|{name})[ \u3000]?$"
        )

    def read(self, reading: Reading) -> None:
        """Add every number of the text to `reading.found`, in reading order."""
        text = reading.text
        for run in _RUN.finditer(text):
            whole = run[0]
            if whole.isalnum():
                found = self._whole(text, whole, run.start(), run.end())
                if found:
                    reading.found.append(found)
            elif _digits(whole) >= _FEWEST or _LETTERS.search(whole):
                self._groups(reading, run.start(), run.end())

        if "\t" in text or "|" in text:
            self._over_cells(reading)
        if "," in text:
            self._over_columns(reading)

    def _over_columns(self, reading: Reading) -> None:
        text = reading.text
        for run in _ID_IN_COLUMNS.finditer(text):
            if not (found := self._id(text, run["id"].replace(",", ""), *run.span("id"))):
                continue
            reading.found.append(found)
            if run["mobile"]:
                mobile = self._mobile(text, run["mobile"].replace(",", ""), *run.span("mobile"), (3, 4, 4))
                reading.found += [mobile._replace(sure=True)] if mobile else []

    def _over_cells(self, reading: Reading) -> None:
        """A number written a digit a cell, or a resident ID cut into two to four cells."""
        text = reading.text
        for run in _DIGIT_A_CELL.finditer(text):
            digits = "".join(_GROUP.findall(run[0]))
            found = self._id(text, digits, *run.span()) if len(digits) == 18 else None
            if not found and 16 <= len(digits) <= 19 and digits.isdigit():
                found = self._card(text, digits, *run.span(), (1,) * len(digits))
            if not found and len(digits) == 11 and digits.isdigit():
                found = self._mobile(text, digits, *run.span(), (1,) * 11)
            if found:
                reading.found.append(found._replace(sure=True))
        for run in _ID_IN_CELLS.finditer(text):
            digits = "".join(_GROUP.findall(run[0]))
            if len(digits) == 18 and (found := self._id(text, digits, *run.span())):
                reading.found.append(found)

    # --- one group

    def _whole(self, text: str, group: str, start: int, end: int) -> Found | None:
        length = len(group)
        if _decimal(text, start, end):
            return None
        if group.isdigit():
            if length == 11:
                return self._mobile(text, group, start, end, (11,))
            if length == 18 and (found := self._id(text, group, start, end)):
                return found
            if 16 <= length <= 19 and (found := self._card(text, group, start, end, (length,))):
                return found
            if length == 15 and (found := self._old_id(text, group, start, end)):
                return found
            if length == 18:
                return self._credit_code(text, group, start, end)
            if length == 9:
                return self._organisation(text, group, start, end)
            if 12 <= length <= 16 and group[:-11] in _PREFIXES:
                return self._mobile(text, group[-11:], end - 11, end, (11,))
            return None
        return self._mixed(text, group, start, end)

    def _mixed(self, text: str, group: str, start: int, end: int) -> Found | None:
        """Letters and digits in one group: codes, numbers with a word before them, numbers with look-alike letters."""
        length = len(group)
        if length == 18:
            if group[:17].isdigit() and group[17] in "Xx":
                return self._id(text, group, start, end)
            if found := self._credit_code(text, group, start, end):
                return found
        if length == 9 and (found := self._organisation(text, group, start, end)):
            return found
        for inside in _INSIDE_LETTERS.finditer(group):
            number = inside[0]
            at, stop = start + inside.start(), start + inside.end()
            if len(number) == 18 and (found := self._id(text, number, at, stop)):
                return found
            if stop == end and _NAMED.search(group[: inside.start()]):
                return self._whole(text, number, at, stop)
        plain = group.translate(_LOOKALIKES) if _MAYBE_DIGITS.fullmatch(group) else group
        looks_it = plain.isdigit() or (length == 18 and plain[:17].isdigit())
        disguised = looks_it and plain != group and _digits(group) * 2 >= length
        if disguised and (found := self._whole(text, plain, start, end)):
            return found
        if length == 18 and (code := group.translate(_SMALL).upper().translate(_IN_CODES)) != group.upper():
            return self._credit_code(text, code, start, end)
        return None

    # --- groups

    def _groups(self, reading: Reading, start: int, end: int) -> None:
        text = reading.text
        groups = [_Group(found[0], found.start(), found.end()) for found in _GROUP.finditer(text, start, end)]
        at = 0
        while at < len(groups):
            found, used = self._at(text, groups, at)
            if found:
                reading.found.append(found)
            at += used

    def _at(self, text: str, groups: Sequence[_Group], at: int) -> tuple[Found | None, int]:
        """What begins at a group, and how many groups to go on."""
        first = groups[at]
        if len(first.text) >= 9:
            found = self._whole(text, first.text, first.start, first.end)
            if found and self._may_stand(text, groups, at, at, found):
                return found, 1
            if len(first.text) > _LONGEST:
                return None, 1
        together, last = first.text, at
        best: tuple[Found | None, int] = (None, 1)
        while last + 1 < len(groups) and len(together) + len(groups[last + 1].text) <= _LONGEST:
            gap = text[groups[last].end : groups[last + 1].start]
            if len(gap) > 3 or gap.count("\n") > 1 or "***" in gap:
                break
            last += 1
            together += groups[last].text
            if len(together) in _SIZES:
                lengths = tuple(len(group.text) for group in groups[at : last + 1])
                found = self._joined(text, together, first.start, groups[last].end, lengths)
                if found and self._may_stand(text, groups, at, last, found) and (found.sure or not best[0]):
                    best = found, last + 1 - at  # the longer one: 15 of 18 digits are no older number
        return best

    def _joined(self, text: str, together: str, start: int, end: int, lengths: tuple[int, ...]) -> Found | None:
        plain = together if together.isdigit() else together.upper()
        size = len(plain)
        if not plain.isdigit() and _digits(plain) * 2 >= size and size != 9:
            straight = together.translate(_LOOKALIKES)
            if straight.isdigit() and not is_credit_code(plain):
                plain = straight
        if size == 9:
            return self._organisation(text, plain, start, end) if lengths[-1] == 1 else None
        if size == 18:
            if found := self._id(text, plain, start, end):
                return found
            if not plain.isdigit():
                return self._credit_code(text, plain, start, end)
        if not plain.isdigit():
            return None
        if size == 11:
            return self._mobile(text, plain, start, end, lengths)
        if 16 <= size <= 19:
            return self._card(text, plain, start, end, lengths, "\n" in text[start:end])
        if size == 15:
            return self._old_id(text, plain, start, end)
        return None

    def _may_stand(self, text: str, groups: Sequence[_Group], first: int, last: int, found: Found) -> bool:
        """Not a part of a decimal number, a code or a row of figures. Check digits need less room than bare digits."""
        before = text[groups[first - 1].end : groups[first].start] if first else ""
        after = text[groups[last].end : groups[last + 1].start] if last + 1 < len(groups) else ""
        if (before == "." and groups[first - 1].text.isdigit()) or (after == "." and groups[last + 1].text.isdigit()):
            return False
        grouped = last > first
        if isinstance(found.rule, CreditCode):  # by chance one code in 31, so not a part of something longer
            return not grouped or not (before.strip(_LOOSE) or after.strip(_LOOSE))
        if found.sure or not isinstance(found.rule, Mobile | BankCard):
            return True
        if before and (groups[first - 1].text in _PREFIXES or _NAMED.search(groups[first - 1].text)):
            before = ""
        if before.strip(_LOOSE) or (after.strip(_LOOSE) and groups[last + 1].text.isalnum()):
            return False
        return not grouped or not ((before and "\n" not in before) or (after and "\n" not in after))

    # --- kinds

    def _id(self, text: str, digits: str, start: int, end: int) -> Found | None:
        for rule in self._ids:
            if not _reads_like_id(digits, rule):
                continue
            if check_digit(digits[:17]) != digits[17].upper():
                continue
            why = ("18位，末位校验码正确（GB 11643）", "前两位是省级行政区划代码，第7至14位是存在的出生日期")
            return Found(start, end, rule, _with_label(text, start, rule.labels, why))
        return None

    def _old_id(self, text: str, digits: str, start: int, end: int) -> Found | None:
        for rule in self._ids:
            if digits[:2] not in rule.provinces or not _is_date("19" + digits[6:12]):
                continue
            if label := label_before(text, start, rule.labels):
                return Found(start, end, rule, ("15位，是第一代居民身份证号码的编排", said_label(label)))
            if digits[6:8] > "19":  # born after 1919: rare among other numbers, so a warning to the table it stands in
                return Found(start, end, rule, ("15位，是第一代居民身份证号码的编排",), sure=False)
        return None

    def _mobile(self, text: str, digits: str, start: int, end: int, lengths: tuple[int, ...]) -> Found | None:
        for rule in self._mobiles:
            if digits[:2] not in rule.segments:
                continue
            label = label_before(text, start, rule.labels)
            if not label and (
                (len(lengths) > 1 and lengths not in _MOBILE_GROUPS)
                or _is_a_figure(text, start, end, rule.units, rule.not_after)
                or _is_glued(text, start, end)
                or not self._announced.search(text[max(0, start - 5) : start])
            ):
                continue
            why = ("11位，号段是手机号段",)
            return Found(start, end, rule, (*why, said_label(label)) if label else why, bool(label))
        return None

    def _card(
        self, text: str, digits: str, start: int, end: int, lengths: tuple[int, ...], broken: bool = False
    ) -> Found | None:
        for rule in self._cards:
            if not _is_issued(digits, rule) or not luhn(digits):
                continue
            label = label_before(text, start, rule.labels)
            # One number in ten passes Luhn by chance; 18 digits with a birth date are more likely a mistyped ID.
            if not label and (
                (len(digits) == 18 and _is_date(digits[6:14]))
                or (len(lengths) > 1 and not broken and not _is_card_grouping(lengths))
                or _is_a_figure(text, start, end, rule.units, rule.not_after)
                or _is_glued(text, start, end)
            ):
                continue
            why = (f"{len(digits)}位，校验码正确（Luhn）", "开头是已知的银行卡号段")
            return Found(start, end, rule, (*why, said_label(label)) if label else why, bool(label))
        return None

    def _credit_code(self, text: str, code: str, start: int, end: int) -> Found | None:
        code = code.upper()
        for rule in self._credit:
            if not is_credit_code(code) or code.startswith(rule.public_prefixes):
                continue
            before = text[max(text.rfind("\n", 0, start) + 1, start - _CONTEXT) : start]
            after = _SENTENCE.split(text[end : end + _CONTEXT], 1)[0]
            said = f"{before}\n{after}\n{title(text)}"
            if any(word in said for word in rule.public_context):
                continue
            label = label_before(text, start, rule.labels)
            if code.isdigit() and not label:  # by chance, one number in 31
                continue
            why = ("18位，校验码正确（GB 32100）", "不是登记管理部门为机关赋予的代码")
            return Found(start, end, rule, (*why, said_label(label)) if label else why)
        return None

    def _organisation(self, text: str, code: str, start: int, end: int) -> Found | None:
        for rule in self._organisations:
            if not is_organisation_code(code.upper()):
                continue
            label = label_before(text, start, rule.labels)
            if label:
                return Found(start, end, rule, ("9位，校验码正确（GB 11714）", said_label(label)))
            if end - start == 10 and text[end - 2] == "-" and not code[:8].isdigit():
                return Found(start, end, rule, ("8位加连字符和1位，校验码正确（GB 11714）",), sure=False)
        return None


def _of(rules: Sequence[RuleBase], kind: type[_Kind]) -> list[_Kind]:
    return [rule for rule in rules if isinstance(rule, kind)]


def title(text: str) -> str:
    """The short lines at the head of a text, which say what kind of document it is."""
    lines = text[: _TITLE + 1].split("\n")
    whole = lines if len(text) <= _TITLE else lines[:-1]
    return "\n".join(line for line in whole if len(line) <= _TITLE_LINE and not set(line) & set("，。；"))


def _digits(signs: str) -> int:
    return sum(map(signs.count, "0123456789"))


def _with_label(text: str, start: int, labels: Words, why: tuple[str, ...]) -> tuple[str, ...]:
    label = label_before(text, start, labels)
    return (*why, said_label(label)) if label else why


def _reads_like_id(digits: str, rule: ResidentId) -> bool:
    """Digits but for the last, province and birth date are right; the check digit is not looked at."""
    if not digits[:17].isdecimal() or digits[:2] not in rule.provinces:
        return False
    try:
        birth = dt.date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    return rule.earliest_birth <= birth <= rule.latest_birth


def _is_date(digits: str) -> bool:
    try:
        return 1900 <= dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).year <= 2100
    except ValueError:
        return False


def _is_issued(digits: str, rule: BankCard) -> bool:
    return any(digits.startswith(known.prefix) and len(digits) in known.lengths for known in rule.segments)


def _is_card_grouping(lengths: tuple[int, ...]) -> bool:
    """Groups of four, six and the rest, or single digits."""
    if set(lengths) == {1} or (len(lengths) == 2 and (lengths[0] in (4, 6, 8))):
        return True
    return len(set(lengths[:-1])) == 1 and lengths[0] > 2 and lengths[-1] <= lengths[0]


def _decimal(text: str, start: int, end: int) -> bool:
    """A digit stands directly behind a point after it, or before a point before it."""
    return (text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit()) or (
        start > 1 and text[start - 1] == "." and text[start - 2].isdigit()
    )


def _is_glued(text: str, start: int, end: int) -> bool:
    """A part of a code such as HT-13812345678."""
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    if after.isascii() and after.isalpha():
        return True
    if before[-1:].isascii() and before[-1:].isalnum():
        return not _NAMED.search(text[max(0, start - 8) : start]) and before[-1:] != "6"
    glued = len(before) == 2 and before[1] in "-_#" and before[0].isascii() and before[0].isalnum()
    return glued and text[max(0, start - 3) : start - 1] != "86"


def _is_a_figure(text: str, start: int, end: int, units: Words, not_after: Words) -> bool:
    """A unit follows, or a word goes before that announces another kind of number."""
    if text[end : end + _AFTER].lstrip(" （(").startswith(units):
        return True
    if text[max(0, start - _BEFORE) : start].rstrip(" ：:为是达约#\"'（(").endswith(not_after):
        return True
    before = text[max(0, start - _BEFORE) : start].rstrip(" ：:为是达约#\"'（(")
    if (before.endswith("号") and not before.endswith(_OWN_NUMBERS)) or _ASSIGNED.search(before):
        return True
    if text[start - 1 : start] not in _CELL_SIGNS and text[end : end + 1] not in _CELL_SIGNS:
        return False
    row = text[max(0, start - _ROW) : start].rpartition("\n")[2] + text[start : end + _ROW].partition("\n")[0]
    return any(
        cell.strip(_AROUND_UNIT).startswith(units) and _UNIT_CELL.fullmatch(cell.strip(_AROUND_UNIT))
        for cell in _CELLS.split(row)[1:]
    )
