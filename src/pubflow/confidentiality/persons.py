"""What points to one person without a number: names beside something personal, homes, illness, household facts.

A name alone is no finding, since reports name officials. It becomes one beside something personal: after a word for a
private person, before a sex or an illness, or in one sentence with a number of the kinds in `PERSONAL`.
"""

import re
from collections.abc import Iterator

from pubflow.confidentiality.found import LINE, SENTENCE, Found, Reading, said_label
from pubflow.confidentiality.rule_kinds import HomeAddress, Household, Medical, PersonName, Words

PERSONAL = frozenset(
    {
        "CN_ID",
        "MOBILE",
        "BANK_CARD",
        "PASSPORT",
        "TRAVEL_PERMIT",
        "WECHAT",
        "QQ",
        "ADDRESS",
        "LANDLINE",
        "MEDICAL",
        "PLATE",
    }
)
HAN = "\u3400-\u9fff"
_SENTENCE_ENDS = "\n。；;！？!?"
_BREAK = re.compile(rf"[{_SENTENCE_ENDS}，,、：:（()）\[\]【】“”\"'\s|/]")
_OF_SOMEBODY = PERSONAL - {"MEDICAL"} | {"PERSON_NAME"}
_RESPONDENTS = frozenset({"ENT_DATA", "USCC", "ORG_CODE"})
_AROUND = 40  # characters to each side of something personal that may name whose it is
_HEAD = 1200  # characters in which a letter says to whom it is written
_LETTER = 80  # characters of it that must speak to somebody
_NOT_GIVEN = (
    "先生",
    "女士",
    "小姐",
    "老师",
    "师傅",
    "病",
    "癌",
    "炎",
    "瘤",
    "症",
    "表",
    "量",
    "率",
    "额",
    "值",
    "数",
    "业",
)
_OF = re.compile(f"的[{HAN}]{{0,8}}$")
_MASKED = re.compile(r"[某*×ＸxX○〇]")
_LONG_NAME = 3  # characters of a name that is safely the same wherever it is repeated
_WHOLE_NAME, _PART = 3, 5  # characters of an illness that needs no part of the body before it; of such a part
_SHORTEST_HOME = 6  # characters
_PLACE = re.compile("[路街村巷弄苑里园寓区镇乡庄道]")
_MANY_FACTS = 3  # of one household in one sentence: nobody needs to be named
_DIGIT = "0-9一二三四五六七八九十百"
_HOUSE_NUMBER = re.compile(f"[{_DIGIT}][号室栋幢楼组座弄]|[0-9]-[0-9]")


class Names:
    """The rule of the kind `person_name`: what a name looks like, and which names are private."""

    def __init__(self, rule: PersonName) -> None:
        self.rule = rule
        double = "|".join(rule.double_surnames)
        single = f"[{rule.surnames}]"
        given = f"[ \\u3000]?[{HAN}]"
        minority = f"{given}{{2,6}}(?:[·•]{given}{{1,8}}){{1,3}}"
        some = f"(?:{double}){given}{{1,2}}|" if double else ""
        self._name = rf"(?:{minority}|{some}{single}{given}{{1,2}})"
        self._whole = re.compile(self._name)
        roles, kin = _any_of(rule.roles), _any_of(rule.kin)
        kin += f"|[^{HAN}]|[{rule.person_endings}]"
        # A longer name first; what comes after it is a sign or a word that does not belong to a name.
        after = rf"(?=[{_SENTENCE_ENDS}，,、：:（()）\[\]【】“”》\s|/0-9A-Za-z]|$|{_any_of(rule.verbs_after)})"
        long_first = f"{some}{single}{given}{{2}}|{minority}|{some}{single}{given}"
        self._after_role = re.compile(
            rf"(?:[（(][^）)\n]{{1,12}}[）)])?[ \u3000：:“]{{0,2}}(?:是|为|叫|名叫)?[“]?({long_first}){after}"
        )
        self._at_end = re.compile(rf"(?:^|{roles}|{kin})[ \u3000：:]?({self._name})$")
        self._titles = re.compile("|".join(map(re.escape, rule.titles))) if rule.titles else None
        self._honours = re.compile(f"(?:{_any_of(rule.honours)})$")
        usual = f"[{rule.given}]" if rule.given else "(?!)"
        likely = f"(?:{double}){usual}{{1,2}}|{single}{usual}{{1,2}}" if double else f"{single}{usual}{{1,2}}"
        self._likely = re.compile(
            rf"(?<![{HAN}·])({single}{usual}{{2}})(?=[{HAN}\s，,、：:；（()）。/“”—]|$)"
            rf"|(?<=[{rule.connectors}])({single}{usual}{{2}})|(?<![{HAN}])({single}{usual})(?=[的之，,：:（(\s/]|$)"
            if rule.connectors
            else "(?!)"
        )
        self._first = re.compile(rf"(?:[^{HAN}]{{0,6}}|.{{0,8}}(?:{roles}|{kin}))({likely})(?=[{HAN}])")
        self._agent = re.compile(rf"[由叫找]({long_first})(?=[{HAN}]{{0,6}}$)")
        self._behind = re.compile(rf"[ \u3000（(\t]{{1,3}}({long_first})(?=[ \u3000\n）)，。；,;、\t]|$)")
        self._greeting = re.compile(
            rf"(?:^|[：:])[ \u3000]*({long_first})(?:{_any_of(rule.honours)})?(?:[：:][ \u3000]*$|[，,]您好)",
            re.MULTILINE,
        )
        self.words = rule.roles
        self.of_firms = rule.firm_roles

    def is_name(self, word: str) -> bool:
        """Whether the whole word reads like a full name."""
        return self._whole.fullmatch(word) is not None and not self._is_no_name(word)

    def _is_no_name(self, word: str) -> bool:
        return (
            _MASKED.search(word) is not None
            or word.startswith(self.rule.not_names)
            or word.endswith(_NOT_GIVEN)
            or (len(word) > 2 and word[-1] in self.rule.place_endings)
        )

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The name after a word for a private person, at start .. end."""
        text = reading.text
        found = self._after_role.match(text, end)
        if not found or self._is_no_name(found[1]):
            return
        self._add(reading, *found.span(1), said_label(text[start:end]))

    def of_firm(self, reading: Reading, start: int, end: int) -> None:
        """The name after a word for somebody of a firm: private where the firm is a respondent."""
        found = self._after_role.match(reading.text, end)
        if found and not self._is_no_name(found[1]):
            why = ("姓名与调查对象的资料在一起", said_label(reading.text[start:end]))
            reading.waiting.append((Found(*found.span(1), self.rule, why), _RESPONDENTS, LINE))

    def greeted(self, reading: Reading) -> None:
        """The name to whom a letter is written."""
        if "您" not in reading.text and "你" not in reading.text:
            return
        for found in self._greeting.finditer(reading.text, 0, _HEAD):
            letter = reading.text[found.end() : found.end() + _LETTER]
            if ("您" in letter or "你" in letter) and not self._is_no_name(found[1]):
                self._add(reading, *found.span(1), "信是写给这个人的")

    def anywhere(self, reading: Reading, start: int, end: int) -> None:
        """A name that is hardly anything else, in the sentence around something personal at start .. end."""
        text = reading.text
        first = max(text.rfind(sign, max(0, start - _AROUND), start) for sign in SENTENCE) + 1 or max(
            0, start - _AROUND
        )
        ends = [at for sign in SENTENCE if (at := text.find(sign, end, end + _AROUND)) >= 0]
        last = min(ends, default=min(len(text), end + _AROUND))
        if self._titles and self._titles.search(text, first, last):
            return
        for found in self._likely.finditer(text, first, last):
            place = found.span(found.lastindex or 0)
            if not self._is_no_name(text[slice(*place)]) and not start <= place[0] < end:
                self._add(reading, *place, "同一句中有能指向个人的信息")
                return

    def after(self, reading: Reading, end: int) -> bool:
        """The name directly behind something personal that ends at `end`: 赣A12345　某某."""
        found = self._behind.match(reading.text, end)
        if found and not self._is_no_name(found[1]):
            self._add(reading, *found.span(1), "前面写有个人信息")
            return True
        return False

    def before(self, reading: Reading, at: int, why: str, reach: int = 48) -> bool:
        """Add the name that the sentence gives before `at`, looking at its clauses from right to left."""
        text = reading.text
        window_at = max(0, at - reach)
        window = text[window_at:at]
        for sign in _SENTENCE_ENDS:
            if (cut := window.rfind(sign)) >= 0:
                window_at, window = window_at + cut + 1, window[cut + 1 :]
        end = len(window)
        for _ in range(6):
            while end and (_BREAK.match(window[end - 1]) or window[end - 1] in "·•—→*#"):
                end -= 1
            if not end:
                return False
            begin = end
            while begin and not _BREAK.match(window[begin - 1]):
                begin -= 1
            if end - begin == 1 and begin > 1 and window[begin - 1] in " \u3000":  # 丁　强
                begin -= 1
                while begin and not _BREAK.match(window[begin - 1]):
                    begin -= 1
            clause = window[begin:end]
            if self._titles and self._titles.search(clause):
                return False
            if name := self._in_clause(clause):
                if self._is_contact(window[:begin]):
                    return False
                self._add(reading, window_at + begin + name[0], window_at + begin + name[1], why)
                return True
            end = begin
        return False

    def _in_clause(self, clause: str) -> tuple[int, int] | None:
        """Where a clause is a name, or ends with one after a word for a person; 同志 or 户 behind it is none of it."""
        if place := self._name_at_end(clause):
            return place
        behind = self._honours.search(clause) or _OF.search(clause)
        if behind and (place := self._name_at_end(clause[: behind.start()])):
            return place
        for inside in (self._agent.search(clause), self._first.match(clause)):
            if inside and not self._is_no_name(inside[1]):
                return inside.span(1)
        return None

    def _name_at_end(self, clause: str) -> tuple[int, int] | None:
        if (len(clause) <= 4 or "·" in clause or "•" in clause) and self.is_name(clause):
            return 0, len(clause)
        if len(clause) > 24:
            clause_end = clause[-24:]
            shift = len(clause) - 24
        else:
            clause_end, shift = clause, 0
        for size in (3, 2, 4):
            word = clause_end[-size:]
            if len(word) == size and self.is_name(word):
                found = self._at_end.search(clause_end)
                if found and not self._is_no_name(found[1]):
                    return shift + found.start(1), shift + found.end(1)
        return None

    def is_official(self, text: str, at: int) -> bool:
        """A title stands directly before the name at `at`."""
        return self._is_contact(text[max(0, at - 8) : at])

    def _is_contact(self, before: str) -> bool:
        """A name that an office gives for questions is public."""
        return before.rstrip(" \u3000：:").endswith(self.rule.titles)

    def _add(self, reading: Reading, start: int, end: int, why: str) -> None:
        reading.found.append(Found(start, end, self.rule, ("姓名与能指向个人的信息在一起", why)))

    def beside_attribute(self, reading: Reading, start: int, _end: int) -> None:
        """A name some clauses before an age, a birth, an origin: 某某，45岁，汉族."""
        self.before(reading, start, "后面写有年龄、民族或出身", reach=30)

    # --- beside a sex

    def sexes(self) -> tuple[str, ...]:
        """Words that ask `beside_sex`."""
        return ("男", "女")

    def beside_sex(self, reading: Reading, start: int, end: int) -> None:
        """A name before ，男，: 某某，女，汉族."""
        text = reading.text
        if (
            start == 0
            or text[start - 1] not in "，,（( \u3000、/|；;"
            or text[end : end + 1]
            not in (
                *"，,）) \u3000、；;。/|\n性岁",
                "",
            )
        ):
            return
        self.before(reading, start, "后面写有性别", reach=30)


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
                        (Found(begin, found.end(), self.rule, why), _OF_SOMEBODY - {"ADDRESS"}, SENTENCE)
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
                reading.waiting.append(
                    (Found(begin, found.end(), self.rule, why), _OF_SOMEBODY - {"ADDRESS"}, SENTENCE)
                )

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


class Illness:
    """The rule of the kind `medical`."""

    def __init__(self, rule: Medical, names: Names | None) -> None:
        self.rule = rule
        self._names = names
        self.words = rule.verbs
        self.causes, self.patients = rule.causes, rule.patients
        outcomes = "|".join(map(re.escape, rule.outcomes))
        self._outcome = re.compile(rf"[^，。；\n]{{0,8}}(?:{outcomes})") if outcomes else None
        known, word = _any_of(rule.diseases), f"{HAN}0-9A-Za-zⅠⅡⅢⅣ（）型期级"
        ill = f"(?:[{rule.endings}]|{known})"
        self._disease = re.compile(
            rf"[有了过上为是患诊断：:“\" ]{{0,6}}(?P<disease>(?:{known})|[{word}]{{1,12}}?{ill})"
        )
        self._of_patient = re.compile(rf"[，,]?(?:系|是|为|属)(?:一名|一位|长期)?(?P<disease>[{word}]{{0,10}}{ill})$")
        self.names_of_illness = tuple(rule.diseases)
        self._word = re.compile(rf"[{HAN}0-9A-ZⅠⅡⅢⅣ]{{0,{_PART}}}$")
        self._had = re.compile(r"^.*(?:[患有得因系是了的为和与及、]|诊断|查出|感染|检出)(?=.|$)")
        self._cell = re.compile(rf"[{word}、]{{0,14}}{ill}(?:[{HAN}0-9ⅠⅡⅢⅣ（）]{{0,4}}(?:期|型|级|后|术后))?")
        self._adverb = re.compile(rf"(?:{_any_of(rule.adverbs)}|\d{{1,4}}[年月日])$")
        self._subject_first = re.compile(_any_of(rule.subjects))
        self._subjects = re.compile(f"(?:{_any_of(rule.subjects)})$")

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The disease after a verb of having it, and whoever has it before the verb."""
        text = reading.text
        found = self._disease.match(text, end)
        if not found:
            return
        after = text[found.end("disease") : found.end("disease") + 4]
        if after.startswith(self.rule.not_followed_by):
            return
        first = start - len(text[max(0, start - 20) : start])
        before = text[first:start]
        while adverb := self._adverb.search(before):
            before = before[: adverb.start()]
        at = first + len(before)
        person = self._names is not None and self._names.before(reading, at, "后面写有病情", reach=24)
        if not person and not self._subjects.search(before) and not self._named(reading, start):
            return
        why = (said_label(text[start:end]), "写的是一个人的病情")
        reading.found.append(Found(*found.span("disease"), self.rule, why))

    def patient(self, reading: Reading, start: int, _end: int) -> None:
        """A disease before 患者, said of somebody: 某某系尿毒症患者."""
        text = reading.text
        window_at = max(0, start - 24)
        found = self._of_patient.search(text[window_at:start])
        if not found:
            return
        at = window_at + found.start()
        if self._names is not None and self._names.before(reading, at, "后面写有病情", reach=16):
            why = ("其后写有“患者”", "写的是一个人的病情")
            span = (window_at + found.start("disease"), start)
            reading.found.append(Found(*span, self.rule, why))

    def because(self, reading: Reading, start: int, end: int) -> None:
        """因 a disease, with what came of it: 因脑梗死住院."""
        found = self._disease.match(reading.text, end)
        if found and self._outcome and self._outcome.match(reading.text, found.end("disease")):
            self.at(reading, start, end)

    def named(self, reading: Reading, start: int, end: int) -> None:
        """The name of an illness; whose it is the sentence must tell."""
        text = reading.text
        after = text[end : end + 4]
        if after.startswith(self.rule.not_followed_by) or after[:1].isdigit():
            return
        words = self._word.search(text[max(0, start - _PART) : start]) if end - start < _WHOLE_NAME else None
        first = start - len(words[0]) if words else start
        if had := self._had.match(text[first:start]):
            first += had.end()
        if whose := self._subject_first.match(text[first:start]):
            first += whose.end()
        if self._subjects.search(text[max(0, first - 8) : first]):
            reading.found.append(Found(first, end, self.rule, ("写有疾病名称", "写的是一个人的病情")))
            return
        why = ("写有疾病名称", "同一句中有能指向个人的信息")
        reading.waiting.append((Found(first, end, self.rule, why), _OF_SOMEBODY, SENTENCE))

    def is_disease(self, cell: str) -> bool:
        """Whether a table's cell is the name of a disease."""
        return bool(self._cell.fullmatch(cell))

    def _named(self, reading: Reading, at: int) -> bool:
        """Somebody was named earlier in the sentence."""
        sentence = reading.text[max(0, at - 60) : at]
        begin = at - len(sentence) + max(sentence.rfind(sign) for sign in _SENTENCE_ENDS) + 1
        return any(
            begin <= found.start < at and found.rule.type in ("PERSON_NAME", "CN_ID") for found in reading.found[-6:]
        )


class Households:
    """The rule of the kind `household`."""

    def __init__(self, rule: Household) -> None:
        self._rule = rule
        self.words = rule.facts
        self._facts = re.compile("|".join(sorted(map(re.escape, rule.facts), key=len, reverse=True)))
        self._subject = re.compile("|".join(map(re.escape, rule.subjects)))
        self._tail = re.compile(r"[^，,。；;\n）)]{0,16}")
        self.families = rule.families
        money = r"[0-9一二三四五六七八九十百千万][0-9,，.一二三四五六七八九十百千万]{0,12}(?:多|余)?(?:元|块|万)"
        self._money = re.compile(rf"[^。；;\n]{{0,40}}?{money}(?:[^。；;\n]{{0,16}}?{money})?")

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The whole sentence's facts, once: the trigger must be the first of them."""
        text = reading.text
        if not self._facts.search(text, end, end + 100):
            return
        begin = max(text.rfind(sign, max(0, start - 80), start) for sign in _SENTENCE_ENDS) + 1 or max(0, start - 80)
        stop = min((at for sign in _SENTENCE_ENDS if (at := text.find(sign, end, end + 120)) >= 0), default=end + 120)
        if self._facts.search(text, begin, start):
            return
        sentence = text[begin:stop]
        facts = list(self._facts.finditer(text, start, stop))
        if len({fact[0] for fact in facts}) < 2 or any(word in sentence for word in self._rule.not_in):
            return
        subject = self._subject.search(sentence)
        if (
            not subject
            and len({fact[0] for fact in facts}) < _MANY_FACTS
            and not any(
                begin <= found.start < stop and found.rule.type == "PERSON_NAME" for found in reading.found[-4:]
            )
        ):
            return
        last = self._tail.match(text, facts[-1].end(), stop)
        why = ("同一句中有" + "、".join(dict.fromkeys(fact[0] for fact in facts)), "写的是一户人家")
        reading.found.append(Found(start, last.end() if last else stop, self._rule, why))

    def family(self, reading: Reading, start: int, end: int) -> None:
        """What one family earns, spends or owes; that it is one the sentence must tell."""
        text = reading.text
        money = self._money.match(text, end)
        if not money or any(word in text[max(0, start - 40) : money.end() + 12] for word in self._rule.not_in):
            return
        why = ("写有家庭的收支或负债", "写的是一户人家")
        reading.waiting.append((Found(start, money.end(), self._rule, why), _OF_SOMEBODY, LINE))


def _any_of(words: Words) -> str:
    """A pattern for any of the words, the longest first; for none, one that matches nothing."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)"


def beside_personal(reading: Reading, names: Names) -> None:
    """Names in one sentence with something personal, and what waits for somebody's name or number to be told."""
    _names_beside(reading, names, list(_personal(reading)))
    names.greeted(reading)
    for found, types, _ in reading.waiting:
        if types is _OF_SOMEBODY:
            names.anywhere(reading, found.start, found.end)
    settled = reading.settle()
    _names_beside(reading, names, [found for found in settled if found.rule.type in PERSONAL])


def _names_beside(reading: Reading, names: Names, personal: list[Found]) -> None:
    for found in personal:
        named = names.before(reading, found.start, "后面写有个人信息")
        if not names.after(reading, found.end) and not named:
            names.anywhere(reading, found.start, found.end)


def repeated(reading: Reading, names: Names) -> None:
    """A person named as private once is private wherever the document repeats the name."""
    text = reading.text
    known = {found.start for found in reading.found if found.rule is names.rule}
    words = {text[found.start : found.end] for found in reading.found if found.rule is names.rule}
    for word in words:
        if len(word) < _LONG_NAME:
            continue  # two characters are also parts of other words
        at = text.find(word)
        while at >= 0:
            if at not in known and not names.is_official(text, at):
                reading.found.append(Found(at, at + len(word), names.rule, ("同一姓名在本文别处与个人信息在一起",)))
            at = text.find(word, at + len(word))


def _personal(reading: Reading) -> Iterator[Found]:
    return (found for found in reading.found if found.rule.type in PERSONAL)
