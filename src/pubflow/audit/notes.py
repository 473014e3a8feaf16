"""Signed notes (C2SP signed-note) with Ed25519, and their keys in the text form of Go's `sumdb/note`.

A note is a text that ends with a newline, a blank line, and a signature line `— NAME BASE64(key id || signature)`.
Public key: `NAME+KEYID+BASE64(0x01 || 32 bytes)`. The key file holds `PRIVATE+KEY+NAME+KEYID+BASE64(0x01 || seed)`.
Sources: c2sp.org/signed-note; golang.org/x/mod/sumdb/note.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pubflow.errors import PubflowError, WorkspaceError

_ED25519 = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_DASH = "\N{EM DASH}"
_PRIVATE = "PRIVATE+KEY+"
MAX_BYTES = 65536  # of a whole note: what is longer is no checkpoint


@dataclass(eq=False)
class NoteRefused(PubflowError):
    """A note, checkpoint, proof or key from outside that cannot be believed, and why."""

    code: ClassVar[str] = "note_refused"
    status: ClassVar[int] = 422
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class PublicKey:
    """Whose signature to believe: name and 32 bytes."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, newline, 0x01, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_b64(_ED25519 + self.raw)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `NAME+KEYID+BASE64`. Raises NoteRefused."""
        name, _, rest = text.strip().partition("+")
        _, _, encoded = rest.partition("+")
        raw = _unb64(encoded)
        key = cls(name, raw[1:])
        if raw[:1] != _ED25519 or len(key.raw) != _KEY_BYTES or str(key) != text.strip() or not name_fits(name):
            raise NoteRefused("This is no public key: it must read NAME+KEYID+BASE64, as checkpoints/audit.pub does.")
        return key

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Read a list, a key a line, oldest first, as audit.pub is after a change of keys. Raises NoteRefused."""
        return tuple(cls.parse(line) for line in text.strip().split("\n"))


@dataclass(frozen=True, repr=False)
class SigningKey:
    """The office's own key for checkpoints, from a file only its owner can read."""

    name: str
    seed: bytes

    @property
    def public(self) -> PublicKey:
        """The part to give away."""
        return PublicKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note: `text` (must end with a newline) and its signature line. The same text gives the same note."""
        return f"{text}\n{self.line(text)}"

    def line(self, text: str) -> str:
        """The signature line alone; a note may have several."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"{_DASH} {self.name} {_b64(self.public.id + signature)}\n"

    @classmethod
    def load_or_create(cls, path: Path, name: str) -> Self:
        """Read the key, or make one called `name`. Of two processes that make one at once, both take the first.

        Raises WorkspaceError for a key that is malformed or readable by others.
        """
        if not path.exists():
            _create(path, name)
        if path.stat().st_mode & 0o077:
            raise WorkspaceError(f"{path} can be read by others.", f"Run: chmod 600 {path}")
        text = path.read_text(errors="replace").strip()
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            raw = _unb64(encoded)
            key = cls(name, raw[1:])
            good = text.startswith(_PRIVATE) and raw[:1] == _ED25519 and key.public.id.hex() == key_id
        except (NoteRefused, ValueError):
            good = False
        if not good:
            raise WorkspaceError(f"{path} is not a key for checkpoints.", "Restore it from the backup.")
        return key


def opened(note: str, *keys: PublicKey) -> str:
    """The text of a note signed with one of `keys`; signatures of others are passed over. Raises NoteRefused."""
    text, _ = _signed_by(note, keys)
    return text


def signers(note: str, *keys: PublicKey) -> list[PublicKey]:
    """Which of `keys` signed a note, in the order of its lines. Raises NoteRefused."""
    _, by = _signed_by(note, keys)
    return by


def _signed_by(note: str, keys: Sequence[PublicKey]) -> tuple[str, list[PublicKey]]:
    if len(note.encode()) > MAX_BYTES or any(ord(sign) < 32 and sign != "\n" for sign in note):
        raise NoteRefused("This is no signed note: it is too long, or holds control characters.")
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    if not blank or not signatures.endswith("\n"):
        raise NoteRefused("This is no signed note: a text, a blank line and a signature line are needed.")
    by: list[PublicKey] = []
    for line in signatures[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        signed = _unb64(encoded)
        if dash != _DASH or not name_fits(name) or len(signed) <= _ID_BYTES:
            raise NoteRefused(f"This is no signature line: {line!r}.")
        key = next((one for one in keys if (one.name, one.id) == (name, signed[:_ID_BYTES])), None)
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.raw).verify(signed[_ID_BYTES:], text.encode())
        except InvalidSignature:
            raise NoteRefused(f"The signature of {key.name} does not fit the text: one of them was changed.") from None
        by.append(key)
    if not by:
        known = " or ".join(f"{key.name}+{key.id.hex()}" for key in keys)
        raise NoteRefused(f"The note is not signed with the key {known}. Was it changed (docs/audit.md)?")
    return text, by


def name_fits(name: str) -> bool:
    """Key names are not empty and hold neither spaces nor plus signs."""
    return bool(name) and "+" not in name and not any(sign.isspace() for sign in name)


def _create(path: Path, name: str) -> None:
    if not name_fits(name):
        raise WorkspaceError(f"{name!r} cannot name a key: no spaces, no plus sign.", "Mend bureau.site.site_domain.")
    seed = secrets.token_bytes(_KEY_BYTES)
    key_id = SigningKey(name, seed).public.id.hex()
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{_PRIVATE}{name}+{key_id}+{_b64(_ED25519 + seed)}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return  # another process was first: its key is the key
    finally:
        draft.unlink()


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise NoteRefused("What should be base64 is none.") from None
