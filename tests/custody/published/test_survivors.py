"""A log that grows, and clears away what it has outgrown, while somebody reads it."""

import pytest

from custody.errors import LogStateError
from custody.published.hanging import HangingTiles
from custody.published.proofs import prove_entry
from custody.published.survivors import end_of
from custody.published.whole import audit_published
from custody.tree.tiles import CHECKPOINT, Tile, format_tile, tiles_of
from tests.custody.ledgers import ALONE
from tests.custody.published.files import Files, flipped, publish, small
from tests.custody.published.test_rivals import head

ENTRIES = [small(n) for n in range(1200)]
OLD = publish(ENTRIES[:300])
GROWN = Files({**publish(ENTRIES).held, CHECKPOINT: OLD.held[CHECKPOINT]})
"""The checkpoint of 300 entries, over what is left of it once there are 1200."""


def audit(files: Files) -> tuple[str, ...]:
    report = audit_published(files, [ALONE], first_odd=lambda _: None)
    return tuple(one.subject for one in report.failed)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_536, 65_793])
def test_the_end_of_a_log_is_what_is_not_full_of_it(size: int) -> None:
    assert sorted(map(format_tile, end_of(size))) == sorted(
        format_tile(tile) for tile in tiles_of(size) if not tile.full
    )


def test_what_was_outgrown_is_read_from_the_full_tile() -> None:
    gone = GROWN.with_("tile/1/000.p/1", OLD.held["tile/1/000.p/1"])
    assert "tile/0/001.p/44" not in gone.held
    assert not audit(gone)
    prove_entry(HangingTiles(gone, head(OLD)), OLD.checkpoint(), 299)


def test_a_full_tile_that_says_something_else_is_not_believed() -> None:
    whole = GROWN.with_("tile/1/000.p/1", OLD.held["tile/1/000.p/1"])
    assert audit(whole.with_("tile/0/001", flipped(whole.held["tile/0/001"], 8 * 32 * 5)))
    assert audit(whole.with_("tile/entries/001", flipped(whole.held["tile/entries/001"], 90)))


def test_where_neither_is_left_the_one_that_was_asked_for_is_named() -> None:
    assert "tile/1/000.p/1" in audit(GROWN)
    with pytest.raises(LogStateError, match=r"tile/1/000\.p/1 is missing"):
        HangingTiles(GROWN, head(OLD)).hashes(Tile(0, 0))


def test_the_end_is_read_before_anything_else() -> None:
    files = Files(dict(OLD.held))
    assert not audit(files)
    assert set(files.asked[:3]) == {"tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"}
    assert len(files.asked) == len(set(files.asked))
