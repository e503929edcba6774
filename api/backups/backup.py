"""Edge. What `custos backup` does: a backup of what runs here, or of what stands still."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from api.services import Services
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.settings.witnesses import policy_bytes
from api.wiring import build
from custody.keys.keycopies import copy_keys
from export.backup.backups import Backups, House, Made, Told
from export.backup.folders import BackupFolder
from storage.embedded.engines import Engines, stand_still


def require_apart(settings: Settings, folder: Path, keys: Path | None) -> None:
    """See that a backup lies apart from what it is of, and the keys apart from it.

    Raises:
        SettingsError: they do not; the message says what to name instead.
    """
    if _within(folder, settings.data) or _within(settings.data, folder):
        raise SettingsError(
            f"{folder} and the data directory {settings.data} lie in one another: what takes the "
            "one takes the other. Name a folder on another disk"
        )
    if keys is None:
        return
    if _within(keys, folder) or _within(folder, keys):
        raise SettingsError(
            f"the keys must not lie with the backup: whoever had {folder} could open what was "
            "erased. Name a folder elsewhere, best on another disk in another safe"
        )
    for used in (settings.keys, settings.data):
        if _within(keys, used) or _within(used, keys):
            raise SettingsError(f"{keys} lies with {used}, which it is to be a copy beside")


def back_up_keys(settings: Settings, keys: Path) -> int:
    """Copy the keys; return how many files are new.

    Raises:
        KeyStoreError: the message says what to do.
    """
    return copy_keys(settings.keys, keys)


def back_up(settings: Settings, folder: Path, tell: Told) -> Made:
    """Write one backup into ``folder``.

    Raises:
        SettingsError, StorageError, KeyStoreError: the message says what to do.
    """
    with _running(settings) as services:
        said = services.council.witnesses
        house = House(
            council=services.council.name,
            origin=services.council.origin,
            council_file=settings.council_file.read_bytes(),
            policy_file=policy_bytes(said, settings.council_file) if said.policy else None,
            owner_url=services.addresses.owner_url,
            app_url=services.addresses.app_url,
        )
        backups = Backups(services.transaction, services.vault, house, clock=services.clock)
        return backups.make(BackupFolder(folder), tell)


@contextmanager
def _running(settings: Settings, say: Callable[[str], None] = print) -> Iterator[Services]:
    """Build the services; over engines that are started for it, where nothing runs."""
    if settings.engines is not None or not stand_still(settings.data):
        with _services(settings) as services:
            yield services
        return
    say("Custos does not run here: its engines are started for the backup")
    with (
        Engines.start(settings.data) as engines,
        _services(replace(settings, given=engines.addresses)) as services,
    ):
        yield services


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    services = build(settings, pool_size=2)
    try:
        yield services
    finally:
        services.close()


def _within(inner: Path, outer: Path) -> bool:
    return inner.resolve().is_relative_to(outer.resolve())
