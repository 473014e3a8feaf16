"""Tables as CSV units: the columns stay columns, and each cell leads back to its place."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from pubflow.extraction.limits import Budget
from pubflow.extraction.units import Parts, Place, Unit

CHUNK = 250_000  # code points of a unit; a longer table gives several, each with the header again
Cell = tuple[int, str]  # column from 1, text
CellPlace = Callable[[int, int], Place]  # row and column, both from 1


class TableUnits:
    """Takes rows in order, gives units. Rows with one cell before the header are titles: they are text, not a column.

    Holds one chunk in memory.
    """

    def __init__(self, place: CellPlace, budget: Budget) -> None:
        self._place, self._budget = place, budget
        self._titles = Parts()
        self._header = ""
        self._begin()

    def row(self, number: int, cells: Sequence[Cell]) -> Iterator[Unit]:
        """One more row: its number from 1 and its filled cells by rising column."""
        if not cells:
            return
        if not self._header and len(cells) == 1:
            column, text = cells[0]
            self._titles.add(f"{text}\n", self._place(number, column))
            if self._titles.length > CHUNK:
                yield from self._end_of_titles()
            return
        line = self._written(number, cells)
        if not self._header:
            yield from self._end_of_titles()
            self._header = line
        if self._length > CHUNK:
            yield from self.end()
            self._begin()

    def end(self) -> Iterator[Unit]:
        """What is left."""
        yield from self._end_of_titles()
        if not self._starts:
            return
        starts, cells, place, echo = self._starts, self._cells, self._place, self._echo

        def place_of(start: int, end: int) -> Place | None:
            if end <= echo:
                return None
            return place(*cells[max(0, bisect_right(starts, max(start, echo)) - 1)])

        hidden = all(place(*cell).hidden for cell in cells[:1000])  # a flag for the eye; places are exact
        yield Unit("".join(self._texts), "csv", hidden, place_of)

    def _begin(self) -> None:
        self._texts: list[str] = [self._header]
        self._length = self._echo = len(self._header)
        self._starts: list[int] = []
        self._cells: list[tuple[int, int]] = []

    def _written(self, number: int, cells: Sequence[Cell]) -> str:
        pieces: list[str] = []
        at = self._length
        last = 1
        for column, text in cells:
            gap = "," * max(0, column - last)
            self._budget.take_cells(max(1, len(gap)))
            quoted = f'"{text.replace(chr(34), chr(34) * 2)}"' if any(sign in text for sign in ',"\n\r') else text
            self._starts.append(at + len(gap))
            self._cells.append((number, column))
            pieces += (gap, quoted)
            at += len(gap) + len(quoted)
            last = max(column, last)
        pieces.append("\n")
        self._length = at + 1
        line = "".join(pieces)
        self._texts.append(line)
        return line

    def _end_of_titles(self) -> Iterator[Unit]:
        if self._titles.length:
            yield self._titles.unit()
            self._titles = Parts()
