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
        self._compiled = re2.compile("|".join(re.escape(word) for word in words), options)

    def find(self, plain: PlainText) -> Iterator[Found]:
        """Every term in the text."""
        found = (hit.span() for hit in self._compiled.finditer(plain.utf8))
        for start, end in plain.spans_of_bytes(found):
            yield Found(start, end, LEXICON, ("是词库中的敏感词",))
