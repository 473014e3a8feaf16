"""Checkpoints of an office's history: its key, the files beside the register, and when they are made.

A checkpoint is no event: it speaks about the history, and an event for each would make a new history to sign.
"""

import json
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
from pubflow.audit.notes import NoteRefused, PublicKey, SigningKey, signers
from pubflow.audit.proofs import Proven, proof_file
from pubflow.audit.verify import Verdict
from pubflow.errors import PubflowError, WorkspaceError
from pubflow.lifecycle.stages import Machine
from pubflow.office.office import Home, Office
from pubflow.records import history
from pubflow.records.checkpoints import KeyRetired, make_checkpoint

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
    if not public_keys(home):
        write_once(home.checkpoints / PUBLIC_KEY, f"{key.public}\n")
    if key.public not in public_keys(home):
        raise WorkspaceError(f"{home.checkpoints / PUBLIC_KEY} holds something else than {home.audit_key}.", _COMPARE)
    return key


def checkpoint(office: Office, now: datetime, walked: Verdict | None = None) -> Path:
    """Sign the history as it stands; the file it lies in. Signing the same history again gives the same file.

    walked: a good verdict on the whole history, read event by event; the signed one then begins with just that.
    Raises WorkspaceError when the history does not continue an earlier checkpoint.
    """
    try:
        return _checkpoint(office, now, walked)
    except KeyRetired:  # between our reading the key and our turn to sign
        return _checkpoint(office, now, walked)


def _checkpoint(office: Office, now: datetime, walked: Verdict | None) -> Path:
    finish_change_of_key(office)
    key = signing_key(office.home, office.settings.bureau.site.site_domain)
    keys = public_keys(office.home)
    newest = newest_file(office.home)
    known = [_opened(newest.read_text(errors="replace"), keys, str(newest))] if newest else []
    if walked is not None:
        known.append(Checkpoint(key.name, walked.events, walked.root))
    return keep(office.home, make_checkpoint(office.records, key, known, now, keys=keys), keys)


def keep(home: Home, note: str, keys: Sequence[PublicKey]) -> Path:
    """The file of a signed checkpoint."""
    path = home.checkpoints / f"{open_checkpoint(note, *keys).size:012d}.note"
    write_once(path, note)
    return path


def finish_change_of_key(office: Office) -> None:
    """Let the next key take over once the register holds the checkpoint that both signed; else change nothing.

    The one place where it does, so that a change of keys that was killed goes on with the next checkpoint.
    """
    home, next_ = office.home, next_key_file(office.home)
    if not next_.exists():
        return
    with office.records.engine.connect() as connection:
        note = history.newest_note(connection)
    keys = public_keys(home)
    name = origin_of(office.settings.bureau.site.site_domain)
    successor = SigningKey.load_or_create(next_, name).public
    if note and successor in keys and signers(note, *keys)[-1] == successor:
        keep(home, note, keys)
        _keep_proof(office, note, successor)
        with suppress(FileNotFoundError):  # another process was first
            next_.replace(home.audit_key)
        fsync_folder(home.keys)


def _keep_proof(office: Office, note: str, key: PublicKey) -> None:
    """Beside that checkpoint: the event that names the new key, proven, for those who hold the old key only."""
    size = open_checkpoint(note, key).size
    with office.records.engine.connect() as connection:
        (event,) = history.events(connection, after=size - 1, limit=1)
        proven = Proven(size, bytes(event.body), history.inclusion(connection, size - 1, size))
    proof = json.dumps(proof_file([proven], note), ensure_ascii=False, indent=1)
    write_once(proof_of_key(office.home, size), f"{proof}\n")


def proof_of_key(home: Home, size: int) -> Path:
    """Where the proof of the new key lies that took over at `size` events."""
    return home.checkpoints / f"{size:012d}.new-key.json"


def next_key_file(home: Home) -> Path:
    """The key that is to take over, while it has not."""
    return home.audit_key.with_name(f"{home.audit_key.name}.next")


def checkpoint_after_release(office: Office, now: datetime) -> None:
    """The same, for the release loop: what is public is public, so a failure is told and recorded, not raised."""
    try:
        checkpoint(office, now)
    except (PubflowError, OSError, SQLAlchemyError) as error:
        log.error("no checkpoint after the release: %s", error)
        failed = Event("checkpoint_failed", Machine.RELEASE_LOOP, "-", data={"why": type(error).__name__})
        office.records.record(failed, now)


def public_keys(home: Home) -> tuple[PublicKey, ...]:
    """The public keys in the checkpoints folder, oldest first; none when there is none yet. Raises NoteRefused."""
    try:
        return PublicKey.parse_list((home.checkpoints / PUBLIC_KEY).read_text(errors="replace"))
    except FileNotFoundError:
        return ()


def public_key(home: Home) -> PublicKey | None:
    """The public key that is in use. Raises NoteRefused."""
    return next(reversed(public_keys(home)), None)


def stored_checkpoints(office: Office) -> list[Checkpoint]:
    """The checkpoints in the register and beside it, opened. Raises WorkspaceError for one that cannot be believed."""
    with office.records.engine.connect() as connection:
        return believed(office.home, history.notes(connection))


def believed(home: Home, notes: Sequence[str]) -> list[Checkpoint]:
    """The checkpoint files and the given notes of the register, opened with the public keys that lie beside them.

    Raises WorkspaceError for one that cannot be believed, or when the public keys are missing. A key that another has
    taken over from signs no longer history than the one at which it did.
    """
    found = {f"checkpoint file {path}": path.read_text(errors="replace") for path in files(home)}
    found |= {f"checkpoint {number} of the register": note for number, note in enumerate(notes, 1)}
    keys = public_keys(home)
    if found and not keys:
        raise WorkspaceError(f"{home.checkpoints / PUBLIC_KEY} is missing.", _COMPARE)
    opened = {where: (_opened(note, keys, where), signers(note, *keys)) for where, note in found.items()}
    retired = {old: one.size for one, by in opened.values() for old in by[:-1]}
    for where, (one, by) in opened.items():
        if one.size > retired.get(by[-1], one.size):
            raise WorkspaceError(
                f"{where} was signed with a key that had been retired at {retired[by[-1]]} events.", _COMPARE
            )
    return list({one for one, _ in opened.values()})


def newest_file(home: Home) -> Path | None:
    """The checkpoint file of the longest history."""
    return max(home.checkpoints.glob("*.note"), default=None)


def files(home: Home) -> list[Path]:
    """All checkpoint files, shortest history first."""
    return sorted(home.checkpoints.glob("*.note"))


def _opened(note: str, keys: Sequence[PublicKey], where: str) -> Checkpoint:
    try:
        return open_checkpoint(note, *keys)
    except NoteRefused as error:
        raise WorkspaceError(f"{where}: {error}", _COMPARE) from None


def write_once(path: Path, content: str) -> None:
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
        fsync_folder(path.parent)
    if path.read_text(encoding="utf-8", errors="replace") != content:
        raise WorkspaceError(f"{path} holds something else.", _COMPARE)


def fsync_folder(folder: Path) -> None:
    """A new or renamed name in this folder survives a power cut from here on."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
