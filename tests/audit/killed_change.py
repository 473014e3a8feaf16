"""Run by test_changes_of_keys.py: kills a change of keys at every line of its own code; says what was left each time.

python killed_change.py WORKSPACE audit|master|restart FOLDER FIRST EVERY
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from builders import NOON
from watching import data_of, events

from pubflow.audit.events import Event
from pubflow.audit.notes import SigningKey
from pubflow.audit.verify import verify
from pubflow.errors import PubflowError
from pubflow.office import audit_key, checkpoints, master_key, restarting
from pubflow.office.access import open_text
from pubflow.office.checkpoints import checkpoint, stored_checkpoints
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.records import checkpoints as signing
from pubflow.wiring import open_workspace

LATER = NOON + timedelta(days=1)
WHY = ("gong_lei", "换人")
CHANGES: dict[str, tuple[Callable[..., Any], str]] = {
    "audit": (audit_key.rotate_audit_key, "audit_key_rotated"),
    "master": (master_key.rotate_master_key, master_key.ACTION),
    "restart": (restarting.restart_after_restore, restarting.ACTION),
}
OWN = {str(module.__file__) for module in (audit_key, checkpoints, master_key, restarting, signing)}


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process that is killed when it reaches the given line that it had not been at; whether it was."""
    child = os.fork()
    if child == 0:
        seen: set[tuple[str, int]] = set()

        def at_line(frame: FrameType, event: str, _: object) -> object:
            if frame.f_code.co_filename not in OWN:
                return None
            if event == "line":
                seen.add((frame.f_code.co_filename, frame.f_lineno))
                if len(seen) >= number:
                    os.kill(os.getpid(), signal.SIGKILL)
            return at_line

        sys.settrace(at_line)  # type: ignore[arg-type]
        try:
            work()
        finally:
            sys.settrace(None)
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def change(home: Path, kind: str) -> None:
    """The whole verb, as a process does it."""
    office = open_workspace(home, alone=kind == "master")
    CHANGES[kind][0](office, *WHY, LATER)
    office.close()


def text_of(office: Office) -> str:
    """The draft, opened with the keys as they are."""
    with office.records.reading() as session:
        return open_text(office, session, newest_edition(session, "R-2026-0001")).body


def left(home: Path, kind: str) -> dict[str, object]:
    """The workspace as the next process finds it, and after the change was asked for again."""
    office = open_workspace(home)
    found: dict[str, object] = {"text": text_of(office), "done": _done(office, kind)}
    if kind != "restart" or found["done"]:
        office.records.record(Event("seen", "a", "s"), LATER)
    if kind == "audit":
        checkpoint(office, LATER)
        key = SigningKey.load_or_create(office.home.audit_key, "-").public
        named = [data_of(one)["new"] for one in events(office) if one.action == "audit_key_rotated"]
        found["key fits"] = not named or named[-1] == str(key)
    office.close()
    try:
        change(home, kind)
    except PubflowError as error:
        found["again"] = str(error)
    office = open_workspace(home)
    found["events"] = _done(office, kind)
    found["text after"] = text_of(office)
    held = stored_checkpoints(office)
    found["holds"] = verify(events(office), held).good and bool(held)
    if kind == "restart":
        found["aside"] = sorted(file.name for file in office.home.checkpoints.glob("set-aside-*/*.note"))
    office.close()
    return found


def _done(office: Office, kind: str) -> int:
    return [one.action for one in events(office)].count(CHANGES[kind][1])


def main(home: Path, kind: str, folder: Path, first: int, every: int) -> None:
    """One JSON line for each line of code that the change was killed at, and one for the change that was not."""
    number = first
    killed = True
    while killed:
        own = folder / str(number)
        shutil.copytree(home, own, symlinks=True)
        killed = killed_at(number, lambda own=own: change(own, kind))  # type: ignore[misc]
        sys.stdout.write(json.dumps({"line": number, "killed": killed, **left(own, kind)}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        shutil.rmtree(own)
        number += every


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
