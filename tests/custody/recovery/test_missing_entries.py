"""What a database lacks of its published log, where that does not hold still or does not answer."""

import pytest

from custody.errors import LogAwayError, LogStateError
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.note import parse_note
from custody.recovery.published import missing
from custody.tree import merkle
from custody.tree.tiles import Tile, format_tile
from tests.custody.ledgers import LOG, MemoryLog
from tests.custody.published.files import Files, event, publish

ENTRIES = [event(n) for n in range(300)]
PUBLISHED = publish(ENTRIES)
PARTIAL = "tile/entries/001.p/44"


class Away(Files):
    """Does not answer for one object."""

    def read(self, tile: Tile) -> bytes:
        if format_tile(tile) == PARTIAL:
            raise LogAwayError(f"{PARTIAL} was answered with 503")
        return super().read(tile)


def kept(size: int) -> MemoryLog:
    log = MemoryLog()
    for entry in ENTRIES[:size]:
        log.append(entry)
    return log


def test_what_came_since_is_found_though_the_log_has_grown_past_its_end() -> None:
    longer = publish([*ENTRIES, *(event(n) for n in range(300, 512))])
    grown = Files({**longer.held, "checkpoint": PUBLISHED.checkpoint()})
    found = missing(grown, LOG.key, 290, kept(290).read)
    assert found is not None
    assert found.entries == tuple(ENTRIES[290:])
    assert found.root == parse_checkpoint(parse_note(PUBLISHED.checkpoint()).text).root
    assert found.root == merkle.root_of([merkle.leaf_hash(entry) for entry in ENTRIES])


def test_a_log_that_does_not_answer_is_not_one_that_lacks_something() -> None:
    with pytest.raises(LogAwayError, match="answered with 503"):
        missing(Away(PUBLISHED.held), LOG.key, 290, kept(290).read)


def test_what_is_missing_is_named_as_it_was_asked_for() -> None:
    with pytest.raises(LogStateError, match=rf"{PARTIAL} is missing"):
        missing(PUBLISHED.with_(PARTIAL, None), LOG.key, 290, kept(290).read)
