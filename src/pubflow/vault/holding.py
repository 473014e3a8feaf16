"""Whoever seals with the master key holds its file, so that nobody changes the key under them."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pubflow.errors import WorkspaceError


def hold(path: Path, settle: Callable[[], None] = lambda: None, *, alone: bool = False) -> BinaryIO:
    """The key file, open and locked until it is closed or the process ends: shared, or alone to change the key.

    settle: called under the lock; it may put another key in place, which is then the one that is held.
    Raises WorkspaceError when somebody else holds it and `alone` is asked for.
    """
    while True:
        file = path.open("rb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
            settle()
        except BlockingIOError:
            file.close()
            raise WorkspaceError(
                f"{path} is in use: the office runs, or a backup.", "Stop `pubflow up` and every verb, then try again."
            ) from None
        except BaseException:
            file.close()
            raise
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()  # while we waited, another key took its place
