"""Places of a text that a wrong decoding left behind (dossier W9): shown to a person, never repaired. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_URL = re.compile(r"<?https?://[^\s<>\u3000-\uffef]+>?")
_LIST_MARK = re.compile(r"^\s*(?:\d{1,3}|[a-zA-Z]|[一二三四五六七八九十]{1,3})[)）]")
_TONED_LETTER = re.compile(r"[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ\u0300-\u030f]")
_STRAY = {"?": "残留的半角问号", "<": "残留的小于号", "\ufffd": "无法解码的字符"}
# Half and full width of one kind are mixed freely in real texts; only the pairing matters here.
_PAIRS = {
    "(": ")",
    "（": ")",
    "[": "]",
    "［": "]",
    "《": "》",
    "〔": "〕",
    "【": "】",
    "“": "”",
    "「": "」",
    "『": "』",
}
_SAME = {"）": ")", "］": "]"}
_CLOSING = set(_PAIRS.values())
_JOIN = 8  # characters: signs closer than this belong to one destroyed run, e.g. ?zhí)幚砹鞒獭<
_AROUND = 4  # characters shown on either side of a run


@dataclass(frozen=True)
class Place:
    """Where something stands: line of the text from 1 (0 = nowhere, it is missing), the words, and what about them."""

    line: int
    quote: str
    note: str = ""

    def __str__(self) -> str:
        where = f"第{self.line}行" if self.line else ""
        return f"{where}“{self.quote}”" + (f"（{self.note}）" if self.note else "")


def oddities(text: str) -> tuple[Place, ...]:
    """Every run of the text that looks destroyed; empty when nothing does.

    Looks for `?`, `<`, letters with tone marks, brackets without their partner in the line, characters that are
    control, private or replacement characters. Web addresses and list marks such as `1)` are let alone.
    Run it again on an edited text: a place that is no longer returned has been mended.
    """
    return tuple(place for number, line in enumerate(text.split("\n"), 1) for place in _in_line(number, line))


def _in_line(number: int, line: str) -> Iterator[Place]:
    masked = _URL.sub(lambda found: "\u3000" * len(found[0]), line)
    masked = _LIST_MARK.sub(lambda found: "\u3000" * len(found[0]), masked)
    signs = sorted([*_stray(masked), *_unbalanced(masked)])
    while signs:
        run = [signs.pop(0)]
        while signs and signs[0][0] - run[-1][0] <= _JOIN:
            run.append(signs.pop(0))
        start, end = max(0, run[0][0] - _AROUND), run[-1][0] + 1 + _AROUND
        yield Place(number, line[start:end], "、".join(dict.fromkeys(note for _, note in run)))


def _stray(line: str) -> Iterator[tuple[int, str]]:
    for position, character in enumerate(line):
        if character in _STRAY:
            yield position, _STRAY[character]
        elif _TONED_LETTER.match(character.lower()):
            yield position, "残留的带声调字母"
        elif character != "\t" and unicodedata.category(character) in {"Cc", "Co", "Cn"}:
            yield position, "无法显示的字符"


def _unbalanced(line: str) -> Iterator[tuple[int, str]]:
    note = "括号或引号不成对"
    waiting: list[tuple[int, str]] = []
    for position, character in enumerate(line):
        if character in _PAIRS:
            waiting.append((position, _PAIRS[character]))
        elif (closing := _SAME.get(character, character)) in _CLOSING:
            if waiting and waiting[-1][1] == closing:
                waiting.pop()
            elif any(expected == closing for _, expected in waiting):
                while waiting[-1][1] != closing:
                    yield waiting.pop()[0], note
                waiting.pop()
            else:
                yield position, note
    yield from ((position, note) for position, _ in waiting)
