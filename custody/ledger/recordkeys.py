"""Service. The key K of each record: made, opened, destroyed.

K blinds every commitment of its record (docs/formats/ledger.md). It lies in the database only
wrapped by the key-encryption key of an epoch, which no database backup holds, bound to its record
by the additional data of AES-256-GCM, so that rows cannot be swapped.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, func, select

from custody.errors import KeyStoreError
from custody.keys.epochs import Epochs
from custody.ledger.tables import RecordKeyRow

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG = b"custos/record-key/v1\0"


class RecordKeys:
    """Holds the key-encryption keys, and hands out records' keys one at a time."""

    def __init__(self, keys: bytes | Epochs, random: Callable[[int], bytes]) -> None:
        """``keys`` are those of all epochs; bytes: there is only the first."""
        epochs = Epochs({0: keys}) if isinstance(keys, bytes) else keys
        self._current = epochs.current
        # The newest first: nearly every record is kept under it.
        self._ciphers = [AESGCM(epochs.keys[one]) for one in sorted(epochs.keys, reverse=True)]
        self._random = random

    def make(self, session: Session, record: UUID) -> None:
        """Draw a new K for ``record`` and keep it, wrapped."""
        _, wrapped = self.draw(record)
        session.add(RecordKeyRow(record=record, wrapped=wrapped, epoch=self._current))

    def draw(self, record: UUID) -> tuple[bytes, bytes]:
        """Draw a new K for ``record``; return it, and the form in which it may be kept."""
        nonce = self._random(_NONCE_BYTES)
        key = self._random(KEY_BYTES)
        return key, self._wrap(record, key, nonce)

    def _wrap(self, record: UUID, key: bytes, nonce: bytes) -> bytes:
        if not self._ciphers:
            raise KeyStoreError("the keys that wrap records' keys are withheld from this process")
        return nonce + self._ciphers[0].encrypt(nonce, key, _TAG + record.bytes)

    def wrap_anew(self, session: Session, *, after: UUID | None, most: int) -> UUID | None:
        """Wrap keys that are kept under an earlier epoch's under this one's, in their order.

        Return the last record that was looked at, to go on ``after``; None: none is left. What
        cannot be unwrapped stays as it is: an audit names it.
        """
        left = select(RecordKeyRow).where(RecordKeyRow.epoch != self._current)
        if after is not None:
            left = left.where(col(RecordKeyRow.record) > after)
        some = left.order_by(col(RecordKeyRow.record)).limit(most).with_for_update()
        last: UUID | None = None
        for row in session.exec(some):
            last = row.record
            with suppress(KeyStoreError):
                key = self.unwrap(row.record, row.wrapped)
                row.wrapped = self._wrap(row.record, key, self._random(_NONCE_BYTES))
                row.epoch = self._current
        session.flush()
        return last

    def open(self, session: Session, record: UUID) -> bytes | None:
        """Return K of ``record``, or None if it was erased.

        Raises:
            KeyStoreError: the row was made under another key-encryption key, or for another record.
        """
        return self.open_all(session, (record,)).get(record)

    def open_all(self, session: Session, records: Iterable[UUID]) -> dict[UUID, bytes]:
        """Return K of each of these records, by one statement; those that were erased are left out.

        Raises:
            KeyStoreError: as of `open`.
        """
        rows = session.exec(
            select(RecordKeyRow.record, RecordKeyRow.wrapped).where(
                col(RecordKeyRow.record).in_(set(records))
            )
        )
        return {record: self.unwrap(record, wrapped) for record, wrapped in rows}

    def unwrap(self, record: UUID, wrapped: bytes) -> bytes:
        """Return K of ``record`` from the form in which it is kept.

        Raises:
            KeyStoreError: it was made under another key-encryption key, or for another record.
        """
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        for cipher in self._ciphers:
            with suppress(InvalidTag):
                return cipher.decrypt(nonce, sealed, _TAG + record.bytes)
        raise KeyStoreError(
            f"the key of record {record} cannot be unwrapped: is record-kek.key the one "
            "that this database was started with?"
        )


def wrapped_in(session: Session, epoch: int) -> int:
    """Return how many records' keys are kept under the key of an epoch."""
    kept = select(func.count()).where(RecordKeyRow.epoch == epoch)
    return session.exec(kept).one()
