"""Plain terms an office keeps, e.g. of classified projects; found as substrings in time linear in the text."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import re2

from pubflow.confidentiality.found import Found
from pubflow.confidentiality.normalise import PlainText, normalise
from pubflow.confidentiality.rule_kinds import RuleBase, Severity

LEXICON = RuleBase(
    id="lexicon",
    type="LEXICON",
    severity=Severity.HARD,
    source="本机关的敏感词库",
    valid_from=dt.date(2010, 10, 1),
    hits=("（词库中的词）",),
    passes=("（其他的词）",),
)


_WHY = ("是词库中的敏感词",)
_LINE_END = re.compile("(?<=[\u3400-\u9fff])[ \u3000]{0,8}\n[ \u3000]{0,8}(?=[\u3400-\u9fff])")


class Lexicon:
    """The terms, compiled for one pass. terms: in plain spelling, without repeats."""

    def __init__(self, terms: tuple[str, ...]) -> None:
        """Longer terms win over shorter ones that begin alike. Raises ValueError when there is no term at all."""
        words = sorted({normalise(term.strip()).text for term in terms} - {""}, key=lambda term: (-len(term), term))
        if not words:
            raise ValueError("a lexicon needs at least one term")
        options: Any = re2.Options()
        options.log_errors = False
        options.max_mem = 256 << 20  # bytes, an upper bound for re2's automaton; 5,000 terms need a few MB
        self.terms = tuple(words)
        self._longest = max(map(len, words))
        self._compiled = re2.compile("|".join(re.escape(word) for word in words), options)

    def find(self, plain: PlainText) -> Iterator[Found]:
        """Every term in the text."""
        found = (hit.span() for hit in self._compiled.finditer(plain.utf8))
        for start, end in plain.spans_of_bytes(found):
            yield Found(start, end, LEXICON, _WHY)

    def find_over_lines(self, plain: PlainText) -> Iterator[Found]:
        """Every term that the end of a line breaks in two; one more search, over what stands around such ends."""
        text, reach = plain.text, self._longest - 1
        around: list[str] = []
        places: list[int] = []  # of each character of `around` in the text
        for end in _LINE_END.finditer(text):
            first = max(text.rfind("\n", 0, end.start()) + 1, end.start() - reach)
            stop = text.find("\n", end.end())
            last = min(len(text) if stop < 0 else stop, end.end() + reach)
            around += (text[first : end.start()], text[end.end() : last], "\n")
            places += (*range(first, end.start()), *range(end.end(), last), last)
        joined = PlainText("".join(around))
        for start, stop in joined.spans_of_bytes(hit.span() for hit in self._compiled.finditer(joined.utf8)):
            if places[stop - 1] - places[start] >= stop - start:
                yield Found(places[start], places[stop - 1] + 1, LEXICON, _WHY)
