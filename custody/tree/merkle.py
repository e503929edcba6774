"""Pure. The hash tree of RFC 6962 section 2.1: roots, inclusion proofs, consistency proofs.

A leaf, here and in every argument called so, is the 32-byte leaf hash, never the entry itself.
Whatever makes a proof first works out which stored nodes it needs, reads all of them at once,
and hashes last; so one batch read serves a whole proof.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from custody.errors import LogStateError, ProofError

HASH_SIZE = 32
EMPTY_ROOT: bytes = sha256(b"").digest()
"""Root of the tree without leaves."""


@dataclass(frozen=True, slots=True, order=True)
class NodeId:
    """Names the root of a complete subtree: the `index`-th run of `2**level` leaves."""

    level: int
    index: int


NodeReader = Callable[[Sequence[NodeId]], Sequence[bytes]]
"""Reads stored node hashes, in the order asked for; called once for each proof."""

_Range = tuple[int, int]


def leaf_hash(entry: bytes) -> bytes:
    """Hash the raw bytes of one entry into its leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours into the node above them."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Compute the root over all leaves, without any stored node."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        above = [node_hash(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        # A lonely node moves up as it is; doubling it would let two trees share a root.
        level = above + level[2 * len(above) :]
    return level[0]


def tree_root(size: int, read: NodeReader) -> bytes:
    """Compute the root of the tree of `size` leaves; reads at most log2(size) + 1 nodes."""
    _require_tree(size)
    return _hash_ranges([(0, size)], read)[0] if size else EMPTY_ROOT


def new_nodes(
    size: int, leaves: Sequence[bytes], read: NodeReader
) -> tuple[tuple[NodeId, bytes], ...]:
    """Compute every complete node, leaves included, that appending to a tree of `size` creates.

    In order of creation: a node comes after both its children. Reads only nodes of the old
    tree, at most log2(size) + 1.
    """
    _require_tree(size)
    wanted = _siblings_before(size, size + len(leaves))
    known = dict(zip(wanted, _read(wanted, read), strict=True))
    created: list[tuple[NodeId, bytes]] = []
    for index, leaf in enumerate(leaves, start=size):
        node, value = NodeId(0, index), leaf
        created.append((node, value))
        while node.index & 1:
            value = node_hash(known[NodeId(node.level, node.index - 1)], value)
            node = NodeId(node.level + 1, node.index >> 1)
            created.append((node, value))
        known[node] = value
    return tuple(created)


def prove_inclusion(index: int, size: int, read: NodeReader) -> tuple[bytes, ...]:
    """Prove that leaf `index` is in the tree of `size` leaves (RFC 6962 section 2.1.1).

    The hashes run from the leaf's sibling upward; at most log2(size) + 1 of them.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[_Range] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    return _hash_ranges(path[::-1], read)


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf` is leaf `index` of the tree of `size` under `root` (RFC 9162 2.1.3.2).

    Raises:
        ProofError: the proof is for another leaf, place, size or root.

    """
    if not 0 <= index < size:
        raise ProofError(f"Entry {index} cannot be in a log of {size} entries")
    _require_hashes([leaf, root, *proof])
    place, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("The inclusion proof is longer than the log is high")
        if place & 1 or place == last:
            value = node_hash(sibling, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("The inclusion proof is shorter than the log is high")
    if value != root:
        raise ProofError(
            f"The proof does not lead from entry {index} to the root of the log",
            expected=root.hex(),
            found=value.hex(),
        )


def prove_consistency(old: int, new: int, read: NodeReader) -> tuple[bytes, ...]:
    """Prove that the tree of `new` leaves begins with that of `old` (RFC 6962 section 2.1.2).

    Empty where nothing is to be proved: for `old == 0`, and for equal sizes.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a log of {new} entries does not begin with {old}")
    if old in (0, new):
        return ()
    path: list[_Range] = []
    low, high, whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low, whole = middle, False
    if not whole:  # otherwise the reader has it: it is the old root
        path.append((low, high))
    return _hash_ranges(path[::-1], read)


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree under `new_root` begins with the one under `old_root`.

    RFC 9162 section 2.1.4.2, and two cases in which the proof must be empty: equal sizes must
    have equal roots, and a log of no entries has the one empty root.

    Raises:
        ProofError: the two roots are not proved to belong to one growing log.

    """
    if not 0 <= old <= new:
        raise ProofError(f"A log of {new} entries cannot begin with {old}")
    _require_hashes([old_root, new_root, *proof])
    for size, root in ((old, old_root), (new, new_root)):
        if size == 0:
            _require_equal("A log without entries has one root only", EMPTY_ROOT, root)
    if old in (0, new):
        if proof:
            raise ProofError("There is nothing to prove between these sizes, yet a proof is given")
        if old == new:
            _require_equal("Two logs of one size have different roots", old_root, new_root)
        return
    old_value, new_value = _climb(old, new, old_root, proof)
    _require_equal("The proof does not lead to the older root", old_root, old_value)
    _require_equal("The proof does not lead to the newer root", new_root, new_value)


def _climb(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Compute both roots from a proof; 0 < old < new. Steps 2 to 6 of RFC 9162 2.1.4.2."""
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("The consistency proof is empty")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_value = new_value = path[0]
    for other in path[1:]:
        if last == 0:
            raise ProofError("The consistency proof is longer than the log is high")
        if place & 1 or place == last:
            old_value = node_hash(other, old_value)
            new_value = node_hash(other, new_value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_value = node_hash(new_value, other)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("The consistency proof is shorter than the log is high")
    return old_value, new_value


def _split(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _complete(low: int, high: int) -> list[NodeId]:
    """Name the complete subtrees that make up leaves `low` to `high`, the widest first.

    `low` must be a multiple of the widest, which it is for every range that RFC 6962 splits off.
    """
    nodes: list[NodeId] = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append(NodeId(level, low >> level))
        low += 1 << level
    return nodes


def _siblings_before(size: int, grown: int) -> list[NodeId]:
    """Name the nodes of the old tree that get a right sibling, and so a parent."""
    return [
        node
        for node in _complete(0, size)
        if ((node.index | 1) + 1) << node.level <= grown and not node.index & 1
    ]


def _hash_ranges(ranges: Sequence[_Range], read: NodeReader) -> tuple[bytes, ...]:
    """Read every node of all ranges at once, then fold each range into its hash."""
    parts = [_complete(low, high) for low, high in ranges]
    values = iter(_read([node for part in parts for node in part], read))
    hashes: list[bytes] = []
    for part in parts:
        *wider, value = [next(values) for _ in part]
        for left in reversed(wider):
            value = node_hash(left, value)
        hashes.append(value)
    return tuple(hashes)


def _read(nodes: Sequence[NodeId], read: NodeReader) -> Sequence[bytes]:
    if not nodes:
        return ()
    values = read(nodes)
    if len(values) != len(nodes) or any(len(value) != HASH_SIZE for value in values):
        raise LogStateError(f"the store did not answer with {len(nodes)} node hashes")
    return values


def _require_tree(size: int) -> None:
    if size < 0:
        raise ValueError(f"a tree has no {size} leaves")


def _require_hashes(hashes: Sequence[bytes]) -> None:
    for value in hashes:
        if len(value) != HASH_SIZE:
            raise ProofError(
                "A hash in the proof has a wrong length",
                expected=f"{HASH_SIZE} bytes",
                found=f"{len(value)} bytes",
            )


def _require_equal(words: str, expected: bytes, found: bytes) -> None:
    if expected != found:
        raise ProofError(words, expected=expected.hex(), found=found.hex())
