"""Files in the format of age with a passphrase, so that a backup can be opened without pubflow too: `age -d FILE`.

Source: C2SP age.md (age-encryption.org/v1), the scrypt recipient. The content is cut into chunks of 64 KiB, each
sealed with ChaCha20-Poly1305 under its number; the last one is marked, so that a file cut at a chunk's end is noticed.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

CHUNK = 64 * 1024  # bytes of content
TAG = 16  # bytes that a seal adds to a chunk
WORK = 18  # scrypt with 2^18 rounds: about a second and 256 MiB, once a file
_MOST_WORK = 20  # a damaged or hostile number must not take all memory
_VERSION = b"age-encryption.org/v1"
_HEADER = re.compile(
    rb"age-encryption\.org/v1\n-> scrypt (?P<salt>[A-Za-z0-9+/]{22}) (?P<work>[1-9][0-9]?)\n"
    rb"(?P<body>[A-Za-z0-9+/]{43})\n---"
)
_LONGEST_LINE = 100
_FILE_KEY, _SALT, _NONCE = 16, 16, 16  # bytes
_ZERO_NONCE = bytes(12)


@dataclass(eq=False)
class AgeRefused(Exception):
    """The file does not open. `why` ends in a full stop."""

    why: str

    def __str__(self) -> str:
        return self.why


class SealingFile:
    """Seals what is written and passes it on to `file`. Call `finish` at the end: without it the file is cut off."""

    def __init__(self, file: BinaryIO, passphrase: bytes, *, work: int = WORK) -> None:
        self._file = file
        key = secrets.token_bytes(_FILE_KEY)
        salt = secrets.token_bytes(_SALT)
        body = ChaCha20Poly1305(_wrapping_key(passphrase, salt, work)).encrypt(_ZERO_NONCE, key, None)
        header = b"%s\n-> scrypt %s %d\n%s\n---" % (_VERSION, _b64(salt), work, _b64(body))
        nonce = secrets.token_bytes(_NONCE)
        file.write(header + b" " + _b64(_mac(key, header)) + b"\n" + nonce)
        self._cipher = ChaCha20Poly1305(_derived(key, b"payload", nonce))
        self._waiting = bytearray()
        self._chunks = 0

    def write(self, content: bytes) -> int:
        """Take some content."""
        self._waiting += content
        while len(self._waiting) > CHUNK:  # a full chunk is held back: it may be the last
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(content)

    def finish(self) -> None:
        """Seal what is left, as the last chunk."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, content: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_chunk_nonce(self._chunks, last=last), content, None))
        self._chunks += 1


class OpeningFile:
    """The content of a sealed file, from its beginning to its end, each chunk only after it was verified.

    Raises AgeRefused for a wrong passphrase, and as soon as a byte was changed, added or lost. Only who has read
    up to the end (an empty answer) knows that nothing is missing.
    """

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        self._file = file
        key = _file_key(file, passphrase)
        nonce = file.read(_NONCE)
        self._cipher = ChaCha20Poly1305(_derived(key, b"payload", nonce))
        self._ahead = file.read(CHUNK + TAG)
        self._opened = b""
        self._chunks = 0
        self._ended = False

    def read(self, size: int = CHUNK) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        parts: list[bytes] = []
        while size > 0 and (self._opened or not self._ended):
            if not self._opened:
                self._open_next()
            part, self._opened = self._opened[:size], self._opened[size:]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _open_next(self) -> None:
        sealed, self._ahead = self._ahead, self._file.read(CHUNK + TAG)
        last = not self._ahead
        try:
            self._opened = self._cipher.decrypt(_chunk_nonce(self._chunks, last=last), sealed, None)
        except (InvalidTag, ValueError):
            where = f"in the 64 KiB after {self._chunks * CHUNK} bytes of content"
            raise AgeRefused(f"It was changed or cut off {where}.") from None
        if last and not self._opened and self._chunks:
            raise AgeRefused("It ends in an empty chunk, which no writer makes.")
        self._chunks += 1
        self._ended = last


def _file_key(file: BinaryIO, passphrase: bytes) -> bytes:
    """Read the header; the key of the file."""
    lines = [file.readline(_LONGEST_LINE) for _ in range(4)]
    header = b"".join(lines)[: -len(lines[3])] + lines[3][:3]
    found = _HEADER.fullmatch(header)
    if lines[0] != _VERSION + b"\n" or not found:
        raise AgeRefused("It is no backup made by pubflow, or its first bytes are damaged.")
    work = int(found["work"])
    if work > _MOST_WORK:
        raise AgeRefused(f"Its first bytes are damaged: they ask for 2^{work} rounds of scrypt.")
    salt, body = _unb64(found["salt"]), _unb64(found["body"])
    try:
        key = ChaCha20Poly1305(_wrapping_key(passphrase, salt, work)).decrypt(_ZERO_NONCE, body, None)
    except InvalidTag:
        raise AgeRefused(
            "The passphrase or key is not the one it was made with, or its first bytes are damaged."
        ) from None
    if not hmac.compare_digest(lines[3], b"--- " + _b64(_mac(key, header)) + b"\n"):
        raise AgeRefused("Its first bytes were changed.")
    return key


def _wrapping_key(passphrase: bytes, salt: bytes, work: int) -> bytes:
    return Scrypt(salt=_VERSION + b"/scrypt" + salt, length=32, n=1 << work, r=8, p=1).derive(passphrase)


def _derived(key: bytes, purpose: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose).derive(key)


def _mac(key: bytes, header: bytes) -> bytes:
    return hmac.new(_derived(key, b"header"), header, hashlib.sha256).digest()


def _chunk_nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _b64(raw: bytes) -> bytes:
    return base64.b64encode(raw).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    raw = base64.b64decode(text + b"=" * (-len(text) % 4))
    if _b64(raw) != text:  # the last sign holds bits that mean nothing; a change there is a change
        raise AgeRefused("Its first bytes are damaged.")
    return raw
