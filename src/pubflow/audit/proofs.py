"""Proofs that leave the house: events, their inclusion proofs and a checkpoint in one JSON file; and whole exports.

Both verify without the register and without us: with this module, or with a few lines on any RFC 6962 library.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from pubflow.audit.checkpoint import Checkpoint, open_checkpoint
from pubflow.audit.events import COPIED, leaf_of
from pubflow.audit.merkle import included
from pubflow.audit.notes import NoteRefused, PublicKey
from pubflow.audit.verify import Stored

PROOF_FORMAT = "pubflow-proof/1"
EXPORT_FORMAT = "pubflow-history/1"


@dataclass(frozen=True)
class Proven:
    """One event with the hashes that lead from it to the checkpoint's root. seq counts from 1, leaves from 0."""

    seq: int
    body: bytes
    proof: Sequence[bytes]


def proof_file(events: Iterable[Proven], note: str) -> dict[str, Any]:
    """The proof as JSON values."""
    rows = [
        {
            "seq": one.seq,
            "body": one.body.decode(errors="surrogateescape"),
            "proof": [base64.b64encode(hash_).decode() for hash_ in one.proof],
        }
        for one in events
    ]
    return {"format": PROOF_FORMAT, "checkpoint": note, "events": rows}


def verify_proof(content: str, *keys: PublicKey) -> tuple[Checkpoint, list[dict[str, Any]]]:
    """The checkpoint and the events that the file proves, as their bodies say. Raises NoteRefused."""
    try:
        given = json.loads(content)
        note, rows = given["checkpoint"], [(int(row["seq"]), row["body"], row["proof"]) for row in given["events"]]
        proofs = [[base64.b64decode(hash_, validate=True) for hash_ in proof] for _, _, proof in rows]
        if given["format"] != PROOF_FORMAT or not rows:
            raise NoteRefused(f"This is no proof: its format is not {PROOF_FORMAT}, or it holds no event.")
        checkpoint = open_checkpoint(note, *keys)
        events = []
        for (seq, body, _), proof in zip(rows, proofs, strict=True):
            if not included(leaf_of(body.encode()), seq - 1, checkpoint.size, proof, checkpoint.root):
                raise NoteRefused(f"Event {seq} is not proven: body, number or proof do not fit the checkpoint.")
            events.append(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NoteRefused("This is no proof: checkpoint, events and their proofs are needed, as JSON.") from None
    return checkpoint, events


def export_lines(stored: Iterable[Stored], note: str) -> Iterator[str]:
    """The history as JSON lines, one event a line, the checkpoint last."""
    for event in stored:
        # A damaged body must leave the house as it is: whoever looks into it needs it most.
        body = bytes(event.body).decode(errors="surrogateescape")
        yield json.dumps({"seq": event.seq, "body": body, "chain": bytes(event.chain).hex()})
    yield json.dumps({"format": EXPORT_FORMAT, "checkpoint": note})


def read_export(lines: Iterable[str]) -> Iterator[Stored | str]:
    """The events of an export in the form that `verify` walks, and last the checkpoint's note. Raises NoteRefused."""
    note: str | None = None
    for number, line in enumerate(lines, 1):
        if note is not None:
            raise NoteRefused(f"Line {number}: something follows the checkpoint.")
        try:
            row = json.loads(line)
            if "checkpoint" in row:
                note = str(row["checkpoint"])
                continue
            body = row["body"].encode(errors="surrogateescape")
            yield _as_stored(int(row["seq"]), body, bytes.fromhex(row["chain"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise NoteRefused(f"Line {number} is no event of an exported history.") from None
    if note is None:
        raise NoteRefused("The export is cut off: its last line, the checkpoint, is missing.")
    yield note


def _as_stored(seq: int, body: bytes, chain: bytes) -> Any:
    try:
        fields = json.loads(body)
        copied = {column: fields.get(name) for column, name in COPIED.items()}
    except (ValueError, AttributeError, RecursionError):
        copied = dict.fromkeys(COPIED)
    return SimpleNamespace(**{**copied, "seq": seq, "body": body, "leaf": leaf_of(body), "chain": chain})
