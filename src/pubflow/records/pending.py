"""Refusals that storage could not take. They wait in a file whose space was reserved when it could still be had."""

import fcntl
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pubflow.audit.events import Event

RESERVED = 64 * 1024
_NOTHING = b"\n" * RESERVED


class Pending:
    """A reserved file of JSON lines. A full disk cannot refuse it: its blocks are written already."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reserve(self) -> None:
        """Take the space now. An existing reserve is left as it is."""
        if not self._path.exists():
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_NOTHING)
                file.flush()
                os.fsync(file.fileno())

    def add(self, entry: Mapping[str, Any]) -> None:
        """Say it on stderr and keep it; when the reserve is full or gone, stderr is all there is."""
        line = json.dumps(entry, ensure_ascii=False)
        sys.stderr.write(f"pubflow: not yet in the audit history: {line}\n")
        try:
            with self._path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                written = file.read(RESERVED).rstrip(b"\n")
                entries = (written + b"\n" if written else b"") + line.encode() + b"\n"
                if len(entries) <= RESERVED:
                    file.seek(0)
                    file.write(entries)
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            sys.stderr.write(f"pubflow: {self._path}: {error}\n")

    def waiting(self) -> list[dict[str, Any]]:
        """What waits, oldest first."""
        try:
            file = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return []
        try:
            content = os.read(file, 2 * RESERVED)
        finally:
            os.close(file)
        # Asked at every write: comparing the empty reserve costs a hundredth of looking for its lines.
        return [] if content == _NOTHING else _entries(content)

    @contextmanager
    def taken(self) -> Iterator[list[dict[str, Any]]]:
        """What waits, for one writer at a time, who records it; forgotten when the block ends without an error.

        Empty for everybody else. A kill between the commit and the end records an entry twice, never not at all.
        """
        if not self.waiting():  # the usual case takes no lock
            yield []
            return
        with self._path.open("r+b") as file:
            if not _locked_at_once(file):
                yield []
                return
            yield _entries(file.read())
            file.seek(0)
            file.write(_NOTHING)
            file.flush()
            os.fsync(file.fileno())


def _locked_at_once(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # somebody else records them just now
        return False
    return True


def _entries(text: bytes) -> list[dict[str, Any]]:
    return [_entry(line) for line in text.strip(b"\n").split(b"\n") if line.strip()]


def _entry(line: bytes) -> dict[str, Any]:
    """A line torn by a power cut is reported as such; it must not stop every later write."""
    try:
        entry = json.loads(line)
        Event(**entry)
    except (ValueError, TypeError):
        kept = line.decode(errors="replace")
        return {"action": "pending_unreadable", "actor": "register", "subject": "-", "data": {"line": kept}}
    return dict(entry)
