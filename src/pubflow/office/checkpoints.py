"""Checkpoints of an office's history: its key, the files beside the register, and when they are made.

A checkpoint is no event: it speaks about the history, and an event for each would make a new history to sign.
"""

import logging
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from pubflow.audit.checkpoint import Checkpoint, open_checkpoint
from pubflow.audit.events import Event
from pubflow.audit.notes import NoteRefused, PublicKey, SigningKey
from pubflow.audit.verify import Verdict
from pubflow.errors import PubflowError, WorkspaceError
from pubflow.lifecycle.stages import Machine
from pubflow.office.office import Home, Office
from pubflow.records import history
from pubflow.records.checkpoints import make_checkpoint

PUBLIC_KEY = "audit.pub"
_COMPARE = "Compare it with the copy outside (docs/audit.md)."
log = logging.getLogger("pubflow.audit")


def origin_of(domain: str) -> str:
    """The name of the history and of its key: a schema-less URL, as C2SP asks for."""
    return f"{domain}/pubflow-audit"


def signing_key(home: Home, domain: str) -> SigningKey:
    """The office's key, made on first need, and its public half in the folder that is copied outside."""
    key = SigningKey.load_or_create(home.audit_key, origin_of(domain))
    home.checkpoints.mkdir(mode=0o700, exist_ok=True)
    _write_once(home.checkpoints / PUBLIC_KEY, f"{key.public}\n")
    return key


def checkpoint(office: Office, now: datetime, walked: Verdict | None = None) -> Path:
    """Sign the history as it stands; the file it lies in. Signing the same history again gives the same file.

    walked: a good verdict on the whole history, read event by event; the signed one then begins with just that.
    Raises WorkspaceError when the history does not continue an earlier checkpoint.
    """
    key = signing_key(office.home, office.settings.bureau.site.site_domain)
    newest = newest_file(office.home)
    known = [_opened(newest.read_text(errors="replace"), key.public, str(newest))] if newest else []
    if walked is not None:
        known.append(Checkpoint(key.name, walked.events, walked.root))
    note = make_checkpoint(office.records, key, known, now)
    path = office.home.checkpoints / _file_name(open_checkpoint(note, key.public).size)
    _write_once(path, note)
    return path


def checkpoint_after_release(office: Office, now: datetime) -> None:
    """The same, for the release loop: what is public is public, so a failure is told and recorded, not raised."""
    try:
        checkpoint(office, now)
    except (PubflowError, OSError, SQLAlchemyError) as error:
        log.error("no checkpoint after the release: %s", error)
        failed = Event("checkpoint_failed", Machine.RELEASE_LOOP, "-", data={"why": type(error).__name__})
        office.records.record(failed, now)


def public_key(home: Home) -> PublicKey | None:
    """The public key in the checkpoints folder; None when there is none yet. Raises NoteRefused."""
    try:
        return PublicKey.parse((home.checkpoints / PUBLIC_KEY).read_text(errors="replace"))
    except FileNotFoundError:
        return None


def stored_checkpoints(office: Office) -> list[Checkpoint]:
    """The checkpoints in the register and beside it, opened. Raises WorkspaceError for one that cannot be believed."""
    with office.records.engine.connect() as connection:
        return believed(office.home, history.notes(connection))


def believed(home: Home, notes: Sequence[str]) -> list[Checkpoint]:
    """The checkpoint files and the given notes of the register, opened with the public key that lies beside them.

    Raises WorkspaceError for one that cannot be believed, or when the public key is missing.
    """
    found = {f"checkpoint file {path}": path.read_text(errors="replace") for path in files(home)}
    found |= {f"checkpoint {number} of the register": note for number, note in enumerate(notes, 1)}
    key = public_key(home)
    if found and key is None:
        raise WorkspaceError(f"{home.checkpoints / PUBLIC_KEY} is missing.", _COMPARE)
    return list({_opened(note, key, where) for where, note in found.items() if key})


def newest_file(home: Home) -> Path | None:
    """The checkpoint file of the longest history."""
    return max(home.checkpoints.glob("*.note"), default=None)


def files(home: Home) -> list[Path]:
    """All checkpoint files, shortest history first."""
    return sorted(home.checkpoints.glob("*.note"))


def _file_name(size: int) -> str:
    return f"{size:012d}.note"


def _opened(note: str, key: PublicKey, where: str) -> Checkpoint:
    try:
        return open_checkpoint(note, key)
    except NoteRefused as error:
        raise WorkspaceError(f"{where}: {error}", _COMPARE) from None


def _write_once(path: Path, content: str) -> None:
    """Write a file that is never changed; the same content again is no error. On disk when this returns."""
    if not path.exists():
        draft = path.with_name(f".{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first: what it wrote is compared below
                os.link(draft, path)
        finally:
            draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    if path.read_text(encoding="utf-8", errors="replace") != content:
        raise WorkspaceError(f"{path} holds something else.", _COMPARE)
