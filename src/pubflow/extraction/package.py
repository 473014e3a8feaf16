"""Archives, and the packages that Office writes as archives: members within the bounds, relationships, what is outside.

Names of members are text like any other; nothing is ever written under them.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import cast

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.reading import Metered, Readable, Reading, Source
from pubflow.extraction.units import Parts, Unit
from pubflow.extraction.xml_events import events

_ENCRYPTED = 0x1
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # time of every member that we write: no copy tells when it was made
CONTENT_TYPES = "[Content_Types].xml"


@dataclass(frozen=True)
class Relation:
    """One relationship of a part. target: the part's name, or an address when `external`."""

    kind: str
    target: str
    external: bool


class Archive:
    """An opened ZIP whose members are read as streams."""

    def __init__(self, source: Source, reading: Reading, path: Path | None = None) -> None:
        """Raises TooMuch for what is no ZIP. path: the file on disk, where there is one, so that it stays there."""
        try:
            self._zip = zipfile.ZipFile(path if path is not None else BytesIO(source.whole(reading.budget)))
        except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
            raise TooMuch(f"压缩文件损坏（{type(error).__name__}）") from None
        self._reading = reading
        self.members = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(self.members) > reading.budget.limits.members:
            raise TooMuch(f"内含文件超过 {reading.budget.limits.members} 个")
        self._by_name = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in self.members}

    @property
    def doubled(self) -> bool:
        """Two members of one name: programs disagree about which of them counts."""
        return len(self._by_name) != len(self.members)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name

    def names(self) -> list[str]:
        """All members, in the order of the file."""
        return [info.filename.replace("\\", "/").lstrip("/") for info in self.members]

    def stream(self, name: str) -> Readable:
        """One member, within the bounds. Raises TooMuch: encrypted, unknown compression, not there."""
        info = self._by_name.get(name.lower())
        if info is None:
            raise TooMuch(f"缺少部件 {name}")
        return self.stream_of(info)

    def stream_of(self, info: zipfile.ZipInfo) -> Readable:
        """As `stream`, for one of `members`."""
        if info.flag_bits & _ENCRYPTED:
            raise TooMuch("内含文件已加密")
        try:
            return Metered(_Careful(cast(Readable, self._zip.open(info))), info.compress_size, self._reading.budget)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
            raise TooMuch(f"内含文件读不出来（{type(error).__name__}）") from None

    def source(self, info: zipfile.ZipInfo) -> Source:
        """A member as a source of its own."""
        self._reading.budget.member()
        return Source(posixpath.basename(info.filename), info.file_size, lambda: self.stream_of(info))

    def outside_units(self) -> Iterator[Unit]:
        """What an archive says beside its members: their names, their comments, its own comment, bytes before it."""
        parts = Parts()
        for info in self.members:
            parts.add(f"{info.filename}\n", self._reading.place("压缩包内文件名"))
            parts.add(
                f"{_said(info.comment)}\n" if info.comment else "", self._reading.place("压缩包内文件注释", hidden=True)
            )
        parts.add(_said(self._zip.comment), self._reading.place("压缩包注释", hidden=True))
        if parts.length:
            yield parts.unit()
        if self.members and min(info.header_offset for info in self.members) > 0:
            self._reading.cannot("压缩包前面附有其他数据")

    # The Office side of it

    def relations(self, part: str) -> dict[str, Relation]:
        """The relationships of a part ("" for those of the package), by id."""
        folder, base = posixpath.split(part)
        name = posixpath.join(folder, "_rels", f"{base}.rels")
        found: dict[str, Relation] = {}
        if name not in self:
            return found
        for kind, element, given in events(self.stream(name)):
            if kind == "start" and element == "Relationship":
                external = given.get("TargetMode") == "External"
                target = given.get("Target", "")
                if not external:
                    target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found[given.get("Id", "")] = Relation(given.get("Type", "").rpartition("/")[2], target, external)
        return found

    def main_part(self) -> tuple[str, str]:
        """The part that the package is about and its content type; ("", "") for what is no Office package."""
        if CONTENT_TYPES not in self:
            return "", ""
        types = {}
        for kind, element, given in events(self.stream(CONTENT_TYPES)):
            if kind == "start" and element == "Override":
                types[given.get("PartName", "").lstrip("/").lower()] = given.get("ContentType", "")
        for relation in self.relations("").values():
            if relation.kind == "officeDocument":
                return relation.target, types.get(relation.target.lower(), "")
        return "", ""


class _Careful:
    """Turns what a damaged member raises while it is read into TooMuch."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        try:
            return self._stream.read(size)
        except TooMuch:
            raise
        except Exception as error:  # noqa: BLE001 - zlib, lzma, bz2 and zipfile raise what they like
            raise TooMuch(f"内含文件损坏（{type(error).__name__}）") from None


def _said(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


_WIDE_RUN = re.compile(rb"(?:[\x20-\x7e]\x00|[\x00-\xff][\x4e-\x9f]){3,}")
_NARROW_RUN = re.compile(rb"[\x20-\x7e]{4,}")


def strings_in(content: bytes) -> str:
    """The readable strings of a binary record, UTF-16 and ASCII, a line each."""
    wide = [run[0].decode("utf-16-le", "ignore") for run in _WIDE_RUN.finditer(content)]
    return "\n".join([*wide, *(run[0].decode("ascii") for run in _NARROW_RUN.finditer(content))])


def packed(members: dict[str, bytes]) -> bytes:
    """A ZIP of these members, without times and comments."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return out.getvalue()
