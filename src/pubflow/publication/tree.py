"""The public tree: generations of static files that share what did not change, and one atomic switch between them.

    FOLDER/root                         link to the generation now public: the document root of any web server
    FOLDER/generations/NAME/            0700 until its switch
    FOLDER/generations/NAME/tree/       its own new files and folders, and links to what other generations hold
    FOLDER/generations/NAME/manifest    which release it is, outside what is served
    FOLDER/generations/NAME/root        the link that the switch moves to FOLDER/root, made beforehand
    FOLDER/generations/NAME/was-public  it was current once, later generations may link into it
    FOLDER/generations/NAME.part        being built or being erased

A generation is never changed once it has lost its `.part`; a name is used once.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from pubflow.errors import BadInput, PubflowError, StorageFailed, WorkspaceError

_Node: TypeAlias = "dict[str, bytes | _Node]"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Letters, digits and Chinese, and signs that mean the same in a file name, in HTML and in an address.
_PART = re.compile(r"[\w（(《〔][\w.\-()（）《》〔〕、·]*")
_LONGEST_PART = 200  # bytes; file systems end at 255
_ROOT_LINK = re.compile(rf"generations/({_NAME.pattern})/tree")
_SHARED_LINK = re.compile(rf"(?:\.\./)+({_NAME.pattern})/tree/.+")


@dataclass(eq=False)
class StaleBase(PubflowError):
    """The generation was built on a public tree that is no longer the current one; nothing was switched."""

    code: ClassVar[str] = "stale_base"
    status: ClassVar[int] = 409
    name: str
    base: str | None
    current: str | None

    def __str__(self) -> str:
        return (
            f"generation {self.name} was built on {self.base or 'an empty tree'}, but {self.current or 'nothing'} "
            "is public now. Build it again on the current one, then switch."
        )


@dataclass(frozen=True)
class Manifest:
    """What a generation is. `digest`: the release's staged digest, 64 hexadecimal digits; `base`: built on which."""

    name: str
    release: str
    digest: str
    base: str | None


def checked_path(path: str) -> str:
    """`path` itself, if it is a plain relative path that is safe as file name, link and address.

    Raises BadInput for an absolute path, `..`, a hidden or empty part, control characters, or signs such as % ? #
    that mean something else in an address.
    """
    for part in path.split("/"):
        well_spelt = _PART.fullmatch(part) and unicodedata.is_normalized("NFC", part)
        if not well_spelt or len(part.encode()) > _LONGEST_PART:
            raise BadInput(
                f"公开文件路径“{path}”不能使用",
                remedy="请只用汉字、字母、数字和 - _ . ( )，不以点开头，每段不超过 60 个汉字",
            )
    return path


def staged_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over paths and contents in the order of the paths: one value for all the bytes of a release."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n".encode())
    return whole.hexdigest()


class PublicTree:
    """The public tree in `folder`. Several processes may hold one; builds and switches take turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._generations = folder / "generations"
        self._mutex = threading.RLock()
        self._depth = 0

    # --- looking

    def current(self) -> str | None:
        """The name of the generation now public, None before the first switch."""
        try:
            target = (self.folder / "root").readlink().as_posix()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._not_our_link(str(error)) from error
        found = _ROOT_LINK.fullmatch(target)
        if not found:
            raise self._not_our_link(target)
        return found[1]

    def manifest(self) -> Manifest | None:
        """The manifest of the generation now public, None before the first switch."""
        name = self.current()
        return None if name is None else self.manifest_of(name)

    def manifest_of(self, name: str) -> Manifest | None:
        """The manifest of a complete generation, public or staged; None where there is none."""
        try:
            return Manifest(**json.loads((self._generation(name) / "manifest").read_bytes()))
        except FileNotFoundError:
            return None

    def read(self, path: str) -> bytes | None:
        """The public bytes at `path`, None where there is no such file."""
        name = self.current()
        if name is None:
            return None
        try:
            return (self._generation(name) / "tree" / checked_path(path)).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def new_files(self, name: str) -> dict[str, bytes]:
        """What generation `name` holds itself, by path: what `build` was given, read back from the disk."""
        top = self._generation(name) / "tree"
        files: dict[str, bytes] = {}
        for folder, _, names in os.walk(top):
            for file in (Path(folder, each) for each in names):
                if not file.is_symlink():
                    files[file.relative_to(top).as_posix()] = file.read_bytes()
        return files

    def leftovers(self) -> list[str]:
        """Generations that are not public and never were, whole or half built, sorted.

        A staged release that waits for its instant is one of them: whoever recovers from a crash erases them all
        and stages again, or keeps the names it still wants. Hold `lock` from here to `discard`, or another process's
        build under way may be among them.
        """
        try:
            found = {folder.name.removesuffix(".part") for folder in self._generations.iterdir()}
        except FileNotFoundError:
            return []
        return sorted(name for name in found if _NAME.fullmatch(name) and not self._ever_public(name))

    # --- changing

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One builder or switcher at a time, across threads and processes; may be entered again by its holder."""
        with self._mutex:
            if self._depth:
                yield
                return
            with self._disk():
                self._generations.mkdir(parents=True, exist_ok=True)
                self.folder.chmod(0o755)
                self._generations.chmod(0o711)  # a web server passes through but does not list the names
                holder = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(holder, fcntl.LOCK_EX)
                self._depth = 1
                yield
            finally:
                self._depth = 0
                os.close(holder)

    def build(self, name: str, changes: Mapping[str, bytes], *, release: str, digest: str, base: str | None) -> None:
        """Write generation `name`: all that `base` shows, with `changes` (path -> bytes) put over it. Not public yet.

        What does not change is shared by links, so the cost is that of the changes and of the entries of the folders
        they lie in. When this returns, all of it is on the disk. A generation of that name that was never public is
        replaced. Raises BadInput for a bad path, StaleBase when `base` is not the one now public, StorageFailed when
        the disk did not take it (nothing is left behind).
        """
        root = _nested(changes)
        with self.lock():
            if base != self.current():
                raise StaleBase(name, base, self.current())
            if self._ever_public(name):
                raise WorkspaceError(f"generation {name} has been public.", "Give the new one a name of its own.")
            part = self._part(name)
            try:
                with self._disk():
                    self._erase(name)
                    self._fill(part, root, Manifest(name, release, digest, base))
                    if base is not None:
                        self._mark_public(base)
                    part.rename(self._generation(name))
                    _fsync(self._generations)
            finally:
                if part.exists():
                    self._erase(name)

    def switch(self, name: str) -> bool:
        """Make generation `name` public, all of it at once. False when it already was.

        One rename; it needs no new space, so that a full disk cannot stop a release that was staged in time.
        Raises StaleBase when another generation became public since it was built, WorkspaceError when it is not there.
        """
        with self.lock():
            current = self.current()
            if current == name:
                return False
            manifest = self.manifest_of(name)
            if manifest is None:
                raise WorkspaceError(f"generation {name} is not in {self._generations}.", "Stage the release again.")
            if manifest.base != current:
                raise StaleBase(name, manifest.base, current)
            generation = self._generation(name)
            with self._disk():
                generation.chmod(0o755)
                _fsync(generation)
                (generation / "root").rename(self.folder / "root")
                _fsync(self.folder)
            return True

    def discard(self, name: str) -> None:
        """Erase a generation that was never public (hold, cancel, crash); nothing happens when it is not there.

        Raises WorkspaceError for one that is or was public: later generations link into it.
        """
        with self.lock():
            if self._ever_public(name):
                raise WorkspaceError(f"generation {name} is or was public.", "What was public is not erased.")
            with self._disk():
                self._erase(name)

    # --- inside

    def _generation(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise WorkspaceError(f"{name!r} cannot name a generation.", "Use 1 to 64 of A-Z a-z 0-9 _ -.")
        return self._generations / name

    def _part(self, name: str) -> Path:
        return self._generation(name).with_name(f"{name}.part")

    def _ever_public(self, name: str) -> bool:
        return name == self.current() or (self._generation(name) / "was-public").exists()

    def _mark_public(self, name: str) -> None:
        # Done when the next generation is built and not at the switch: the switch stays one rename without new space.
        (self._generation(name) / "was-public").touch(mode=0o600)
        _fsync(self._generation(name))

    def _erase(self, name: str) -> None:
        part = self._part(name)
        if part.exists():
            shutil.rmtree(part)
        if self._generation(name).exists():
            # The name first: a generation half erased must not look whole after a crash.
            self._generation(name).rename(part)
            shutil.rmtree(part)

    def _fill(self, part: Path, root: _Node, manifest: Manifest) -> None:
        part.mkdir(mode=0o700)
        _write(part / "manifest", json.dumps(asdict(manifest)).encode(), mode=0o600)
        (part / "root").symlink_to(f"generations/{manifest.name}/tree")
        self._write_folder(part / "tree", root, manifest.base, ())
        # Everything is written before the first fsync: one journal commit then serves most of them.
        for folder, _, files in os.walk(part, topdown=False):
            for file in (Path(folder, each) for each in files):
                if not file.is_symlink():
                    _fsync(file)
            _fsync(Path(folder))

    def _write_folder(self, folder: Path, node: _Node, holder: str | None, place: tuple[str, ...]) -> None:
        """Write one touched folder. `holder`: the generation that holds this folder now, None when it is new.

        `place`: where in the tree it lies.
        """
        folder.mkdir()
        folder.chmod(0o755)
        inherited = self._inherited(holder, place)
        for name, link in inherited.items():
            if name not in node:
                (folder / name).symlink_to(link)
        for name, child in node.items():
            inner = (*place, name)
            held_by = _holder(inherited[name]) if name in inherited else None
            if held_by is not None:
                self._check_kind(held_by, inner, child)
            if isinstance(child, bytes):
                _write(folder / name, child, mode=0o644)
            else:
                self._write_folder(folder / name, child, held_by, inner)

    def _inherited(self, holder: str | None, place: tuple[str, ...]) -> dict[str, str]:
        """Name -> link text of every entry of that folder in the base.

        A link's text depends only on its place and on the generation that holds the thing, so a link is copied as it
        is: links never lead to links, however many generations pass.
        """
        if holder is None:
            return {}
        up = "../" * (len(place) + 2)
        with os.scandir(self._held(holder, place)) as entries:
            return {
                entry.name: Path(entry.path).readlink().as_posix()
                if entry.is_symlink()
                else f"{up}{holder}/tree/{'/'.join((*place, entry.name))}"
                for entry in entries
            }

    def _held(self, holder: str, place: tuple[str, ...]) -> Path:
        return self._generation(holder).joinpath("tree", *place)

    def _check_kind(self, holder: str, place: tuple[str, ...], child: "bytes | _Node") -> None:
        if self._held(holder, place).is_dir() == isinstance(child, bytes):
            raise BadInput(f"公开文件路径“{'/'.join(place)}”已被同名的文件或文件夹占用", remedy="请换一个名称")

    def _not_our_link(self, found: str) -> WorkspaceError:
        return WorkspaceError(
            f"{self.folder / 'root'} is not a link made by pubflow ({found}).",
            "Move it away; `pubflow doctor` shows which generation was public last.",
        )

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageFailed(f"{error.strerror or error}（{self.folder}）") from error


def _nested(changes: Mapping[str, bytes]) -> _Node:
    """Paths as nested folders. Raises BadInput for a bad path or one that is both a file and a folder."""
    root: _Node = {}
    for path, content in changes.items():
        *folders, name = checked_path(path).split("/")
        node = root
        for folder in folders:
            child = node.setdefault(folder, {})
            if isinstance(child, bytes):
                raise BadInput(f"公开文件路径“{path}”中的“{folder}”既是文件又是文件夹", remedy="请换一个名称")
            node = child
        if name in node:
            raise BadInput(f"公开文件路径“{path}”既是文件又是文件夹", remedy="请换一个名称")
        node[name] = content
    return root


def _holder(link: str) -> str:
    found = _SHARED_LINK.fullmatch(link)
    if not found:
        raise WorkspaceError(f"the public tree holds a foreign link to {link}.", "Run `pubflow doctor`.")
    return found[1]


def _write(file: Path, content: bytes, *, mode: int) -> None:
    file.write_bytes(content)
    file.chmod(mode)  # said outright: the office's umask is 077, and a web server has to read it


def _fsync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
