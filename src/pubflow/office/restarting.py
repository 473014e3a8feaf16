"""After a restore that lost events: the checkpoints that were signed for them are set aside, and the history says so.

Nothing is deleted: the files go into a folder of their own beside the others, and a checkpoint that somebody keeps
outside still tells that the history was once longer.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import col, select

from pubflow.audit.checkpoint import Checkpoint, open_checkpoint
from pubflow.audit.events import Event, data_in
from pubflow.audit.verify import verify
from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Role
from pubflow.moments import SHANGHAI
from pubflow.office.checkpoints import believed, checkpoint, files, fsync_folder, public_keys
from pubflow.office.office import Office
from pubflow.office.on_site import answering
from pubflow.records import history
from pubflow.records.tables import AuditEvent

ACTION = "history_restarted"


@dataclass(frozen=True)
class Restarted:
    """kept: how many events were left. lost_to: how many there had been at least. folder: where the files are now."""

    kept: int
    lost_to: int
    set_aside: list[Path]
    folder: Path
    checkpoint: Path


def restart_after_restore(office: Office, by: str, reason: str, now: datetime) -> Restarted:
    """Set aside the checkpoint files that the history does not meet, record what was lost, and sign anew.

    Called again after a kill, it finishes without a second event. by: the operator who answers for it.
    Raises BadInput, StepRefused; WorkspaceError when nothing was lost, or the history itself does not hold.
    """
    actor = answering(office, by, reason, "audit restart-after-restore", now)
    with office.records.engine.connect() as connection:
        verdict = verify(history.events(connection), believed_of_register(office))
    if not verdict.good:
        raise WorkspaceError(
            f"The history does not hold by itself: {verdict}. Nothing was set aside.",
            "This is no loss by a restore: restore a backup from before, or see docs/audit.md.",
        )
    unmet = {file: one for file, one in _with_files(office) if not _met(office, one, verdict.events)}
    if not unmet:
        raise WorkspaceError(
            f"The {verdict.events} events meet every checkpoint: nothing was lost, and nothing was changed.",
            "If a checkpoint kept elsewhere is not met, put its file into checkpoints/ first.",
        )
    lost_to = max(one.size for one in unmet.values())
    folder = _begun(office, unmet) or office.home.checkpoints / f"set-aside-{now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}"
    if not folder.exists():
        # The event first: files that are gone without a word in the history would be what an attacker wants.
        listed = [{"size": one.size, "root": one.root.hex()} for one in unmet.values()]
        data = {"kept": verdict.events, "lost_to": lost_to, "set_aside": listed, "folder": folder.name}
        event = Event(ACTION, actor.id, "-", Role.OPERATOR, reason=reason, data=data | {"answers_for_it": by})
        office.records.record(event, now)
        folder.mkdir(mode=0o700)
    for file in unmet:
        file.rename(folder / file.name)
    for touched in (folder, folder.parent):
        fsync_folder(touched)
    moved = [folder / file.name for file in unmet]
    return Restarted(verdict.events, lost_to, moved, folder, checkpoint(office, now))


def believed_of_register(office: Office) -> list[Checkpoint]:
    """The checkpoints in the register: it came back with them, so it must meet them."""
    with office.records.engine.connect() as connection:
        notes = history.notes(connection)
    return [open_checkpoint(note, *public_keys(office.home)) for note in notes]


def _with_files(office: Office) -> list[tuple[Path, Checkpoint]]:
    believed(office.home, [])  # a file that nobody signed is no loss, and must not be swept away with the others
    keys = public_keys(office.home)
    return [(file, open_checkpoint(file.read_text(errors="replace"), *keys)) for file in files(office.home)]


def _met(office: Office, one: Checkpoint, size: int) -> bool:
    if one.size > size:
        return False
    with office.records.engine.connect() as connection:
        return history.root(connection, one.size) == one.root


def _begun(office: Office, unmet: dict[Path, Checkpoint]) -> Path | None:
    """The folder of an earlier call that was killed before it had moved all of just these files."""
    last = select(AuditEvent.body).where(AuditEvent.action == ACTION).order_by(col(AuditEvent.seq).desc()).limit(1)
    with office.records.reading() as session:
        body = session.exec(last).first()
    if body is None:
        return None
    data = data_in(bytes(body))
    folder = office.home.checkpoints / str(data["folder"])
    listed = {one["root"] for one in data["set_aside"]}
    if all(one.root.hex() in listed and not (folder / file.name).exists() for file, one in unmet.items()):
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
    return None
