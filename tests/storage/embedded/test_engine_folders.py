"""Where the engines of the tests lie: in memory only where nobody misses it."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests import engines
from tests.engines import folder_for_engines


def lies_in(memory: Path) -> Path:
    folder = folder_for_engines(memory)
    folder.rmdir()
    return folder.parent


def test_engines_lie_in_memory_only_where_there_is_plenty_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Path(tempfile.gettempdir())
    monkeypatch.setattr(engines, "_ROOM", 1)
    monkeypatch.setattr(engines, "_SPARE", 1000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    assert lies_in(tmp_path) == tmp_path
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=999))
    assert lies_in(tmp_path) == disk
    assert lies_in(tmp_path / "not there") == disk
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    monkeypatch.setattr(engines, "_ROOM", 1 << 60)
    assert lies_in(tmp_path) == disk
