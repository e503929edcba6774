"""Edge. What a start looks at before anything runs, and what a first start makes."""

import os
import secrets
import shutil

from sqlalchemy import Engine
from sqlmodel import Session

from api.builders.record.log import log_bucket
from api.builders.record.trust import keep_authority
from api.demonstration.standins import ensure_ports
from api.migrations import migrate
from api.settings.council import ensure_council, read_council
from api.settings.errors import SettingsError
from api.settings.facts import Council, Settings
from api.times import utc_now
from custody.errors import KeyStoreError, LogStateError, NotPublishedError
from custody.keys.epochs import begin_made
from custody.keys.keychecks import CHECKS, hold_all, is_recorded, record_checks
from custody.keys.keyfiles import ABOUT
from custody.keys.keyring import Keyring, load, load_or_make_demonstration
from custody.keys.roots import load_roots, make_roots
from custody.ledger.contradictions import alarm, contradictions, is_used, raise_alarm
from custody.ledger.publication.stored import require_published
from custody.ledger.recordkeys import RecordKeys
from storage.database import connect, transaction
from storage.wholefiles import write_whole

_USED = "in-use"
"""In the data directory: whoever lost the database must not find a new one in its place."""

UNFINISHED = "restore.unfinished"
"""The mark of a restore in the data directory until it got to its end (api/backups/restore)."""

_AT_ONCE = 500
"""Keys of records that are wrapped anew in one transaction."""


def look_first(settings: Settings) -> None:
    """Look whether what an earlier start made is all there and as it was; nothing runs yet.

    Raises:
        SettingsError, KeyStoreError: a file is missing or another one; the message names it.
    """
    if os.path.lexists(settings.data / UNFINISHED):
        raise SettingsError(
            f"a restore into {settings.data} did not get to its end: run `custos restore` again as "
            "before, and it goes on"
        )
    if not os.path.lexists(settings.keys / ABOUT):
        return
    _require_council(settings, f"the keys in {settings.keys}")
    hold_all(settings.keys)


def prepare(settings: Settings) -> str:
    """Bring the database to this version, make what a first start makes, and compare the keys.

    Return why the log has stopped; empty: it has not.

    Raises:
        SettingsError, KeyStoreError, StorageError: the message says what to do.
    """
    look_first(settings)
    if settings.production:  # which makes neither: so say at once what is not there
        ensure_council(settings)
        load(settings.keys)
    addresses = settings.addresses()
    migrate(addresses.owner_url, addresses.app_url)
    engine = connect(addresses.app_url, pool_size=1)
    try:
        with transaction(engine) as session:
            if is_used(session):
                _require_what_was_used(settings)
                mark_used(settings)
            else:
                _refuse_an_empty_database(settings)
        keyring = _make_what_is_missing(settings, ensure_council(settings))
        with transaction(engine) as session:
            _compare(settings, keyring, session)
            _compare_with_bucket(settings, keyring, session)
            stopped = alarm(session)
        _wrap_anew(engine, keyring)
    finally:
        engine.dispose()
    record_checks(settings.keys)
    # Here alone: the processes read it, and need not be able to write beside the keys.
    keep_authority(settings, keyring)
    if settings.scratch.exists():
        # What killed jobs left: copies of footage that nobody works on any more.
        shutil.rmtree(settings.scratch)
    return stopped


def _require_council(settings: Settings, beside: str) -> None:
    if not settings.council_file.exists():
        raise SettingsError(
            f"{settings.council_file} is missing, and {beside} are of an installation that was in "
            "use: bring the file back from its backup, or set CUSTOS_COUNCIL. None is made anew "
            "where there was one"
        )


def _require_what_was_used(settings: Settings) -> None:
    """Refuse to make council and keys anew beside a database that others were used with."""
    _require_council(settings, "the records in the database")
    if not os.path.lexists(settings.keys / ABOUT):
        raise KeyStoreError(
            f"{settings.keys / ABOUT} is missing, and the database holds records: bring the folder "
            "of the keys back from its backup, or set CUSTOS_KEYS. No other keys are made beside "
            "records that they cannot open"
        )


def mark_used(settings: Settings) -> None:
    """Leave a mark that the database holds records, for the day on which it holds none."""
    mark = settings.data / _USED
    if not mark.exists():
        write_whole(mark, "The database of this installation holds records.\n")


def _refuse_an_empty_database(settings: Settings) -> None:
    """Refuse to begin anew where records were: a demonstration's first start made tokens, too."""
    made = [mark] if (mark := settings.data / _USED).exists() else []
    made += settings.tokens.glob("*.token") if settings.tokens.exists() else []
    if made:
        raise SettingsError(
            f"the database holds no record, and {made[0]} was made by a start that wrote some: "
            "bring the database back from its backup, or name the one that was used. (To begin "
            "anew, name another data directory.)"
        )


def _make_what_is_missing(settings: Settings, council: Council) -> Keyring:
    if os.path.lexists(settings.keys / ABOUT):
        begin_made(settings.keys, now=utc_now())
    if settings.production:
        keyring = load(settings.keys)
    else:
        keyring = load_or_make_demonstration(
            settings.keys, council=council.name, origin=council.origin, now=utc_now()
        )
        ensure_ports(settings.data)
    # In production, too: whoever brought keys of before these roots has none to bring.
    make_roots(settings.keys, now=utc_now())
    load_roots(settings.keys)
    return keyring


def _wrap_anew(engine: Engine, keyring: Keyring) -> None:
    """Wrap what is left of earlier epochs under the current key.

    Here, where no process runs yet that has only the keys of before. Killed in between, the next
    start goes on with the rest.
    """
    keys = RecordKeys(keyring.epochs, secrets.token_bytes)
    looked, last = True, None
    while looked:
        with transaction(engine) as session:
            last = keys.wrap_anew(session, after=last, most=_AT_ONCE)
        looked = last is not None


def _compare(settings: Settings, keyring: Keyring, session: Session) -> None:
    """Hold the keys against the log, before anything is signed, written or opened with them.

    Where the files are the recorded ones and can open records, it is the log that somebody wrote
    to: it stops, and the house starts in reading.
    """
    wrong = contradictions(
        session,
        log_key=keyring.log_signer.key,
        mac_key=keyring.event_hmac,
        keys=RecordKeys(keyring.epochs, secrets.token_bytes),
    )
    if not wrong:
        return
    names = ", ".join(wrong)
    if is_recorded(settings.keys) and "record-kek.key" not in wrong:
        raise_alarm(session, f"its newest rows were not made with {names}: somebody wrote to it")
        return
    raise KeyStoreError(
        f"{names} in {settings.keys}: not what this database was written with. Bring the files "
        f"back from their backup (with {CHECKS}, if there is one), or name their folder by "
        "CUSTOS_KEYS"
    )


def _compare_with_bucket(settings: Settings, keyring: Keyring, session: Session) -> None:
    """Hold the database against what was published of it, before anything is written to it.

    Where it is older, as after a backup was brought back, the log stops, and the house starts in
    reading. A bucket that is away the sequencer asks, before it gives an event its place.
    """
    with log_bucket(settings, read_council(settings), keyring.log_signer.key) as bucket:
        try:
            published = None if bucket is None else bucket.look()
            if published is not None:
                require_published(session, published)
        except NotPublishedError:
            return
        except LogStateError as error:
            raise_alarm(session, str(error))
