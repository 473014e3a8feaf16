"""Sealing and opening bytes. Knows nothing of reports; who may open what is decided above."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from pubflow.errors import PubflowError, WorkspaceError

KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(eq=False)
class SealBroken(PubflowError):
    """Sealed bytes were changed, or sealed for another place or with another key."""

    code: ClassVar[str] = "seal_broken"
    status: ClassVar[int] = 500
    what: str

    def __str__(self) -> str:
        return f"{self.what} 的加密内容无法打开：内容被改动，或密钥不对。请系统管理员核对 keys/master.key 后从备份恢复"


@dataclass(frozen=True, repr=False)
class MasterKey:
    """The key that wraps all others: 32 bytes, from a file only its owner can read."""

    secret: bytes

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a new key with owner-only permissions, whole or not at all. Raises FileExistsError for an old one."""
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(descriptor)
            os.link(draft, path)
        finally:
            draft.unlink()
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key. Raises WorkspaceError when it is missing, malformed, or readable by others."""
        try:
            if path.stat().st_mode & 0o077:
                raise WorkspaceError(f"{path} can be read by others.", f"Run: chmod 600 {path}")
            secret = bytes.fromhex(path.read_text().strip())
        except FileNotFoundError:
            raise WorkspaceError(
                f"{path} is missing.", "Restore it from the backup; without it no draft opens."
            ) from None
        except ValueError:
            raise WorkspaceError(
                f"{path} is not a key of 64 hexadecimal digits.", "Restore it from the backup."
            ) from None
        if len(secret) != KEY_BYTES:
            raise WorkspaceError(f"{path} does not hold {KEY_BYTES} bytes.", "Restore it from the backup.")
        return cls(secret)

    @property
    def name(self) -> str:
        """16 hexadecimal digits that tell keys apart and nothing about them."""
        return self.derived("name").hex()[:16]

    def derived(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose (fingerprints, commitments), so that the master key itself seals only keys."""
        return hmac.new(self.secret, b"pubflow/" + purpose.encode(), hashlib.sha256).digest()


class Vault:
    """Seals content with report keys. `place` is bound into each seal: bytes moved elsewhere do not open."""

    def __init__(self, master: MasterKey, held: BinaryIO | None = None) -> None:
        """held: the locked key file; nobody changes the key until `close`."""
        self._held = held
        self._master = master.derived("wrap")
        self._fingerprints = master.derived("fingerprint")

    def new_key(self) -> bytes:
        """A new report key, wrapped (RFC 3394); keep it beside the report."""
        return aes_key_wrap(self._master, secrets.token_bytes(KEY_BYTES))

    def seal(self, wrapped: bytes, content: bytes, place: str) -> bytes:
        """Nonce and ciphertext of `content` for `place`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._unwrap(wrapped, place)).encrypt(nonce, content, place.encode())

    def open(self, wrapped: bytes, sealed: bytes, place: str) -> bytes:
        """The content again. Raises SealBroken when a byte, the place or the key differs."""
        try:
            return AESGCM(self._unwrap(wrapped, place)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()
            )
        except (InvalidTag, ValueError):
            raise SealBroken(place) from None

    def wrap_anew(self, wrapped: bytes, other: "Vault", place: str) -> bytes:
        """A wrapped key, wrapped by another vault's master key instead. Raises SealBroken."""
        return aes_key_wrap(other._master, self._unwrap(wrapped, place))

    def close(self) -> None:
        """Let go of the key file."""
        if self._held is not None:
            self._held.close()

    def fingerprint(self, text: str) -> str:
        """A keyed fingerprint (HMAC-SHA256, 64 hexadecimal digits): comparable here, guessable nowhere."""
        return hmac.new(self._fingerprints, text.encode(), hashlib.sha256).hexdigest()

    def _unwrap(self, wrapped: bytes, place: str) -> bytes:
        try:
            return aes_key_unwrap(self._master, wrapped)
        except (InvalidUnwrap, ValueError):
            raise SealBroken(place) from None
