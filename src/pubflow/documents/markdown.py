"""Markdown to HTML that is safe to publish: no raw HTML, no scripts, no outside pictures, headings in order."""

import re
from collections.abc import Iterator

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong"),
    *("ul", "ol", "li", "a", "img", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "div": {"class", "role", "tabindex", "aria-label"},
    "th": {"scope", "class"},
    "td": {"class"},
}
_OUTSIDE = re.compile(r"(?:[a-z][a-z0-9+.-]*:|//|\\)", re.IGNORECASE)
# Chinese is written without spaces: a line end between two of these is not a gap between words.
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff01-\uff60“”‘’…—·]")


def to_html(text: str, *, title: str = "", table_label: str = "表格，可左右滚动") -> str:
    """The HTML of a Markdown `text`, to stand below a page's own h1.

    The highest heading becomes h2 and no level is skipped; a first-level heading that only repeats `title` is left
    out. Header cells get their scope; each table stands in a region named `table_label` that scrolls by itself, so
    that a wide one does not make a phone's page scroll sideways. Raw HTML is shown as the text it is. The same text
    always gives the same bytes.
    """
    tokens = list(_without_title(_PARSER.parse(text), title))
    _order_headings(tokens)
    for token in tokens:
        _mend_cell(token)
        if token.children:
            token.children = list(_mended(token.children))
    html = _PARSER.renderer.render(list(_tables_in_regions(tokens, table_label)), _PARSER.options, {})
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto", "tel"})


def _without_title(tokens: list[Token], title: str) -> Iterator[Token]:
    skip = 0
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and token.tag == "h1" and following and following.content.strip() == title:
            skip = 3  # its opening, its text, its close
        if skip:
            skip -= 1
        else:
            yield token


def _order_headings(tokens: list[Token]) -> None:
    above: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
            while above and above[-1] >= level:
                above.pop()
            above.append(level)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(1 + len(above), 6)}"


def _mend_cell(token: Token) -> None:
    if token.type == "th_open":
        token.attrSet("scope", "col")
    if token.type in ("th_open", "td_open") and "style" in token.attrs:
        # A class, since the pages' content security policy allows no inline style.
        token.attrs["class"] = str(token.attrs.pop("style")).removeprefix("text-align:")


def _mended(inline: list[Token]) -> Iterator[Token]:
    """Line ends between Chinese characters closed; pictures from elsewhere replaced by their description."""
    for n, token in enumerate(inline):
        if token.type == "softbreak" and 0 < n < len(inline) - 1:
            before, after = inline[n - 1].content[-1:], inline[n + 1].content[:1]
            if _WIDE.fullmatch(before) and _WIDE.fullmatch(after):
                continue
        if token.type == "image" and _OUTSIDE.match(str(token.attrs.get("src", ""))):
            yield Token("text", "", 0, content=token.content)
            continue
        yield token


def _tables_in_regions(tokens: list[Token], label: str) -> Iterator[Token]:
    for token in tokens:
        if token.type == "table_open":
            attrs: dict[str, str | int | float] = {
                "class": "scroll",
                "role": "region",
                "tabindex": "0",
                "aria-label": label,
            }
            yield Token("region_open", "div", 1, attrs=attrs, block=True)
        yield token
        if token.type == "table_close":
            yield Token("region_close", "div", -1, block=True)
