"""Making a workspace so that a kill, at whatever moment, leaves a whole one or none."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pubflow.errors import WorkspaceError

_MAKING = ".making-"


@contextmanager
def new_workspace_folder(folder: Path) -> Iterator[Path]:
    """A room inside the new or empty `folder` to make a workspace in; moved to its place when the block ends.

    What a killed making left in it goes first. Raises WorkspaceError when the folder holds something else, or cannot
    be written; nothing stays in it then.
    """
    if folder.exists() and any(not entry.name.startswith(_MAKING) for entry in folder.iterdir()):
        raise WorkspaceError(f"{folder} is not empty.", "Choose another folder: pubflow init OTHER_DIR")
    room = folder / f"{_MAKING}{secrets.token_hex(6)}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f"{_MAKING}*"):
            shutil.rmtree(left)
        room.mkdir(mode=0o700)
        yield room
        move_in(room, folder)
    except OSError as error:
        why = error.strerror or error
        raise WorkspaceError(f"{folder} cannot be written: {why}.", "Free space or choose another.") from None
    finally:
        shutil.rmtree(room, ignore_errors=True)


def move_in(room: Path, folder: Path) -> None:
    """Everything to its place; the keys last, since a folder with a master key is an office."""
    folder.chmod(0o711)  # the web server passes through to public/, and sees nothing else
    os.sync()  # once for all files: a call for each took three times as long
    for entry in sorted(room.iterdir(), key=lambda one: one.name == "keys"):
        entry.rename(folder / entry.name)
    for place in (folder, folder.parent):
        opened = os.open(place, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
