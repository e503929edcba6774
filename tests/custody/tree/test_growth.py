"""What a log's growth adds: the objects of the layout, and a root that is made of them alone."""

import random
from collections.abc import Sequence

import pytest

from custody.tree.growth import first_needed, grow, is_superseded
from custody.tree.merkle import NodeId, leaf_hash, node_hash, root_of
from custody.tree.tiles import Tile, node_reader, parse_bundle, parse_hashes, tiles_of
from tests.custody.ledgers import MemoryLog

SIZES = (1, 2, 3, 255, 256, 257, 511, 512, 700)
LARGE = 65_536


def entry(index: int) -> bytes:
    return index.to_bytes(3)


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    log = MemoryLog()
    for index in range(SIZES[-1]):
        log.append(entry(index))
    return log


def entries(log: MemoryLog, old: int, new: int) -> list[bytes]:
    return log.entries[first_needed(old) : new]


def test_the_objects_are_those_of_the_layout_in_its_order(log: MemoryLog) -> None:
    for old in (0, *SIZES):
        for new in SIZES:
            if old < new:
                growth = grow(old, new, entries(log, old, new), log.read)
                assert [tile for tile, _ in growth.objects] == list(tiles_of(new, since=old))
                assert growth.root == log.checkpoint(new).root


def test_what_was_published_step_by_step_proves_every_entry(log: MemoryLog) -> None:
    published: dict[Tile, bytes] = {}
    for old, new in zip((0, *SIZES), SIZES, strict=False):
        growth = grow(old, new, entries(log, old, new), log.read)
        for tile, data in growth.objects:
            assert published.setdefault(tile, data) == data, "an object is never another one"
        read = node_reader(new, published.__getitem__)
        assert read([NodeId(0, new - 1)]) == [leaf_hash(entry(new - 1))]
    assert parse_bundle(Tile(None, 0), published[Tile(None, 0)]) == tuple(log.entries[:256])


def test_a_stored_hash_that_goes_into_a_tile_goes_into_the_root(log: MemoryLog) -> None:
    """One level above the leaves, hashes of before are read: a false one makes another root."""
    honest = grow(600, 700, entries(log, 600, 700), log.read)
    assert [tile for tile, _ in honest.objects] == list(tiles_of(700, since=600))
    fuller = grow(511, 512, entries(log, 511, 512), log.read)

    def lie(nodes: Sequence[NodeId]) -> list[bytes]:
        return [bytes(32) if node == NodeId(8, 0) else log.read([node])[0] for node in nodes]

    lied = grow(511, 512, entries(log, 511, 512), lie)
    assert lied.objects != fuller.objects
    assert lied.root != fuller.root


@pytest.mark.parametrize("old", [LARGE - 257, LARGE - 1, LARGE])
def test_a_tile_of_tiles_that_becomes_full_is_hashed_into_the_next(old: int) -> None:
    leaves = [leaf_hash(entry(index)) for index in range(LARGE + 1)]
    seconds = [root_of(leaves[at : at + 256]) for at in range(0, LARGE, 256)]
    known = {NodeId(8, index): value for index, value in enumerate(seconds)}
    known[NodeId(16, 0)] = root_of(seconds)

    def read(nodes: Sequence[NodeId]) -> list[bytes]:
        assert all(((node.index + 1) << node.level) <= old for node in nodes), "not from the future"
        return [known[node] for node in nodes]

    some = [entry(index) for index in range(first_needed(old), LARGE + 1)]
    growth = grow(old, LARGE + 1, some, read)
    objects = dict(growth.objects)
    assert list(objects) == list(tiles_of(LARGE + 1, since=old))
    assert growth.root == node_hash(known[NodeId(16, 0)], leaves[-1])
    if old < LARGE:
        assert parse_hashes(Tile(1, 0), objects[Tile(1, 0)]) == tuple(seconds)
        assert objects[Tile(2, 0, 1)] == known[NodeId(16, 0)]


def test_entries_that_do_not_make_the_growth_are_refused(log: MemoryLog) -> None:
    for old, new, some in ((3, 3, ()), (0, 2, log.entries[:3]), (257, 259, log.entries[257:259])):
        with pytest.raises(ValueError, match="do not make"):
            grow(old, new, some, log.read)


def test_superseded_is_what_a_wider_tile_stands_for_and_nothing_of_the_newest_size() -> None:
    chance = random.Random(5)  # noqa: S311 - a fixed choice of sizes
    for _ in range(200):
        old = chance.randrange(1, 1 << 20)
        new = old + chance.randrange(0, 600)
        now = set(tiles_of(new))
        for tile in tiles_of(old):
            assert is_superseded(tile, new) == (not tile.full and tile not in now)
