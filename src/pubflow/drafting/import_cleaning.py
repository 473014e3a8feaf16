"""Undo what the crawler's conversion did to a text, and keep the difference. Pure."""

import difflib
import re
from dataclasses import dataclass

from pubflow.drafting.import_decode import simplified

# Dossier W6. The conversion put the reading in brackets behind the character: 發(fā)布. A reading has a tone mark;
# `(kg)` or `(cpi)` has none and may be the author's own, so it stays and is only shown (`untoned`).
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
_PINYIN = re.compile(rf"(?<=[\u3400-\u9fff])\((?=[a-zü]*[{_TONED}])[a-zü{_TONED}]+\)")
_UNTONED = re.compile(r"(?<=[\u3400-\u9fff])\([a-zü]{1,6}\)")


@dataclass(frozen=True)
class Cleaned:
    """A cleaned text with the account of what was done; its lines are the lines of the raw text."""

    text: str
    pinyin_removed: int  # readings in brackets
    characters_converted: int  # traditional characters made simplified
    first_change: int  # line number from 1; 0 when nothing was changed
    diff: str  # unified, raw -> cleaned; empty when nothing was changed
    untoned: tuple[tuple[int, str], ...] = ()  # (line, `(ma)`): perhaps a reading, left as it is


def clean(text: str) -> Cleaned:
    """Strip pinyin insertions and convert traditional to simplified characters; nothing else is touched.

    text: any line endings; they come back as `\\n`.
    """
    raw = text.replace("\r\n", "\n").replace("\r", "\n")
    without, removed = _PINYIN.subn("", raw)
    lines = without.split("\n")
    cleaned = [simplified(line) for line in lines]
    before = raw.split("\n")
    changed = [number for number, pair in enumerate(zip(before, cleaned, strict=True), 1) if pair[0] != pair[1]]
    diff = difflib.unified_diff(before, cleaned, "raw", "cleaned", lineterm="")
    untoned = [(n, found[0]) for n, line in enumerate(cleaned, 1) for found in _UNTONED.finditer(line)]
    return Cleaned(
        text="\n".join(cleaned),
        pinyin_removed=removed,
        characters_converted=sum(map(_differing, lines, cleaned)),
        first_change=changed[0] if changed else 0,
        diff="\n".join(diff),
        untoned=tuple(untoned),
    )


def _differing(before: str, after: str) -> int:
    """How many characters differ; a phrase that OpenCC makes longer or shorter counts with its longer side."""
    if len(before) == len(after):
        return sum(one != other for one, other in zip(before, after, strict=True))
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in blocks if tag != "equal")
