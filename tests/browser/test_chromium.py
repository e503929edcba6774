"""Which Chromium is used, and that no machine is left without a word."""

import json
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.browser.chromium import LOCK, NoChromiumError, find

SAYS = "#!/bin/sh\necho Chromium 1.2.3\n"
SAYS_HOW_TO_INSTALL = "#!/bin/sh\necho 'install it first' >&2\nexit 1\n"


def program(folder: Path, name: str, script: str = SAYS) -> Path:
    """Put a program into a folder."""
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)
    return path


def test_the_named_one_comes_first(tmp_path: Path) -> None:
    program(tmp_path, "chromium")
    mine = program(tmp_path, "mine")
    assert find({"CHROMIUM": str(mine), "PATH": str(tmp_path)}).program == mine


def test_a_named_one_that_does_not_start_is_not_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "chromium")
    with pytest.raises(NoChromiumError, match="that starts no Chromium"):
        find({"CHROMIUM": str(tmp_path / "gone"), "PATH": str(tmp_path)})


def test_the_machines_own_comes_before_the_packed_one(tmp_path: Path) -> None:
    own = program(tmp_path, "google-chrome")
    program(tmp_path, "chromium-browser", SAYS_HOW_TO_INSTALL)
    assert find({"PATH": str(tmp_path)}).program == own


def test_the_packed_one_brings_its_libraries(tmp_path: Path) -> None:
    (tmp_path / "ready").write_text(chromium._wanted())
    found = find({"PATH": str(tmp_path)}, unpacked=tmp_path)
    assert found.program == tmp_path / "chromium"
    assert found.environment["LD_LIBRARY_PATH"] == str(tmp_path / "lib")


@pytest.mark.parametrize("ready", [None, "of another version"])
def test_without_any_the_tests_fail_and_say_what_to_do(tmp_path: Path, ready: str | None) -> None:
    if ready is not None:
        (tmp_path / "ready").write_text(ready)
    with pytest.raises(NoChromiumError, match="make browser"):
        find({"PATH": str(tmp_path)}, unpacked=tmp_path)


def test_what_is_fetched_is_pinned_and_names_no_registry() -> None:
    packages = json.loads(LOCK.read_text("utf-8"))["packages"]
    fetched = {name: about for name, about in packages.items() if name}
    assert "node_modules/@sparticuz/chromium" in fetched
    assert all(about["integrity"].startswith("sha512-") for about in fetched.values())
    assert not any("resolved" in about for about in fetched.values())
