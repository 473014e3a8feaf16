"""The tree against the Certificate Transparency test vectors, and against RFC 6962's own recursive words."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubflow.audit.events import leaf_of
from pubflow.audit.merkle import (
    EMPTY_ROOT,
    Growing,
    Node,
    consistency_ranges,
    consistent,
    cover,
    hash_of_range,
    included,
    inclusion_ranges,
    node_of,
    root_of,
)

# The vectors of the Certificate Transparency project (merkle_tree_test.cc, and in its successors): leaf contents,
# the roots of the trees of 0 .. 8 leaves, and proofs.
CONTENTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
N01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
L0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
N03 = ROOTS[4]
LEAVES = [leaf_of(bytes.fromhex(content)) for content in CONTENTS]


def hashes_of(ranges: Sequence[tuple[int, int]], leaves: Sequence[bytes]) -> list[bytes]:
    def hash_of(node: Node) -> bytes:
        level, place = node
        return root_of(leaves[place << level : (place + 1) << level])

    return [hash_of_range(part, hash_of) for part in ranges]


def as_hex(hashes: Sequence[bytes]) -> list[str]:
    return [one.hex() for one in hashes]


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_vectors(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]
    assert as_hex(hashes_of([(0, size)], LEAVES)) == [ROOTS[size]]


INCLUSIONS = [
    (0, 1, []),
    (0, 8, [L1, N23, N47]),
    (5, 8, [L4, N67, N03]),
    (2, 3, [N01]),
    (1, 5, [L0, N23, L4]),
]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSIONS)
def test_inclusion_proofs_are_those_of_the_vectors(index: int, size: int, proof: list[str]) -> None:
    assert as_hex(hashes_of(inclusion_ranges(index, size), LEAVES)) == proof
    hashes = [bytes.fromhex(one) for one in proof]
    assert included(LEAVES[index], index, size, hashes, bytes.fromhex(ROOTS[size]))


CONSISTENCIES = [(1, 1, []), (1, 8, [L1, N23, N47]), (6, 8, [N45, N67, N03]), (2, 5, [N23, L4])]


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCIES)
def test_consistency_proofs_are_those_of_the_vectors(old: int, new: int, proof: list[str]) -> None:
    assert as_hex(hashes_of(consistency_ranges(old, new), LEAVES)) == proof
    hashes = [bytes.fromhex(one) for one in proof]
    assert consistent(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), hashes)


# RFC 6962, section 2.1, word for word: slow, recursive, sharing nothing with the code above.


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


MANY = [leaf_of(str(number).encode()) for number in range(300)]


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 300))
def test_root_and_proofs_are_those_of_the_rfcs_definition_and_verify(data: st.DataObject, size: int) -> None:
    leaves = MANY[:size]
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root = mth(leaves)
    assert root_of(leaves) == root
    inclusion = hashes_of(inclusion_ranges(index, size), MANY)
    assert inclusion == path(index, leaves)
    assert included(leaves[index], index, size, inclusion, root)
    consistency = hashes_of(consistency_ranges(old, size), MANY)
    assert consistency == subproof(old, leaves, True)
    assert consistent(old, mth(leaves[:old]), size, root, consistency)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(2, 300))
def test_a_proof_with_anything_changed_is_refused(data: st.DataObject, size: int) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    root, wrong = mth(MANY[:size]), hashlib.sha256(b"wrong").digest()
    proof, leaf = path(index, MANY[:size]), MANY[index]
    place = data.draw(st.integers(0, len(proof) - 1))
    assert not included(wrong, index, size, proof, root)
    assert not included(leaf, index, size, proof, wrong)
    assert not included(leaf, index, size, [*proof[:place], wrong, *proof[place + 1 :]], root)
    assert not included(leaf, index, size, proof[:-1], root)
    assert not included(leaf, index, size, [*proof, wrong], root)
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    assert not included(leaf, other, size, proof, root)
    assert not included(leaf, size, size, proof, root)
    proof, old_root = subproof(old, MANY[:size], True), mth(MANY[:old])
    place = data.draw(st.integers(0, len(proof) - 1))
    assert not consistent(old, wrong, size, root, proof)
    assert not consistent(old, old_root, size, wrong, proof)
    assert not consistent(old, old_root, size, root, [*proof[:place], wrong, *proof[place + 1 :]])
    assert not consistent(old, old_root, size, root, proof[:-1])
    assert not consistent(0, EMPTY_ROOT, size, root, [])


def test_a_tree_grows_by_what_is_finished_with_each_leaf() -> None:
    tree = Growing()
    assert tree.root() == EMPTY_ROOT
    finished = [len(tree.add(leaf)) for leaf in MANY[:8]]
    assert finished == [1, 2, 1, 3, 1, 2, 1, 4]
    assert (tree.size, tree.root()) == (8, mth(MANY[:8]))
    assert cover((0, 7)) == [(2, 0), (1, 2), (0, 6)]
    assert node_of(MANY[0], MANY[1]) == mth(MANY[:2])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_there_is_no_proof_of_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_ranges(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_proof_from_an_empty_or_a_larger_tree(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="proves nothing"):
        consistency_ranges(old, new)
