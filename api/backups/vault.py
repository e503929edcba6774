"""Edge. What puts objects back into the vault, built: for a restore alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from api.services import Services
from export.backup.returns import Returns
from storage.backup.copies import Copies
from storage.objects.store import ObjectStore
from storage.stored import Retention


@contextmanager
def returns(services: Services, copies: Copies) -> Iterator[Returns]:
    """Build what puts the objects of a backup back; no version of theirs is translated."""
    addresses = services.addresses

    def putter(retention: Retention | None, clock: Callable[[], datetime]) -> ObjectStore:
        return ObjectStore(
            addresses.intake, addresses.vault_bucket, retention=retention, clock=clock
        )

    holder = ObjectStore(
        addresses.disposal, addresses.vault_bucket, retention=None, clock=services.clock
    )
    back = Returns(services.transaction, putter, holder, copies, clock=services.clock)
    try:
        yield back
    finally:
        back.close()
        holder.close()
