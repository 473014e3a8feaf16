"""Backup: one sealed file with all that an office cannot make again, taken while everything runs.

In it, as a tar: config/, keys/, checkpoints/, run/pending-events, the register, Prefect's database, public/ with its
links, and at the end manifest.json: the SHA-256 of each member, and number and chain value of the last audit event.

Register, public tree and pending refusals are of one moment: their locks are held while the register's snapshot
begins, which takes milliseconds, and a release waits for no more than that.
"""

import fcntl
import hashlib
import io
import json
import os
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, select
from sqlmodel import col

import pubflow
from pubflow.audit.events import GENESIS
from pubflow.audit.verify import verify
from pubflow.errors import WorkspaceError
from pubflow.moments import iso
from pubflow.office.office import Home
from pubflow.publication.tree import PublicTree
from pubflow.records import history
from pubflow.records.tables import AuditEvent
from pubflow.service import age
from pubflow.service.database_copies import copy_register, copy_sqlite, register_connection
from pubflow.service.prefect_guard import prefect_home
from pubflow.vault import hold

FORMAT = 1
MANIFEST = "manifest.json"
PREFECT_COPY = "prefect/prefect.db"
PENDING = "run/pending-events"
_PART = 64 * 1024  # bytes
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many bytes of it are done, and of how many."""


@dataclass(frozen=True)
class Backup:
    """A backup that is on the disk. events, head: of the audit history at the moment of the snapshot.

    warnings: what the administrator should know, in sentences; empty when all is well.
    """

    file: Path
    size: int
    members: int
    events: int
    head: str
    at: datetime
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """One entry of the tar. content: bytes, or the path of a copy; `link` and folders have none."""

    name: str
    mode: int
    mtime: int
    content: bytes | Path | None = None
    size: int = 0
    link: str | None = None


@dataclass
class Moment:
    """What was seen at the moment of the snapshot."""

    events: int
    head: bytes
    generation: str | None
    pending: bytes | None
    early: list[Member] = field(default_factory=list)


def quiet(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def back_up(
    home: Home, out: Path, secret: bytes, now: datetime, *, progress: Progress = quiet, work: int = age.WORK
) -> Backup:
    """Write a backup of a workspace, running or not, to the new file `out`.

    secret: passphrase, or content of a key file. work: scrypt rounds as a power of two; for tests.
    Raises WorkspaceError; nothing but a finished backup stays then.
    """
    if not home.master_key.exists():
        raise WorkspaceError(f"{home.path} is not a pubflow workspace.", "Name it with --home, or set PUBFLOW_HOME.")
    _check_place(home, out)
    try:
        # Held: keys are read after the register, and must be those that it is wrapped with.
        with hold(home.master_key), _part_of(out) as part, _room_for_copies(home) as room:
            members, moment, warnings = _collect(home, room, progress)
            count = _write(part, secret, members, moment, now, work, progress)
            part.flush()
            os.fsync(part.fileno())
            size = os.fstat(part.fileno()).st_size
            _part_path(out).rename(out)
            _fsync_folder(out.parent)
    except OSError as error:
        where = error.filename or out
        raise WorkspaceError(
            f"No backup was made: {where}: {error.strerror or error}.", "Mend that, then try again."
        ) from None
    return Backup(out, size, count, moment.events, moment.head.hex(), now, tuple(warnings))


# --- what goes in


def _collect(home: Home, room: Path, progress: Progress) -> tuple[list[Member], Moment, list[str]]:
    """Everything for the backup; databases as copies in `room`. Also what was seen, and warnings."""
    warnings: list[str] = []
    copies: list[Member] = []
    # Prefect first: a register that knows of runs that Prefect forgot is what the reconciler expects.
    database = prefect_home(home.path) / "prefect.db"
    if database.exists():
        try:
            made = copy_sqlite(database, room / "prefect.db", _told(progress, "copying Prefect's database", database))
            copies.append(_of_copy(made, PREFECT_COPY))
        except WorkspaceError as error:
            warnings.append(f"Prefect's database was left out: {error} No report is lost by that.")
    with register_connection(home.database_url) as connection:
        moment = _one_moment(home, connection)
        verdict = verify(history.events(connection))
        if not verdict.good:
            warnings.append(f"The audit history does not verify, and restore will refuse this backup: {verdict}.")
        told = _told(progress, "copying the register", home.path / "register.db")
        made = copy_register(connection, home.database_url, room, told)
    members = [*moment.early, *_private_files(home.config, "config"), *_private_files(home.keys, "keys")]
    if moment.pending is not None:
        members.append(Member(PENDING, 0o600, 0, moment.pending, len(moment.pending)))
    members += [_of_copy(made, made.name), *copies]
    return [*members, *_public(home, moment.generation)], moment, warnings


def _one_moment(home: Home, connection: Connection) -> Moment:
    # Checkpoints before the register: one signed meanwhile would speak of events that the copy does not have.
    early = list(_private_files(home.checkpoints, "checkpoints"))
    tree = PublicTree(home.public)
    with tree.lock(), _held(home.pending) as pending:
        events = history.size(connection)  # the read that begins the snapshot
        generation = tree.current()
        waiting = pending.read() if pending else None
    head = connection.scalar(select(col(AuditEvent.chain)).where(col(AuditEvent.seq) == events))
    return Moment(events, bytes(head) if head else GENESIS, generation, waiting, early)


@contextmanager
def _held(pending: Path) -> Iterator[BinaryIO | None]:
    """The reserve of refusals, which nobody records or adds to meanwhile."""
    if not pending.exists():
        yield None
        return
    with pending.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _private_files(folder: Path, name: str) -> Iterator[Member]:
    """Files of a folder of the owner. A link to a file is kept as that file: mounted secrets often are links."""
    if not folder.exists():
        return
    yield Member(name, 0o700, int(folder.stat().st_mtime))
    for entry in sorted(folder.iterdir()):
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            if entry.is_symlink():
                raise WorkspaceError(
                    f"{entry} is a link to a folder.", "Put the folder itself there; nothing was made."
                )
            yield from _private_files(entry, inner)
        elif entry.is_file() and not entry.name.startswith("."):  # a dot: another process is about to rename it
            try:
                content = entry.read_bytes()
            except FileNotFoundError:
                continue
            yield Member(inner, 0o600, int(entry.stat().st_mtime), content, len(content))


def _public(home: Home, current: str | None) -> Iterator[Member]:
    """The generation that is public and all it was built on. What waits for its instant is in the register, sealed."""
    tree = PublicTree(home.public)
    if current is None:
        return
    yield Member("public", 0o755, 0)
    yield Member("public/generations", 0o711, 0)
    name: str | None = current
    while name is not None:
        manifest = tree.manifest_of(name)
        if manifest is None:
            raise WorkspaceError(f"Generation {name} of the public tree is missing.", "Run `pubflow doctor`.")
        yield from _tree(home.public / "generations" / name, f"public/generations/{name}")
        name = manifest.base
    yield Member("public/root", 0o777, 0, link=f"generations/{current}/tree")


def _tree(folder: Path, name: str) -> Iterator[Member]:
    found = folder.stat()
    yield Member(name, found.st_mode & 0o777, int(found.st_mtime))
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            inner, known = f"{name}/{entry.name}", entry.stat(follow_symlinks=False)
            if entry.is_symlink():
                yield Member(inner, 0o777, int(known.st_mtime), link=str(Path(entry.path).readlink()))
            elif entry.is_dir():
                yield from _tree(Path(entry.path), inner)
            else:
                yield Member(inner, known.st_mode & 0o777, int(known.st_mtime), Path(entry.path), known.st_size)


def _of_copy(file: Path, name: str) -> Member:
    known = file.stat()
    return Member(name, 0o600, int(known.st_mtime), file, known.st_size)


# --- writing it


def _write(
    part: BinaryIO,
    secret: bytes,
    members: Iterable[Member],
    moment: Moment,
    now: datetime,
    work: int,
    progress: Progress,
) -> int:
    """Seal all members and the manifest into `part`; how many members."""
    members = list(members)
    total, done = sum(one.size for one in members), 0
    listed: dict[str, dict[str, Any]] = {}
    sealing = age.SealingFile(part, secret, work=work)
    with tarfile.open(fileobj=sealing, mode="w|", bufsize=age.CHUNK, format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        for member in members:
            listed[member.name] = _add(tar, member)
            done += member.size
            progress("sealing", done, total)
        manifest = {
            "format": FORMAT,
            "pubflow": pubflow.__version__,
            "at": iso(now),
            "events": moment.events,
            "head": moment.head.hex(),
            "members": listed,
        }
        content = json.dumps(manifest, indent=1).encode()
        _add(tar, Member(MANIFEST, 0o600, 0, content, len(content)))
    sealing.finish()
    return len(members)


def _add(tar: tarfile.TarFile, member: Member) -> dict[str, Any]:
    """Write one member; its line of the manifest."""
    entry = tarfile.TarInfo(member.name)
    entry.mode, entry.mtime = member.mode, member.mtime
    if member.link is not None:
        entry.type, entry.linkname = tarfile.SYMTYPE, member.link
        tar.addfile(entry)
        return {"link": member.link}
    if member.content is None:
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
        return {"folder": True}
    entry.size = member.size
    with member.content.open("rb") if isinstance(member.content, Path) else io.BytesIO(member.content) as content:
        hashing = Hashing(content)
        tar.addfile(entry, hashing)
    return {"sha256": hashing.sha256.hexdigest(), "size": member.size}


class Hashing:
    """A file that remembers the SHA-256 of what was read of it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = _PART) -> bytes:
        """As of the file."""
        content: bytes = self._file.read(size)
        self.sha256.update(content)
        return content


# --- places


def _check_place(home: Home, out: Path) -> None:
    if out.exists():
        raise WorkspaceError(f"{out} exists already.", "Name a new file with --out.")
    if not out.parent.is_dir():
        raise WorkspaceError(f"{out.parent} is not a folder.", "Make it, or name another file with --out.")
    for kept in (home.config, home.keys, home.public, home.checkpoints, home.run):
        if out.resolve().is_relative_to(kept.resolve()):
            raise WorkspaceError(f"{out} lies in a folder of the office.", "Name a file outside of it with --out.")


def _part_path(out: Path) -> Path:
    return out.with_name(f"{out.name}.part")


@contextmanager
def _part_of(out: Path) -> Iterator[BinaryIO]:
    """`out` with .part, the owner's only, gone afterwards unless it was renamed. One that a kill left is taken over."""
    path = _part_path(out)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w+b", buffering=1 << 20) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkspaceError(
                f"Another backup is writing {path} now.", "Wait for it, or use another --out."
            ) from None
        os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, 0)
        try:
            yield file
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _room_for_copies(home: Home) -> Iterator[Path]:
    """A folder of the owner for copies of databases, gone afterwards. One backup at a time; what a kill left goes."""
    home.run.mkdir(mode=0o700, exist_ok=True)
    lock_file = home.run / "backup.lock"
    lock_file.touch(mode=0o600)
    with lock_file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkspaceError(f"Another backup of {home.path} runs now.", "Wait until it has ended.") from None
        for left in home.run.glob("backup-*"):
            shutil.rmtree(left)
        room = home.run / f"backup-{secrets.token_hex(6)}"
        room.mkdir(mode=0o700)
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)


def _told(progress: Progress, what: str, file: Path) -> Callable[[int], None]:
    total = file.stat().st_size if file.exists() else 0
    return lambda done: progress(what, done, max(done, total))


def _fsync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
