"""Things known by a word before them or by a sign in them: WeChat, passports, copy numbers, mailboxes, plates,
document numbers of classified series.
"""

import re
import string

from pubflow.confidentiality.found import Found, Reading, said_label
from pubflow.confidentiality.rule_kinds import Email, Labelled, Plate, SecretSeries

_AFTER_LABEL = re.compile(r"(?:号码|账号|帐号|号|ID|id|為|为|是)?[ \t\u3000：:=＝（(【\[“\"'为是号❤♥💚\ufe0f+]{0,6}")
_BETWEEN = re.compile(r"[^0-9A-Za-z\n。；;，,、|\t]{0,10}")
_VALUE_STARTS = frozenset(string.ascii_letters + string.digits + "(（+")
_WINDOW = 48  # characters read for a value
_MAIL_NAME = re.compile(r"(?<![\w.+-])[A-Za-z0-9](?:[\w.+-]{0,63})\s?$", re.ASCII)
_DOT = r"(?:\.|\(dot\)|\[dot\]|（点）|\(点\)|[。点]| dot )"
_MAIL_DOMAIN = re.compile(
    rf"\s?((?:[A-Za-z0-9-]{{1,63}}\s?{_DOT}\s?){{1,8}}[A-Za-z]{{2,24}})", re.ASCII | re.IGNORECASE
)
_ANY_DOT = re.compile(rf"\s?{_DOT}\s?", re.IGNORECASE)
_SIGN = "0-9A-HJ-NP-Z"  # I and O are on no plate
_PLATE_REST = re.compile(
    rf"[A-HJ-NP-Z][ \u3000·•・.\-_]{{0,2}}(?:[{_SIGN}][ \-·]?){{4,5}}[{_SIGN}学警港澳领试超挂](?![0-9A-Za-z])"
)
_B = "[ \u3000]{0,2}"
_YEAR = re.compile(rf"{_B}[〔［\[【（(﹝]{_B}(?:19|20)\d\d{_B}[〕］\]】）)﹞]{_B}第?{_B}\d{{1,5}}{_B}号")
_SERIES = re.compile(r"[\u4e00-\u9fff]{1,12}$")


class LabelledValue:
    """A rule of the kind `labelled`."""

    def __init__(self, rule: Labelled) -> None:
        self._rule = rule
        self.words = rule.labels

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The value after the label at start .. end."""
        text = reading.text
        punctuation = _AFTER_LABEL.match(text, end)
        value_at = punctuation.end() if punctuation else end
        if text[value_at : value_at + 1] not in _VALUE_STARTS:
            between = _BETWEEN.match(text, value_at)
            if between is None or any(word in between[0] for word in self._rule.not_between):
                return
            value_at = between.end()
            if text[value_at : value_at + 1] not in _VALUE_STARTS:
                return
        window = text[value_at : value_at + _WINDOW]
        hit = self._rule.compiled.match(window)
        if not hit:
            return
        after = window[hit.end() : hit.end() + 1]
        if hit.end() < len(window) and window[hit.end() - 1].isascii() and after.isascii() and after.isalnum():
            return  # a part of something longer
        if self._rule.near_marks:
            before = text[max(0, start - 200) : start + 200]
            if not reading.marked and not any(word in before for word in self._rule.near_marks):
                return
        why = (self._rule.reason, said_label(text[start:end]))
        reading.found.append(Found(value_at, value_at + hit.end(), self._rule, why))


class Mailbox:
    """A rule of the kind `email`: the sign @ or what people write for it."""

    words = ("@", "(at)", "[at]", "（at）", "(AT)", "[AT]", " at ", " AT ", "#", "(a)", "艾特")

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
        if any(f".{plain}".endswith(f".{public}") for public in self._rule.public_domains):
            return
        why = ("有用户名、@和域名，不是登记的公务邮箱域名",)
        reading.found.append(Found(start - len(name[0]), domain.end(), self._rule, why))


class VehiclePlate:
    """A rule of the kind `plate`; asked at each sign of a province."""

    def __init__(self, rule: Plate) -> None:
        self._rule = rule
        self._start = re.compile(f"[{rule.provinces}][ \\u3000·•]{{0,2}}[A-HJ-NP-Z]")

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

    words = ("〔", "［", "[20", "(20", "（20", "【20", "[19", "﹝")

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
