"""One reading of one file: what is left of the bounds, what could not be read, and where we are."""

import errno
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from pubflow.extraction.limits import RATIO_FROM, Budget, TooMuch, in_mib
from pubflow.extraction.units import Format, Place, Unit, Unread, always

BLOCK = 1024 * 1024  # bytes read at once
LONGEST_NAME = 300  # code points of a place's name: names of sheets and members come from the file
WHOLE_FILE = "全文件"
NOTES = 500  # notes of one file that stop it, and as many that do not; nobody reads more


class Readable(Protocol):
    """Anything that gives bytes in order."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Source:
    """A file, or a file inside a file, which may be opened as often as needed. size: bytes, as it claims."""

    name: str
    size: int
    open: Callable[[], Readable]

    def whole(self, budget: Budget) -> bytes:
        """All of it in memory. Raises TooMuch."""
        limit = budget.limits.whole_bytes
        if self.size > limit:
            raise TooMuch(f"文件有 {in_mib(self.size)}，这种格式只能读到 {in_mib(limit)}")
        stream, parts, count = self.open(), [], 0
        while block := stream.read(BLOCK):
            budget.in_time()
            count += len(block)
            if count > limit:
                raise TooMuch(f"这种格式只能读到 {in_mib(limit)}")
            parts.append(block)
        return b"".join(parts)

    def head(self, count: int) -> bytes:
        """The first bytes."""
        return self.open().read(count)


def source_of(content: bytes | Path, name: str) -> Source:
    """A source of bytes in memory, or of a file on disk."""
    if isinstance(content, bytes):
        return Source(name, len(content), lambda: BytesIO(content))
    return Source(name, content.stat().st_size, lambda: _opened(content))


def refuse_unopenable(path: Path) -> None:
    """Raises OSError: not there, not ours to read, or no regular file."""
    if not stat.S_ISREG(path.stat().st_mode):  # before it is opened: a pipe would keep us waiting
        code = errno.EISDIR if path.is_dir() else errno.EINVAL
        raise OSError(code, "Is a directory" if path.is_dir() else "Not a regular file", str(path))
    path.open("rb").close()


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")  # closed with its last reference: a reading is a generator that may be left at any place


class Metered:
    """A member of an archive, unpacked within the bounds whatever its directory entry claims."""

    def __init__(self, stream: Readable, packed: int, budget: Budget) -> None:
        self._stream, self._packed, self._budget, self._count = stream, max(packed, 1), budget, 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most BLOCK. Raises TooMuch."""
        block = self._stream.read(BLOCK if size < 0 else min(size, BLOCK))
        limits = self._budget.limits
        self._count += len(block)
        if self._count > limits.member_bytes:
            raise TooMuch(f"单个内含文件解压后超过 {in_mib(limits.member_bytes)}")
        if self._count > RATIO_FROM and self._count > limits.ratio * self._packed:
            raise TooMuch(f"压缩比超过 {limits.ratio} 倍，可能是压缩炸弹")
        self._budget.unpack(len(block))
        return block


@dataclass(frozen=True)
class Reading:
    """Handed down to whoever reads a part. outer: the names of the files around it, ready to stand before a place."""

    budget: Budget
    unread: list[Unread] = field(default_factory=list)
    outer: str = ""
    depth: int = 0

    def within(self, name: str) -> "Reading":
        """The reading of a file inside this one. Raises TooMuch."""
        if self.depth >= self.budget.limits.depth:
            raise TooMuch(f"文件里套文件超过 {self.budget.limits.depth} 层")
        return replace(self, outer=f"{self.outer}{name}：", depth=self.depth + 1)

    def place(self, name: str, *, hidden: bool = False) -> Place:
        """A place of this file; of a name that is too long the middle is left out."""
        whole = f"{self.outer}{name}"
        if len(whole) > LONGEST_NAME:
            whole = f"{whole[: LONGEST_NAME // 2]}…{whole[-LONGEST_NAME // 2 :]}"
        return Place(whole, hidden)

    def text(self, text: str, name: str, *, hidden: bool = False, format_: Format = "text") -> Unit:
        """A unit that has one place."""
        return Unit(text, format_, hidden, always(self.place(name, hidden=hidden)))

    def cannot(self, reason: str, name: str = "文件", *, rule: str = "unchecked", hard: bool = True) -> None:
        """Note what could not be checked; once for one place and reason. Of more than NOTES the last stands for all."""
        one = Unread(self.place(name), reason, rule, hard)
        alike = sum(note.hard is hard for note in self.unread)
        if alike > NOTES or one in self.unread:
            return
        if alike == NOTES:
            one = Unread(Place(WHOLE_FILE), "另有未能检查之处，没有逐一列出", hard=hard)
        self.unread.append(one)
