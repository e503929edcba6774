"""Service. The key K of each record: made, opened, destroyed.

K blinds every commitment of its record (docs/formats/ledger.md). It lies in the database only
wrapped by a key-encryption key that no database backup holds, bound to its record by the
additional data of AES-256-GCM, so that rows cannot be swapped.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, select

from custody.errors import KeyStoreError
from custody.ledger.tables import RecordKeyRow

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG = b"custos/record-key/v1\0"


class RecordKeys:
    """Holds the key-encryption key, and hands out records' keys one at a time."""

    def __init__(self, key_encryption_key: bytes, random: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(key_encryption_key)
        self._random = random

    def make(self, session: Session, record: UUID) -> None:
        """Draw a new K for ``record`` and keep it, wrapped."""
        _, wrapped = self.draw(record)
        session.add(RecordKeyRow(record=record, wrapped=wrapped))

    def draw(self, record: UUID) -> tuple[bytes, bytes]:
        """Draw a new K for ``record``; return it, and the form in which it may be kept."""
        nonce = self._random(_NONCE_BYTES)
        key = self._random(KEY_BYTES)
        return key, nonce + self._cipher.encrypt(nonce, key, _TAG + record.bytes)

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
        try:
            return self._cipher.decrypt(nonce, sealed, _TAG + record.bytes)
        except InvalidTag as error:
            raise KeyStoreError(
                f"the key of record {record} cannot be unwrapped: is record-kek.key the one "
                "that this database was started with?"
            ) from error
