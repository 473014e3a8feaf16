"""Facts of one household."""

import re

from pubflow.confidentiality.found import LINE, OF_SOMEBODY, SENTENCE_ENDS, Found, Reading
from pubflow.confidentiality.rule_kinds import Household

_MANY_FACTS = 3  # of one household in one sentence: nobody needs to be named


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
        begin = max(text.rfind(sign, max(0, start - 80), start) for sign in SENTENCE_ENDS) + 1 or max(0, start - 80)
        stop = min((at for sign in SENTENCE_ENDS if (at := text.find(sign, end, end + 120)) >= 0), default=end + 120)
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
        reading.waiting.append((Found(start, money.end(), self._rule, why), OF_SOMEBODY, LINE))
