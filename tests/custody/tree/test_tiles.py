import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import FormatError
from custody.tree import merkle
from custody.tree.merkle import NodeId
from custody.tree.tiles import (
    WIDTH,
    Tile,
    format_bundle,
    format_hashes,
    format_tile,
    node_reader,
    parse_bundle,
    parse_hashes,
    parse_tile,
    tiles_of,
)

SIZES = (0, 1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537)


@pytest.mark.parametrize(
    ("tile", "name"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(None, 999), "tile/entries/999"),
        (Tile(None, 1000), "tile/entries/x001/000"),
        (Tile(2, 5, 7), "tile/2/005.p/7"),
        (Tile(None, 3, 255), "tile/entries/003.p/255"),
        (Tile(0, 2**55 - 1), "tile/0/x036/x028/x797/x018/x963/967"),
    ],
)
def test_a_tile_has_one_name(tile: Tile, name: str) -> None:
    assert format_tile(tile) == name
    assert parse_tile(name) == tile


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/8/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/000/",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/entries/../000",
        "tile/0/\u0660\u0660\u0660",  # digits to Python's int, and no digits of ours
        "checkpoint",
        "",
        pytest.param(f"tile/0/{'x999/' * 6}999", id="beyond any log"),
        pytest.param(f"tile/0/{'x999/' * 1500}999", id="beyond any number that Python reads"),
    ],
)
def test_no_other_name_is_read(name: str) -> None:
    with pytest.raises(FormatError):
        parse_tile(name)


def log_of(size: int) -> tuple[list[bytes], dict[Tile, bytes]]:
    """Return the leaves of a log, and all its objects made by hand from whole levels."""
    entries = [f"entry {i}".encode() for i in range(size)]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    objects = {}
    for tile in tiles_of(size):
        if tile.level is None:
            objects[tile] = format_bundle(entries[tile.first :][: tile.width])
            continue
        span = WIDTH**tile.level
        objects[tile] = format_hashes(
            [
                merkle.root_of(leaves[i * span : (i + 1) * span])
                for i in range(tile.first, tile.first + tile.width)
            ]
        )
    return leaves, objects


@pytest.mark.parametrize("size", SIZES)
def test_all_proofs_of_a_log_come_from_its_tiles(size: int) -> None:
    leaves, objects = log_of(size)
    read = node_reader(size, objects.__getitem__)
    root = merkle.root_of(leaves)
    assert merkle.tree_root(size, read) == root
    for index in {0, size // 2, size - 1} if size else ():
        proof = merkle.prove_inclusion(index, size, read)
        merkle.check_inclusion(index, size, leaves[index], proof, root)
        old = index + 1
        proof = merkle.prove_consistency(old, size, read)
        merkle.check_consistency(old, size, merkle.root_of(leaves[:old]), root, proof)


def test_a_proof_reads_each_tile_once() -> None:
    _, objects = log_of(70_000)
    asked: list[Tile] = []

    def read(tile: Tile) -> bytes:
        asked.append(tile)
        return objects[tile]

    merkle.prove_inclusion(12_345, 70_000, node_reader(70_000, read))
    assert len(asked) == len(set(asked))
    assert len(asked) <= 6


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("since", SIZES)
def test_what_is_new_of_a_log_is_what_it_did_not_have(since: int, size: int) -> None:
    if since > size:
        return
    assert set(tiles_of(size, since=since)) == set(tiles_of(size)) - set(tiles_of(since))


def test_a_node_within_a_tile_is_hashed_from_it() -> None:
    leaves, objects = log_of(600)
    (value,) = node_reader(600, objects.__getitem__)([NodeId(3, 9)])
    assert value == merkle.root_of(leaves[72:80])


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=WIDTH))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    tile = Tile(None, 0, len(entries))
    assert parse_bundle(tile, format_bundle(entries)) == tuple(entries)


def test_a_cut_or_long_bundle_is_refused_at_every_byte() -> None:
    entries = [b"", b"a", b"bc" * 200]
    tile, data = Tile(None, 0, 3), format_bundle(entries)
    for end in range(len(data)):
        with pytest.raises(FormatError):
            parse_bundle(tile, data[:end])
    for more in (b"\0", b"\0\0", b"\0\1x"):
        with pytest.raises(FormatError):
            parse_bundle(tile, data + more)
    with pytest.raises(FormatError):
        parse_bundle(Tile(None, 0, 2), data)


def test_an_entry_that_no_length_can_say_is_refused() -> None:
    assert parse_bundle(Tile(None, 0, 1), format_bundle([bytes(65_535)])) == (bytes(65_535),)
    with pytest.raises(FormatError):
        format_bundle([bytes(65_536)])


def test_a_tile_of_another_length_is_refused() -> None:
    for length in (0, 31, 33, 63, 65, 96):
        with pytest.raises(FormatError):
            parse_hashes(Tile(0, 0, 2), bytes(length))
