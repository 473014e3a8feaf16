"""Illness of one person."""

import re

from pubflow.confidentiality.found import (
    HAN,
    OF_SOMEBODY,
    SENTENCE,
    SENTENCE_ENDS,
    Found,
    Reading,
    any_of,
    said_label,
)
from pubflow.confidentiality.names import Names
from pubflow.confidentiality.rule_kinds import Medical

_WHOLE_NAME, _PART = 3, 5  # characters of an illness that needs no part of the body before it; of such a part


class Illness:
    """The rule of the kind `medical`."""

    def __init__(self, rule: Medical, names: Names | None) -> None:
        self.rule = rule
        self._names = names
        self.words = rule.verbs
        self.causes, self.patients = rule.causes, rule.patients
        outcomes = "|".join(map(re.escape, rule.outcomes))
        self._outcome = re.compile(rf"[^，。；\n]{{0,8}}(?:{outcomes})") if outcomes else None
        known, word = any_of(rule.diseases), f"{HAN}0-9A-Za-zⅠⅡⅢⅣ（）型期级"
        ill = f"(?:[{rule.endings}]|{known})"
        self._disease = re.compile(
            rf"[有了过上为是患诊断：:“\" ]{{0,6}}(?P<disease>(?:{known})|[{word}]{{1,12}}?{ill})"
        )
        self._of_patient = re.compile(rf"[，,]?(?:系|是|为|属)(?:一名|一位|长期)?(?P<disease>[{word}]{{0,10}}{ill})$")
        self.names_of_illness = tuple(rule.diseases)
        self._word = re.compile(rf"[{HAN}0-9A-ZⅠⅡⅢⅣ]{{0,{_PART}}}$")
        self._had = re.compile(r"^.*(?:[患有得因系是了的为和与及、]|诊断|查出|感染|检出)(?=.|$)")
        self._cell = re.compile(rf"[{word}、]{{0,14}}{ill}(?:[{HAN}0-9ⅠⅡⅢⅣ（）]{{0,4}}(?:期|型|级|后|术后))?")
        self._adverb = re.compile(rf"(?:{any_of(rule.adverbs)}|\d{{1,4}}[年月日])$")
        self._subject_first = re.compile(any_of(rule.subjects))
        self._subjects = re.compile(f"(?:{any_of(rule.subjects)})$")

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
        reading.waiting.append((Found(first, end, self.rule, why), OF_SOMEBODY, SENTENCE))

    def is_disease(self, cell: str) -> bool:
        """Whether a table's cell is the name of a disease."""
        return bool(self._cell.fullmatch(cell))

    def _named(self, reading: Reading, at: int) -> bool:
        """Somebody was named earlier in the sentence."""
        sentence = reading.text[max(0, at - 60) : at]
        begin = at - len(sentence) + max(sentence.rfind(sign) for sign in SENTENCE_ENDS) + 1
        return any(
            begin <= found.start < at and found.rule.type in ("PERSON_NAME", "CN_ID") for found in reading.found[-6:]
        )
