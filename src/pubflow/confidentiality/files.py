"""The confidentiality scan of a whole file: all that is in it, each finding at its place, and what was not checked."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pubflow.confidentiality.lexicon import Lexicon
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import Facts, Rules, ScanFinding, scan
from pubflow.extraction.extract import extract
from pubflow.extraction.limits import Limits

UNCHECKED = "UNCHECKED"  # type of what a person must look at because no program could
MOST = 2_000  # findings kept of one file; nobody reads more, and a file of millions must not fill the memory
AROUND = 16  # characters shown on each side of a finding


@dataclass(frozen=True)
class FileFinding:
    """One place of a file that a person must look at.

    place: in Chinese, as 工作表“附表1”C12. hidden: a reader of the page does not see it. evidence: Chinese sentences.
    masked: the value as it may be shown; around: the same with what surrounds it, neighbours masked too.
    """

    rule: str
    type: str
    severity: Severity
    place: str
    hidden: bool
    evidence: tuple[str, ...]
    masked: str
    around: str


def scan_file(
    source: bytes | Path,
    name: str,
    rules: Rules,
    lexicon: Lexicon | None = None,
    limits: Limits | None = None,
    *,
    facts: Facts | None = None,
    day: dt.date | None = None,
    checked: Callable[[int], None] = lambda _count: None,
) -> list[FileFinding]:
    """Findings in reading order; behind them, what could not be checked: UNCHECKED, hard unless it is a picture.

    facts, day: as in `scan`. checked: told after each stretch of text how many code points it had.
    Of more than MOST findings the others are counted into one that is hard.
    Raises OSError when a path cannot be opened, never for what is in the file.
    """
    extraction = extract(source, name, limits)
    findings: list[FileFinding] = []
    more = 0
    for unit in extraction:
        found = scan(unit.text, rules, lexicon, format=unit.format, facts=facts, day=day)
        for one, around in zip(found, _surroundings(unit.text, found), strict=True):
            place = unit.at(one.start, one.end)
            if place is not None and len(findings) >= MOST:
                more += 1
            elif place is not None:
                name_ = _masked_name(place.name, rules, lexicon)
                findings.append(
                    FileFinding(
                        *(one.rule, one.type, one.severity, name_, place.hidden, one.evidence, one.masked, around)
                    )
                )
        checked(len(unit.text))
    if more:
        said = (f"另有 {more} 处未逐一列出，请先处理以上各处再扫描",)
        findings.append(FileFinding("more", UNCHECKED, Severity.HARD, "全文件", False, said, "", ""))
    for left in extraction.unread:
        severity = Severity.HARD if left.hard else Severity.SOFT
        name_ = _masked_name(left.place.name, rules, lexicon)
        findings.append(FileFinding(left.rule, UNCHECKED, severity, name_, left.place.hidden, (left.reason,), "", ""))
    return findings


def _masked_name(name: str, rules: Rules, lexicon: Lexicon | None) -> str:
    """A place's name as it may be shown: sheets and files inside a file are called what people called them."""
    pieces, at = [], 0
    for one in scan(name, rules, lexicon):
        if one.start >= at:
            pieces += [name[at : one.start], one.masked]
        at = max(at, one.end)
    return "".join((*pieces, name[at:]))


def _surroundings(text: str, found: Sequence[ScanFinding]) -> Iterator[str]:
    """Each finding with its neighbourhood on the line, in a text where all findings are masked."""
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    at = length = 0
    for one in found:
        if one.start >= at:
            pieces += (text[at : one.start], one.masked)
            begin = length + one.start - at
            length = begin + len(one.masked)
            at = one.end
            spans.append((begin, length))
        else:
            # Inside or across the one before: shown as that one, so that no end of it is left unmasked.
            at = max(at, one.end)
            spans.append(spans[-1])
    pieces.append(text[at:])
    masked = "".join(pieces)
    for begin, end in spans:
        before = masked[max(0, begin - AROUND) : begin].rpartition("\n")[2]
        behind = masked[end : end + AROUND].partition("\n")[0]
        yield f"{before}{masked[begin:end]}{behind}"
