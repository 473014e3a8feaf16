"""What the detectors hand to each other while one text is read; offsets are those of the plain text."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from pubflow.confidentiality.rule_kinds import RuleBase, Words

CLAUSE_ENDS = "\n\t，。；;！？!?,|<>"
_CLAUSE_END = re.compile(f"[{CLAUSE_ENDS}]")
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
    """One text on its way through the detectors. `marked`: it carries a state-secret mark."""

    text: str
    found: list[Found]
    marked: bool = False


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
