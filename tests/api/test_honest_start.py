"""A start makes nothing anew beside what was in use, signs with no other key, and says why."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from api.running.preparing import look_first, prepare
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.times import utc_now
from custody.errors import KeyStoreError
from custody.keys.keyring import load_or_make_demonstration
from custody.keys.roots import make_roots
from tests.houses import Estate, House, patiently

NOW = utc_now()


@pytest.fixture
def again(house: House, tmp_path: Path) -> Settings:
    """Return the settings of a start over a copy of its files, and its very database."""
    one = house.exhibit()
    patiently(lambda: house.look(lambda s: house.services.ledger.history(s, one.id)))
    shutil.copytree(house.settings.keys, tmp_path / "keys")
    shutil.copy(house.settings.council_file, tmp_path)
    return replace(
        house.settings,
        data=tmp_path,
        keys=tmp_path / "keys",
        council_file=tmp_path / "council.toml",
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_start_changes_nothing_beside_the_records(again: Settings) -> None:
    before = contents(again.data)
    assert prepare(again) == ""
    assert {name: contents(again.data)[name] for name in before} == before


@pytest.mark.parametrize("name", ["log.key", "event-hmac.key", "record-kek.key", "tsa.pem"])
def test_a_turned_byte_is_refused_by_name_before_anything_runs(again: Settings, name: str) -> None:
    path = again.keys / name
    whole = path.read_bytes()
    at = len(whole) // 2
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    for start in (look_first, prepare):
        with pytest.raises(KeyStoreError, match=re.escape(name)):
            start(again)


@pytest.mark.parametrize("name", ["log.key", "event-hmac.key", "record-kek.key"])
def test_without_a_record_a_key_is_held_against_what_was_done_with_it(
    again: Settings, tmp_path: Path, name: str
) -> None:
    """As at the first start of this version: what is wrong then is not recorded as right."""
    other = tmp_path / "other"
    load_or_make_demonstration(
        other, council="Barchester Council", origin="custody.barchester.example/log", now=NOW
    )
    (again.keys / "checks.json").unlink()
    (again.keys / name).write_bytes((other / name).read_bytes())
    with pytest.raises(KeyStoreError, match=re.escape(name)):
        prepare(again)
    assert not (again.keys / "checks.json").exists()


def test_the_first_start_of_this_version_records_the_keys(again: Settings) -> None:
    (again.keys / "checks.json").unlink()
    prepare(again)
    assert (again.keys / "checks.json").exists()
    prepare(again)


def test_a_whole_folder_of_other_keys_is_refused(again: Settings) -> None:
    shutil.rmtree(again.keys)
    load_or_make_demonstration(
        again.keys, council="Barchester Council", origin="custody.barchester.example/log", now=NOW
    )
    make_roots(again.keys, now=NOW)
    with pytest.raises(KeyStoreError, match=r"log\.key, event-hmac\.key, record-kek\.key"):
        prepare(again)


def test_no_council_is_made_beside_keys_or_records(again: Settings) -> None:
    again.council_file.unlink()
    for start in (look_first, prepare):
        with pytest.raises(SettingsError, match=r"council\.toml is missing.*in use"):
            start(again)
    shutil.rmtree(again.keys)
    with pytest.raises(SettingsError, match=r"council\.toml is missing.*in the database"):
        prepare(again)
    assert not again.council_file.exists()
    assert not again.keys.exists()


@pytest.mark.parametrize("lost", ["the folder", "keyring.json"])
def test_no_keys_are_made_beside_records(again: Settings, lost: str) -> None:
    if lost == "the folder":
        shutil.rmtree(again.keys)
    else:
        (again.keys / lost).unlink()
    with pytest.raises(KeyStoreError, match=r"keyring\.json is missing, and the database holds"):
        prepare(again)
    assert not (again.keys / "keyring.json").exists()


def test_a_first_start_that_was_killed_before_it_wrote_the_council_is_repeated(
    estate: Estate, tmp_path: Path
) -> None:
    with estate.plot(tmp_path) as settings:
        prepare(settings)
        settings.council_file.unlink()
        shutil.rmtree(settings.keys)
        prepare(settings)
        assert settings.council_file.exists()


def test_an_empty_database_is_not_begun_anew_where_a_start_got_to_its_end(
    estate: Estate, tmp_path: Path
) -> None:
    with estate.plot(tmp_path) as settings:
        prepare(settings)
        settings.tokens.mkdir()
        (settings.tokens / "operator.token").write_text("made by a start before")
        with pytest.raises(SettingsError, match=r"holds no record.*operator\.token"):
            prepare(settings)


def test_an_empty_database_is_not_begun_anew_where_one_held_records(
    again: Settings, estate: Estate, tmp_path: Path
) -> None:
    """Production makes no token by which a start could tell."""
    prepare(again)
    with estate.plot(tmp_path / "empty") as empty:
        lost = replace(again, engines=empty.engines)
        with pytest.raises(SettingsError, match=r"holds no record.*in-use"):
            prepare(lost)
