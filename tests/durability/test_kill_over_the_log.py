"""A sample of what `make soak` does a thousand times: each way to kill over the log, once."""

import random
from pathlib import Path

from tests.durability.log_kills import WAYS, log_kills


def test_a_log_that_is_made_under_attack_loses_and_repeats_nothing(tmp_path: Path) -> None:
    dice = random.Random(20261122)  # noqa: S311 - to be repeated, not kept
    with log_kills(tmp_path) as killing:
        for way in WAYS:
            killing.kill(dice, way)
        size = killing.finish()
    assert killing.ways.total() == len(WAYS)
    assert size >= len(killing.known.entries) > len(WAYS)
