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
_TERM = rf"(?:{_NUMBER}{_INNER}(?:年|个{_INNER}月)|半{_INNER}年)"
# What may stand around a mark that has its line to itself: Markdown, brackets, the blanks that push it to the right,
# a metadata field's name.
_DRESS = rf"[{_BLANKS}#>*_\-|+=~`.·•:：\\\"'“”()（）\[\]【】〔〕《》<]{{0,120}}"
_FIELD = r"(?:[a-z_]{1,16}[ \t]{0,4}=[ \t]{0,4})?"
_RANK = (
    rf"(?:密{_INNER}级|定{_INNER}密{_INNER}级{_INNER}别|(?:涉|定|保)?{_INNER}密{_INNER}等{_INNER}级?"
    rf"|秘{_INNER}密{_INNER}等{_INNER}级)"
)
_LABEL = (
    rf"{_RANK}(?:{_INNER}标{_INNER}识|{_INNER}[（(]{_INNER}定{_INNER}密{_INNER}[)）])?"
    rf"{_INNER}(?:[:：∶=＝/]|[—－–-]{{1,2}})?{_INNER}"
)


def _spaced(*words: str) -> str:
    """A pattern for any of the words, with or without gaps between their characters; the longest word first."""
    return "(?:" + "|".join(_INNER.join(word) for word in sorted(words, key=len, reverse=True)) + ")"


# 国家秘密 and its kin are words of the law, not marks; 保守秘密 is what one does.
_LEGAL_WORDS = ("国家", "國家", "商业", "商業", "工作", "技术", "个人", "企业", "保守", "泄露", "涉及", "核心")
# 绝密、机密、秘密 named in a row explain the levels.
_ANOTHER_LEVEL = rf"[{_BLANKS}]{{0,4}}(?:[、/,，或和及]|以及)[{_BLANKS}]{{0,4}}{_LEVEL}"

_SPEAKS_OF_MARKS = re.compile(
    "标注|标志|字样|标识|标明|写明|注明|样式|式样|格式|例如|应当|三级|等级|不得标|误标|一词|两字|二字|加注|示例"
)
_LEVEL_AT = re.compile(_LEVEL)
_RUNNING_ON = frozenset("、。；;")  # beside it the line is a sentence
_LINE = 160  # characters of a line to each side of a level that is alone in it
_STAR = re.compile(rf"{_LEVEL}{_INNER}级?{_BETWEEN}[{_STARS}](?P<term>{_BETWEEN}{_TERM})?")
_WITH_TERM = re.compile(rf"{_LEVEL}{_BETWEEN}{_TERM}(?!{_ANOTHER_LEVEL})")
_ALONE = re.compile(rf"^{_FIELD}{_DRESS}(?:{_LABEL})?(?P<mark>{_LEVEL}){_INNER}级?{_DRESS}$", re.MULTILINE)
_IN_FIELD = re.compile(rf"{_LABEL}[{_BLANKS}【\[（(“\"*]{{0,4}}(?P<mark>{_LEVEL})(?![{_HAN}])(?!{_ANOTHER_LEVEL})")
_TERM_LABEL = _spaced(
    "保密期限", "保密期", "保密时限", "保密年限", "密级期限", "定密期限", "解密时间", "解密日期", "解密期限", "解密条件"
)
_THEN = _spaced(
    *("长期", "永久", "启封前", "启用前", "公布前", "发布前", "使用前"),
    *("公开时", "公开之日", "发布日", "发布之日", "公布之日"),
)
_UNTIL = rf"(?:{_TERM}|{_THEN}|(?:19|20)[0-9]{{2}}[年.\-/])"
_TERM_FIELD = re.compile(
    rf"{_TERM_LABEL}(?:{_INNER}[:：∶=为是]{{1,2}}|[{_BLANKS}]{{1,4}}){_INNER}(?:至|到|自)?{_UNTIL}(?![、/或])"
)
_CARE, _KEEP = _spaced("请注意", "注意", "妥善", "认真"), _spaced("保管", "保存", "保密")
_AFTER_USE, _BACK = _spaced("用后", "阅后"), _spaced("收回", "销毁", "退回", "退还", "即焚")
_KEEPING = rf"(?:{_CARE}{_INNER}{_KEEP}|{_AFTER_USE}{_INNER}{_BACK})"
_BEFORE_THEN = _spaced("发布前", "公布前", "公开前", "数据未公布前", "未公布前", "数据公布前")
_WITHOUT = rf"(?:{_spaced('未经')}{_INNER}{_spaced('批准', '许可', '同意', '授权', '审批')}|{_BEFORE_THEN}){_BETWEEN}"
_MUST_NOT = _spaced("不予", "不对外", "请勿", "切勿", "不得", "严禁", "禁止", "不准", "不宜", "谢绝", "勿")
_OUTWARD = _spaced("对外", "擅自", "私自", "向外")
_SPREAD = _spaced(
    *("外传", "外泄", "扩散", "泄露", "翻印", "转载", "转发", "传播", "外借", "上网", "复印", "复制", "摘抄", "引用"),
    *("提供", "发布", "公开", "复制转发", "散发"),
)
_MORE = _spaced("发布", "引用", "传播", "发表", "报道", "使用", "出版")
_FORBIDDEN = rf"(?:{_WITHOUT})?{_MUST_NOT}{_INNER}(?:{_OUTWARD}{_INNER})?{_SPREAD}(?:{_INNER}{_MORE})?"
_WARNING = rf"(?:{_KEEPING}|{_FORBIDDEN})"
_KEPT_THINGS = _spaced("事项", "资料", "文件", "材料", "刊物", "参考", "使用", "情况", "信息", "数据", "传阅")
_KEEP_SAFE = re.compile(rf"{_spaced('内部')}{_INNER}{_KEPT_THINGS}{_BETWEEN}{_WARNING}")
_INTERNAL_THINGS = _spaced(
    "资料",
    "文件",
    "材料",
    "使用",
    "事项",
    "掌握",
    "参考",
    "参阅",
    "刊物",
    "传阅",
    "交流",
    "讨论",
    "情况",
    "信息",
    "数据",
    "明电",
    "讨论稿",
)
_WHOM = _spaced(
    *("内部", "机关内部", "单位内部", "局内", "处内", "科内", "室内", "本单位", "本系统", "系统内", "党组", "工作"),
    *("领导", "有关领导", "局领导", "区领导", "市领导", "上级", "市局", "省局"),
)
_READ = _spaced("参考", "参阅", "参阅件", "使用", "掌握", "传阅", "审阅", "阅知", "阅研", "研究", "交流", "阅")
_FOR_WHOM = (
    rf"(?:{_spaced('仅', '只', '专', '限')}{_INNER})?{_spaced('供', '限')}?{_INNER}"
    rf"(?:{_WHOM}{_INNER}(?:同志)?){{1,2}}{_READ}"
)
_INTERNAL_PAPERS = _spaced("工作秘密", "内参", "送阅件", "呈阅件", "参阅件", "工作资料")
_INTERNAL_WORD = rf"(?:{_INTERNAL_PAPERS}|{_spaced('内部')}(?:{_INNER}{_INTERNAL_THINGS})?)"
_INTERNAL_STAR = re.compile(rf"{_spaced('工作秘密', '内部')}{_BETWEEN}[{_STARS}*]{_BETWEEN}{_TERM}")
_INTERNAL_LINE = re.compile(
    rf"^{_FIELD}{_DRESS}(?P<mark>(?:{_spaced('仅供', '供')}{_INNER})?{_INTERNAL_WORD}"
    rf"(?:{_BETWEEN}[{_STARS}])?(?:{_BETWEEN}{_TERM})?(?:{_BETWEEN}{_WARNING}){{0,2}})[!！]?{_DRESS}$",
    re.MULTILINE,
)
# A line that is nothing but a warning, wherever it stands.
_WARNING_LINE = re.compile(
    rf"^{_DRESS}(?:本(?:资料|材料|件))?(?P<mark>(?:{_FOR_WHOM}(?:{_BETWEEN}{_WARNING})?|{_FORBIDDEN}(?:{_BETWEEN}{_WARNING})?))[!！]?{_DRESS}$",
    re.MULTILINE,
)
# One class in front, so that the search skips everything else quickly.
_MAY_WARN = re.compile(
    rf"[仅只专限供请切不严禁谢](?:(?<=[仅只专]){_INNER}[供限]|(?<=[限供]){_INNER}[内领]|(?<=[请切]){_INNER}勿"
    rf"|(?<=不){_INNER}[得准宜予]|(?<=严){_INNER}禁|(?<=禁){_INNER}止|(?<=谢){_INNER}绝)"
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
    "term-field": _Shape("SECRET_FIELD", "“保密期限”一栏填有期限"),
    "level-in-name": _Shape("SECRET_MARK", "文件名中单独标有密级"),
    "keep-safe": _Shape("INTERNAL_MARK", "有“内部事项 注意保管”一类的标注"),
    "internal-head": _Shape("INTERNAL_MARK", "工作秘密或内部标志，标在首部或带有期限"),
    "warning-line": _Shape("INTERNAL_MARK", "独占一行，写明不得公开或只供内部"),
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
    """Looks only where the second character of a level stands; the line and the label are read from there."""
    for found in _LEVEL_AT.finditer(text):
        start, end = found.span()
        if _is_plain_word(text, start, end) or _is_quoted(text, start, end):
            continue
        hit = _STAR.match(text, start)
        star = hit is not None and bool(hit["term"] or not _is_legal_word(text, start))
        if hit and star:
            yield "level-with-star", *hit.span()
        hit = _WITH_TERM.match(text, start)
        term = hit is not None and _stands_apart(text, *hit.span())
        if hit and term:
            yield "level-with-term", *hit.span()
        if not star and not term and "级" in text[max(0, start - 24) : start]:
            for field in _IN_FIELD.finditer(text, max(0, start - 32), min(len(text), end + 24)):
                if field.start("mark") == start:
                    yield "level-field", *field.span()
        if alone := _in_its_line(_ALONE, text, start, end):
            yield "level-alone", *alone
    for found in _TERM_FIELD.finditer(text) if "密" in text else ():
        yield "term-field", *found.span()


def _is_plain_word(text: str, start: int, end: int) -> bool:
    """国家秘密、商业秘密 in running text: the quick way out for the most frequent words."""
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    return before in _LEGAL_WORDS and (after in "、，。；,;）)”" or "\u4e00" <= after <= "\u9fff")


def _is_quoted(text: str, start: int, end: int) -> bool:
    """A level that a sentence quotes to speak of marks: 标注“机密★10年”字样. Alone in its line it is no quotation."""
    opening = text[max(0, start - 2) : start]
    if not opening or opening[-1] not in '“‘「『"':
        return False
    before = text[max(0, start - 24) : start - 1].rpartition("\n")[2]
    after = text[end : end + 40].partition("\n")[0]
    return bool(_SPEAKS_OF_MARKS.search(before) or _SPEAKS_OF_MARKS.search(after))


def _in_its_line(shape: re.Pattern[str], text: str, start: int, end: int) -> tuple[int, int] | None:
    """The mark in the line around a place, if the whole line has the shape and is short enough."""
    if text[end : end + 1] in _RUNNING_ON or text[start - 1 : start] in _RUNNING_ON:
        return None
    first = max(text.rfind("\n", max(0, start - _LINE), start), text.rfind("\f", max(0, start - _LINE), start)) + 1
    if first == 0 and start > _LINE:
        return None
    stops = [at for sign in "\n\f" if (at := text.find(sign, end, end + _LINE)) >= 0]
    last = min(stops, default=len(text))
    hit = shape.fullmatch(text[first:last]) if last - end <= _LINE else None
    return (first + hit.start("mark"), first + hit.end("mark")) if hit else None


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
    if "内" in text:
        for hit in _KEEP_SAFE.finditer(text):
            around = text[max(0, hit.start() - 1) : hit.start()], text[hit.end() : hit.end() + 1]
            woven = all(re.match(f"[{_HAN}]", sign) for sign in around)
            if not woven and not _is_quoted(text, *hit.span()):
                yield "keep-safe", *hit.span()
    if "内" in text or "秘" in text or "阅件" in text:
        for hit in _INTERNAL_STAR.finditer(text):
            yield "internal-head", *hit.span()
        lines = text.replace("\f", "\n")  # a form feed begins a line too, which `^` does not know
        for start, end in _heads(text):
            for hit in _INTERNAL_LINE.finditer(lines, start, end):
                yield "internal-head", *hit.span("mark")
    last = -1
    for hint in _MAY_WARN.finditer(text):
        if hint.start() < last:
            continue
        if line := _in_its_line(_WARNING_LINE, text, *hint.span()):
            last = line[1]
            yield "warning-line", *line


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
