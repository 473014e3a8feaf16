"""One plain spelling of a text for the detectors, and the way back to the original.

Only what hides digits, letters or words is touched: full-width forms, circled and mathematical digits, invisible
characters, character references, traditional script, Chinese digits in a number, words with gaps between all their
characters. A text without any of these is used as it is; one search over its bytes tells (`ODD`).
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

import opencc
import re2

# Invisible: soft hyphen, zero-width and bidi controls, word joiner and its kin, variation selectors, byte order mark.
_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
# Marks that sit on a character: accents, enclosing keycaps. No Chinese text needs them.
_INVISIBLE += "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Circled and parenthesised numbers, full-width letters, digits and signs, mathematical letters and digits, other
# scripts' digits. Odd spaces stay as they are, since every paragraph begins with them: GAP and `\s` know them.
_DISGUISED = (
    "\u00b2\u00b3\u00b9\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u2070-\u2079\u2080-\u2089"
    "\u2460-\u249b\u24b6-\u24ff\u2776-\u2793\u3021-\u3029\u3220-\u3229\u3280-\u3289"
    "\uff0a\uff0b\uff0d\uff0e\uff10-\uff19\uff20-\uff3a\uff3f\uff41-\uff5a\U0001d400-\U0001d7ff\U0001f100-\U0001f10a"
)
_IS_INVISIBLE = re.compile(f"[{_INVISIBLE}]")
_IS_DISGUISED = re.compile(f"[{_DISGUISED}]")
# Longest entity name of HTML is 31 characters; the bound keeps the search linear.
_SPECIAL = re.compile(f"[{_INVISIBLE}]{{1,64}}|[{_DISGUISED}]|&#?[0-9A-Za-z]{{2,31}};")

# What people put between the digits of one number; a tab separates columns and is not among them.
GAP = "'#^ \u00a0\u2000-\u200a\u202f\u205f\u3000\\-‐‑–—·•・._/~*`()（）\\[\\]【】「」『』"
_BLANKS = " \u00a0\u2000-\u200a\u202f\u205f\u3000"

_CHINESE_DIGIT = "〇零○一二三四五六七八九壹贰叁肆伍陆柒捌玖貳參陸幺两洞拐勾"
_CHINESE_DIGITS = str.maketrans(_CHINESE_DIGIT, "000" + "123456789" + "123456789" + "236" + "12079")
# Letters of other scripts that look like digits or like the Latin letters that do.
_TWINS = str.maketrans("ОоΟοΙІіlЗзЅѕВΒ", "OoOoIIil33SsBB")
_IS_TWIN = "ОоΟοΙІіЗзЅѕВΒ"
_MEASURES = "辆人名户台件个套家位间张部"  # before one of these a last 一 counts something: 赣A12345一辆
_NUMBER = re.compile(
    rf"[0-9{_CHINESE_DIGIT}](?:[{GAP}\n、，,]{{0,2}}[0-9{_CHINESE_DIGIT}]){{4,40}}(?<![0-9][一两](?=[{_MEASURES}]))"
)
# The same with letters among them: codes, passports, plates.
_CODE = re.compile(rf"[0-9A-Za-z{_CHINESE_DIGIT}]{{5,30}}")
_FEWEST_READ_OUT = 2  # Chinese digits in such a code
_PAUSES = str.maketrans("、，", "  ")  # between read-out digits; a comma of a table stays
_HAN = "\u3400-\u9fff"
_PART = rf"[{_BLANKS}·•・\-_|/*.~#+^']"  # exactly one: wider gaps are columns
_PARTS = rf"[{_BLANKS}·•・\-_|/*.~()（）\[\]【】「」]{{1,3}}"
_OPEN, _CLOSED, _MARK = r"（(\[【「", r"）)\]】」", r"[\-_*/.~#+^']"
_SPACED = re.compile(
    rf"[{_HAN}](?:{_PART}[{_HAN}](?={_PART}[{_HAN}])){{1,40}}{_PART}[{_HAN}]"  # 含东 风 工 程有关
    rf"|(?<![{_HAN}])[{_HAN}](?:{_PARTS}[{_HAN}]){{1,40}}(?![{_HAN}])"  # 机 密
    rf"|[{_HAN}](?:[{_BLANKS}]{{2,3}}[{_HAN}]){{3,40}}|[{_HAN}](?:[{_BLANKS}]{{2,3}}[{_HAN}]){{2}}(?![{_HAN}])"
    rf"|(?:[{_OPEN}][{_HAN}][{_CLOSED}]){{2,20}}"  # 住户【张】【三】
    rf"|[{_HAN}](?:{_MARK}[{_HAN}]){{1,3}}(?![{_HAN}])"  # 住户张-三，
    rf"|[{_HAN}](?:、[{_HAN}]){{2,3}}(?![、{_HAN}])"  # 住户司、马、光，
    rf"|(?:(?<![·{_HAN}])|(?<=[者户人象]))[{_HAN}](?:·[{_HAN}]){{2}}(?![·{_HAN}])"  # 柯·德·贵
    rf"|[{_HAN}]\.(?=[{_HAN}])|[{_HAN}][〔【\[][{_HAN}][〕】\]]"  # 股骨.头坏死, 数据【池】
)
# Everything apart, digits and signs too: 1 0 - 4 - 1 3 0 4 室.
_APART = rf"(?:[{_BLANKS}][^\s,;|]){{4,120}}"
_DIGIT_TOO = rf"(?=(?:[{_BLANKS}][^\s,;|]){{0,120}}?[{_BLANKS}][0-9A-Za-z])"
_BEFORE, _BEHIND = '\\s，,;；、。：:（(“"|', '\\s，,;；、。：:）)”"|<'
_ALL_APART = re.compile(
    rf"(?:(?<![^{_BEFORE}])[^\s,;|]|(?<![^{_BEFORE}{_HAN}])[0-9A-Za-z]){_DIGIT_TOO}{_APART}"
    rf"(?:(?<=[0-9A-Za-z])(?![0-9A-Za-z])|(?![^{_BEHIND}]))"
)
# The same with a mark for the blank: 赣_A_1_2_3_4_5.
_MARKED_APART = re.compile(
    rf"(?<![0-9A-Za-z])[0-9A-Za-z{_HAN}]([_*#'^~])(?:[0-9A-Za-z]\1){{3,40}}[0-9A-Za-z](?![0-9A-Za-z])"
)
_MARKS = re.compile("[_*#'^~]+")
_GAPS_IN_WORD = re.compile(rf"[{_BLANKS}·•・\-_|/*.~()（）\[\]【】〔〕「」#+^'、]+")
_GAPS = re.compile(f"[{_BLANKS}]+")
# What re2 must find before it is worth taking a text apart; the words to put together; what to leave out of them.
_APARTS = (
    (rf"(?:[{_BLANKS}][^\s,;|]){{4}}", _ALL_APART, _GAPS),
    ("(?:[_*#'^~][0-9A-Za-z]){4}", _MARKED_APART, _MARKS),
    (
        rf"(?:^|[^{_HAN}])[{_HAN}]{_PARTS}[{_HAN}]|{_PARTS}[{_HAN}]{_PARTS}[{_HAN}]"
        rf"|[{_HAN}]{_MARK}[{_HAN}](?:[^{_HAN}]|$)|[{_HAN}]、[{_HAN}]、[{_HAN}](?:[^、{_HAN}]|$)"
        rf"|[{_HAN}][.〔【\[][{_HAN}]",
        _SPACED,
        _GAPS_IN_WORD,
    ),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """`at`: first place in the plain text. Original places start .. end; `copied` means character by character."""

    at: int
    start: int
    end: int
    copied: bool


@dataclass(frozen=True)
class PlainText:
    """A normalised text. Places are code points; `original` leads back, through `inner` where there were two steps."""

    text: str
    _pieces: tuple[Piece, ...] = ()
    _inner: "PlainText | None" = None
    _starts: tuple[int, ...] = field(default=(), repr=False)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that became text[start:end]; start < end."""
        if self._pieces:
            first, last = self._place(start), self._place(end - 1)
            start, end = min(first[0], last[0]), max(first[1], last[1])
        return self._inner.original(start, end) if self._inner else (start, end)

    def _place(self, at: int) -> tuple[int, int]:
        piece = self._pieces[bisect_right(self._starts, at) - 1]
        if not piece.copied:
            return piece.start, piece.end
        place = piece.start + at - piece.at
        return place, place + 1

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


class Builder:
    """Puts a plain text together from pieces of another."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._out: list[str] = []
        self._pieces: list[Piece] = []
        self._at = 0

    def copy(self, start: int, end: int) -> None:
        """The source's characters from start to end, as they are."""
        if start < end:
            self._pieces.append(Piece(self._at, start, end, True))
            self._out.append(self._source[start:end])
            self._at += end - start

    def put(self, plain: str, start: int, end: int) -> None:
        """`plain` instead of the source's characters from start to end."""
        if plain:
            self._pieces.append(Piece(self._at, start, end, False))
            self._out.append(plain)
            self._at += len(plain)

    def text(self, inner: PlainText | None = None) -> PlainText:
        """What was put together; `inner`: the text that the source is the plain text of."""
        return PlainText("".join(self._out), tuple(self._pieces), inner, tuple(piece.at for piece in self._pieces))


def normalise(text: str, before: PlainText | None = None) -> PlainText:
    """The plain spelling of `text`; the very same string where nothing is disguised.

    before: what `text` already is the plain text of.
    """
    if not is_odd(text):
        return before or PlainText(text)
    plain = _characters(text, before)
    straight = _numbers(_foreign().sub(_as_usual, plain.text))
    if straight != plain.text:
        plain = PlainText(straight, plain._pieces, plain._inner, plain._starts)  # as long as before
    for hint, words, gaps in _APARTS:
        plain = _without_gaps(plain, hint, words, gaps)
    return plain


def is_odd(text: str) -> bool:
    """Whether anything in `text` needs another spelling."""
    return _odd().search(text.encode("utf-8", "replace")) is not None


def _characters(text: str, before: PlainText | None) -> PlainText:
    builder, read = Builder(text), 0
    for found in _SPECIAL.finditer(text):
        plain = _plain(found[0])
        if plain == found[0]:
            continue
        builder.copy(read, found.start())
        builder.put(plain, *found.span())
        read = found.end()
    if not read:
        return before or PlainText(text)
    builder.copy(read, len(text))
    return builder.text(before)


def _numbers(text: str) -> str:
    """Chinese digits of a number as plain ones, sign for sign: 一三八〇〇, 138零零, 壹叁捌."""
    text = _NUMBER.sub(lambda found: found[0].translate(_CHINESE_DIGITS).translate(_PAUSES), text)
    return _CODE.sub(_code, text)


def _code(found: re.Match[str]) -> str:
    """A code with its Chinese digits as plain ones; the words around a few letters stay."""
    plain = found[0].translate(_CHINESE_DIGITS)
    changed = sum(old != new for old, new in zip(found[0], plain, strict=True))
    return plain if changed >= _FEWEST_READ_OUT and not plain.isdigit() else found[0]


def _as_usual(found: re.Match[str]) -> str:
    """The simplified form of a traditional character, the digit or Latin letter for its twin."""
    return found[0].translate(_simplified()).translate(_TWINS)


def _without_gaps(plain: PlainText, hint: str, words: re.Pattern[str], gaps: re.Pattern[str]) -> PlainText:
    """Words whose characters all stand apart, put together: 昆 仑 港 口. Looks only at lines where re2 saw the hint."""
    text = plain.text
    builder, read, done = Builder(text), 0, 0
    hits = (hit.span() for hit in _compiled(hint).finditer(plain.utf8))
    for first, last in plain.spans_of_bytes(hits):
        if last <= done:
            continue  # in a line that was read already
        begin = max(done, text.rfind("\n", 0, first) + 1)
        stop = text.find("\n", last)
        done = len(text) if stop < 0 else stop
        for word in words.finditer(text, begin, done):
            for gap in gaps.finditer(text, *word.span()):
                builder.copy(read, gap.start())
                read = gap.end()
    if not read:
        return plain
    builder.copy(read, len(plain.text))
    return builder.text(plain)


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
    if digit is None:
        # Circled letters have no compatibility form of their own in every case: NFKC gives the letter.
        return unicodedata.normalize("NFKC", character)
    return str(int(digit))


@cache
def _simplified() -> dict[int, str]:
    """Traditional characters and their simplified forms, one to one, from OpenCC's tables."""
    characters = [chr(code) for code in range(0x3400, 0xA000)]
    simple = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(old): new for old, new in zip(characters, simple, strict=True) if len(new) == 1 and new != old}


@cache
def _foreign() -> re.Pattern[str]:
    """Traditional characters and twins of digits: finding one costs a tenth of translating all."""
    return re.compile(f"[{''.join(map(chr, _simplified()))}{_IS_TWIN}]")


@cache
def odd_pattern() -> str:
    """For re2: what makes a text need another spelling."""
    traditional = "".join(chr(code) for code in _simplified())
    return "|".join(
        (
            f"[{_INVISIBLE}{_DISGUISED}{traditional}{_IS_TWIN}]",
            "&#?[0-9A-Za-z]{2,31};",
            rf"(?:[0-9A-Z]{{0,6}}[{_CHINESE_DIGIT}][{GAP}\n]{{0,2}}){{5}}",
            rf"[0-9]{{2}}[{GAP}]{{0,2}}[{_CHINESE_DIGIT}]{{1,4}}[{GAP}]{{0,2}}[0-9]{{2}}",
            rf"[A-Z][0-9A-Z]{{0,3}}[{_CHINESE_DIGIT}][0-9A-Z]{{0,3}}[{_CHINESE_DIGIT}]",
            *(hint for hint, _, _ in _APARTS),
        )
    )


@cache
def _compiled(hint: str) -> re2._Regexp:
    return re2.compile(hint.encode())


@cache
def _odd() -> re2._Regexp:
    return re2.compile(odd_pattern().encode())
