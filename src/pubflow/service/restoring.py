"""Restore: a backup into a new folder, verified whole before anything bears its name.

Everything is laid out in a folder inside the new one, links last, and moved to its place when it has held: every
chunk, every member's hash, the audit history with its checkpoints, the vault, and the public pages against the record.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from alembic.util.exc import CommandError
from sqlalchemy import Engine, func
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from pubflow.audit.verify import verify
from pubflow.errors import PubflowError, WorkspaceError
from pubflow.lifecycle.stages import Stage
from pubflow.office.checkpoints import believed
from pubflow.office.making import move_in
from pubflow.office.master_key import settle
from pubflow.office.office import Home
from pubflow.office.outbox import doubt_open
from pubflow.publication.tree import PublicTree
from pubflow.records import history
from pubflow.records.engine import open_engine
from pubflow.records.schema import migrate
from pubflow.records.tables import Attachment, Edition, Publication, Release, Report, StagedPages, Version
from pubflow.service import age
from pubflow.service.backing_up import FORMAT, MANIFEST, PENDING, PREFECT_COPY, Hashing, Progress, quiet
from pubflow.service.database_copies import POSTGRESQL_COPY, SQLITE_COPY, check_empty, filled
from pubflow.vault import MasterKey, SealBroken, Vault

ALL_VERSIONS = 1000  # as many texts are all opened; of more, the newest of each report
_FOLDERS = ("config", "keys", "checkpoints", "public")
_FILES = (SQLITE_COPY, POSTGRESQL_COPY, PREFECT_COPY, PENDING, MANIFEST)
_LINK = re.compile(r"(?:\.\./)*(?:(?!\.\.?(?:/|$))[^/\0]+/)*(?!\.\.?$)[^/\0]+")  # `..` at its beginning only
_LARGEST_MANIFEST = 1 << 30
_NOTHING = "Nothing was restored."


@dataclass(frozen=True)
class Restored:
    """A workspace as it was. events, head: its audit history; at: when the backup was made, ISO 8601.

    texts: sealed versions, attachments and staged releases that were opened; pages: public pages held against the
    record.
    """

    home: Path
    at: str
    events: int
    head: str
    members: int
    reports: int
    texts: int
    pages: int


def restore(file: Path, folder: Path, secret: bytes, url: str | None, *, progress: Progress = quiet) -> Restored:
    """Restore a backup into a folder that is new or empty.

    secret: passphrase, or content of a key file. url: an empty PostgreSQL database for a register that was on
    PostgreSQL, else None. Raises WorkspaceError; folder and database are as before then.
    """
    try:
        if url is not None:
            check_empty(url)
        with _opened(file) as backup, _new_folder(folder) as room:
            opening = _Watched(age.OpeningFile(backup, secret), file.stat().st_size, progress)
            manifest = _lay_out(opening, room)
            with _register(room, url) as engine:
                restored = _verified(Home(room), engine, manifest, folder)
                engine.dispose()  # SQLite folds its log into the file
                (room / POSTGRESQL_COPY).unlink(missing_ok=True)
                move_in(room, folder)
            return restored
    except age.AgeRefused as error:
        raise WorkspaceError(f"{file} cannot be restored. {error}", _NOTHING) from None
    except PubflowError as error:
        raise WorkspaceError(_as_named(str(error)), _NOTHING) from None
    except OSError as error:
        where = _as_named(str(error.filename2 or error.filename or folder))
        raise WorkspaceError(f"{where}: {error.strerror or error}.", _NOTHING) from None


# --- laying out


def _lay_out(opening: "_Watched", room: Path) -> dict[str, Any]:
    """Write all members into `room`; the manifest, which they all agree with. Raises WorkspaceError."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    links: dict[str, str] = {}
    modes: dict[Path, int] = {}
    try:
        with tarfile.open(fileobj=opening, mode="r|", bufsize=age.CHUNK) as tar:  # type: ignore[call-overload]
            for entry in tar:
                name = _checked_name(entry.name)
                if name in found or manifest is not None:
                    raise _bad(f"{name} is in it twice, or after its manifest")
                if name == MANIFEST:
                    manifest = _manifest(tar, entry)
                elif entry.issym():
                    links[name] = _checked_link(name, entry.linkname)
                    found[name] = {"link": entry.linkname}
                elif entry.isdir():
                    (room / name).mkdir(mode=0o700, exist_ok=True)
                    modes[room / name] = _mode(name, entry.mode, folder=True)
                    found[name] = {"folder": True}
                else:
                    found[name] = _write(tar, entry, name, room)
        while opening.read():  # the last chunk tells whether anything is missing
            pass
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise _bad(f"its content is no archive ({error})") from None
    if manifest is None:
        raise _bad("it has no manifest")
    _compare(found, manifest["members"])
    for name, target in links.items():
        (room / name).symlink_to(target)
    for folder, mode in modes.items():
        folder.chmod(mode)
    return manifest


def _write(tar: tarfile.TarFile, entry: tarfile.TarInfo, name: str, room: Path) -> dict[str, Any]:
    content = tar.extractfile(entry) if entry.isreg() else None
    if content is None:
        raise _bad(f"{name} is neither file nor folder nor link")
    target = room / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashing = Hashing(content)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(hashing, file)
        file.flush()
        os.fchmod(descriptor, _mode(name, entry.mode, folder=False))
        os.utime(descriptor, (entry.mtime, entry.mtime))
    return {"sha256": hashing.sha256.hexdigest(), "size": entry.size}


def _manifest(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> dict[str, Any]:
    content = tar.extractfile(entry) if entry.isreg() and entry.size < _LARGEST_MANIFEST else None
    manifest = json.loads(content.read()) if content else None
    if not isinstance(manifest, dict) or not {"format", "at", "events", "head", "members"} <= manifest.keys():
        raise _bad("its manifest cannot be read")
    if manifest["format"] != FORMAT:
        raise WorkspaceError(
            f"The backup was made by pubflow {manifest.get('pubflow')}, in a format this one does not know.",
            "Restore it with that version.",
        )
    return manifest


def _compare(found: dict[str, dict[str, Any]], listed: dict[str, dict[str, Any]]) -> None:
    for name in sorted(found.keys() | listed.keys()):
        if found.get(name) != listed.get(name):
            raise _bad(f"{name} is not what its manifest says")


def _checked_name(name: str) -> str:
    """A member's name, if it belongs into a workspace. Raises WorkspaceError."""
    path = PurePosixPath(name)
    plain = str(path) == name and not path.is_absolute() and ".." not in path.parts and "\0" not in name
    if not plain or not (name in _FILES or path.parts[0] in _FOLDERS):
        raise _bad(f"{name!r} has no place in a workspace")
    return name


def _checked_link(name: str, target: str) -> str:
    """A link's text, if it stays within public/. As `..` stands only at its beginning, links cannot be combined."""
    above = PurePosixPath(target).parts.count("..")
    inside = PurePosixPath(name).parts[0] == "public" and above <= len(PurePosixPath(name).parts) - 2
    if not inside or not _LINK.fullmatch(target):
        raise _bad(f"{name} is a link that leads outside the public pages, to {target!r}")
    return target


def _mode(name: str, mode: int, *, folder: bool) -> int:
    """Permissions: what is public as it was, at most readable by all; everything else the owner's only."""
    if PurePosixPath(name).parts[0] == "public":
        return mode & 0o755
    return 0o700 if folder else 0o600


class _Watched:
    """What is read of a backup, told as progress."""

    def __init__(self, opening: age.OpeningFile, total: int, progress: Progress) -> None:
        self._opening, self._total, self._progress, self._done = opening, total, progress, 0

    def read(self, size: int = age.CHUNK) -> bytes:
        content = self._opening.read(size)
        self._done += len(content)
        self._progress("opening", min(self._done, self._total), self._total)
        return content


# --- verifying


@contextmanager
def _register(room: Path, url: str | None) -> Iterator[Engine]:
    """The restored register, opened. On PostgreSQL the database is emptied again when the block fails."""
    dump, copy = room / POSTGRESQL_COPY, room / SQLITE_COPY
    if dump.exists():
        if url is None:
            raise WorkspaceError(
                "The register of this backup was on PostgreSQL.",
                "Set PUBFLOW_DATABASE_URL to an empty database, then restore again.",
            )
        with filled(url, dump):
            yield from _engine(url)
        return
    if url is not None:
        raise WorkspaceError(
            "The register of this backup is a SQLite file, but PUBFLOW_DATABASE_URL names PostgreSQL.",
            "Unset it, then restore again.",
        )
    if not copy.exists():
        raise _bad("it holds no register")
    yield from _engine(f"sqlite:///{copy}")


def _engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    except (DBAPIError, sqlite3.Error) as error:
        raise _bad(f"its register cannot be read ({getattr(error, 'orig', error)})") from None
    except CommandError as error:
        raise WorkspaceError(
            f"The register is not one this version knows ({error}).", "Restore it with a newer pubflow."
        ) from None
    finally:
        engine.dispose()


def _verified(home: Home, engine: Engine, manifest: dict[str, Any], folder: Path) -> Restored:
    """Hold everything against the record. Raises WorkspaceError."""
    if not home.master_key.exists():
        raise _bad("it holds no keys/master.key")
    settle(home, engine)  # the backup may have been made after a change of keys was killed
    vault = Vault(MasterKey.load(home.master_key))
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            sound = connection.exec_driver_sql("PRAGMA quick_check").scalar()
            if sound != "ok":
                raise _bad(f"its register is damaged ({sound})")
        verdict = verify(history.events(connection), believed(home, history.notes(connection)))
    if not verdict.good:
        raise _bad(f"its audit history does not verify: {verdict}")
    if (verdict.events, verdict.head.hex()) != (manifest["events"], manifest["head"]):
        raise _bad(f"its audit history has {verdict.events} events, its manifest says {manifest['events']}")
    migrate(engine)
    doubt_open(engine)  # the lost hours may have sent them
    with Session(engine) as session:
        reports = session.scalar(select(func.count()).select_from(Report)) or 0
        texts = _open_texts(session, vault)
        pages = _hold_pages(session, PublicTree(home.public))
    for place in (home.run, home.path / "prefect"):
        place.mkdir(mode=0o700, exist_ok=True)
    members = len(manifest["members"])
    return Restored(folder, manifest["at"], verdict.events, verdict.head.hex(), members, reports, texts, pages)


def _open_texts(session: Session, vault: Vault) -> int:
    """Open sealed texts, all attachments, and all staged pages, which are needed at their instant; how many."""
    many = (session.scalar(select(func.count()).select_from(Version)) or 0) > ALL_VERSIONS
    versions = select(Version.edition_id, Version.number, Version.sealed, Report.wrapped_key)
    versions = versions.join(Edition, col(Edition.id) == col(Version.edition_id))
    versions = versions.join(Report, col(Report.id) == col(Edition.report_id))
    if many:
        newest = select(func.max(Edition.number)).where(col(Edition.report_id) == col(Report.id)).scalar_subquery()
        versions = versions.where(Version.number == Edition.version, Edition.number == newest)
    staged = select(StagedPages.release_id, StagedPages.edition_id, StagedPages.sealed, Report.wrapped_key)
    staged = staged.join(Edition, col(Edition.id) == col(StagedPages.edition_id))
    staged = staged.join(Report, col(Report.id) == col(Edition.report_id))
    attached = select(Attachment.report_id, Attachment.cleaned_digest, Attachment.sealed, Report.wrapped_key)
    attached = attached.join(Report, col(Report.id) == col(Attachment.report_id))
    opened = 0
    try:
        for report, digest, sealed, key in session.exec(attached.execution_options(yield_per=1)):
            vault.open(key, sealed, f"{report}/attachment/{digest}")
            opened += 1
        for edition, number, sealed, key in session.exec(versions.execution_options(yield_per=100)):
            vault.open(key, sealed, f"{edition}/v{number}")
            opened += 1
        for release, edition, sealed, key in session.exec(staged.execution_options(yield_per=100)):
            vault.open(key, sealed, f"{release}/{edition}")
            opened += 1
    except SealBroken as error:
        raise _bad(f"{error.what} does not open with its keys/master.key") from None
    return opened


def _hold_pages(session: Session, tree: PublicTree) -> int:
    """Hold the public pages against the record; how many."""
    manifest = tree.manifest()
    if manifest is None:
        raise _bad("its public pages have no root")
    release = session.get(Release, manifest.release)
    if manifest.release != "-" and (release is None or release.staged_digest != manifest.digest):
        raise _bad(f"the public pages are of a release {manifest.release} that is not on record")
    published = select(Publication.path, Publication.digest).join(
        Edition, col(Edition.id) == col(Publication.edition_id)
    )
    pages = 0
    for path, digest in session.exec(published.where(Edition.stage == Stage.PUBLISHED)):
        content = tree.read(f"{path}index.html")
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            raise _bad(f"the public page {path} is {'not what was released' if content else 'missing'}")
        pages += 1
    return pages


# --- places


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if not file.is_file():
        raise WorkspaceError(f"{file} is not a file.", "Name a backup made by `pubflow backup`.")
    with file.open("rb") as backup:
        yield backup


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder inside the new one to lay out in. On failure it goes, and the new one too if it was not there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder} is not an empty folder.", "Name a new one.")
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    room = folder / f".restoring-{secrets.token_hex(6)}"
    try:
        room.mkdir(mode=0o700, parents=True)
        yield room
        room.rmdir()
    except BaseException:
        for entry in folder.iterdir() if folder.exists() else ():  # it was empty: all that is in it is ours
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        with suppress(OSError):
            for one in made:
                one.rmdir()
        raise


def _as_named(said: str) -> str:
    """Paths as the administrator knows them, without the folder we laid out in."""
    return re.sub(r"/\.restoring-[0-9a-f]{12}", "", said)


def _bad(what: str) -> WorkspaceError:
    return WorkspaceError(f"The backup is not good: {what}.")
