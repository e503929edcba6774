"""Checkpoints have three lines, and no second form."""

from pathlib import Path

import pytest

from custody.errors import FormatError
from custody.formats.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from custody.tree.merkle import EMPTY_ROOT
from tests.custody.vectors import VECTORS, bad, flips, good, named, truncations


@pytest.mark.parametrize("path", good("checkpoint", ".checkpoint"), ids=named)
def test_a_good_checkpoint_is_read_and_written_back(path: Path) -> None:
    text = path.read_text()
    assert format_checkpoint(parse_checkpoint(text)) == text


@pytest.mark.parametrize("path", bad("checkpoint", ".checkpoint"), ids=named)
def test_a_bad_checkpoint_is_refused(path: Path) -> None:
    with pytest.raises(FormatError):
        parse_checkpoint(path.read_text())


def test_a_checkpoint_says_what_it_says() -> None:
    text = "log.example/a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert parse_checkpoint(text) == Checkpoint("log.example/a", 0, EMPTY_ROOT)


def test_no_part_of_a_checkpoint_is_one_and_each_change_is_another() -> None:
    data = (VECTORS / "checkpoint/eight.checkpoint").read_bytes()
    known = parse_checkpoint(data.decode())
    for part in truncations(data):
        with pytest.raises(FormatError):
            parse_checkpoint(part.decode())
    for changed in flips(data):
        try:
            assert parse_checkpoint(changed.decode("latin-1")) != known
        except FormatError:
            continue
