"""Walking the history: the first bad event and what is wrong with it, or the first checkpoint that is not met."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Protocol

from pubflow.audit.checkpoint import Checkpoint
from pubflow.audit.events import COPIED, GENESIS, chain_of, leaf_of
from pubflow.audit.merkle import EMPTY_ROOT, Growing

_OF_COLUMNS = attrgetter(*COPIED)
_OF_BODY = itemgetter(*COPIED.values())
_DECODER = json.JSONDecoder()


class Stored(Protocol):
    """An event as it lies in the database."""

    seq: int
    body: bytes
    leaf: bytes
    chain: bytes


@dataclass(frozen=True)
class Verdict:
    """The outcome of a walk.

    events: how many hold. head: the last chain value. root: the Merkle root over them.
    bad_seq: the first bad event. unmet: the size of the first checkpoint that the history does not meet. None when
    all is good. what: what is wrong.
    """

    events: int
    head: bytes
    bad_seq: int | None = None
    what: str = ""
    root: bytes = field(default=EMPTY_ROOT, compare=False)
    unmet: int | None = None

    @property
    def good(self) -> bool:
        """True when every event holds and every checkpoint is met."""
        return self.bad_seq is None and self.unmet is None

    def __str__(self) -> str:
        if self.good:
            return f"{self.events} events hold"
        if self.bad_seq is not None:
            return f"Event {self.bad_seq} is bad: {self.what}. The {self.events} events before it hold"
        return f"The checkpoint of {self.unmet} events is not met: {self.what}"


def verify(stored: Iterable[Stored], checkpoints: Iterable[Checkpoint] = ()) -> Verdict:
    """Walk events in order of `seq`, in constant memory; stops at the first that does not hold.

    checkpoints: opened ones (signature verified), in any order; each fixes the first `size` events.
    """
    waiting = sorted(checkpoints, key=lambda one: one.size, reverse=True)
    previous, tree = GENESIS, Growing()
    for expected, event in enumerate(stored, 1):
        problem = _problem(event, expected, previous)
        if problem:
            bad = event.seq if event.seq == expected else expected
            return Verdict(tree.size, previous, bad, problem, tree.root())
        previous = bytes(event.chain)
        tree.add(bytes(event.leaf))
        while waiting and waiting[-1].size <= tree.size:
            held = waiting.pop()
            if held.size == tree.size and held.root != tree.root():
                what = f"the first {held.size} events are not those it was signed for; the history was rebuilt"
                return Verdict(tree.size, previous, None, what, tree.root(), held.size)
    if waiting and waiting[-1].size > tree.size:
        what = f"only {tree.size} are there; the last ones were deleted, or this is an older copy"
        return Verdict(tree.size, previous, None, what, tree.root(), waiting[-1].size)
    return Verdict(tree.size, previous, root=tree.root())


def _problem(event: Stored, expected: int, previous: bytes) -> str:
    if event.seq != expected:
        return f"event {expected} is missing: the next one present is {event.seq}"
    body = bytes(event.body)
    leaf = leaf_of(body)
    if leaf != bytes(event.leaf):
        return "its content was changed: the body does not match its hash"
    if chain_of(previous, leaf) != bytes(event.chain):
        return "it does not continue the chain: it, or an event before it, was replaced, moved or removed"
    try:
        text = body.decode()
        fields, end = _DECODER.raw_decode(text)  # what `json.loads` does, without its guess of the encoding
    except (ValueError, RecursionError):
        return "its body is not a readable JSON object"
    if not isinstance(fields, dict) or end != len(text):
        return "its body is not a readable JSON object"
    try:
        same = _OF_COLUMNS(event) == _OF_BODY(fields)
    except KeyError:
        same = False
    if not same:
        column, name = next(
            (one, name) for one, name in COPIED.items() if name not in fields or getattr(event, one) != fields[name]
        )
        return f"its column {column!r} was changed: it says {getattr(event, column)!r}, the body {fields.get(name)!r}"
    return ""
