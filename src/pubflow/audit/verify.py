"""Walking the chain: the first bad event, and what is wrong with it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from pubflow.audit.events import COPIED, GENESIS, chain_of, leaf_of


class Stored(Protocol):
    """An event as it lies in the database."""

    seq: int
    body: bytes
    leaf: bytes
    chain: bytes


@dataclass(frozen=True)
class Verdict:
    """events: how many were walked. bad_seq: the first bad one, None when all are good. head: the last chain value."""

    events: int
    head: bytes
    bad_seq: int | None = None
    what: str = ""

    @property
    def good(self) -> bool:
        """True when every event holds."""
        return self.bad_seq is None


def verify(stored: Iterable[Stored]) -> Verdict:
    """Walk events in order of `seq`; stops at the first that does not hold."""
    previous, walked = GENESIS, 0
    for expected, event in enumerate(stored, 1):
        problem = _problem(event, expected, previous)
        if problem:
            return Verdict(walked, previous, event.seq if event.seq == expected else expected, problem)
        previous, walked = bytes(event.chain), walked + 1
    return Verdict(walked, previous)


def _problem(event: Stored, expected: int, previous: bytes) -> str:
    if event.seq != expected:
        return f"event {expected} is missing: the next one present is {event.seq}"
    leaf = leaf_of(bytes(event.body))
    if leaf != bytes(event.leaf):
        return "its content was changed: the body does not match its hash"
    if chain_of(previous, leaf) != bytes(event.chain):
        return "it does not continue the chain: it, or an event before it, was replaced, moved or removed"
    try:
        fields: dict[str, Any] = json.loads(bytes(event.body))
    except ValueError:
        return "its body is not readable JSON"
    for column, name in COPIED.items():
        if getattr(event, column) != fields.get(name):
            return (
                f"its column {column!r} was changed: it says {getattr(event, column)!r}, the body {fields.get(name)!r}"
            )
    return ""
