"""The cleaned copy of an HTML page: what a browser shows without scripts and styles."""

import re

from lxml import etree, html

from pubflow.extraction.limits import TooMuch

_GONE = {"script", "style", "template", "noscript", "link", "iframe", "object", "embed", "base", "applet", "frame"}
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|opacity\s*:\s*0(?![.\d]*[1-9])",
    re.IGNORECASE,
)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# Everything else an element may say to programs only.
_KEPT = {
    "href", "src", "alt", "colspan", "rowspan", "scope", "headers", "class", "lang", "dir", "type", "start", "align",
    "valign", "width", "height", "charset", "style", "border", "span", "datetime", "cite", "role",
}  # fmt: skip
_DEEPEST = 200  # elements inside elements


def clean_html(text: str, removed: list[str]) -> bytes:
    """The page as UTF-8. Raises TooMuch: nested too deep, or hidden by a style sheet, which we do not follow."""
    try:
        root = html.document_fromstring(text.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError):
        raise TooMuch("网页是空的或嵌套过深") from None
    _refuse_depth(root)
    for note in list(root.iter(etree.Comment, etree.ProcessingInstruction)):
        removed.append("注释")
        note.drop_tree()  # type: ignore[attr-defined]
    for element in list(root.iter("*")):
        tag = str(element.tag).lower()
        if tag == "style" and _HIDDEN_STYLE.search(_CSS_COMMENT.sub("", element.text or "")):
            raise TooMuch("样式表中有隐藏内容的规则，不能判断哪些内容被隐藏；请删去隐藏的内容和这些规则")
        if tag in _GONE:
            removed.append({"script": "脚本", "style": "样式表"}.get(tag, f"<{tag}>"))
            _take_out(element)
        elif tag == "meta" and "charset" not in element.attrib:
            removed.append("页面属性")
            _take_out(element)
        elif _is_hidden(element):
            removed.append("隐藏元素")
            _take_out(element)
        else:
            for key in list(element.attrib):
                if key not in _KEPT or str(element.attrib[key]).strip().lower().startswith(("javascript:", "data:")):
                    removed.append("属性")
                    del element.attrib[key]
    return etree.tostring(root, method="html", encoding="utf-8", doctype="<!DOCTYPE html>")


def _is_hidden(element: etree._Element) -> bool:
    style = _CSS_COMMENT.sub("", element.get("style", ""))
    is_field = element.tag == "input" and element.get("type", "").strip().lower() == "hidden"
    return "hidden" in element.attrib or is_field or _HIDDEN_STYLE.search(style) is not None


def _take_out(element: etree._Element) -> None:
    if element.getparent() is not None:
        element.drop_tree()  # type: ignore[attr-defined]


def _refuse_depth(root: etree._Element) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            raise TooMuch(f"网页嵌套超过 {_DEEPEST} 层")
