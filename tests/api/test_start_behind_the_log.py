"""A start behind what was published, as after a backup was brought back: the house only reads."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.builders.record.log import log_bucket
from api.running.preparing import prepare
from api.settings.council import DEMONSTRATION_COUNCIL, read_council
from api.settings.facts import Settings
from custody.errors import NotPublishedError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.note import format_note, sign_note
from custody.keys.keyring import load
from storage.embedded.addresses import Addresses
from tests.houses import Estate


@pytest.fixture
def settings(estate: Estate, tmp_path: Path) -> Iterator[Settings]:
    """Return the settings of a house that was started once."""
    with estate.plot(tmp_path) as settings:
        assert prepare(settings) == ""
        yield settings


def show(settings: Settings, size: int) -> None:
    """Publish a checkpoint that the database knows nothing of."""
    signer = load(settings.keys).log_signer
    text = format_checkpoint(Checkpoint(signer.key.name, size, bytes(32)))
    with log_bucket(settings, read_council(settings), signer.key) as bucket:
        assert bucket is not None
        assert bucket.look() is None
        bucket.show(format_note(sign_note(text, [signer])))


def test_a_database_behind_the_published_log_starts_in_reading_with_both_sizes(
    settings: Settings,
) -> None:
    show(settings, 1234)
    said = prepare(settings)
    assert "1234 entries, and the database 0" in said
    assert "`custos restore`" in said
    assert prepare(settings) == said


def test_a_council_that_publishes_no_log_is_not_held_against_one(settings: Settings) -> None:
    show(settings, 1234)
    council = DEMONSTRATION_COUNCIL.replace("[log]\n", "[log]\npublish = false\n")
    settings.council_file.write_text(council)
    assert prepare(settings) == ""


def test_a_bucket_that_is_away_is_asked_again_by_the_sequencer(settings: Settings) -> None:
    engines = settings.engines
    assert isinstance(engines, Addresses)
    nowhere = replace(engines.publisher, endpoint="https://127.0.0.1:9")
    away = replace(settings, engines=replace(engines, publisher=nowhere))
    assert prepare(away) == ""
    key = load(settings.keys).log_signer.key
    with log_bucket(away, read_council(away), key) as bucket:
        assert bucket is not None
        with pytest.raises(NotPublishedError, match="does not say"):
            bucket.look()
