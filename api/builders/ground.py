"""Edge. What every room stands on: council, keys, engines, the queue and the ledger."""

import secrets
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Engine
from sqlmodel import Session

from api.builders.record.trust import time_authority
from api.builders.record.witnesses import log_policy
from api.settings.council import read_council
from api.settings.errors import SettingsError
from api.settings.facts import Council, Settings
from api.times import steady, utc_now
from custody.formats.policy import LogPolicy
from custody.keys.keyring import Keyring, load
from custody.keys.roots import Roots, load_roots
from custody.ledger.houseclock import HouseClock
from custody.ledger.ledger import Ledger
from custody.ledger.recordkeys import RecordKeys
from custody.stamping.timestamp import TimeAuthority
from evidence.fees.fees import JOB_SETTLE
from evidence.mailbox.messages import JOB_SEND
from export.backup.whereabouts import RestoredObjects
from export.delivery.links import JOB_CODE, JOB_REFUSED
from export.release.decisions import JOB_ISSUE
from storage.database import connect, transaction
from storage.embedded.addresses import Addresses
from storage.jobs import Jobs
from storage.objects.client import Whereabouts
from storage.objects.store import ObjectStore, Retention
from storage.room import Room

Transactions = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is built before any room."""

    settings: Settings
    council: Council
    addresses: Addresses
    keyring: Keyring
    roots: Roots
    engine: Engine
    transaction: Transactions
    clock: Callable[[], datetime]
    vault: ObjectStore
    restored: RestoredObjects
    """What the store calls a version that came back from a backup."""
    jobs: Jobs
    ledger: Ledger
    house_clock: HouseClock
    authority: TimeAuthority
    """The one whose timestamps are in packages and over receipts."""
    policy: LogPolicy
    """Whose signatures make a checkpoint of our log valid."""


def build_ground(settings: Settings, *, pool_size: int) -> Ground:
    """Read council and keys, and connect to the engines.

    Raises:
        SettingsError, EngineError, KeyStoreError: the message says what to do.
    """
    council = read_council(settings)
    keyring = load(settings.keys, withheld=settings.withheld)
    if keyring.origin != council.origin:
        raise SettingsError(
            f"the keys in {settings.keys} are those of the log {keyring.origin}, and "
            f"{settings.council_file} names {council.origin}: a log never changes its name"
        )
    roots = load_roots(settings.keys, withheld=settings.withheld)
    addresses = settings.addresses()
    engine = connect(addresses.app_url, pool_size=pool_size)
    keys = RecordKeys(keyring.epochs, secrets.token_bytes)
    house_clock = HouseClock(utc_now, steady)
    begin = partial(transaction, engine)
    restored = RestoredObjects(begin)
    return Ground(
        settings=settings,
        council=council,
        addresses=addresses,
        keyring=keyring,
        roots=roots,
        engine=engine,
        transaction=begin,
        clock=utc_now,
        vault=_vault(settings, council, addresses, restored.where),
        restored=restored,
        # Somebody waits at a page, or at their mailbox, for each of these.
        jobs=Jobs(prompt={JOB_CODE, JOB_REFUSED, JOB_ISSUE, JOB_SEND, JOB_SETTLE}),
        ledger=Ledger(keys, mac_key=keyring.event_hmac, new_id=uuid.uuid4, clock=house_clock),
        house_clock=house_clock,
        authority=time_authority(settings, keyring),
        policy=log_policy(settings, council, keyring.log_signer.key),
    )


def _vault(
    settings: Settings, council: Council, addresses: Addresses, where: Whereabouts
) -> ObjectStore:
    return ObjectStore(
        addresses.intake,
        addresses.vault_bucket,
        retention=Retention(days=council.retention_days),
        public_url=settings.s3_public_url or None,
        clock=utc_now,
        room=None if settings.engines is not None else Room(settings.data).require,
        where=where,
    )
