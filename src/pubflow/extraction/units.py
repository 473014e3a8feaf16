"""Units of text, and the way back from an offset to a place that a person understands."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

Format = Literal["text", "csv", "html"]


@dataclass(frozen=True)
class Place:
    """Where something stands, in Chinese. hidden: who reads the page as usual does not see it."""

    name: str
    hidden: bool = False


# None: the text repeats what another unit shows at its own place (a table's header, the end of the chunk before).
PlaceOf = Callable[[int, int], Place | None]


@dataclass(frozen=True)
class Unit:
    """A stretch of text that is judged as a whole.

    text: as the file has it, entities of HTML not replaced; csv: fields by comma, first row the header.
    hidden: no part of it is seen by who reads the page.
    """

    text: str
    format: Format
    hidden: bool
    place_of: PlaceOf

    def at(self, start: int, end: int) -> Place | None:
        """The place of code points start to end (exclusive); None where another unit shows the same."""
        return self.place_of(start, end)

    def concealed(self) -> "Unit":
        """The same unit of something that who reads the page does not see, such as an attached file."""
        place_of = self.place_of

        def unseen(start: int, end: int) -> Place | None:
            place = place_of(start, end)
            return place and Place(place.name, hidden=True)

        return replace(self, hidden=True, place_of=unseen)


@dataclass(frozen=True)
class Unread:
    """Something that was not, or not wholly, checked; `reason` is a Chinese sentence.

    rule: `unchecked`, `name-contradicts-content`, `picture-content` or `picture-location`.
    hard: nothing may go public with it.
    """

    place: Place
    reason: str
    rule: str = "unchecked"
    hard: bool = True


def always(place: Place) -> PlaceOf:
    """One place for the whole unit."""
    return lambda _start, _end: place


class Parts:
    """Text put together from pieces that each have a place."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._starts: list[int] = []
        self._places: list[Place | None] = []
        self.length = 0

    def add(self, text: str, place: Place | None) -> None:
        """One more piece behind the others."""
        if text:
            self._starts.append(self.length)
            self._places.append(place)
            self._texts.append(text)
            self.length += len(text)

    def unit(self, format_: Format = "text") -> Unit:
        """All pieces as one unit; the place is that of the first piece touched which is no repetition."""
        starts, places = self._starts, self._places

        def place_of(start: int, end: int) -> Place | None:
            number = max(0, bisect_right(starts, start) - 1)
            while number < len(starts) and (starts[number] < end or starts[number] <= start):
                if places[number] is not None:
                    return places[number]
                number += 1
            return None

        shown = [place for place in places if place is not None]
        return Unit("".join(self._texts), format_, bool(shown) and all(place.hidden for place in shown), place_of)


@dataclass(frozen=True)
class Lines:
    """Places by line and column of a text that may be a later chunk of a file.

    first: number of the line on which the chunk begins, from 1. echo: so many code points at the beginning repeat
    what came before; they belong to no line. fields: the column counts fields of CSV, not characters.
    spans: (start, end, what) that a reader does not see, in reading order.
    """

    text: str
    first: int = 1
    echo: int = 0
    fields: bool = False
    outer: str = ""
    spans: Callable[[], Sequence[tuple[int, int, str]]] = tuple

    def __call__(self, start: int, end: int) -> Place | None:
        """As Unit.at."""
        if end <= self.echo:
            return None
        start = max(start, self.echo)
        line = bisect_right(self._starts, start) - 1
        before = self.text[self._starts[line] : start]
        column = _field(before) if self.fields else len(before) + 1
        name = f"{self.outer}第{self.first + line}行第{column}列"
        number = bisect_right(self._spans, (start, len(self.text) + 1, "")) - 1
        if number >= 0 and start < self._spans[number][1]:
            return Place(f"{name}（{self._spans[number][2]}）", hidden=True)
        return Place(name)

    @cached_property
    def _starts(self) -> list[int]:
        return [self.echo, *(found.end() for found in re.finditer("\n", self.text) if found.start() >= self.echo)]

    @cached_property
    def _spans(self) -> Sequence[tuple[int, int, str]]:
        return self.spans()


def _field(before: str) -> int:
    """Which field of a CSV line follows `before`, from 1; separators inside quotes do not count."""
    outside = "".join(before.split('"')[::2])
    return max(outside.count(","), outside.count("\t"), outside.count(";")) + 1
