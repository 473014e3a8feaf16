"""HTML as its readers and its searchers get it: the text without inline tags, table cells apart, and after it what
no reader sees - comments, attributes, scripts - so that a number is found wherever it hides.

One pass over the source without a tree: nothing nests here, so depth costs nothing and broken markup is still read.
"""

import re

from pubflow.confidentiality.normalise import Builder, PlainText

_TOKEN = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)"
    r"|<(?P<raw>script|style|template|noscript)\b(?P<rawhead>[^<>]*)>(?P<inner>.*?)(?:</(?P=raw)\s*>|\Z)"
    r"|<[/!?]?(?P<name>[A-Za-z][A-Za-z0-9:-]{0,40})(?P<attributes>[^<>]*)>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""([A-Za-z][\w:.-]{0,60})\s{0,3}=\s{0,3}("[^"]*"|'[^']*'|[^\s"'<>=]+)""")
_LAYOUT = frozenset(
    {"style", "class", "colspan", "rowspan", "width", "height", "border", "align", "valign", "lang", "rel"}
)
_CELLS = frozenset({"td", "th", "dt", "dd"})
_TABLE = frozenset({"table", "tr", "tbody", "thead", "tfoot", "body", "html"})
_SPAN = re.compile(r"""\b(col|row)span\s{0,3}=\s{0,3}["']?([0-9]{1,3})""", re.IGNORECASE)
_WIDEST = 40  # columns that one cell may span; more is no table
_INLINE = frozenset(
    (
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "img"),
        *("ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt"),
        *("u", "var", "wbr"),
    )
)
_BLANK = "\n\r\t "


def plain_markup(source: str) -> PlainText:
    """The text of an HTML page. Rows of a table are lines, cells begin with a tab; hidden things follow at the end."""
    builder, hidden, read = Builder(source), list[tuple[int, int]](), 0
    row = _Row()
    apart = True  # the next words begin a line or a cell
    for token in _TOKEN.finditer(source):
        _words(builder, source, read, token.start(), apart)
        read = token.end()
        kind = token.lastgroup
        if kind == "comment":
            hidden.append(token.span("comment"))
            apart = False
            continue
        if token["raw"]:
            hidden.append(token.span("inner"))
            hidden.append(token.span("rawhead"))
            continue
        name = token["name"].lower()
        if "=" in token["attributes"]:
            hidden += _attributes(source, *token.span("attributes"))
        apart = name not in _INLINE
        if name in _CELLS:
            if token[0][1] != "/":
                if name == "dt":  # a list of terms is a table of two columns
                    row.line("tr")
                    builder.put("\n", token.start(), token.start())
                builder.put("\t" * row.cell(token["attributes"]), token.start(), token.end())
                row.inside = name in ("td", "th")
            else:
                row.inside = False
        elif apart and row.inside and name not in _TABLE:  # a paragraph inside a cell ends no row
            builder.put(" ", token.start(), token.end())
        elif apart:
            row.inside = False
            row.line(name)
            builder.put("\n", token.start(), token.end())
    _words(builder, source, read, len(source), apart)
    for start, end in hidden:
        builder.put("\n", start, start)
        builder.copy(start, end)
    return builder.text()


class _Row:
    """Where the next cell of a table's row stands, so that a column keeps its place beside cells that span several."""

    def __init__(self) -> None:
        self._last, self._next = 0, 0  # the column of the cell before, and the first one free after it
        self._from_above: dict[int, int] = {}
        self.inside = False  # of a cell

    def line(self, name: str) -> None:
        """Another element than a cell begins or ends."""
        if name in ("tr", "table"):
            self._last, self._next = 0, 0
        if name == "table":
            self._from_above.clear()

    def cell(self, attributes: str) -> int:
        """How many tabs separate this cell from the one before, or from the beginning of the row."""
        spans = {kind.lower(): int(size) for kind, size in _SPAN.findall(attributes)} if "span" in attributes else {}
        at = self._next
        while self._from_above.get(at, 0):
            self._from_above[at] -= 1
            at += 1
        tabs = at - self._last
        self._last, self._next = at, at + min(max(1, spans.get("col", 1)), _WIDEST)
        if spans.get("row", 1) > 1:
            self._from_above.update((column, spans["row"] - 1) for column in range(at, self._next))
        return tabs


def _words(builder: Builder, source: str, start: int, end: int, apart: bool) -> None:
    """Text between two tags; the line breaks of the source around it are layout of the source only."""
    if start == end:
        return
    text = source[start:end]
    if text[-1] in _BLANK and "\n" in text:
        end -= len(text) - len(text.rstrip(_BLANK))
    if apart and text[0] in _BLANK:
        start += len(text) - len(text.lstrip(_BLANK))
    builder.copy(start, end)


def _attributes(source: str, start: int, end: int) -> list[tuple[int, int]]:
    """Name and value of each attribute that can hold words: an alternative text, a title, data of a script."""
    return [
        found.span()
        for found in _ATTRIBUTE.finditer(source, start, end)
        if found[1].lower() not in _LAYOUT and len(found[2]) > 2
    ]
