"""The confidentiality scan of one text: which rules find what, where, and why.

`load_rules` reads the rules file once; everything after it is pure.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pubflow.confidentiality.data_files import parsed
from pubflow.confidentiality.lexicon import LEXICON, Lexicon
from pubflow.confidentiality.masked import masked
from pubflow.confidentiality.rule_kinds import MarkRule, Rule, Severity
from pubflow.confidentiality.scanner import FORMATS, Scanner
from pubflow.confidentiality.secret_marks import SHAPES
from pubflow.errors import BadInput


class Facts(Protocol):
    """What the office has registered as public: its telephones, mailboxes, officials, codes."""

    def covers(self, type: str, value: str, day: dt.date) -> object | None:
        """The fact that makes `value` public on `day`; None without one."""


@dataclass(frozen=True)
class ScanFinding:
    """One place that a person must look at.

    start, end: code points of the scanned text, end exclusive. evidence: Chinese sentences without the value itself.
    masked: the value as it may be shown in lists, logs and letters.
    """

    rule: str
    type: str
    start: int
    end: int
    severity: Severity
    evidence: tuple[str, ...]
    masked: str


class Rules(BaseModel):
    """All rules of one office, in the order of the file: of two findings at one place the earlier rule's stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    def valid_on(self, day: dt.date) -> Self:
        """The rules that hold on `day`. Marks always stay: a door is never opened by a date."""
        kept = tuple(rule for rule in self.rules if isinstance(rule, MarkRule) or rule.holds_on(day))
        return self.model_copy(update={"rules": kept})


def load_rules(path: Path) -> Rules:
    """The rules file, checked as a whole.

    Raises BadInput (English: it speaks to the administrator) naming file, rule, key and remedy.
    """
    raw = parsed(path)
    try:
        rules = Rules.model_validate(raw)
    except ValidationError as error:
        raise _bad_rules(path, raw, error) from None
    _refuse_doubles_and_gaps(path, rules)
    return rules


def scan(
    text: str,
    rules: Rules,
    lexicon: Lexicon | None = None,
    *,
    format: str = "text",
    facts: Facts | None = None,
    day: dt.date | None = None,
) -> list[ScanFinding]:
    """Every finding in reading order; linear in the length of the text.

    format: one of FORMATS. facts, day: what is public on that day is no finding; one needs the other.
    Findings do not overlap, but that a passage (one enterprise's figures, one household) may hold others.
    """
    if format not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}, not {format}")
    scanner = scanner_of(rules, lexicon)
    plain, odd = scanner.plain(text, format)
    findings = []
    for found in scanner.find(plain, format, odd=odd):
        start, end = plain.original(found.start, found.end)
        rule, value = found.rule, plain.text[found.start : found.end]
        if facts is not None and day is not None and rule.id not in SHAPES and facts.covers(rule.type, value, day):
            continue
        findings.append(ScanFinding(rule.id, rule.type, start, end, rule.severity, found.why, masked(rule.type, value)))
    return findings


def scanner_of(rules: Rules, lexicon: Lexicon | None) -> Scanner:
    """The compiled scanner of these very rules; compiled once for as long as they are in use."""
    for known_rules, known_lexicon, scanner in _compiled:
        if known_rules is rules and known_lexicon is lexicon:
            return scanner
    scanner = Scanner(rules.rules, lexicon)
    _compiled.insert(0, (rules, lexicon, scanner))
    del _compiled[_KEPT:]
    return scanner


_KEPT = 8  # rules in use at a time: today's, those of another day, those of a preview
_compiled: list[tuple[Rules, Lexicon | None, Scanner]] = []


def _refuse_doubles_and_gaps(path: Path, rules: Rules) -> None:
    ids = [rule.id for rule in rules.rules]
    for rule_id in ids:
        if ids.count(rule_id) > 1 or rule_id == LEXICON.id:
            raise BadInput(
                f"the id {rule_id} is used twice", f"{path} [{rule_id}].id", "Give each rule an id of its own"
            )
    missing = [shape for shape in SHAPES if shape not in ids]
    if missing:
        raise BadInput(
            f"the entries of these marks are missing: {', '.join(missing)}",
            str(path),
            "Restore them from the shipped file; state-secret marks cannot be switched off",
        )


def _bad_rules(path: Path, raw: dict[str, Any], error: ValidationError) -> BadInput:
    """The first problem, with the rule's id instead of its number where it has one."""
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"]]
    if len(place) > 1 and place[0] == "rules" and place[1].isdigit():
        entry = raw["rules"][int(place[1])]
        name = entry.get("id", f"number {int(place[1]) + 1}") if isinstance(entry, dict) else f"number {place[1]}"
        # After the number pydantic names the detector, which is no key of the file.
        place = [f"[{name}]", *place[3:]]
    remedy = {
        "missing": "Add this key",
        "extra_forbidden": "Remove this key or mend its spelling",
    }.get(problem["type"], "Mend this value")
    return BadInput(str(problem["msg"]), f"{path} {'.'.join(place)}".strip(), remedy)
