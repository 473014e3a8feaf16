"""How much of a file is read before reading is refused. Every bound is there to keep memory and time bounded."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

MIB = 1024 * 1024

SOURCE_BYTES = 512 * MIB  # a file as it is given
UNPACKED_BYTES = 1024 * MIB  # all that is unpacked from one file, at every depth together
MEMBER_BYTES = 512 * MIB  # one member of an archive, unpacked
RATIO = 400  # unpacked bytes to one packed byte, over RATIO_FROM: what people write stays below 50
RATIO_FROM = 4 * MIB  # bytes unpacked before the ratio counts; a small member may well be all alike
WHOLE_BYTES = 128 * MIB  # what is held in memory at once, since its format is not read as a stream
DEPTH = 4  # files inside files
MEMBERS = 10_000  # members of all archives together
CELLS = 60_000_000  # cells of all tables together, empty ones before a filled one included
STRING_CHARS = 32_000_000  # code points of the strings that a workbook's cells share, held in memory
HTML_CHARS = 8_000_000  # code points of one HTML page, held in memory
PAGES = 5_000  # pages of a PDF
REVISIONS = 8  # earlier states kept inside a PDF
PIXELS = 100_000_000  # width times height of a picture
SECONDS = 300.0  # reading one file with all that is inside it


@dataclass(frozen=True)
class Limits:
    """The bounds of one reading; units as at the constants of this module."""

    source_bytes: int = SOURCE_BYTES
    unpacked_bytes: int = UNPACKED_BYTES
    member_bytes: int = MEMBER_BYTES
    ratio: int = RATIO
    whole_bytes: int = WHOLE_BYTES
    depth: int = DEPTH
    members: int = MEMBERS
    cells: int = CELLS
    string_chars: int = STRING_CHARS
    html_chars: int = HTML_CHARS
    pages: int = PAGES
    revisions: int = REVISIONS
    pixels: int = PIXELS
    seconds: float = SECONDS


class TooMuch(Exception):
    """A bound was reached; the message is a Chinese sentence. Never leaves this room: it becomes 未检查."""


@dataclass
class Budget:
    """What is left of the bounds while one file is read."""

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    unpacked: int = 0
    members: int = 0
    cells: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def unpack(self, count: int) -> None:
        """Take `count` more unpacked bytes. Raises TooMuch."""
        self.unpacked += count
        if self.unpacked > self.limits.unpacked_bytes:
            raise TooMuch(f"解压后总量超过 {in_mib(self.limits.unpacked_bytes)}")
        self.in_time()

    def member(self) -> None:
        """Take one more member of an archive. Raises TooMuch."""
        self.members += 1
        if self.members > self.limits.members:
            raise TooMuch(f"内含文件超过 {self.limits.members} 个")
        self.in_time()

    def take_cells(self, count: int) -> None:
        """Take `count` more cells of tables. Raises TooMuch."""
        self.cells += count
        if self.cells > self.limits.cells:
            raise TooMuch(f"单元格超过 {self.limits.cells} 个")

    def in_time(self) -> None:
        """Raises TooMuch when the time for this file is over."""
        if self.clock() - self.began > self.limits.seconds:
            raise TooMuch(f"读取超过 {self.limits.seconds:g} 秒")


def in_mib(count: int) -> str:
    """A number of bytes as the office reads it."""
    return f"{count / MIB:g} MiB"
