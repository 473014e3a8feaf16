"""One event: its canonical bytes, its leaf, its place in the chain.

The leaf is that of RFC 6962 (SHA-256 over 0x00 and the bytes), so that a Merkle tree can stand on the same leaves.
Personal data never enters an event; identifiers of persons of the office do.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pubflow.moments import iso

FORMAT = 1
GENESIS = bytes(32)
# Made once: `json.dumps` would make an encoder for every event.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Event:
    """What is to be recorded, before it has its place.

    subject: the report, release or person concerned. data: small facts (rule names, counts), JSON values only.
    """

    action: str
    actor: str
    subject: str
    role: str = ""
    digest: str = ""
    from_state: str = ""
    to_state: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def body(self, seq: int, at: datetime) -> bytes:
        """Canonical JSON: sorted keys, no spaces, UTF-8. `seq` counts from 1 without gaps."""
        fields = {
            "v": FORMAT,
            "seq": seq,
            "at": iso(at),
            "action": self.action,
            "actor": self.actor,
            "subject": self.subject,
            "role": self.role,
            "digest": self.digest,
            "from": self.from_state,
            "to": self.to_state,
            "reason": self.reason,
            "data": dict(self.data),
        }
        return _CANONICAL.encode(fields).encode()


# Columns beside the body, copied out for queries; verification holds them against the body.
COPIED = {
    "seq": "seq",
    "at": "at",
    "action": "action",
    "actor": "actor",
    "subject": "subject",
    "role": "role",
    "digest": "digest",
    "from_state": "from",
    "to_state": "to",
    "reason": "reason",
}


def data_in(body: bytes) -> dict[str, Any]:
    """The small facts of a stored event; empty for a body that was damaged (`audit verify` says what is wrong)."""
    try:
        data = json.loads(body)["data"]
    except (ValueError, KeyError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}


def leaf_of(body: bytes) -> bytes:
    """32 bytes: SHA-256(0x00 || body), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + body).digest()


def chain_of(previous: bytes, leaf: bytes) -> bytes:
    """32 bytes: SHA-256(previous chain value || leaf)."""
    return hashlib.sha256(previous + leaf).digest()
