"""The cleaned copy of a Word document: its shown paragraphs, tables and pictures with their looks."""

import posixpath
from collections.abc import Callable
from typing import Any

from lxml import etree

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.package import CONTENT_TYPES, Archive, Relation, packed
from pubflow.extraction.word import hidden_styles, is_on

Element = etree._Element
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
# The parts that come along, by the kind of their relationship to the body.
_KEPT = {
    "styles": "styles",
    "numbering": "numbering",
    "fontTable": "fontTable",
    "header": "header",
    "footer": "footer",
    "footnotes": "footnotes",
    "endnotes": "endnotes",
}
_GONE = {
    "del",
    "moveFrom",
    "delText",
    "delInstrText",
    "instrText",
    "fldChar",
    "commentRangeStart",
    "commentRangeEnd",
    "commentReference",
    "annotationRef",
    "bookmarkStart",
    "bookmarkEnd",
    "proofErr",
    "permStart",
    "permEnd",
    "object",
    "moveFromRangeStart",
    "moveFromRangeEnd",
    "moveToRangeStart",
    "moveToRangeEnd",
    "altChunk",
    "sdtPr",
    "sdtEndPr",
    "rPrChange",
    "pPrChange",
    "tblPrChange",
    "tblGridChange",
    "tcPrChange",
    "trPrChange",
    "sectPrChange",
    "tblPrExChange",
    "numberingChange",
    "cellDel",
    "cellIns",
    "cellMerge",
    "ffData",
    "customXmlPr",
    "smartTagPr",
    "embedRegular",
    "embedBold",
    "embedItalic",
    "embedBoldItalic",
    "control",
    "dataBinding",
    "docVars",
    "tblCaption",
    "tblDescription",
}
_UNWRAPPED = {"ins", "moveTo", "hyperlink", "fldSimple", "sdt", "sdtContent", "smartTag", "customXml"}
_ALT = ("descr", "title")  # read aloud: who cannot see the picture is a reader too
_REMOVED = {
    "del": "已删除的修订",
    "moveFrom": "已移走的修订",
    "instrText": "域代码",
    "fldSimple": "域代码",
    "object": "嵌入对象",
    "commentReference": "批注",
    "bookmarkStart": "书签",
    "hyperlink": "链接地址",
    "altChunk": "嵌入文档",
    "sdtPr": "内容控件的设置",
}
ImageCleaner = Callable[[bytes, list[str]], bytes]


def clean_word(archive: Archive, main: str, removed: list[str], clean_image: ImageCleaner) -> bytes:
    """A document of the shown content only. Raises TooMuch for what is damaged or too much."""
    maker = _Maker(archive, removed, clean_image)
    for relation in archive.relations(main).values():
        if relation.kind == "styles" and not relation.external and relation.target in archive:
            maker.styles = hidden_styles(archive.stream(relation.target))
    maker.add_part(main, "word/document.xml", f"{_TYPE}.document.main+xml")
    removed += ["文档属性", "文档设置"]
    return packed(maker.members())


class _Maker:
    """Collects the parts of the copy, each under a plain name of ours."""

    def __init__(self, archive: Archive, removed: list[str], clean_image: ImageCleaner) -> None:
        self._archive, self._removed, self._clean_image = archive, removed, clean_image
        self._parts: dict[str, bytes] = {}
        self._types: dict[str, str] = {}
        self._made: dict[str, str] = {}
        self.styles: frozenset[str] = frozenset()

    def members(self) -> dict[str, bytes]:
        """All members of the package, its directory first."""
        types = etree.Element(f"{{{_TYPES}}}Types", nsmap=_only(_TYPES))
        etree.SubElement(types, f"{{{_TYPES}}}Default", Extension="rels",
                         ContentType="application/vnd.openxmlformats-package.relationships+xml")  # fmt: skip
        for name, type_ in self._types.items():
            etree.SubElement(types, f"{{{_TYPES}}}Override", PartName=f"/{name}", ContentType=type_)
        package = _relationships({"rId1": ("officeDocument", "word/document.xml")})
        return {CONTENT_TYPES: _written(types), "_rels/.rels": package, **self._parts}

    def add_part(self, part: str, name: str, type_: str) -> None:
        """Clean one part and those it refers to; `name` is what it is called in the copy."""
        root = _parsed(self._archive, part)
        relations = self._archive.relations(part)
        self._clean(root)
        targets: dict[str, tuple[str, str]] = {}
        wanted = {value for element in root.iter("*") for value in _references(element)}
        for id_, relation in relations.items():
            if relation.external or relation.target not in self._archive:
                continue
            if relation.kind == "image" and id_ in wanted:
                targets[id_] = ("image", self._image(relation))
            elif relation.kind in _KEPT and (id_ in wanted or relation.kind not in ("header", "footer")):
                targets[id_] = (relation.kind, self._named(relation))
        for element in list(root.iter("*")):
            for value in _references(element):
                if value not in targets:
                    _drop_holder(element)
        self._parts[name] = _written(root)
        self._types[name] = type_
        if targets:
            folder, base = posixpath.split(name)
            self._parts[f"{folder}/_rels/{base}.rels"] = _relationships(
                {id_: (kind, posixpath.relpath(target, folder)) for id_, (kind, target) in targets.items()}
            )

    def _named(self, relation: Relation) -> str:
        if relation.target not in self._made:
            kind = _KEPT[relation.kind]
            name = f"word/{kind}{len(self._made) + 1}.xml"
            self._made[relation.target] = name
            self.add_part(relation.target, name, f"{_TYPE}.{kind}+xml")
        return self._made[relation.target]

    def _image(self, relation: Relation) -> str:
        if relation.target not in self._made:
            stream, blocks = self._archive.stream(relation.target), []
            while block := stream.read():
                blocks.append(block)
            content = self._clean_image(b"".join(blocks), self._removed)
            suffix = "jpeg" if content.startswith(b"\xff\xd8") else "png" if content.startswith(b"\x89PNG") else "gif"
            name = f"word/media/image{len(self._made) + 1}.{suffix}"
            self._made[relation.target] = name
            self._parts[name] = content
            self._types[name] = f"image/{suffix}"
        return self._made[relation.target]

    def _clean(self, root: Element) -> None:
        for note in list(root.iter(etree.Comment, etree.ProcessingInstruction)):
            _drop(note)
        for fallback in list(root.iter(f"{_MC}Fallback")):
            _drop(fallback)
        for run in list(root.iter(f"{_W}r")):
            if self._is_hidden(run):
                self._removed.append("隐藏文字")
                _drop(run)
        for row in list(root.iter(f"{_W}tr")):
            if row.find(f"{_W}trPr/{_W}del") is not None:
                self._removed.append("已删除的修订")
                _drop(row)
        for element in list(root.iter("*")):
            local = etree.QName(element).localname
            if not str(element.tag).startswith(_W):
                if local in ("docPr", "cNvPr"):
                    for key in list(element.attrib):
                        if key not in ("id", *_ALT):
                            del element.attrib[key]
                    element.set("name", "")
                elif local in ("extLst", "hlinkClick", "hlinkHover"):
                    _drop(element)
                continue
            for key in list(element.attrib):
                if etree.QName(key).localname.startswith("rsid") or key in (
                    f"{_W}author",
                    f"{_W}date",
                    f"{_W}initials",
                ):
                    del element.attrib[key]
            if local in _GONE or local in _UNWRAPPED:
                if local in _REMOVED:
                    self._removed.append(_REMOVED[local])
                _drop(element) if local in _GONE else _unwrap(element)

    def _is_hidden(self, run: Element) -> bool:
        vanish = run.find(f"{_W}rPr/{_W}vanish")
        if vanish is not None:
            return is_on(vanish.get(f"{_W}val"))
        paragraph = run.getparent()
        while paragraph is not None and paragraph.tag != f"{_W}p":
            paragraph = paragraph.getparent()
        styles = [run.find(f"{_W}rPr/{_W}rStyle")]
        styles.append(paragraph.find(f"{_W}pPr/{_W}pStyle") if paragraph is not None else None)
        return any(style is not None and style.get(f"{_W}val") in self.styles for style in styles)


def _references(element: Element) -> list[str]:
    return [str(value) for key, value in element.attrib.items() if str(key).startswith(_R)]


def _drop_holder(element: Element) -> None:
    """Take away what shows something that does not come along: a drawing as a whole, else the element itself."""
    holder: Element | None = element
    while holder is not None and holder.tag not in (f"{_W}drawing", f"{_W}pict"):
        holder = holder.getparent()
    _drop(element if holder is None else holder)


def _drop(element: Element) -> None:
    """Take an element out; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    _keep_tail(element, parent)
    parent.remove(element)


def _keep_tail(element: Element, parent: Element) -> None:
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
        element.tail = None


def _unwrap(element: Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    at = parent.index(element)
    for number, child in enumerate(list(element)):
        parent.insert(at + number, child)
    _drop(element)


def _parsed(archive: Archive, part: str) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    stream = archive.stream(part)
    try:
        while block := stream.read():
            parser.feed(block)
        return parser.close()
    except etree.XMLSyntaxError as error:
        raise TooMuch(f"部件 {part} 损坏（第 {error.lineno} 行）") from None


def _relationships(targets: dict[str, tuple[str, str]]) -> bytes:
    root = etree.Element(f"{{{_RELS}}}Relationships", nsmap=_only(_RELS))
    for id_, (kind, target) in targets.items():
        etree.SubElement(root, f"{{{_RELS}}}Relationship", Id=id_, Type=f"{_OFFICE}/{kind}", Target=target)
    return _written(root)


def _only(namespace: str) -> Any:
    return {None: namespace}  # the stubs of lxml know no default namespace


def _written(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
