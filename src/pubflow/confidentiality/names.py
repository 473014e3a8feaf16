"""Names of private persons.

A name alone is no finding, since reports name officials. It becomes one beside something personal: after a word for a
private person, before a sex or an illness, or in one sentence with a number of the kinds in `PERSONAL`.
"""

import re
from collections.abc import Iterator

from pubflow.confidentiality.found import (
    HAN,
    LINE,
    OF_SOMEBODY,
    PERSONAL,
    SENTENCE,
    SENTENCE_ENDS,
    Found,
    Reading,
    any_of,
    one_pattern,
    said_label,
)
from pubflow.confidentiality.rule_kinds import PersonName

_BREAK = re.compile(rf"[{SENTENCE_ENDS}，,、：:（()）\[\]【】“”\"'\s|/]")
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
        roles, kin = any_of(rule.roles), any_of(rule.kin)
        kin += f"|[^{HAN}]|[{rule.person_endings}]"
        # A longer name first; what comes after it is a sign or a word that does not belong to a name.
        after = rf"(?=[{SENTENCE_ENDS}，,、：:（()）\[\]【】“”》\s|/0-9A-Za-z]|$|{any_of(rule.verbs_after)})"
        long_first = f"{some}{single}{given}{{2}}|{minority}|{some}{single}{given}"
        self._after_role = re.compile(
            rf"(?:[（(][^）)\n]{{1,12}}[）)])?[ \u3000：:“]{{0,2}}(?:是|为|叫|名叫)?[“]?({long_first}){after}"
        )
        self._at_end = re.compile(rf"(?:^|{roles}|{kin})[ \u3000：:]?({self._name})$")
        self._titles = re.compile("|".join(map(re.escape, rule.titles))) if rule.titles else None
        self._honours = re.compile(f"(?:{any_of(rule.honours)})$")
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
            rf"(?:^|[：:])[ \u3000]*({long_first})(?:{any_of(rule.honours)})?(?:[：:][ \u3000]*$|[，,]您好)",
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
        for sign in SENTENCE_ENDS:
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


def beside_personal(reading: Reading, names: Names) -> None:
    """Names in one sentence with something personal, and what waits for somebody's name or number to be told."""
    _names_beside(reading, names, list(_personal(reading)))
    names.greeted(reading)
    for found, types, _ in reading.waiting:
        if types is OF_SOMEBODY:
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
    long = [word for word in words if len(word) >= _LONG_NAME]  # two characters are also parts of other words
    if not long:
        return
    why = ("同一姓名在本文别处与个人信息在一起",)
    for again in re.finditer(one_pattern(long), text):  # one pass, however many names there are
        if again.start() not in known and not names.is_official(text, again.start()):
            reading.found.append(Found(*again.span(), names.rule, why))


def _personal(reading: Reading) -> Iterator[Found]:
    return (found for found in reading.found if found.rule.type in PERSONAL)
