"""Things known by a word before them or by a sign in them: WeChat, passports, copy numbers, mailboxes, plates,
document numbers of classified series.
"""

import re
import string
from bisect import bisect_left

from pubflow.confidentiality.check_digits import is_organisation_code
from pubflow.confidentiality.found import Found, Reading, said_label
from pubflow.confidentiality.rule_kinds import Email, Labelled, OrganisationCode, Plate, SecretSeries

_AFTER_LABEL = re.compile(
    r"(?:号码|账号|帐号|证号|号|栏|ID|id|為|为|是)?[ \t\u3000：:∶=＝—–－（(【［\[“\"'为是号❤♥💚\ufe0f+]{0,6}"
    r"(?:[，, ]?(?:证件号码|证件号|证号|号码|编号)[ \u3000：:为是]{0,3})?"
)
_REVERSED = re.compile(
    r"[ \u3000]{0,2}(?:[（(\[【]|是(?:其|他的|她的|本人)?)$"
)  # between a value and its label: 12345（QQ）
_LIKE_ONE_OR_NOUGHT = str.maketrans("lIoO", "1100")
_STRAIGHT = str.maketrans("OoQDIliSsZzBbgq", "000011155228699")
_LONGEST_CODE = 24  # signs of an organisation code with gaps between all of them
_GAPS = frozenset(" -–—.·/_~*")
_MARK_REACH = 120  # characters between a mark and the copy number of the same head
_PRIVATE_REACH = 60  # characters of the line before a weak label that must speak of somebody
_BETWEEN = re.compile(r"[^0-9A-Za-z\n。；;，,、|\t]{0,10}")
_FAR = re.compile(r"[^0-9A-Za-z\n。；;|\t]{0,16}")
_VALUE_STARTS = frozenset(string.ascii_letters + string.digits + "(（+")
_WINDOW = 48  # characters read for a value
_MAIL_NAME = re.compile(r"(?<![\w.+-])[A-Za-z0-9](?:[\w.+-]{0,63})\s?$", re.ASCII)
_DOT = r"(?:\.|\(dot\)|\[dot\]|（点）|\(点\)|[。点]| dot )"
_MAIL_DOMAIN = re.compile(
    rf"\s?((?:[A-Za-z0-9-]{{1,63}}\s?{_DOT}\s?){{1,8}}[A-Za-z]{{2,24}})", re.ASCII | re.IGNORECASE
)
_USUAL_ENDINGS = (".com", ".cn", ".net", ".org", ".edu", ".cc")
_ANY_DOT = re.compile(rf"\s?{_DOT}\s?", re.IGNORECASE)
_SIGN = "0-9A-Z"  # I and O are on no plate, so somebody wrote them for 1 and 0
_PLATE_REST = re.compile(
    rf"[A-HJ-NP-Z][ \u3000·•・.\-_]{{0,2}}(?:[{_SIGN}][ \-—–·.\n]?){{4,5}}[{_SIGN}学警港澳领试超挂](?![0-9A-Za-z])",
    re.IGNORECASE,
)
_B = "[ \u3000]{0,2}"
_SPELT = "〇零○一二三四五六七八九十百"
_YEAR = re.compile(
    rf"{_B}[〔［\[【（(﹝]{_B}(?:(?:19|20)\d\d|[一二][九〇零○][{_SPELT}]{{2}}){_B}[〕］\]】）)﹞]"
    rf"{_B}第?{_B}(?:\d{{1,5}}|[{_SPELT}]{{1,6}}){_B}号"
)
_ORGANISATION = re.compile(r"[0-9A-Za-z]{8}[ ]?[-—–－]?[ ]?[0-9A-Za-z](?![0-9A-Za-z])")
_SERIES = re.compile(r"[\u4e00-\u9fff]{1,12}$")


class LabelledValue:
    """A rule of the kind `labelled`."""

    def __init__(self, rule: Labelled) -> None:
        self._rule = rule
        self.words = (*rule.labels, *rule.weak_labels, *rule.beginnings)
        self._beginnings, self._weak = frozenset(rule.beginnings), frozenset(rule.weak_labels)

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The value after the label at start .. end, or before it."""
        text = reading.text
        word = text[start:end]
        if word in self._beginnings:
            self._begun(reading, start)
        elif word not in self._weak or self._is_private(text, start):
            self._after(reading, start, end) or self._before(reading, start, word)

    def _begun(self, reading: Reading, start: int) -> None:
        """A value whose own beginning gives it away."""
        before = reading.text[max(0, start - 1) : start]
        hit = self._rule.compiled.match(reading.text[start : start + _WINDOW])
        if hit and not (before.isascii() and before.isalnum()):
            reading.found.append(Found(start, start + hit.end(), self._rule, (self._rule.reason,)))

    def _is_private(self, text: str, start: int) -> bool:
        """The line before a weak label speaks of somebody at home, not of an office."""
        line = text[max(0, start - _PRIVATE_REACH) : start].rpartition("\n")[2]
        return any(word in line for word in self._rule.private) and not any(
            word in line for word in self._rule.not_between
        )

    def _before(self, reading: Reading, start: int, word: str) -> bool:
        """The value that stands before its label."""
        text = reading.text
        first = max(0, start - _WINDOW)
        between = _REVERSED.search(text[first:start])
        if not between:
            return False
        hit = self._rule.compiled_at_end.search(text[first : first + between.start()])
        if not hit or (
            hit.start() and text[first + hit.start() - 1].isascii() and text[first + hit.start() - 1].isalnum()
        ):
            return False
        why = (self._rule.reason, f"后面写有“{word}”")
        reading.found.append(Found(first + hit.start(), first + hit.end(), self._rule, why))
        return True

    def _after(self, reading: Reading, start: int, end: int) -> bool:
        text = reading.text
        punctuation = _AFTER_LABEL.match(text, end)
        value_at = punctuation.end() if punctuation else end
        if text[value_at : value_at + 1] not in _VALUE_STARTS:
            between = (_FAR if self._rule.far else _BETWEEN).match(text, value_at)
            if between is None or any(word in between[0] for word in self._rule.not_between):
                return False
            value_at = between.end()
            if text[value_at : value_at + 1] not in _VALUE_STARTS:
                return False
        window = text[value_at : value_at + _WINDOW]
        hit = self._rule.compiled.match(window)
        length = hit.end() if hit else self._disguised(window)
        if not length:
            return False
        after = window[length : length + 1]
        if length < len(window) and window[length - 1].isascii() and after.isascii() and after.isalnum():
            return False  # a part of something longer
        if self._rule.near_marks and not self._is_near_a_mark(reading, start):
            return False
        why = (self._rule.reason, said_label(text[start:end]))
        reading.found.append(Found(value_at, value_at + length, self._rule, why))
        return True

    def _is_near_a_mark(self, reading: Reading, start: int) -> bool:
        """In the head of a marked document, or beside a word that only such a head has."""
        around = reading.text[max(0, start - _MARK_REACH) : start + _MARK_REACH]
        place = bisect_left(reading.marks, start - _MARK_REACH)
        near = place < len(reading.marks) and reading.marks[place] <= start + _MARK_REACH
        return near or any(word in around for word in self._rule.near_marks)

    def _disguised(self, window: str) -> int:
        """Where a value with letters for digits ends, or one in groups, or broken at the end of a line; 0 for none."""
        if not self._rule.digits:
            return 0
        whole = window.replace("\n", " ", 1)
        for plain in (window.translate(_STRAIGHT), window[:1] + window[1:].translate(_STRAIGHT), whole):
            if hit := self._rule.compiled.match(plain):
                return int(hit.end())
        places = [at for at, sign in enumerate(window) if sign not in _GAPS]
        packed = "".join(window[at] for at in places)
        hit = self._rule.compiled.match(packed)
        return int(places[hit.end() - 1]) + 1 if hit else 0


class Mailbox:
    """A rule of the kind `email`: the sign @ or what people write for it."""

    words = (
        "@",
        "(at)",
        "[at]",
        "（at）",
        "【at】",
        "#AT#",
        "#at#",
        "(AT)",
        "[AT]",
        " at ",
        " AT ",
        "#",
        "(a)",
        "艾特",
    )

    def __init__(self, rule: Email) -> None:
        self._rule = rule

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The name before the sign and the domain after it."""
        text = reading.text
        name = _MAIL_NAME.search(text[max(0, start - 66) : start])
        domain = _MAIL_DOMAIN.match(text, end)
        if not name or not domain:
            return
        plain = _ANY_DOT.sub(".", domain[1]).lower().replace(" ", "")
        if text[start:end] != "@" and not plain.endswith(_USUAL_ENDINGS):  # "looked at it. Then" is no mailbox
            return
        if any(f".{plain}".endswith(f".{public}") for public in self._rule.public_domains):
            return
        why = ("有用户名、@和域名，不是登记的公务邮箱域名",)
        reading.found.append(Found(start - len(name[0]), domain.end(), self._rule, why))


class VehiclePlate:
    """A rule of the kind `plate`; asked at each sign of a province."""

    def __init__(self, rule: Plate) -> None:
        self._rule = rule
        self._start = re.compile(f"[{rule.provinces}][ \\u3000·•]{{0,2}}[A-HJ-NP-Za-hj-np-z]")

    def read(self, reading: Reading) -> None:
        """Every plate of the text."""
        text = reading.text
        for found in self._start.finditer(text):
            rest = _PLATE_REST.match(text, found.end() - 1)
            if not rest or sum(sign.isdigit() for sign in rest[0]) < 2:
                continue
            why = ("省份简称加字母和5至6位，是机动车号牌的式样",)
            reading.found.append(Found(found.start(), rest.end(), self._rule, why))


class ClassifiedSeries:
    """A rule of the kind `secret_series`; asked at each year in the brackets of a document number."""

    words = ("〔", "［", "[20", "(20", "（20", "【20", "[19", "﹝", "[二", "（二", "(二")

    def __init__(self, rule: SecretSeries) -> None:
        self._rule = rule
        self._series = re.compile("(?:" + "|".join(map(re.escape, rule.series)) + ")$")

    def at(self, reading: Reading, start: int, _end: int) -> None:
        """The series word before the bracket."""
        text = reading.text
        year = _YEAR.match(text, start)
        series = _SERIES.search(text[max(0, start - 12) : start].rstrip(" \u3000")) if year else None
        if not year or not series:
            return
        word = series[0]
        if not self._series.search(word) or any(known in word for known in self._rule.not_series):
            return
        first = start - (len(text[max(0, start - 12) : start]) - series.start())
        why = ("发文机关代字中有密级或机要字样，是涉密文件的编号",)
        reading.found.append(Found(first, year.end(), self._rule, why))


class OrganisationAtLabel:
    """A rule of the kind `organisation_code`, asked at its labels: eight signs, a hyphen or none, the check sign."""

    def __init__(self, rule: OrganisationCode) -> None:
        self._rule = rule
        self.words = rule.labels

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The code after the label at start .. end."""
        label_end = _AFTER_LABEL.match(reading.text, end)
        at = label_end.end() if label_end else end
        hit = _ORGANISATION.match(reading.text, at)
        if hit and read_as_organisation_code(hit[0]):
            why = ("9位，校验码正确（GB 11714）", said_label(reading.text[start:end]))
            reading.found.append(Found(*hit.span(), self._rule, why))


def straight(written: str) -> str:
    """Digits for the letters that look like them, sign for sign."""
    return written.translate(_STRAIGHT)


def packed(written: str) -> str:
    """Without the signs and blanks that set groups apart."""
    return "".join(sign for sign in written if sign not in _GAPS and sign not in "\u3000()（）[]【】")


def read_as_organisation_code(written: str) -> bool:
    """Whether it is one with the right check sign, letters for look-alike digits allowed (GB 11714)."""
    if not 9 <= len(written) <= _LONGEST_CODE:
        return False
    code = "".join(sign for sign in written if sign.isalnum()).upper()
    plainer = "".join(sign for sign in written if sign.isalnum()).translate(_LIKE_ONE_OR_NOUGHT).upper()
    spellings = (code, plainer, code[:8] + code[8:].translate(_STRAIGHT), code.translate(_STRAIGHT))
    return any(map(is_organisation_code, spellings))
