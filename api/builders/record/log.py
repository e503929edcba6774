"""Edge. The log's bucket, for those who publish and those who look before they begin."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.settings.facts import Council, Settings
from api.times import utc_now
from custody.formats.note import VerifierKey
from custody.ledger.publication.bucket import LogBucket
from storage.objects.public import PublicObjects
from storage.objects.store import ObjectStore, Patience, Retention
from storage.room import Room

FOREVER = "public, max-age=31536000, immutable"
"""How long caches may keep what never changes: tiles and bundles, partial ones as well."""
_PATIENCE = Patience(limit_s=0.0, connect_timeout_s=2.0, read_timeout_s=8.0)
"""Asked once: the sequencer comes again by itself, and has places to give meanwhile."""


@contextmanager
def log_bucket(
    settings: Settings, council: Council, key: VerifierKey
) -> Iterator[LogBucket | None]:
    """Open the bucket of the log that ``key`` signs; None: this council publishes no log."""
    if not council.log.publish:
        yield None
        return
    addresses = settings.addresses()
    store = ObjectStore(
        addresses.publisher,
        addresses.log_bucket,
        retention=Retention(days=council.log.lock_days),
        clock=utc_now,
        patience=_PATIENCE,
        room=None if settings.engines is not None else Room(settings.data).require,
        cached=FOREVER,
    )
    try:
        yield LogBucket(PublicObjects(store, addresses.log_prefix), key)
    finally:
        store.close()
