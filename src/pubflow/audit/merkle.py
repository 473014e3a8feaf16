"""The Merkle tree of RFC 6962 over the leaves of the history: root, inclusion, consistency, and their verification.

A tree of n leaves falls into complete subtrees, whose hashes never change as the tree grows; a proof is a list of
such hashes, or of small folds of them. A range (start, end) stands for the leaves start .. end - 1, counted from 0.
Source: RFC 6962, section 2.1.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

Node = tuple[
    int, int
]  # (level, place): the complete subtree over the leaves place * 2^level .. (place + 1) * 2^level - 1
Range = tuple[int, int]
HashOf = Callable[[Node], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_of(left: bytes, right: bytes) -> bytes:
    """32 bytes: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """The root of a tree while leaves are added one by one; holds one hash for each bit of its size."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size, self.peaks = size, list(peaks)

    def add(self, leaf: bytes) -> list[bytes]:
        """Add a leaf. Returns the complete subtrees that end with it: the leaf, its parent if complete, and so on."""
        self.size += 1
        done, carry = [leaf], self.size
        while not carry & 1:
            done.append(node_of(self.peaks.pop(), done[-1]))
            carry >>= 1
        self.peaks.append(done[-1])
        return done

    def root(self) -> bytes:
        """The root over all leaves added."""
        return _fold(self.peaks) if self.peaks else EMPTY_ROOT


def root_of(leaves: Iterable[bytes]) -> bytes:
    """MTH of RFC 6962."""
    tree = Growing()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def cover(part: Range) -> list[Node]:
    """The complete subtrees that make up a range which proofs use, left to right."""
    start, end = part
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def hash_of_range(part: Range, hash_of: HashOf) -> bytes:
    """The hash of the subtree over a range; of (0, n) it is the root of a tree of n leaves."""
    return _fold([hash_of(node) for node in cover(part)]) if part != (0, 0) else EMPTY_ROOT


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(index, D[size]): the ranges whose hashes are the proof, the leaf's sibling first.

    Raises ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    (start, end), path = (0, size), []
    while end - start > 1:
        middle = start + _split(end - start)
        path.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """PROOF(old, D[new]): the ranges whose hashes are the proof. Raises ValueError unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves proves nothing about one of {old}")
    (start, end), path = (0, new), []
    while end != old:
        middle = start + _split(end - start)
        path.append((middle, end) if old <= middle else (start, middle))
        start, end = (start, middle) if old <= middle else (middle, end)
    return ([(start, end)] if start else []) + path[::-1]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that `leaf` is leaf number `index` of the tree with this size and root."""
    if not 0 <= index < size or len(proof) != len(inclusion_ranges(index, size)):
        return False
    for (start, _), other in zip(inclusion_ranges(index, size), proof, strict=True):
        leaf = node_of(leaf, other) if start > index else node_of(other, leaf)
    return leaf == root


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the newer tree begins with the older one."""
    if not 0 < old <= new or len(proof) != len(consistency_ranges(old, new)):
        return False
    path = list(zip(consistency_ranges(old, new), proof, strict=True))
    # An old tree that is one complete subtree of the new one is its own starting point.
    begins = path.pop(0)[1] if path and path[0][0][1] == old else old_root
    before = after = begins
    for (start, _), other in path:
        before = before if start >= old else node_of(other, before)
        after = node_of(after, other) if start >= old else node_of(other, after)
    return before == old_root and after == new_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _fold(hashes: Sequence[bytes]) -> bytes:
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_of(left, root)
    return root
