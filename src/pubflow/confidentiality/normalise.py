"""One plain spelling of a text for the detectors, and the way back to the original.

Only what hides digits, letters or words is touched: full-width forms, circled and mathematical digits, invisible
characters, HTML character references. A text without any of these is used as it is.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

# Invisible: soft hyphen, zero-width and bidi controls, word joiner and its kin, variation selectors, byte order mark.
_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
# Circled and parenthesised numbers, full-width letters, digits and signs, mathematical digits. Odd spaces stay as
# they are, since every paragraph begins with them: GAP and `\s` know them.
_DISGUISED = (
    "\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
    "\uff0a\uff0b\uff0d\uff0e\uff10-\uff19\uff20-\uff3a\uff3f\uff41-\uff5a\U0001d7ce-\U0001d7ff"
)
_IS_INVISIBLE = re.compile(f"[{_INVISIBLE}]")
_IS_DISGUISED = re.compile(f"[{_DISGUISED}]")
# Longest entity name of HTML is 31 characters; the bound keeps the search linear.
_SPECIAL = re.compile(f"[{_INVISIBLE}]{{1,64}}|[{_DISGUISED}]|&#?[0-9A-Za-z]{{2,31}};")

# What people put between the digits of one number; a tab separates columns and is not among them.
GAP = " \u00a0\u2000-\u200a\u202f\u205f\u3000\\-‐‑–—·_"
_MIN_RUN = 11  # the shortest number any detector looks for, digits
_RUN = re.compile(
    rf"(?<![0-9])[0-9](?=[0-9{GAP}\n]{{{_MIN_RUN - 1}}})[0-9]*(?:[{GAP}\n]{{1,3}}[0-9]+)*(?:[{GAP}\n]{{0,3}}[Xx])?"
)


@dataclass(frozen=True)
class _Piece:
    """`at`: first place in the plain text. Original places start .. end; `copied` means character by character."""

    at: int
    start: int
    end: int
    copied: bool


@dataclass(frozen=True)
class PlainText:
    """A normalised text. Places are code points; `original` leads back."""

    text: str
    _pieces: tuple[_Piece, ...] = ()
    _starts: tuple[int, ...] = field(default=(), repr=False)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that became text[start:end]; start < end."""
        if not self._pieces:
            return start, end
        return self._place(start)[0], self._place(end - 1)[1]

    def _place(self, at: int) -> tuple[int, int]:
        piece = self._pieces[bisect_right(self._starts, at) - 1]
        if not piece.copied:
            return piece.start, piece.end
        place = piece.start + at - piece.at
        return place, place + 1

    @cached_property
    def digit_runs(self) -> tuple[tuple[int, int], ...]:
        """Spans of digits, with gaps of up to three separators, at least 11 characters long."""
        return tuple(found.span() for found in _RUN.finditer(self.text))

    @cached_property
    def utf8(self) -> bytes:
        """For re2, which reads bytes. A lone surrogate becomes one `?`, so code points still count the same."""
        return self.text.encode("utf-8", "replace")

    def spans_of_bytes(self, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Byte spans of `utf8`, rising and not overlapping, as code point spans. Linear: every byte is counted once."""
        byte = point = 0
        for start, end in spans:
            first = point + len(self.utf8[byte:start].decode())
            last = first + len(self.utf8[start:end].decode())
            yield first, last
            byte, point = end, last


def normalise(text: str) -> PlainText:
    """The plain spelling of `text`; the very same string where nothing is disguised."""
    pieces: list[_Piece] = []
    out: list[str] = []
    at = read = 0
    for found in _SPECIAL.finditer(text):
        plain = _plain(found[0])
        if plain == found[0]:
            continue
        if read < found.start():
            pieces.append(_Piece(at, read, found.start(), True))
            out.append(text[read : found.start()])
            at += found.start() - read
        if plain:
            pieces.append(_Piece(at, found.start(), found.end(), False))
            out.append(plain)
            at += len(plain)
        read = found.end()
    if not read:
        return PlainText(text)
    pieces.append(_Piece(at, read, len(text), True))
    out.append(text[read:])
    return PlainText("".join(out), tuple(pieces), tuple(piece.at for piece in pieces))


@lru_cache(maxsize=4096)
def _plain(special: str) -> str:
    """What a reader takes `special` for; "" for what no reader sees."""
    if special[0] == "&":
        special = html.unescape(special)
    return "".join(_plain_character(character) for character in special)


def _plain_character(character: str) -> str:
    if _IS_INVISIBLE.match(character):
        return ""
    if not _IS_DISGUISED.match(character):
        return character
    digit = unicodedata.numeric(character, None)
    return unicodedata.normalize("NFKC", character) if digit is None else str(int(digit))
