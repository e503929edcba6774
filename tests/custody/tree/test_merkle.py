"""The tree against RFC 6962 as it is written, the CT test vectors, and another implementation."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.writer import TilesWriter

from custody.errors import LogStateError, ProofError
from custody.tree.merkle import (
    EMPTY_ROOT,
    NodeId,
    check_consistency,
    check_inclusion,
    leaf_hash,
    new_nodes,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    tree_root,
)
from tests.custody.ledgers import MemoryLog

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/merkle/ct.json").read_text())
SIZES = 33


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    left, right = naive_root(leaves[:k]), naive_root(leaves[k:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def naive_split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    n = len(leaves)
    if m == n:
        return [] if whole else [naive_root(leaves)]
    k = naive_split(n)
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def log_of(count: int) -> MemoryLog:
    log = MemoryLog()
    for index in range(count):
        log.append(b"entry %d" % index)
    return log


def leaves_of(log: MemoryLog) -> list[bytes]:
    return [leaf_hash(entry) for entry in log.entries]


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    return log_of(SIZES)


def test_the_published_roots_of_certificate_transparency_are_ours() -> None:
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["entries"]]
    assert [root_of(leaves[:size]).hex() for size in range(9)] == VECTORS["roots"]


def test_the_published_inclusion_proofs_are_ours_and_hold() -> None:
    log = MemoryLog()
    for entry in VECTORS["entries"]:
        log.append(bytes.fromhex(entry))
    for case in VECTORS["inclusion"]:
        index, size = case["index"], case["size"]
        proof = prove_inclusion(index, size, log.read)
        assert [value.hex() for value in proof] == case["proof"]
        check_inclusion(index, size, leaves_of(log)[index], proof, tree_root(size, log.read))


def test_the_published_consistency_proofs_are_ours_and_hold() -> None:
    log = MemoryLog()
    for entry in VECTORS["entries"]:
        log.append(bytes.fromhex(entry))
    for case in VECTORS["consistency"]:
        old, new = case["old"], case["new"]
        proof = prove_consistency(old, new, log.read)
        assert [value.hex() for value in proof] == case["proof"]
        roots = tree_root(old, log.read), tree_root(new, log.read)
        check_consistency(old, new, *roots, proof)


def test_every_small_tree_is_the_one_of_the_rfc(log: MemoryLog) -> None:
    leaves = leaves_of(log)
    for size in range(SIZES + 1):
        root = naive_root(leaves[:size])
        assert root_of(leaves[:size]) == root
        assert tree_root(size, log.read) == root
        for index in range(size):
            proof = prove_inclusion(index, size, log.read)
            assert list(proof) == naive_path(index, leaves[:size])
            check_inclusion(index, size, leaves[index], proof, root)
        for old in range(1, size):
            steps = prove_consistency(old, size, log.read)
            assert list(steps) == naive_subproof(old, leaves[:size])
            check_consistency(old, size, naive_root(leaves[:old]), root, steps)


@given(st.integers(0, 300), st.data())
def test_any_tree_is_the_one_of_the_rfc(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(index.to_bytes(4)) for index in range(size)]
    nodes = dict(new_nodes(0, leaves, lambda _: []))

    def read(asked: Sequence[NodeId]) -> list[bytes]:
        return [nodes[node] for node in asked]

    root = naive_root(leaves)
    assert root_of(leaves) == tree_root(size, read) == root
    if size:
        index = data.draw(st.integers(0, size - 1))
        old = data.draw(st.integers(1, size))
        assert list(prove_inclusion(index, size, read)) == naive_path(index, leaves)
        assert list(prove_consistency(old, size, read)) == naive_subproof(old, leaves)


@given(st.integers(0, 70), st.integers(0, 70))
def test_appending_at_once_or_one_by_one_makes_the_same_nodes(size: int, more: int) -> None:
    leaves = [leaf_hash(index.to_bytes(4)) for index in range(size + more)]
    nodes = dict(new_nodes(0, leaves[:size], lambda _: []))
    asked: list[Sequence[NodeId]] = []

    def read(wanted: Sequence[NodeId]) -> list[bytes]:
        asked.append(wanted)
        return [nodes[node] for node in wanted]

    created = new_nodes(size, leaves[size:], read)
    assert len(asked) <= 1
    assert not nodes.keys() & {node for node, _ in created}
    assert nodes | dict(created) == dict(new_nodes(0, leaves, lambda _: []))


def test_an_inclusion_proof_holds_for_nothing_else(log: MemoryLog) -> None:
    leaves = leaves_of(log)
    for size in range(1, 18):
        root = naive_root(leaves[:size])
        for index in range(size):
            proof = prove_inclusion(index, size, log.read)
            for other in range(-1, size + 2):
                if other != index:
                    with pytest.raises(ProofError):
                        check_inclusion(other, size, leaves[index], proof, root)
            with pytest.raises(ProofError):
                check_inclusion(index, size, leaves[index - 1 if size > 1 else 1], proof, root)
            with pytest.raises(ProofError):
                check_inclusion(index, size, leaves[index], proof, leaf_hash(b"another root"))
            for wrong in spoiled(proof):
                with pytest.raises(ProofError):
                    check_inclusion(index, size, leaves[index], wrong, root)


def test_a_consistency_proof_holds_for_nothing_else(log: MemoryLog) -> None:
    leaves = leaves_of(log)
    for new in range(1, 18):
        for old in range(1, new + 1):
            roots = naive_root(leaves[:old]), naive_root(leaves[:new])
            proof = prove_consistency(old, new, log.read)
            with pytest.raises(ProofError):
                check_consistency(old, new, leaf_hash(b"another"), roots[1], proof)
            with pytest.raises(ProofError):
                check_consistency(old, new, roots[0], leaf_hash(b"another"), proof)
            for wrong in spoiled(proof):
                with pytest.raises(ProofError):
                    check_consistency(old, new, *roots, wrong)


def spoiled(proof: Sequence[bytes]) -> list[list[bytes]]:
    """Every hash changed, shortened, left out or doubled, and one hash too many."""
    extra = leaf_hash(b"extra")
    results = [[*proof, extra], [extra, *proof]]
    for place in range(len(proof)):
        before, value, after = list(proof[:place]), proof[place], list(proof[place + 1 :])
        flipped = bytes([value[0] ^ 1]) + value[1:]
        results += [[*before, each, *after] for each in (flipped, value[:-1], value + b"\0")]
        results += [[*before, *after], [*before, value, value, *after]]
    return results


def test_sizes_that_prove_nothing_have_an_empty_proof(log: MemoryLog) -> None:
    root = tree_root(7, log.read)
    assert prove_consistency(0, 7, log.read) == prove_consistency(7, 7, log.read) == ()
    check_consistency(0, 7, EMPTY_ROOT, root, ())
    check_consistency(7, 7, root, root, ())
    check_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root"),
    [
        (0, 7, leaf_hash(b"not empty"), leaf_hash(b"root")),
        (0, 0, EMPTY_ROOT, leaf_hash(b"root")),
        (7, 7, leaf_hash(b"one"), leaf_hash(b"two")),
        (8, 7, leaf_hash(b"one"), leaf_hash(b"one")),
        (-1, 7, leaf_hash(b"one"), leaf_hash(b"one")),
        (3, 7, leaf_hash(b"one"), leaf_hash(b"two")),
    ],
)
def test_an_empty_proof_proves_no_more_than_that(
    old: int, new: int, old_root: bytes, new_root: bytes
) -> None:
    with pytest.raises(ProofError):
        check_consistency(old, new, old_root, new_root, ())


def test_an_entry_that_looks_like_a_node_is_no_node() -> None:
    left, right = leaf_hash(b"left"), leaf_hash(b"right")
    assert leaf_hash(left + right) != node_hash(left, right)


def test_bytes_cannot_be_moved_from_one_hash_to_its_neighbour() -> None:
    left, right = leaf_hash(b"left"), leaf_hash(b"right")
    root, moved = node_hash(left, right), left[31:] + right
    assert node_hash(left[:31], moved) == root
    with pytest.raises(ProofError, match="wrong length"):
        check_inclusion(0, 2, left[:31], [moved], root)
    with pytest.raises(ProofError, match="wrong length"):
        check_consistency(1, 2, left[:31], root, [moved])


def test_a_store_that_answers_wrongly_stops_the_log() -> None:
    with pytest.raises(LogStateError, match="3 node hashes"):
        tree_root(7, lambda _: [bytes(32)] * 2)
    with pytest.raises(LogStateError):
        prove_inclusion(0, 7, lambda asked: [b"short"] * len(asked))


def test_asking_for_what_cannot_be_is_a_mistake_of_the_program(log: MemoryLog) -> None:
    with pytest.raises(ValueError, match="no leaf 7"):
        prove_inclusion(7, 7, log.read)
    with pytest.raises(ValueError, match="does not begin"):
        prove_consistency(8, 7, log.read)
    with pytest.raises(ValueError, match="no -1 leaves"):
        tree_root(-1, log.read)


def test_another_implementation_makes_the_same_roots_and_proofs(tmp_path: Path) -> None:
    count = 300  # more than one tile of 256
    log = log_of(count)
    writer = TilesWriter.create(tmp_path / "log", "example.org/log")
    for entry in log.entries:
        writer.add_leaf(entry)
    writer.commit([])
    reader = TilesReader(LocalBackend(tmp_path / "log"))
    reader.set_size(count)
    assert reader.calculate_root_hash() == tree_root(count, log.read)
    for index in (0, 1, 127, 255, 256, 298, 299):
        theirs = reader.get_inclusion_proof(index, count)
        assert theirs.node_hashes == list(prove_inclusion(index, count, log.read))
    for old in (1, 2, 128, 255, 256, 257, 299):
        grown = reader.get_consistency_proof(old, count)
        assert grown.node_hashes == list(prove_consistency(old, count, log.read))
