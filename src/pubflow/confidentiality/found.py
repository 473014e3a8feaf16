"""What the detectors hand to each other while one text is read; offsets are those of the plain text."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pubflow.confidentiality.rule_kinds import RuleBase, Words

CLAUSE_ENDS = "\n\t，。；;！？!?,|<>"
_CLAUSE_END = re.compile(f"[{CLAUSE_ENDS}]")
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
OF_SOMEBODY = PERSONAL - {"MEDICAL"} | {"PERSON_NAME"}  # types beside which something speaks of somebody
HAN = "\u3400-\u9fff"
SENTENCE_ENDS = "\n。；;！？!?"
SENTENCE, LINE = "\n。；;！？", "\n"  # signs that end a passage
_BEFORE, _BEHIND = 100, 60  # characters of a sentence that may hold the evidence of what waits
_LABEL_REACH = 18  # characters read before a value for its label


class Found(NamedTuple):
    """A place, the rule that found it, and why. `sure`: not to be taken back by the table it stands in."""

    start: int
    end: int
    rule: RuleBase
    why: tuple[str, ...]
    sure: bool = True


@dataclass(slots=True)
class Reading:
    """One text on its way through the detectors.

    marks: where the marks begin, in the order of the text.
    waiting: what becomes a finding if a passage around it, up to one of these signs, holds one of these types too.
    """

    text: str
    found: list[Found]
    marks: list[int] = field(default_factory=list)
    waiting: list[tuple[Found, frozenset[str], str]] = field(default_factory=list)

    def settle(self) -> list[Found]:
        """Let what has its evidence by now become a finding, and return it; the rest goes on waiting."""
        if not self.waiting:
            return []
        settled: list[Found] = []
        left: list[tuple[Found, frozenset[str], str]] = []
        known = sorted((found.start, found.rule.type) for found in self.found)
        starts = [start for start, _ in known]
        for found, types, signs in self.waiting:
            first = max(self.text.rfind(sign, max(0, found.start - _BEFORE), found.start) for sign in signs)
            first = max(first, found.start - _BEFORE)
            ends = [at for sign in signs if (at := self.text.find(sign, found.end, found.end + _BEHIND)) >= 0]
            last = min(ends, default=found.end + _BEHIND)
            near = known[bisect_left(starts, first) : bisect_right(starts, last)]
            if any(type in types and start != found.start for start, type in near):
                settled.append(found)
            else:
                left.append((found, types, signs))
        self.found += settled
        self.waiting = left
        return settled


def label_before(text: str, at: int, labels: Words) -> str:
    """The first of `labels` in the clause before `at`, "" without any."""
    before = text[max(0, at - _LABEL_REACH) : at]
    for label in labels:
        place = before.rfind(label)
        if place >= 0 and not _CLAUSE_END.search(before, place + len(label)):
            return label
    return ""


def said_label(label: str) -> str:
    """The sentence of evidence for a label."""
    return f"前面写有“{label}”"


def any_of(words: Words) -> str:
    """A pattern for any of the words, the longest first; for none, one that matches nothing."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)"


def one_pattern(words: Iterable[str]) -> str:
    """A pattern of all words, the longest first, that reads a shared beginning once: twice as fast as a plain list."""
    tree: dict[str, Any] = {}
    for word in words:
        branch = tree
        for sign in word:
            branch = branch.setdefault(sign, {})
        branch[""] = {}
    return _branches(tree)


def _branches(tree: dict[str, Any]) -> str:
    ways = [re.escape(sign) + _branches(rest) for sign, rest in tree.items() if sign]
    if not ways:
        return ""
    together = f"(?:{'|'.join(ways)})"
    return f"{together}?" if "" in tree else together
