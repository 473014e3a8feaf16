"""The door: state-secret and internal marks, looked for in memory before the first write (design decision 6).

Pure, and fixed in code on purpose: an office may add rules in `config/rules/confidentiality.toml`, but no
configuration can take one of these away. Each shape's law, article and test sentences stand there, under the same id.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pubflow.confidentiality.normalise import PlainText, normalise

# Every repetition is bounded, so that the search stays linear in the length of the text.
_HAN = "\u3400-\u9fff"
_BLANKS = " \t\u00a0\u2000-\u200a\u202f\u205f\u3000"
_INNER = rf"[{_BLANKS}·•_|\\\-]{{0,6}}"  # inside a word: 机 密
_BETWEEN = r"[\s·•_|\\\-*,，:：()（）\[\]【】“”\"]{0,8}"  # between level, star and term
_STARS = "★☆⭐⭑⋆✩✪✫✬✭✮✯✰✦✧"
_LEVEL = rf"(?:[绝絕]|[机機]|[秘祕]){_INNER}密"
_NUMBER = r"(?:[0-9]{1,3}|[一二三四五六七八九十两]{1,4})"
_TERM = rf"{_NUMBER}{_INNER}(?:年|个{_INNER}月)"
# What may stand around a mark that has its line to itself: Markdown, brackets, the blanks that push it to the right,
# a metadata field's name.
_DRESS = rf"[{_BLANKS}#>*_\-|+=~`.·•:：\\\"'“”()（）\[\]【】〔〕《》<]{{0,120}}"
_FIELD = r"(?:[a-z_]{1,16}[ \t]{0,4}=[ \t]{0,4})?"
_LABEL = rf"密{_INNER}级{_INNER}[:：=]?{_INNER}"


def _spaced(*words: str) -> str:
    """A pattern for any of the words, with or without gaps between their characters."""
    return "(?:" + "|".join(_INNER.join(word) for word in words) + ")"


# 国家秘密 and its kin are words of the law, not marks; 保守秘密 is what one does.
_LEGAL_WORDS = ("国家", "國家", "商业", "商業", "工作", "技术", "个人", "企业", "保守", "泄露", "涉及", "核心")
# 绝密、机密、秘密 named in a row explain the levels.
_ANOTHER_LEVEL = rf"[{_BLANKS}]{{0,4}}(?:[、/,，或和及]|以及)[{_BLANKS}]{{0,4}}{_LEVEL}"

_STAR = re.compile(rf"{_LEVEL}{_INNER}级?{_BETWEEN}[{_STARS}](?P<term>{_BETWEEN}{_TERM})?")
_WITH_TERM = re.compile(rf"{_LEVEL}{_BETWEEN}{_TERM}(?!{_ANOTHER_LEVEL})")
_ALONE = re.compile(rf"^{_FIELD}{_DRESS}(?:{_LABEL})?(?P<mark>{_LEVEL}){_INNER}级?{_DRESS}$", re.MULTILINE)
_IN_FIELD = re.compile(rf"{_LABEL}[{_BLANKS}【\[（(“\"*]{{0,4}}(?P<mark>{_LEVEL})(?![{_HAN}])(?!{_ANOTHER_LEVEL})")
_KEEP_SAFE = re.compile(
    rf"{_spaced('内部')}{_INNER}{_spaced('事项', '资料', '文件', '材料')}{_BETWEEN}"
    rf"{_spaced('注意保管', '注意保存', '注意保密')}"
)
_INTERNAL_THINGS = _spaced("资料", "文件", "材料", "使用", "事项", "掌握", "参考", "参阅")
_WARNINGS = _spaced("请勿外传", "严禁外传", "不得外传", "不得公开", "妥善保管", "注意保存")
_INTERNAL_WORD = rf"(?:{_spaced('工作秘密')}|{_spaced('内部')}(?:{_INNER}{_INTERNAL_THINGS})?)"
_INTERNAL_STAR = re.compile(rf"{_spaced('工作秘密', '内部')}{_BETWEEN}[{_STARS}*]{_BETWEEN}{_TERM}")
_INTERNAL_LINE = re.compile(
    rf"^{_FIELD}{_DRESS}(?:{_spaced('仅供', '供')}{_INNER})?(?P<mark>{_INTERNAL_WORD})"
    rf"(?:{_BETWEEN}[{_STARS}])?(?:{_BETWEEN}{_TERM})?(?:{_BETWEEN}{_WARNINGS})?{_DRESS}$",
    re.MULTILINE,
)
_IN_NAME = re.compile(rf"(?<![{_HAN}])(?P<mark>{_LEVEL}){_INNER}级?(?![{_HAN}])")
_INTERNAL_IN_NAME = re.compile(rf"(?<![{_HAN}])(?P<mark>{_INTERNAL_WORD})(?![{_HAN}])")

HEAD_LINES = 8  # written lines of a page that count as its head; the mark stands in the upper corner (GB/T 9704 7.2)
_METADATA = re.compile(r"\A\s{0,8}\+\+\+[^\S\n]*\n.*?^\+\+\+[^\S\n]*$", re.MULTILINE | re.DOTALL)
_PAGE = re.compile("[^\f]+")
_WRITTEN_LINE = re.compile(r"^[^\n]*\S[^\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class Mark:
    """One hard mark. `start`, `end`: code points of the original text; `rule` is an id of the rules file."""

    rule: str
    type: str
    start: int
    end: int
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class _Shape:
    """Type and explanation of the marks of one shape."""

    type: str
    evidence: str


SHAPES = {
    "level-with-star": _Shape("SECRET_MARK", "密级之后有★等标识，是国家秘密标志的样式"),
    "level-with-term": _Shape("SECRET_MARK", "密级之后有保密期限，是国家秘密标志的样式"),
    "level-alone": _Shape("SECRET_MARK", "密级独占一行，是国家秘密标志的位置"),
    "level-field": _Shape("SECRET_FIELD", "“密级”一栏填有密级"),
    "level-in-name": _Shape("SECRET_MARK", "文件名中单独标有密级"),
    "keep-safe": _Shape("INTERNAL_MARK", "有“内部事项 注意保管”一类的标注"),
    "internal-head": _Shape("INTERNAL_MARK", "工作秘密或内部标志，标在首部或带有期限"),
    "internal-in-name": _Shape("INTERNAL_MARK", "文件名中单独标有工作秘密或内部"),
}


def secret_marks(text: str) -> list[Mark]:
    """The hard marks in `text`, in reading order; any of them closes the door. Linear, nothing is kept.

    Soft words such as 内部资料 in running text are no marks; `scan` warns of them.
    """
    return marks_in(normalise(text))


def marks_in(plain: PlainText) -> list[Mark]:
    """The same, of a text that is already normalised."""
    return _marks(plain, (*_level_marks(plain.text), *_internal_marks(plain.text)))


def secret_marks_in_name(name: str) -> list[Mark]:
    """The hard marks in a file name, with or without folders; places are those of the whole `name`.

    A name has no lines and no head: a level that no other Chinese word touches is a mark.
    """
    plain = normalise(name)
    found = [*_level_marks(plain.text), *_internal_marks(plain.text)]
    found += [("level-in-name", *hit.span("mark")) for hit in _IN_NAME.finditer(plain.text)]
    found += [("internal-in-name", *hit.span("mark")) for hit in _INTERNAL_IN_NAME.finditer(plain.text)]
    return _marks(plain, tuple(found))


_Found = tuple[str, int, int]  # shape, start and end in the plain text


def _marks(plain: PlainText, found: tuple[_Found, ...]) -> list[Mark]:
    """As marks of the original text; of those that overlap the first, then the longest."""
    marks: list[Mark] = []
    last = 0
    for shape, start, end in sorted(found, key=lambda mark: (mark[1], -mark[2])):
        if start < last:
            continue
        last = end
        said = SHAPES[shape]
        marks.append(Mark(shape, said.type, *plain.original(start, end), (said.evidence,)))
    return marks


def _level_marks(text: str) -> Iterator[_Found]:
    if "密" not in text:
        return
    for hit in _STAR.finditer(text):
        if hit["term"] or not _is_legal_word(text, hit.start()):
            yield "level-with-star", *hit.span()
    for hit in _WITH_TERM.finditer(text):
        if _stands_apart(text, *hit.span()):
            yield "level-with-term", *hit.span()
    for hit in _ALONE.finditer(text.replace("\f", "\n")):
        yield "level-alone", *hit.span("mark")
    for hit in _IN_FIELD.finditer(text):
        yield "level-field", *hit.span("mark")


def _is_legal_word(text: str, start: int) -> bool:
    """Whether the level is the end of a word such as 国家秘密, bold or not."""
    return text[max(0, start - 6) : start].rstrip(' \u3000*_“"').endswith(_LEGAL_WORDS)


def _stands_apart(text: str, start: int, end: int) -> bool:
    """A mark is not woven into a sentence on both sides: 机密 10年 is one, 这份绝密50年的文件 is not."""
    if _is_legal_word(text, start):
        return False
    if re.search(rf"{_LEVEL}[^\n。；]{{0,12}}[、/,，或和及][{_BLANKS}]{{0,4}}$", text[max(0, start - 32) : start]):
        return False
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return not (re.match(f"[{_HAN}]", before) and re.match(f"[{_HAN}]", after)) and not after.startswith(
        ("来", "后", "前")
    )


def _internal_marks(text: str) -> Iterator[_Found]:
    if "内" not in text and "秘" not in text:
        return
    for hit in _KEEP_SAFE.finditer(text):
        yield "keep-safe", *hit.span()
    for hit in _INTERNAL_STAR.finditer(text):
        yield "internal-head", *hit.span()
    lines = text.replace("\f", "\n")  # a form feed begins a line too, which `^` does not know
    for start, end in _heads(text):
        for hit in _INTERNAL_LINE.finditer(lines, start, end):
            yield "internal-head", *hit.span("mark")


def _heads(text: str) -> Iterator[tuple[int, int]]:
    """The heads of the pages; a form feed begins a page. A report's metadata is a head of its own."""
    metadata = _METADATA.match(text)
    body = metadata.end() if metadata else 0
    if metadata:
        yield 0, body
    for page in _PAGE.finditer(text, body):
        end = page.start()
        for number, line in enumerate(_WRITTEN_LINE.finditer(text, page.start(), page.end()), 1):
            end = line.end()
            if number == HEAD_LINES:
                break
        yield page.start(), end
