"""Checkpoints: how many events there are and the root over them, as a signed note (C2SP tlog-checkpoint)."""

import base64
import re
from dataclasses import dataclass
from typing import Self

from pubflow.audit.notes import NoteRefused, PublicKey, SigningKey, opened, signers

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_ROOT_BYTES = 32


@dataclass(frozen=True)
class Checkpoint:
    """origin: which history. size: events. root: 32 bytes, RFC 6962 root over the leaves of events 1 .. size."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed: origin, size, root."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, key: SigningKey, *others: SigningKey) -> str:
        """The whole note; two keys sign when the second takes over from the first."""
        return key.sign(self.text) + "".join(other.line(self.text) for other in others)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an opened note's text; extension lines are passed over. Raises NoteRefused."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
            raise NoteRefused("This is no checkpoint: origin, number of events and root are needed, a line each.")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except ValueError:
            root = b""
        if len(root) != _ROOT_BYTES:
            raise NoteRefused("This is no checkpoint: its third line is not the base64 of 32 bytes.")
        return cls(lines[0], int(lines[1]), root)


def open_checkpoint(note: str, *keys: PublicKey) -> Checkpoint:
    """The checkpoint in a note that one of `keys` signed and that speaks of its history. Raises NoteRefused."""
    checkpoint = Checkpoint.parse(opened(note, *keys))
    for key in signers(note, *keys):
        if checkpoint.origin != key.name:
            raise NoteRefused(f"The checkpoint speaks of {checkpoint.origin!r}, the key of {key.name!r}.")
    return checkpoint
