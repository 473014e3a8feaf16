"""The confidentiality scan of one text: which rules find what, where, and why.

`load_rules` reads the rules file once; everything after it is pure.
"""

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pubflow.confidentiality.detectors import Hit, Lexicon, MarkRule, Rule, Severity
from pubflow.confidentiality.normalise import PlainText, normalise
from pubflow.confidentiality.secret_marks import SHAPES, Mark, marks_in
from pubflow.errors import BadInput

LEXICON_RULE = "lexicon"


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
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})", str(path), "Restore it from the shipped config/") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"is not UTF-8 at byte {error.start}", str(path), "Save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"is not TOML ({error})", str(path), "Mend the line named") from None
    try:
        rules = Rules.model_validate(raw)
    except ValidationError as error:
        raise _bad_rules(path, raw, error) from None
    _refuse_doubles_and_gaps(path, rules)
    return rules


def scan(text: str, rules: Rules, lexicon: Lexicon | None = None) -> list[ScanFinding]:
    """Every finding in reading order, without overlaps; linear in the length of the text."""
    plain = normalise(text)
    found = [_of_mark(mark) for mark in marks_in(plain)]
    for rule in rules.rules:
        found += [_of_hit(rule.id, rule.type, rule.severity, hit, plain) for hit in rule.find(plain)]
    if lexicon is not None:
        found += [_of_hit(LEXICON_RULE, "LEXICON", Severity.HARD, hit, plain) for hit in lexicon.find(plain)]
    return _without_overlaps(found)


def _of_mark(mark: Mark) -> ScanFinding:
    return ScanFinding(mark.rule, mark.type, mark.start, mark.end, Severity.HARD, mark.evidence, "〔标志〕")


def _of_hit(rule: str, type_: str, severity: Severity, hit: Hit, plain: PlainText) -> ScanFinding:
    start, end = plain.original(hit.start, hit.end)
    return ScanFinding(rule, type_, start, end, severity, hit.evidence, hit.masked)


def _without_overlaps(found: list[ScanFinding]) -> list[ScanFinding]:
    """Hard before soft, then the earlier rule: sorting is stable. An interval taken is taken."""
    order = {id(finding): number for number, finding in enumerate(found)}
    kept: list[ScanFinding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        last = kept[-1] if kept else None
        if last is None or finding.start >= last.end:
            kept.append(finding)
        elif _rank(finding, order) < _rank(last, order):
            kept[-1] = finding
    return kept


def _rank(finding: ScanFinding, order: dict[int, int]) -> tuple[bool, int]:
    return finding.severity is not Severity.HARD, order[id(finding)]


def _refuse_doubles_and_gaps(path: Path, rules: Rules) -> None:
    ids = [rule.id for rule in rules.rules]
    for rule_id in ids:
        if ids.count(rule_id) > 1 or rule_id == LEXICON_RULE:
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
