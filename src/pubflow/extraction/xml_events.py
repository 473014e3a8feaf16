"""XML as a stream of events, without tree, document type, entities of its own or anything fetched.

Memory: one block of the file; a text longer than a block comes in pieces. Nothing recurses.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal
from xml.parsers import expat

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.reading import Readable, Reading
from pubflow.extraction.units import Parts, Unit

_BLOCK = 64 * 1024
_MAX_DEPTH = 1_000  # elements inside elements; what people write stays below 100
_LONGEST_TAG = 4 * 1024 * 1024  # bytes
LOOSE_CHUNK = 500_000  # code points of a unit of loose texts

# start: local name, attributes by local name; end: local name, no attributes; text: the text, no attributes
Event = tuple[Literal["start", "end", "text"], str, Mapping[str, str]]
_NONE: Mapping[str, str] = {}


def events(stream: Readable) -> Iterator[Event]:
    """What the XML says, in order. Raises TooMuch for what is no XML, declares a document type, or nests too deep."""
    waiting: list[Event] = []
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise TooMuch(f"XML 嵌套超过 {_MAX_DEPTH} 层")
        plain = {_local(key): value for key, value in attributes.items()} if attributes else _NONE
        waiting.append(("start", _local(name), plain))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        waiting.append(("end", _local(name), _NONE))

    def doctype(*_: object) -> None:
        raise TooMuch("XML 带有文档类型声明（可能含实体），不予读取")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: waiting.append(("text", text, _NONE))
    parser.CommentHandler = lambda text: waiting.append(("text", f"\n{text}\n", _NONE))
    parser.ProcessingInstructionHandler = lambda _target, text: waiting.append(("text", f"\n{text}\n", _NONE))
    parser.StartDoctypeDeclHandler = doctype
    silent = 0  # bytes since the last event: a tag that does not end would be held whole
    try:
        while block := stream.read(_BLOCK):
            parser.Parse(block)
            silent = 0 if waiting else silent + len(block)
            if silent > _LONGEST_TAG:
                raise TooMuch("XML 中有过长的标签")
            yield from waiting
            waiting.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        yield from waiting
        raise TooMuch(f"XML 第 {error.lineno} 行损坏（{expat.ErrorString(error.code)}）") from None
    yield from waiting


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


# Elements inside a line: their end does not end it, or a number written in two runs would be torn.
_RUNS = frozenset(
    {"t", "r", "instrText", "delText", "delInstrText", "b", "i", "u", "span", "font", "fld", "ins", "del"}
)
# Attributes that people fill in. Of all others only values that could say something are read.
_SPOKEN = """
descr title name alt author initials prompt promptTitle error errorTitle display displayName tooltip userId comment
description help statusBar statusText helpText menu caption uniqueName instr alias v tag
"""
SPOKEN = frozenset(_SPOKEN.split())
_SAYS = re.compile(r"[^\x00-\x7f]|@|\d(?:[ -]?\d){7}")


def loose_units(
    stream: Readable, name: str, reading: Reading, *, hidden: bool, label: Callable[[str], str] = lambda _path: ""
) -> Iterator[Unit]:
    """All texts and all telling attributes of an XML part whose structure we do not follow: nothing in it escapes.

    name: the part, in Chinese; label: what to call an element, by its local name, or "" for the part's name.
    """
    texts, attributes = Parts(), Parts()
    written = 0  # texts so far
    # Of each open element: its name, what its place is called, and how many texts there were before it.
    path: list[tuple[str, str, int]] = [("", "", 0)]
    for kind, value, given in events(stream):
        if kind == "start":
            path.append((value, label(value) or path[-1][1], written))
            for key, said in given.items():
                if key in SPOKEN or _SAYS.search(said):
                    attributes.add(f"{said}\n", reading.place(f"{name}{path[-1][1]}属性“{key}”", hidden=True))
        elif kind == "text":
            if value.strip():
                texts.add(value, reading.place(name + path[-1][1], hidden=hidden))
                written += 1
        else:
            ended, called, before = path.pop()
            if written > before and ended not in _RUNS:
                texts.add("\n", reading.place(name + called, hidden=hidden))
        if texts.length > LOOSE_CHUNK:
            yield texts.unit()
            texts = Parts()
        if attributes.length > LOOSE_CHUNK:
            yield attributes.unit()
            attributes = Parts()
    for parts in (texts, attributes):
        if parts.length:
            yield parts.unit()
