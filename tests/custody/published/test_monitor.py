"""What a monitor finds out that remembers one checkpoint."""

from pathlib import Path

import pytest

from custody.errors import CustodyError, ForkedLogError, FormatError, LogStateError, ProofError
from custody.formats.note import Ed25519NoteSigner
from custody.formats.policy import LogPolicy
from custody.published.memory import Memory
from custody.published.monitor import Change, Sighting, look
from custody.tree.tiles import CHECKPOINT
from tests.custody.ledgers import ALONE, ORIGIN, private_key
from tests.custody.published.files import DAMAGES, Damage, Files, flips, publish, small

ENTRIES = [small(n) for n in range(700)]
OLD, NEW = publish(ENTRIES[:300]), publish(ENTRIES)
OTHER = publish([small(9999), *ENTRIES[1:]])
STRANGER = Ed25519NoteSigner(ORIGIN, private_key("a stranger"))
ASKED = ("tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2")
"""What lies between 300 entries and 700: the first tile of all is not needed."""


def see(files: Files, remembered: Files | None, policy: LogPolicy = ALONE) -> Sighting:
    note = None if remembered is None else remembered.held[CHECKPOINT]
    return look(files, files.checkpoint(), [policy], note)


def test_a_log_is_seen_first_then_grown_then_as_before() -> None:
    assert see(OLD, None).change is Change.FIRST
    grown = see(NEW, OLD)
    assert grown.change is Change.GROWN
    assert grown.before is not None
    assert (grown.before.size, grown.checkpoint.size) == (300, 700)
    assert grown.note == NEW.held[CHECKPOINT]
    assert see(NEW, NEW).change is Change.SAME


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 699])
def test_a_log_that_grew_from_any_size_is_believed(size: int) -> None:
    assert see(NEW, publish(ENTRIES[:size])).change is Change.GROWN


def test_the_old_part_of_the_log_is_not_read_again() -> None:
    files = Files(dict(NEW.held))
    see(files, OLD)
    assert sorted(set(files.asked)) == sorted(ASKED)


def test_a_log_that_became_smaller_was_rolled_back() -> None:
    with pytest.raises(ForkedLogError, match="rolled back: it had 700 entries, and has 300"):
        see(OLD, NEW)


def test_two_roots_of_one_size_are_a_fork_and_both_are_told() -> None:
    with pytest.raises(ForkedLogError, match="has split") as found:
        see(OTHER, NEW)
    assert found.value.expected != found.value.found
    assert "with as many entries" in str(found.value)


@pytest.mark.parametrize("size", [1, 256, 300, 699])
def test_a_longer_log_that_does_not_begin_with_the_remembered_one_is_a_fork(size: int) -> None:
    with pytest.raises(ForkedLogError, match=f"tree of {size} entries"):
        see(OTHER, publish(ENTRIES[:size]))


def test_another_key_and_another_log_are_refused() -> None:
    with pytest.raises(ProofError, match="not signed by the key"):
        see(publish(ENTRIES[:5], (STRANGER,)), None)
    elsewhere = Ed25519NoteSigner("elsewhere.example/log", private_key("log"))
    with pytest.raises(ProofError, match="of another log"):
        see(publish(ENTRIES[:5], (elsewhere,), "elsewhere.example/log"), None)


def test_two_logs_of_one_trust_file_are_not_taken_for_one() -> None:
    elsewhere = Ed25519NoteSigner("elsewhere.example/log", private_key("log"))
    files = publish(ENTRIES, (elsewhere,), "elsewhere.example/log")
    both = [ALONE, LogPolicy(elsewhere.key)]
    with pytest.raises(ProofError, match="than the one that is remembered"):
        look(files, files.checkpoint(), both, OLD.held[CHECKPOINT])


def test_every_bit_of_the_checkpoint_and_of_what_is_remembered_counts() -> None:
    note = NEW.held[CHECKPOINT]
    for changed in flips(note):
        with pytest.raises((FormatError, ProofError)):
            look(NEW, changed, [ALONE], None)
    for changed in flips(OLD.held[CHECKPOINT], 5):
        with pytest.raises((FormatError, ProofError)):
            look(NEW, note, [ALONE], changed)


@pytest.mark.parametrize("name", ASKED)
def test_bits_of_every_tile_that_is_needed_count_and_the_tile_is_named(name: str) -> None:
    for changed in flips(NEW.held[name], 8 * 31 + 1):
        with pytest.raises(ProofError, match=name) as found:
            see(NEW.with_(name, changed), OLD)
        assert not isinstance(found.value, ForkedLogError)  # a fault of a file is no fork


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("name", ASKED)
def test_a_tile_that_is_missing_cut_or_too_long_is_named(name: str, damage: Damage) -> None:
    with pytest.raises((FormatError, LogStateError), match=name):
        see(NEW.with_(name, damage(NEW.held[name])), OLD)


def test_a_checkpoint_that_grew_without_its_tiles_is_not_believed() -> None:
    with pytest.raises(CustodyError):
        see(OLD.with_(CHECKPOINT, NEW.held[CHECKPOINT]), OLD)


def test_a_memory_is_replaced_whole_and_keeps_evidence_under_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    memory = Memory(tmp_path / "state")
    assert memory.recall() is None
    memory.remember(b"one")
    memory.remember(b"two")
    assert memory.recall() == b"two"
    seen = see(NEW, None)
    path = memory.keep(seen.note, seen.checkpoint)
    assert path.read_bytes() == seen.note
    assert path.name.startswith("state.700-")
    memory.keep(b"another", seen.checkpoint)
    assert path.read_bytes() == seen.note
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["state", path.name])


def test_two_at_one_memory_are_told(tmp_path: Path) -> None:
    with Memory(tmp_path / "state").alone() as first, Memory(tmp_path / "state").alone() as second:
        assert first
        assert not second
    with Memory(tmp_path / "state").alone() as again:
        assert again
