"""All rules of an office over one text: three passes over it, then only the places that asked for a closer look.

One search over the bytes says whether anything is disguised or a lexicon term. One pass finds the words at which
rules begin to look (`words` of the detectors), one the runs of letters and digits. Each pass is linear, and every look
around a place is bounded, so that the whole is linear in the length of the text.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import re2

from pubflow.confidentiality.enterprises import Enterprises, FewRespondents
from pubflow.confidentiality.found import CLAUSE_ENDS, Found, Reading, one_pattern
from pubflow.confidentiality.homes import Homes
from pubflow.confidentiality.households import Households
from pubflow.confidentiality.illness import Illness
from pubflow.confidentiality.labelled import (
    ClassifiedSeries,
    LabelledValue,
    Mailbox,
    OrganisationAtLabel,
    VehiclePlate,
)
from pubflow.confidentiality.lexicon import Lexicon
from pubflow.confidentiality.markup import plain_markup
from pubflow.confidentiality.names import Names, beside_personal, repeated
from pubflow.confidentiality.normalise import PlainText, normalise, odd_pattern
from pubflow.confidentiality.number_runs import Numbers
from pubflow.confidentiality.rule_kinds import (
    Email,
    EnterpriseFigures,
    HomeAddress,
    Household,
    Labelled,
    MarkRule,
    Medical,
    OrganisationCode,
    PersonName,
    Phrase,
    Plate,
    RuleBase,
    SecretSeries,
    Severity,
    SmallCell,
)
from pubflow.confidentiality.secret_marks import marks_in
from pubflow.confidentiality.tables import Tables

Handler = Callable[[Reading, int, int], None]
FORMATS = ("text", "csv", "html")

_CLAUSE = re.compile(f"[{CLAUSE_ENDS}]")
_SECRET = frozenset({"SECRET_MARK", "SECRET_FIELD"})
_MAY_HOLD_OTHERS = frozenset({"ENT_DATA", "HOUSEHOLD"})


class Scanner:
    """The rules and the lexicon of one office, compiled. Safe to share between threads; keeps nothing of a text."""

    def __init__(self, rules: Sequence[RuleBase], lexicon: Lexicon | None) -> None:
        self._order = {rule.id: number for number, rule in enumerate(rules)}
        self._marks = {rule.id: rule for rule in rules if isinstance(rule, MarkRule)}
        self._lexicon = lexicon
        self._phrases = [rule for rule in rules if isinstance(rule, Phrase)]
        names = next((Names(rule) for rule in rules if isinstance(rule, PersonName)), None)
        illness = next((Illness(rule, names) for rule in rules if isinstance(rule, Medical)), None)
        enterprises = next((Enterprises(rule) for rule in rules if isinstance(rule, EnterpriseFigures)), None)
        homes = [Homes(rule) for rule in rules if isinstance(rule, HomeAddress)]
        self._names, self._homes = names, homes
        self._numbers = Numbers(rules)
        self._plates = [VehiclePlate(rule) for rule in rules if isinstance(rule, Plate)]
        self._tables = Tables(rules, names, illness, enterprises, homes)
        everywhere: list[tuple[Iterable[str], Handler]] = []
        for rule in rules:
            if isinstance(rule, Labelled):
                labelled = LabelledValue(rule)
                everywhere.append((labelled.words, labelled.at))
            elif isinstance(rule, OrganisationCode):
                everywhere.append((rule.labels, OrganisationAtLabel(rule).at))
            elif isinstance(rule, Email):
                everywhere.append((Mailbox.words, Mailbox(rule).at))
            elif isinstance(rule, SecretSeries):
                everywhere.append((ClassifiedSeries.words, ClassifiedSeries(rule).at))
        for home in homes:
            everywhere += [(home.words, home.at), (home.flat_words, home.flat), (home.group_words, home.group)]
        if illness:
            everywhere += [
                (illness.words, illness.at),
                (illness.causes, illness.because),
                (illness.patients, illness.patient),
            ]
        prose = list(everywhere)
        for rule in rules:
            if isinstance(rule, Household):
                household = Households(rule)
                prose += [(household.words, household.at), (household.families, household.family)]
        if illness:
            prose.append((illness.names_of_illness, illness.named))
        prose += [(rule.only, FewRespondents(rule).at) for rule in rules if isinstance(rule, SmallCell) and rule.only]
        if names:
            prose += [(names.words, names.at), (names.sexes(), names.beside_sex)]
            prose += [(names.rule.attributes, names.beside_attribute), (names.of_firms, names.of_firm)]
        if enterprises:
            prose.append((enterprises.words, enterprises.at))
        # In a table the columns say what a name or a figure is; the words around a cell do not.
        self._words = {"text": _Words(prose), "html": _Words(prose), "csv": _Words(everywhere)}
        options = re2.Options()
        options.max_mem = 512 << 20  # bytes, an upper bound for the automaton; 5,000 terms need a few MB
        options.log_errors = False
        terms = "|".join(re.escape(term) for term in lexicon.terms) + "|" if lexicon else ""
        self._odd = re2.compile((terms + odd_pattern()).encode(), options)

    def plain(self, text: str, form: str) -> tuple[PlainText, bool]:
        """The plain spelling of a text, and whether a lexicon term may be in it."""
        marked_up = plain_markup(text) if form == "html" else None
        source = marked_up.text if marked_up else text
        if self._odd.search(source.encode("utf-8", "replace")) is None:
            return marked_up or PlainText(text), False
        return normalise(source, marked_up), True

    def find(self, plain: PlainText, form: str, *, odd: bool, warnings: bool = True) -> list[Found]:
        """Every finding in reading order; of two at one place the graver, then the earlier rule's.

        Places are those of the plain text. warnings: soft ones too.
        """
        text = plain.text
        reading = Reading(text, [])
        for mark in marks_in(PlainText(text)):
            if rule := self._marks.get(mark.rule):
                reading.found.append(Found(mark.start, mark.end, rule, mark.evidence))
        reading.marks = [found.start for found in reading.found if found.rule.type in _SECRET]
        self._words[form].read(reading)
        self._numbers.read(reading)
        for plates in self._plates:
            plates.read(reading)
        self._tables.read(reading, csv=form == "csv")
        if self._names and form != "csv":
            for home in self._homes:
                home.dashed(reading)
            beside_personal(reading, self._names)
            repeated(reading, self._names)
        if self._lexicon:
            reading.found += self._lexicon.find(plain) if odd else ()
            reading.found += self._lexicon.find_over_lines(plain)
        for phrase in self._phrases:
            if warnings or phrase.severity is Severity.HARD:
                reading.found += _phrases(phrase, plain)
        if not warnings:
            reading.found = [found for found in reading.found if found.rule.severity is Severity.HARD]
        return self._without_overlaps(reading.found)

    def _without_overlaps(self, found: list[Found]) -> list[Found]:
        """A passage may hold other findings; everything else takes its place alone."""
        found.sort(key=_place)
        kept: list[Found] = []
        last: Found | None = None
        holding: Found | None = None
        place = 0  # of `last` among those kept
        for one in found:
            if one.rule.type in _MAY_HOLD_OTHERS:
                if holding is None or one.start >= holding.end:
                    kept.append(one)
                    holding = one
                continue
            if last is None or one.start >= last.end:
                kept.append(one)
                last, place = one, len(kept) - 1
            elif self._rank(one) < self._rank(last):
                kept[place] = last = one
        return kept

    def _rank(self, found: Found) -> tuple[bool, int]:
        return found.rule.severity is not Severity.HARD, self._order.get(found.rule.id, -1)


class _Words:
    """The words at which detectors begin to look, as one pattern."""

    def __init__(self, wanted: list[tuple[Iterable[str], Handler]]) -> None:
        self._handlers: dict[str, tuple[Handler, ...]] = {}
        for words, handler in wanted:
            for word in words:
                self._handlers[word] = (*self._handlers.get(word, ()), handler)
        self._pattern = re.compile(one_pattern(self._handlers)) if self._handlers else None

    def read(self, reading: Reading) -> None:
        if self._pattern is None:
            return
        handlers = self._handlers
        for word in self._pattern.finditer(reading.text):
            for handler in handlers[word[0]]:
                handler(reading, word.start(), word.end())


def _place(found: Found) -> tuple[int, int]:
    return found.start, -found.end


def _phrases(rule: Phrase, plain: PlainText) -> list[Found]:
    hits = (hit.span() for hit in rule.compiled.finditer(plain.utf8))
    found = []
    for start, end in plain.spans_of_bytes(hits):
        clause = _clause(plain.text, start, end)
        if start < end and not any(word in clause for word in rule.unless):
            found.append(Found(start, end, rule, (rule.reason,)))
    return found


def _clause(text: str, start: int, end: int) -> str:
    """The clause around a place, at most 40 characters to each side."""
    left = _CLAUSE.split(text[max(0, start - 40) : start])[-1]
    return left + text[start:end] + _CLAUSE.split(text[end : end + 40])[0]
