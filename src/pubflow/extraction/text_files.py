"""Text, Markdown, HTML and CSV: encoding, chunks, lines.

A chunk is held in memory, of HTML the whole page: its elements can reach over all of it.
"""

import codecs
import re
from collections.abc import Iterator, Sequence

from pubflow.extraction.limits import Budget, TooMuch
from pubflow.extraction.reading import BLOCK, Reading, Source
from pubflow.extraction.units import Format, Lines, Unit

CHUNK = 1_000_000  # code points of a unit
OVERLAP = 2_000  # code points of a text that the next chunk repeats, so that nothing is cut in two
_SURELY_UTF8 = 3  # Chinese characters before the first bad byte: such a file is a broken UTF-8 file, not GBK
_HAN = re.compile(r"[一-鿿]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_COMMON_ROWS = {0xA1, 0xA2, 0xA3, 0xA8, *range(0xB0, 0xD8)}  # first bytes of GB 2312's symbols and common characters
_COMMON_SHARE = 0.75  # of non-ASCII characters; Chinese has over 0.9, Big5 or EUC-JP read as GBK below 0.7
_WIDE = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_HTML = re.compile(r"\s*(?:<\?xml|<!doctype|<!--|<[a-z][a-z0-9:-]*[\s>/])", re.IGNORECASE)


def looks_like_html(head: bytes) -> bool:
    """Whether a text begins as HTML, XML or SVG does."""
    return _HTML.match(head.decode("utf-8", "ignore").removeprefix("\ufeff")) is not None


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes can be text of an encoding that we read."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return not _CONTROL.search(head.decode("latin-1"))


def text_units(source: Source, format_: Format, reading: Reading) -> Iterator[Unit]:
    """The units of a text file. What cannot be decoded is noted with its byte, and the rest is read all the same."""
    encoding, skip = _encoding(source, reading)
    blocks = _decoded(source, encoding, skip, reading.budget)
    if format_ == "html":
        text = _all_of(blocks, reading.budget.limits.html_chars)
        yield Unit(text, "html", False, Lines(text, outer=reading.outer, spans=lambda: unseen_in_html(text)))
    else:
        yield from _chunks(blocks, format_, reading, markdown=is_markdown(source.name))


def is_markdown(name: str) -> bool:
    """Whether a file's name says that it is Markdown."""
    return name.lower().endswith((".md", ".markdown"))


def whole_text(source: Source, reading: Reading) -> str:
    """A small text in one piece, as `text_units` reads it."""
    encoding, skip = _encoding(source, reading)
    return "".join(_decoded(source, encoding, skip, reading.budget))


def _encoding(source: Source, reading: Reading) -> tuple[str, int]:
    """Codec, and the number of bytes of the mark before the text."""
    head = source.head(4)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise TooMuch("文件是 UTF-32 编码，不能读取；请另存为 UTF-8")
    for mark, name in _WIDE.items():
        if head.startswith(mark):
            _note_broken(source, name, len(mark), reading)
            return name, len(mark)
    bad = _first_bad_byte(source, "utf-8", 0, reading.budget)
    if bad is None:
        return "utf-8", 0
    start, before = bad
    if len(_HAN.findall(before)) >= _SURELY_UTF8:
        reading.cannot(f"第 {start} 字节起不是 UTF-8 编码，而此前都是，文件可能已损坏")
        return "utf-8", 0
    bad_too = _first_bad_byte(source, "gb18030", 0, reading.budget)
    if bad_too is not None:
        reading.cannot(f"第 {start} 字节不是 UTF-8 编码，第 {bad_too[0]} 字节也不是 GB18030 编码")
    elif _common_share(source.head(64 * 1024)) < _COMMON_SHARE:
        reading.cannot(f"第 {start} 字节不是 UTF-8 编码，按 GB18030 读出来又不像中文，编码不明")
    return "gb18030", 0


def _note_broken(source: Source, encoding: str, skip: int, reading: Reading) -> None:
    bad = _first_bad_byte(source, encoding, skip, reading.budget)
    if bad is not None:
        reading.cannot(f"第 {bad[0]} 字节起不是 {encoding.upper()} 编码，文件可能已损坏")


def _first_bad_byte(source: Source, encoding: str, skip: int, budget: Budget) -> tuple[int, str] | None:
    """Offset of the first byte that is not of `encoding`, with some text before it; None when all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream, read, before = source.open(), 0, ""
    stream.read(skip)
    read = skip
    while True:
        block = stream.read(BLOCK)
        budget.in_time()
        pending = len(decoder.getstate()[0])
        try:
            before = decoder.decode(block, final=not block) or before
        except UnicodeDecodeError as error:
            return read - pending + error.start, before[-4000:] + error.object[: error.start].decode(encoding, "ignore")
        if not block:
            return None
        read += len(block)


def _decoded(source: Source, encoding: str, skip: int, budget: Budget) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    stream = source.open()
    stream.read(skip)
    while block := stream.read(BLOCK):
        budget.in_time()
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _all_of(blocks: Iterator[str], limit: int) -> str:
    parts, count = [], 0
    for block in blocks:
        count += len(block)
        if count > limit:
            raise TooMuch(f"网页超过 {limit} 个字符")
        parts.append(block)
    return "".join(parts)


def _chunks(blocks: Iterator[str], format_: Format, reading: Reading, *, markdown: bool) -> Iterator[Unit]:
    """Units of about CHUNK code points, cut at ends of lines; a CSV repeats its header, a text its last lines."""
    csv = format_ == "csv"
    echo, text, line = "", "", 1
    for block in blocks:
        text += block
        if len(text) <= CHUNK:
            continue
        cut = _cut(text, csv=csv)
        yield _chunk(echo, text[:cut], line, format_, reading, markdown=markdown)
        line += text.count("\n", 0, cut)
        if not csv:
            echo = text[max(0, cut - OVERLAP) : cut]
        elif not echo:
            echo = text[: text.find("\n") + 1][:OVERLAP]
        text = text[cut:]
    if text or line == 1:
        yield _chunk(echo, text, line, format_, reading, markdown=markdown)


def _chunk(echo: str, text: str, line: int, format_: Format, reading: Reading, *, markdown: bool) -> Unit:
    whole = echo + text
    spans = (lambda: unseen_in_markdown(whole, first=line == 1)) if markdown else tuple
    lines = Lines(whole, line, len(echo), fields=format_ == "csv", outer=reading.outer, spans=spans)
    return Unit(whole, format_, False, lines)


def _cut(text: str, *, csv: bool) -> int:
    """Where to cut: behind the last end of a line that is, in CSV, outside of quotes; else the middle of nowhere."""
    end = text.rfind("\n") + 1
    while csv and end and text.count('"', 0, end) % 2:
        # From the last quote backwards: the open one began the field that crosses this line.
        end = text.rfind("\n", 0, text.rfind('"', 0, end)) + 1
        if len(text) - end > CHUNK // 2:
            break  # quotes that never close: cut anywhere, as a reader of the file would see it
    return end or len(text)


def _common_share(head: bytes) -> float:
    wide = [sign for sign in head.decode("gb18030", "ignore") if ord(sign) > 0x7F]
    common = sum(sign.encode("gb2312", "replace")[0] in _COMMON_ROWS for sign in wide)
    return common / len(wide) if wide else 1.0


# What a reader of the page made from Markdown does not see. The same expressions clean it.
FRONT_MATTER = re.compile(
    r"\A\ufeff?(---|\+\+\+)[ \t]*\r?\n(?=[ \t]*[\w\"'-]+[ \t]*[:=])(?s:.{0,100000}?)^\1[ \t]*$", re.MULTILINE
)
MARKDOWN_COMMENT = re.compile(r"<!--(?s:.*?)(?:-->|\Z)|^\[[^\]\n]{1,999}\]:[ \t]*(?:#|<>)[ \t].*$", re.MULTILINE)
LINK_TITLE = re.compile(
    r"""(?P<link>\]\([ \t]*(?:<[^<>\n]{0,2000}>|[^\s()<>]{1,2000})|^[ ]{0,3}\[[^\]\n]{1,999}\]:[ \t]*\S{1,2000})"""
    r"""[ \t]+(?P<title>"[^"\n]*"|'[^'\n]*'|\([^()\n]*\))(?=[ \t]*(?:\)|$))""",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"(?<=\]\()[^()\n]{1,4000}(?=\))")


def unseen_in_markdown(text: str, *, first: bool) -> Sequence[tuple[int, int, str]]:
    """As `unseen_in_html`. first: the text is the beginning of its file, where the front matter stands."""
    head = FRONT_MATTER.match(text) if first else None
    found = [(*head.span(), "文首属性")] if head else []
    at = found[-1][1] if found else 0
    found += [(*one.span(), "注释") for one in MARKDOWN_COMMENT.finditer(text, at)]
    found += [(*one.span("title"), "链接标题") for one in LINK_TITLE.finditer(text, at)]
    found += [(*one.span(), "链接地址") for one in _ADDRESS.finditer(text, at)]
    apart: list[tuple[int, int, str]] = []
    for start, end, what in sorted(found):
        if apart and start < apart[-1][1]:
            if apart[-1][2] != "链接地址":
                continue
            apart[-1] = (apart[-1][0], start, "链接地址")  # the title inside the brackets has a name of its own
        apart.append((start, end, what))
    return apart


_TOKEN = re.compile(
    r"<!--|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*)(?P<rest>[^<>]*)>?|<[!?][^<>]*>?", re.IGNORECASE
)
_RAW = {"script": "脚本", "style": "样式", "template": "模板", "noscript": "备用内容"}
_CLOSE = {name: re.compile(f"</{name}", re.IGNORECASE) for name in _RAW}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_UNSEEN = re.compile(
    r"\shidden(?=[\s=>/]|$)|display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|type\s*=\s*[\"']?hidden|"
    r"font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])",
    re.IGNORECASE,
)


def unseen_in_html(text: str) -> Sequence[tuple[int, int, str]]:
    """(start, end, what) of comments, scripts, attributes and hidden elements, in reading order, one inside none.

    For the names of places only: it follows the source as written, in linear time and without recursion.
    """
    found: list[tuple[int, int, str]] = []
    hidden: list[tuple[str, int]] = []  # open elements since the outermost hidden one, with its start
    at = 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        name = (token["name"] or "").lower()
        if token[0] == "<!--":
            end = text.find("-->", at)
            at = len(text) if end < 0 else end + 3
            _note(found, hidden, token.start(), at, "注释")
        elif not name:
            _note(found, hidden, token.start(), at, "声明")
        elif token["close"]:
            while hidden and any(name == one for one, _ in hidden[-64:]):
                last, start = hidden.pop()
                if not hidden:
                    found.append((start, at, "隐藏元素"))
                if last == name:
                    break
        elif name in _RAW and not token[0].endswith("/>"):
            close = _CLOSE[name].search(text, at)
            at = close.start() if close else len(text)
            _note(found, hidden, token.start(), at, _RAW[name])
        else:
            starts = name not in _VOID and not token[0].endswith("/>") and (hidden or _UNSEEN.search(token["rest"]))
            if starts:
                hidden.append((name, token.start()))
            elif token["rest"].strip():  # a bare tag holds nothing to be found; millions of them would fill the memory
                _note(found, hidden, token.start(), at, "标签属性")
    if hidden:
        found.append((hidden[0][1], len(text), "隐藏元素"))
    return found


def _note(found: list[tuple[int, int, str]], hidden: list[tuple[str, int]], start: int, end: int, what: str) -> None:
    if not hidden:
        found.append((start, end, what))
