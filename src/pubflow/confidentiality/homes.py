"""Homes: addresses with a number of house or flat, and what is said to be one."""

import re

from pubflow.confidentiality.found import HAN, OF_SOMEBODY, SENTENCE, Found, Reading, said_label
from pubflow.confidentiality.rule_kinds import HomeAddress

_DIGIT = "0-9一二三四五六七八九十百"
_HOUSE_NUMBER = re.compile(f"[{_DIGIT}][号室栋幢楼组座弄]|[0-9]-[0-9]")
_SHORTEST_HOME = 6  # characters
_PLACE = re.compile("[路街村巷弄苑里园寓区镇乡庄道]")


class Homes:
    """The rule of the kind `address`."""

    def __init__(self, rule: HomeAddress) -> None:
        self.rule = rule
        self.words = rule.labels
        self.flat_words = ("单元", "栋", "幢", "号楼", "弄", "号院")
        self.group_words = ("组", "小组", "村民组")
        group = rf"(?:第?{f'[{_DIGIT}]{{1,3}}'}(?:村民)?(?:小)?组|[{HAN}]{{1,3}}组)"
        self._group = re.compile(rf"[{HAN}]{{2,20}}[村屯寨庄]{group}[ ]?{f'[{_DIGIT}]{{1,4}}'}号")
        self._dashed = re.compile(rf"[{_DIGIT}]{{1,3}}-[{_DIGIT}]{{1,2}}-[{_DIGIT}]{{3,4}}(?![0-9\-])")
        self._estate = re.compile(rf"[{HAN}]{{2,16}}$")
        self._place = re.compile(
            rf"(?:地址|地点|地|住址|处)?(?:位于|是|为|为|在|于|至)?[ \u3000：:=（(“\"]{{0,3}}"
            rf"(?P<place>[{HAN}0-9A-Za-z（()）#·\-—－之]{{3,60}})"
        )
        number = f"[{_DIGIT}]{{1,5}}"
        self._number = re.compile(
            rf"{number}[A-Za-z]?[ ]?(?:号|栋|幢|座|楼|单元|室|弄|组|户|队|巷|层|房)|[村组屯寨庄]$|社区|小区"
            rf"|{number}-{number}"
        )
        entrance, floor = f"[{_DIGIT}甲乙丙丁]{{1,3}}单元", f"(?:{number}(?:层|楼))?"
        flat = f"{number}(?:室|号|户|房|门)?"
        self._lettered = re.compile(
            rf"[{HAN}]{{2,20}}[A-Z]座{number}(?:室|号|户|房)?|[{HAN}]{{2,20}}[村里镇乡组区寨]门牌{number}号"
        )
        self._flat = re.compile(
            rf"(?:{number}[A-Za-z]?(?:栋|幢|号楼|座|号院)(?:{entrance})?{floor}{flat}"
            rf"|{number}(?:栋|幢|号楼|座)?{entrance}{floor}{flat}|{number}弄{number}号(?:{number}室)?)"
        )
        self._before_flat = re.compile(rf"[{HAN}0-9A-Za-z（）·]{{2,40}}$")
        self._living = re.compile(r"^.*(?:住址|地址|家住|住在|居住于|居住在|现住|居住|位于|住)[为是在于]?")

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The place after a word of living there."""
        text = reading.text
        if text[max(0, start - 8) : start].rstrip("的 \u3000").endswith(self.rule.not_after):
            return
        found = self._place.match(text, end)
        if not found or not self._number.search(found["place"]):
            return
        first, last = found.span("place")
        for cut in ("联系", "电话", "手机", "身份证", "邮编"):
            if (at := text.find(cut, first, last)) >= 0:
                last = at
        if last - first < 4:
            return
        why = (said_label(text[start:end]), "其后有门牌、楼栋或村组")
        reading.found.append(Found(first, last, self.rule, why))

    def is_home(self, cell: str) -> bool:
        """Whether a table's cell reads like an address with a number of house or flat."""
        return (
            len(cell) >= _SHORTEST_HOME
            and _HOUSE_NUMBER.search(cell) is not None
            and _PLACE.search(cell) is not None
            and not any(word in cell for word in self.rule.offices)
        )

    def group(self, reading: Reading, start: int, end: int) -> None:
        """A house number in a villagers' group: 桥头村3组15号."""
        text = reading.text
        first = max(0, start - 28)
        for found in self._group.finditer(text, first, min(len(text), end + 6)):
            if not found.start() <= start < found.end():
                continue
            begin = found.start()
            if living := self._living.match(found[0]):
                begin += living.end()
            if any(word in text[max(0, begin - 12) : begin] for word in self.rule.not_after):
                return
            why = ("写到村、组和门牌，是住宅地址的写法",)
            reading.found.append(Found(begin, found.end(), self.rule, why))
            return

    def dashed(self, reading: Reading) -> None:
        """A flat's number with dashes or a letter, 佛塔小区3-2-501; who lives there the sentence must tell."""
        if "座" in reading.text or "门牌" in reading.text:
            for found in self._lettered.finditer(reading.text):
                living = self._living.match(found[0])
                begin = found.start() + (living.end() if living else 0)
                if not any(word in found[0] for word in self.rule.offices):
                    why = ("写到楼座和房号，或村镇的门牌",)
                    reading.waiting.append(
                        (Found(begin, found.end(), self.rule, why), OF_SOMEBODY - {"ADDRESS"}, SENTENCE)
                    )
        if "-" not in reading.text:
            return
        for found in self._dashed.finditer(reading.text):
            estate = self._estate.search(reading.text[max(0, found.start() - 16) : found.start()])
            if estate is None:
                continue
            living = self._living.match(estate[0])
            begin = found.start() - len(estate[0]) + (living.end() if living else 0)
            if begin < found.start() and not any(word in estate[0] for word in self.rule.offices):
                why = ("小区名之后是楼栋、单元和房号",)
                reading.waiting.append((Found(begin, found.end(), self.rule, why), OF_SOMEBODY - {"ADDRESS"}, SENTENCE))

    def flat(self, reading: Reading, start: int, _end: int) -> None:
        """A flat's number, whatever stands before it."""
        text = reading.text
        found = self._flat.search(text, max(0, start - 6), start + 24)
        if not found or found.start() > start:
            return
        area = self._before_flat.search(text[max(0, found.start() - 40) : found.start()])
        first = found.start() - (len(area[0]) if area else 0)
        words = text[first : found.start()]
        if living := self._living.match(words):
            first += living.end()
        before = text[max(0, first - 12) : first].rpartition("，")[2] + words
        if any(word in before for word in self.rule.not_after) or any(word in words for word in self.rule.offices):
            return
        if found.start() - first < 2:
            return
        reading.found.append(Found(first, found.end(), self.rule, ("写到楼栋单元和房号，是住宅地址的写法",)))
