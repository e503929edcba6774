"""A backup holds what the database names, each byte compared, and is worth something only whole."""

import argparse
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from mypy_boto3_s3 import S3Client
from sqlmodel import select

from api.backups.backup import back_up, back_up_keys, require_apart
from api.backups.vault import returns
from api.cli.house.backup import run
from api.settings.errors import SettingsError
from api.wiring import build
from custody.errors import KeyStoreError
from custody.ledger.tables import CustodyValueRow
from evidence.people.access import Role
from export.backup import backups
from export.backup.backups import Made
from export.backup.folders import BackupFolder, find_run, read_manifest
from export.backup.manifest import DUMP, MANIFEST
from export.backup.returns import objects_of
from storage.embedded.addresses import S3Access
from storage.errors import (
    ConflictError,
    NoRoomError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from storage.objects.reading import ObjectReader
from storage.objects.streams import ObjectStream
from tests.houses import House


def silent(*_: int) -> None:
    return


@dataclass
class Kept:
    """A house, an exhibit of it, and a first backup."""

    house: House
    folder: Path
    made: Made


@pytest.fixture(scope="module")
def kept(house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("apart") / "backups"
    house.exhibit(b"footage of the High Street")
    return Kept(house, folder, back_up(house.settings, folder, silent))


def test_a_backup_has_every_object_and_the_log_of_one_moment(kept: Kept) -> None:
    manifest, _ = read_manifest(kept.made.run)
    assert manifest == kept.made.manifest
    assert (manifest.objects, manifest.lacking, kept.made.copied) == (1, 0, 1)
    assert manifest.origin == kept.house.services.council.origin
    _, copies = find_run(kept.folder)
    (one,) = objects_of(kept.made.run)
    assert copies.path(one.stored.sha256).read_bytes() == b"footage of the High Street"
    assert one.lock.mode == "GOVERNANCE"


def test_it_holds_names_in_the_clear_and_says_so(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = argparse.Namespace(folder=kept.folder, keys=None)
    monkeypatch.setattr("api.cli.house.backup.settings_of", lambda _: kept.house.settings)
    monkeypatch.setattr("api.cli.house.backup.back_up", lambda *_: kept.made)
    assert run(given) == 0
    told = capsys.readouterr().out
    assert "in the clear" in told
    assert "nothing of it can be opened" not in told
    person = kept.house.subjects[Role.OPERATOR].name
    values = select(CustodyValueRow.value).where(CustodyValueRow.field == "actor")
    assert any(person in one for one in kept.house.look(lambda s: s.exec(values).all()))
    page = (Path(__file__).parents[3] / "docs/backup.md").read_text("utf-8")
    assert "holds names, addresses, reasons and footage as they are, in the clear" in page


def test_a_second_backup_copies_only_what_is_new(kept: Kept) -> None:
    kept.house.exhibit(b"footage of the Low Street")
    (kept.made.run / MANIFEST).unlink()  # as if the first had been killed at its last step
    kept.made = back_up(kept.house.settings, kept.folder, silent)
    assert (kept.made.manifest.objects, kept.made.copied) == (2, 1)
    assert [run.name for run in kept.folder.glob("2*")] == [kept.made.run.name]


def test_what_the_store_lost_is_named_and_the_rest_is_kept(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost, real = next(objects_of(kept.made.run)).stored, ObjectReader.lock

    def lock(vault: ObjectReader, key: str, version: str) -> object:
        if key == lost.key:
            raise NotFoundError("there is no such version")
        return real(vault, key, version)

    monkeypatch.setattr(ObjectReader, "lock", lock)
    made = back_up(kept.house.settings, tmp_path / "other", silent)
    assert (made.manifest.objects, made.manifest.lacking) == (1, 1)
    assert [one.stored.key for one in made.lacking] == [lost.key]


def test_what_the_store_never_gives_is_named_and_the_rest_is_kept(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost, real = next(objects_of(kept.made.run)).stored, ObjectReader.open

    def opened(vault: ObjectReader, key: str, version: str, **how: bool) -> ObjectStream:
        if key == lost.key:
            raise UnavailableError("the store says InternalError")
        return real(vault, key, version, **how)

    monkeypatch.setattr(ObjectReader, "open", opened)
    made = back_up(kept.house.settings, tmp_path / "other", silent)
    assert (made.manifest.objects, made.manifest.lacking) == (1, 1)
    assert [one.stored.key for one in made.lacking] == [lost.key]
    assert "not this one" in made.lacking[0].lacking


def test_without_room_nothing_is_copied(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(backups, "free_bytes", lambda _: 10)
    with pytest.raises(NoRoomError, match="Nothing was copied"):
        back_up(kept.house.settings, tmp_path / "full", silent)
    with pytest.raises(NotFoundError, match="no backup"):
        find_run(tmp_path / "full")


def test_two_backups_into_one_folder_do_not_meet(kept: Kept) -> None:
    with (
        BackupFolder(kept.folder).taken(),
        pytest.raises(ConflictError, match="another backup"),
    ):
        back_up(kept.house.settings, kept.folder, silent)


def test_a_folder_of_something_else_is_refused(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(RefusedError, match="something else"):
        back_up(kept.house.settings, tmp_path, silent)


def test_an_object_comes_back_locked_and_is_read_under_its_old_name(
    kept: Kept, s3: Callable[[S3Access], S3Client]
) -> None:
    services = kept.house.services
    (one, *_) = objects_of(kept.made.run)
    stored = one.stored
    s3(services.addresses.disposal).delete_object(
        Bucket=stored.bucket,
        Key=stored.key,
        VersionId=stored.version,
        BypassGovernanceRetention=True,
    )
    with pytest.raises(NotFoundError):
        services.vault.verify(stored)
    _, copies = find_run(kept.folder)
    for _ in range(2):  # a restore that was killed does it again
        with returns(services, copies) as back:
            back.put_back(one, silent)
    anew = build(kept.house.settings, pool_size=1)
    try:
        anew.vault.verify(stored)
        assert anew.vault.lock(stored.key, stored.version) == one.lock
    finally:
        anew.close()


def test_the_keys_never_lie_with_the_backup(kept: Kept, tmp_path: Path) -> None:
    settings = kept.house.settings
    for folder, keys in [
        (tmp_path / "b", tmp_path / "b"),
        (tmp_path / "b", tmp_path / "b/keys"),
        (tmp_path / "k/b", tmp_path / "k"),
        (settings.data / "b", None),
        (tmp_path / "b", settings.data / "k"),
    ]:
        with pytest.raises(SettingsError):
            require_apart(settings, folder, keys)
    require_apart(settings, tmp_path / "b", tmp_path / "k")
    held = {path.read_bytes() for path in settings.keys.glob("*.key")}
    for path in kept.folder.rglob("*"):
        if path.is_file() and path.name != DUMP:
            assert not [key for key in held if key in path.read_bytes()]


def test_keys_are_copied_once_and_what_changed_stays_beside_it(kept: Kept, tmp_path: Path) -> None:
    keys, copy = tmp_path / "keys", tmp_path / "copy"
    shutil.copytree(kept.house.settings.keys, keys)
    settings = kept.house.settings
    assert back_up_keys(settings, copy) > 0
    assert back_up_keys(settings, copy) == 0
    assert {path.stat().st_mode & 0o777 for path in copy.rglob("*") if path.is_file()} == {0o600}
    before = (copy / "checks.json").read_bytes()
    (copy / "checks.json").write_bytes(b"of before")
    assert back_up_keys(settings, copy) == 1
    assert (copy / "checks.json").read_bytes() == before
    assert [path.read_bytes() for path in (copy / "previous").iterdir()] == [b"of before"]
    (copy / "keyring.json").write_bytes(b"{}")
    with pytest.raises(KeyStoreError, match="another installation"):
        back_up_keys(settings, copy)
