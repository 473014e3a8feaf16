"""Refusals that storage could not take. They wait in a file whose space was reserved when it could still be had."""

import fcntl
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESERVED = 64 * 1024


class Pending:
    """A reserved file of JSON lines. A full disk cannot refuse it: its blocks are written already."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reserve(self) -> None:
        """Take the space now. An existing reserve is left as it is."""
        if not self._path.exists():
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"\n" * RESERVED)
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
            text = self._path.read_bytes()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.split(b"\n") if line.strip()]

    def forget(self, entries: int) -> None:
        """Drop the first `entries`; called after the commit that recorded them."""
        with self._path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = [line for line in file.read(RESERVED).split(b"\n") if line.strip()][entries:]
            file.seek(0)
            file.write(b"".join(line + b"\n" for line in lines).ljust(RESERVED, b"\n"))
            file.flush()
            os.fsync(file.fileno())
