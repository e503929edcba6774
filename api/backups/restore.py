"""Edge. What `custos restore` does: an empty data directory becomes the house of a backup.

Each step can be done again, so a restore that was killed is called again and goes on. Until it got
to its end, the mark `restore.unfinished` keeps the house from starting (api/running/preparing).
"""

import os
import secrets
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from sqlalchemy import make_url, text
from sqlmodel import col, select

from api.backups.aftermath import Aftermath, settle
from api.backups.requirements import require_room, require_same_house
from api.backups.vault import returns
from api.demonstration.standins import ensure_ports
from api.migrations import migrate
from api.running.preparing import UNFINISHED
from api.services import Services
from api.settings.council import read_council
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.wiring import build
from custody.errors import KeyStoreError
from custody.keys.keycopies import copy_keys
from custody.ledger.contradictions import contradictions
from custody.ledger.recordkeys import RecordKeys
from custody.recovery.recovery import Recovered, Recovery
from custody.tree.tiles import LogSource
from evidence.people.access import Role, Subject
from evidence.people.people import as_person
from evidence.requests.tables import RequestRow
from export.backup.folders import find_run, read_manifest
from export.backup.manifest import COUNCIL, DUMP, POLICY, Manifest
from export.backup.returns import objects_of
from storage.backup import dump
from storage.backup.copies import Copies, digest_of
from storage.database import connect, our_errors
from storage.embedded.addresses import Addresses
from storage.embedded.directory import private_directory
from storage.embedded.engines import Engines
from storage.errors import CorruptError
from storage.wholefiles import write_whole

_NOT_EMPTY = "the database is not empty: a backup is restored into an empty one only"
Say = Callable[[str], None]
Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read to its end, and is what it says."""

    run: Path
    copies: Copies
    manifest: Manifest
    digest: str
    """SHA-256 of the manifest."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and what did not."""

    objects: int
    log: Recovered
    aftermath: Aftermath


def verify_backup(folder: Path, tell: Told) -> Backup:
    """Read every byte of a backup, and compare it with the manifest.

    Raises:
        StorageError, FormatError: something is missing or another one; the message names the file.
    """
    run, copies = find_run(folder)
    manifest, data = read_manifest(run)
    for name, file in manifest.files.items():
        found = digest_of(run / name)
        if found != (file.sha256, file.size):
            raise CorruptError(
                f"{run / name}",
                expected=f"{file.sha256}, {file.size} bytes",
                found=f"{found[0]}, {found[1]} bytes",
            )
    for one in objects_of(run):
        if not one.lacking:
            copies.verify(one.stored.sha256, one.stored.size, tell)
    return Backup(run, copies, manifest, sha256(data).hexdigest())


def restore(
    settings: Settings,
    backup: Backup,
    keys: Path,
    log: LogSource | None,
    *,
    say: Say,
    tell: Told,
) -> Restored:
    """Make the house of a backup in the data directory, which is empty or not there.

    ``log`` is where its log was published; without it, what came after the backup is not known.

    Raises:
        SettingsError: the directory, the database or the keys are in use or another one's.
        NoRoomError: nothing was begun.
        CustodyError, StorageError: it did not get to its end; call it again once that is mended.
    """
    # Nothing is there yet: keys of another house would keep the right ones out.
    require_same_house(keys, backup.manifest)
    begins = not (settings.data / UNFINISHED).exists()
    # Before the mark: a restore that was refused must not look like one that was killed.
    if begins and settings.engines is not None and _root_at(settings.engines, 0) is not None:
        raise SettingsError(_NOT_EMPTY)
    if begins and settings.engines is None:
        require_room(settings.data, backup.manifest)
    goes_on = _mark(settings, backup)
    say("keys")
    copy_keys(keys, settings.keys)
    bring_council(settings, backup)
    if not settings.production:
        ensure_ports(settings.data)
    with _engines(settings, say) as addresses:
        say("database")
        _bring_database(addresses, backup, goes_on=goes_on)
        services = build(replace(settings, given=addresses), pool_size=4)
        try:
            _require_right_keys(services)
            say("objects")
            objects = _bring_objects(services, backup, tell)
            say("log")
            log_found, aftermath = _bring_log(services, backup, log)
        finally:
            services.close()
    (settings.data / UNFINISHED).unlink()
    return Restored(objects, log_found, aftermath)


def _mark(settings: Settings, backup: Backup) -> bool:
    """Take the data directory; return whether the same restore was killed in it, and goes on."""
    mark = settings.data / UNFINISHED
    if mark.exists():
        if mark.read_text(encoding="ascii").strip() != backup.digest:
            raise SettingsError(
                f"a restore of another backup did not get to its end in {settings.data}: empty it, "
                "or name the backup of before"
            )
        return True
    if settings.data.exists() and any(settings.data.iterdir()):
        raise SettingsError(
            f"{settings.data} is not empty: a backup is restored into an empty data directory "
            "only, so that it writes over nothing. Move away what is there, or name another"
        )
    settings.data.parent.mkdir(parents=True, exist_ok=True)
    private_directory(settings.data)
    write_whole(mark, backup.digest + "\n")
    return False


def bring_council(settings: Settings, backup: Backup) -> None:
    """Write council.toml, and beside it the file of witnesses that it names, unless they are there.

    Raises:
        SettingsError: council.toml cannot be read.
    """
    if not settings.council_file.exists():
        write_whole(settings.council_file, (backup.run / COUNCIL).read_bytes())
    if POLICY not in backup.manifest.files:
        return
    # Nowhere but beside council.toml: what comes from outside does not say where we write.
    folder = settings.council_file.parent.resolve()
    path = (folder / read_council(settings).witnesses.policy).resolve()
    if path.is_relative_to(folder) and path != folder and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (backup.run / POLICY).read_bytes())


@contextmanager
def _engines(settings: Settings, say: Say) -> Iterator[Addresses]:
    if settings.engines is not None:
        yield settings.engines
        return
    with Engines.start(settings.data, say=say) as engines:
        yield engines.addresses


def _bring_database(addresses: Addresses, backup: Backup, *, goes_on: bool) -> None:
    """Read the dump back, unless that was done before it was killed; bring it to this version."""
    role = make_url(addresses.app_url).username
    if role != backup.manifest.role:
        raise SettingsError(
            f"the service's role in this database is {role}, and in the backup it is "
            f"{backup.manifest.role}: make a role of that name, and name it in CUSTOS_DATABASE_URL"
        )
    there = _root_at(addresses, backup.manifest.log_size)
    if there is None:
        dump.restore(addresses.owner_url, backup.run / DUMP)
    elif not goes_on or (backup.manifest.log_size and there != backup.manifest.log_root):
        raise SettingsError(_NOT_EMPTY)
    migrate(addresses.owner_url, addresses.app_url)


def _root_at(addresses: Addresses, size: int) -> bytes | None:
    """Return the root of a log of ``size``, empty if there is none; None: there are no tables."""
    engine = connect(addresses.owner_url, pool_size=1)
    try:
        with our_errors(), engine.connect() as connection:
            if not connection.scalar(text("SELECT to_regclass('log_root') IS NOT NULL")):
                return None
            asked = text("SELECT root FROM log_root WHERE size = :size")
            return bytes(connection.scalar(asked, {"size": size}) or b"")
    finally:
        engine.dispose()


def _require_right_keys(services: Services) -> None:
    keyring = services.keyring
    with services.transaction() as session:
        wrong = contradictions(
            session,
            log_key=keyring.log_signer.key,
            mac_key=keyring.event_hmac,
            keys=RecordKeys(keyring.epochs, secrets.token_bytes),
        )
    if wrong:
        raise KeyStoreError(
            f"{', '.join(wrong)}: not what this backup was written with. Name the folder with the "
            "keys that were copied beside it"
        )


def _bring_objects(services: Services, backup: Backup, tell: Told) -> int:
    count = 0
    with returns(services, backup.copies) as back:
        for one in objects_of(backup.run):
            if not one.lacking:
                back.put_back(one, tell)
                count += 1
    return count


def _bring_log(
    services: Services, backup: Backup, log: LogSource | None
) -> tuple[Recovered, Aftermath]:
    """Take over what was published since, and settle what follows: all of it, or nothing."""
    keyring, at = services.keyring, services.clock()
    recovery = Recovery(
        services.ledger,
        RecordKeys(keyring.epochs, secrets.token_bytes),
        mac_key=keyring.event_hmac,
        log_key=keyring.log_signer.key,
        new_id=uuid.uuid4,
    )
    with services.transaction() as session:
        services.timekeeping.take_as_it_is(session)
        name = f"user {os.geteuid()} of the machine that Custos runs on"
        person = services.people.known(session, name)
        by = Subject(person, name, frozenset({Role.ADMINISTRATOR, Role.RELEASER}))
        role = Role.ADMINISTRATOR.value
        found = recovery.run(session, log, backup=backup.digest, by=as_person(by), role=role, at=at)
        aftermath = settle(services, session, found, by=by, at=at)
    # Killed from here on, the restore is not at its end, and does this again, and of what came back
    # from the log it finds nothing then: the rows tell what follows.
    erased = services.restored.erase_again()
    for request in _erased_requests(services, backup.manifest.made_at):
        services.erasures.elsewhere(request)
    return found, replace(aftermath, erased=len(erased.destroyed) + len(erased.emptied))


def _erased_requests(services: Services, made: datetime) -> Sequence[UUID]:
    """Return the requests that were erased since a backup was begun, or a little before."""
    with services.transaction() as session:
        since = col(RequestRow.erased_at) >= made - timedelta(days=1)
        return session.exec(select(RequestRow.id).where(since)).all()
