"""Which stated problems no measure answers, and the other way round (dossier W3): by shared words, so inference only.

Pure. The rule is simple on purpose: two clauses belong together when they share two neighbouring characters that are
not part of a common word. It misses synonyms and is fooled by chance; its result is a question to a person.
"""

import re
from dataclasses import dataclass

from pubflow.drafting.import_oddities import Place
from pubflow.drafting.import_reading import Line, Structure
from pubflow.drafting.import_rules import ImportRules

_ITEM = re.compile(r"^\d{1,2}[.．、]\s*")
_BREAK = re.compile(r"[、,，;；。]+")
_NOT_HAN = re.compile(r"[^\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Pairing:
    """Problems and measures as listed, and those without a counterpart."""

    problems: tuple[Place, ...]
    measures: tuple[Place, ...]
    unanswered: tuple[Place, ...]  # problems that share no telling word with any measure
    unprompted: tuple[Place, ...]  # measures that share no telling word with any problem


def pair_problems(structure: Structure, rules: ImportRules) -> Pairing | None:
    """Problems against measures; None when the text has no two such lists.

    An item of the problems may state several: each clause with a word of lack (有待, 差距 ...) is one.
    """
    problems = [part for line in _items(structure, rules.words("problem_heading")) for part in _clauses(line, rules)]
    measures = [Place(line.number, line.text) for line in _items(structure, rules.words("measure_heading"))]
    if not problems or not measures:
        return None
    telling = {place: _telling(place.quote, rules) for place in (*problems, *measures)}
    return Pairing(
        tuple(problems),
        tuple(measures),
        tuple(p for p in problems if not any(telling[p] & telling[m] for m in measures)),
        tuple(m for m in measures if not any(telling[m] & telling[p] for p in problems)),
    )


def _items(structure: Structure, heading_words: tuple[str, ...]) -> list[Line]:
    """The lines under the first third-level heading that holds one of the words."""
    taken: list[Line] = []
    inside = False
    for line in structure.body_lines:
        if line.level:
            if taken:
                break
            inside = line.level == 3 and any(word in line.text for word in heading_words)
        elif inside:
            taken.append(line)
    return [line for line in taken if _ITEM.match(line.text)] or taken


def _clauses(line: Line, rules: ImportRules) -> list[Place]:
    lack, found, begun = rules.words("lack"), list[str](), ""
    for part in _BREAK.split(_ITEM.sub("", line.text)):
        begun = f"{begun}，{part}" if begun and part else begun or part
        if any(word in part for word in lack):
            found.append(begun)
            begun = ""
    if begun and found:
        found[-1] += f"，{begun}"
    return [Place(line.number, clause) for clause in found or [begun]]


def _telling(words: str, rules: ImportRules) -> set[str]:
    """Neighbouring pairs of characters, without common words and across no gap."""
    for common in sorted(rules.words("common"), key=len, reverse=True):
        words = words.replace(common, " ")
    return {run[n : n + 2] for run in _NOT_HAN.split(words) for n in range(len(run) - 1)}
