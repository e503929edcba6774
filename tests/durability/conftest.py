"""A whole house for tests that kill: engines, keys, tables and services, made once."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from export.media.sample import make_sample
from tests.durability.houses import House


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    data = Path(tempfile.mkdtemp(prefix="custos-test-"))
    try:
        with House(data) as house:
            yield house
    finally:
        shutil.rmtree(data)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "street.mp4"
    make_sample(path, seconds=1, first_at=datetime(2026, 7, 1, tzinfo=UTC), size=(160, 120))
    return path
