"""The public log: anybody reads it, its bytes are those that are published, and they prove it."""

from collections.abc import Callable, Iterator

import pytest

from api.bounds import lanes
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import check_note, parse_note
from custody.ledger.publication.stored import StoredLog, growth
from custody.tree.merkle import tree_root
from custody.tree.tiles import Tile, format_tile, node_reader, tiles_of
from evidence.people.access import Role
from tests.api.web.visiting import Visitor
from tests.houses import House

FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def stranger(browser: Callable[..., Visitor]) -> Visitor:
    return browser()


@pytest.fixture(scope="module")
def size(house: House) -> int:
    """Write a few events more than there are, and wait until all are signed."""
    exhibit = house.exhibit()

    def signed() -> int:
        with house.services.transaction() as session:
            house.services.ledger.first_checkpoint(session, event)
            return StoredLog(session).size

    with house.services.transaction() as session:
        event = list(house.services.ledger.indices(session, exhibit.id))[-1]
    return house.turns.wait(signed)


def newest(stranger: Visitor) -> Checkpoint:
    return parse_checkpoint(parse_note(stranger.get("/log/checkpoint").content).text)


@pytest.mark.usefixtures("size")
def test_what_is_served_is_what_is_published_byte_for_byte(house: House, stranger: Visitor) -> None:
    checkpoint = newest(stranger)
    with house.services.transaction() as session:
        published = growth(session, 0, checkpoint.size)
    assert [tile for tile, _ in published.objects] == list(tiles_of(checkpoint.size))
    for tile, data in published.objects:
        answer = stranger.get(f"/log/{format_tile(tile)}")
        assert answer.content == data
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == FOREVER
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("size")
def test_the_tiles_make_the_root_that_the_log_signed(house: House, stranger: Visitor) -> None:
    answer = stranger.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    note = parse_note(answer.content)
    check_note(note, [house.services.keyring.log_signer.key])
    checkpoint = parse_checkpoint(note.text)

    def read(tile: Tile) -> bytes:
        return stranger.get(f"/log/{format_tile(tile)}").content

    assert tree_root(checkpoint.size, node_reader(checkpoint.size, read)) == checkpoint.root


@pytest.mark.usefixtures("size")
def test_partial_tiles_of_every_log_there_was_can_be_read(stranger: Visitor) -> None:
    """The bucket keeps those of the newest: whoever has an older checkpoint reads them here."""
    whole = stranger.get("/log/tile/0/000.p/5").content
    for width in (1, 4):
        assert stranger.get(f"/log/tile/0/000.p/{width}").content == whole[: 32 * width]


def names(size: int) -> Iterator[str]:
    yield from ("", "tile", "tile/", "vkey", "checkpoint/", "tile/0/0", "tile/0/000.p/0")
    yield from ("tile/0/000.p/256", "tile/0/000.p/05", "tile/00/000.p/5", "tile/0/x000/000.p/5")
    yield from ("tile/8/000.p/1", "tile/-1/000.p/1", "tile/0/%2e%2e/0/000.p/5", "tile/0/000.p/5/")
    yield from ("tile/entries/000.p/5.gz", "tile/0/%C2%B9%C2%B2%C2%B3", "tile/0/000.p/5%0A")
    yield format_tile(Tile(0, (size + 1) // 256, (size + 1) % 256))
    yield format_tile(Tile(None, 1 << 60))
    yield f"tile/0/{'x999/' * 1500}999"
    yield format_tile(Tile(7, 0, 1))


def test_what_is_not_there_is_not_found(stranger: Visitor) -> None:
    for name in names(newest(stranger).size + 1000):
        answer = stranger.get(f"/log/{name}")
        assert answer.status_code == 404, name
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["access-control-allow-origin"] == "*"


def test_whoever_has_it_already_is_told_so_and_a_look_is_free(stranger: Visitor) -> None:
    for name in ("checkpoint", "tile/entries/000.p/3"):
        first = stranger.get(f"/log/{name}")
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = stranger.get(f"/log/{name}", headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        looked = stranger.head(f"/log/{name}")
        assert looked.headers["content-length"] == str(len(first.content))
        assert stranger.get(f"/log/{name}", headers={"If-None-Match": '"x"'}).status_code == 200


def test_nobody_writes_there(browser: Callable[..., Visitor]) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = browser(Role.ADMINISTRATOR).ask(method, "/log/checkpoint")
        assert answer.status_code == 405


def test_readers_of_the_log_have_places_of_their_own(stranger: Visitor) -> None:
    taken = [lanes.LOG.place() for _ in range(lanes.LOG.left)]
    for place in taken:
        place.__enter__()
    try:
        answer = stranger.get("/log/checkpoint")
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert stranger.get("/help").status_code == 200
    finally:
        for place in taken:
            place.__exit__(None, None, None)
