"""Pure. The envelope of a document: its bytes under a key of its own, which a root wraps.

Both ciphers are AES-256-GCM, and bind the document's identifier: no byte can be changed, and no
envelope put in another's place, without its being found. Without the wrapped key nothing opens.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from custody.errors import KeyStoreError
from storage.errors import CorruptError

_KEY_BYTES, _NONCE_BYTES = 32, 12
_KEY, _BYTES = b"custos/document-key/v1\0", b"custos/document/v1\0"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is kept of a document."""

    wrapped: bytes = field(repr=False)
    """Its key, under the root."""
    sealed: bytes = field(repr=False)


class Envelopes:
    """Closes and opens envelopes under the root of documents."""

    def __init__(self, root: bytes, *, random: Callable[[int], bytes]) -> None:
        # A process from which the root is withheld has none, and only opening or closing needs it.
        self._root = root
        self._random = random

    def close(self, document: UUID, data: bytes) -> Envelope:
        """Return a document in its envelope."""
        key = self._random(_KEY_BYTES)
        return Envelope(
            self._encrypt(self._root, _KEY + document.bytes, key),
            self._encrypt(key, _BYTES + document.bytes, data),
        )

    def open(self, document: UUID, envelope: Envelope) -> bytes:
        """Return the bytes of a document.

        Raises:
            KeyStoreError: its key was wrapped under another root, or for another document.
            CorruptError: its bytes are not the ones that were put in.
        """
        try:
            key = _decrypt(self._root, _KEY + document.bytes, envelope.wrapped)
        except InvalidTag as error:
            raise KeyStoreError(
                f"the key of document {document} cannot be unwrapped: is document-aead.key the one "
                "under which it was received?"
            ) from error
        try:
            return _decrypt(key, _BYTES + document.bytes, envelope.sealed)
        except InvalidTag as error:
            raise CorruptError(
                f"document {document}", expected="the bytes that were received", found="others"
            ) from error

    def _encrypt(self, key: bytes, bound: bytes, data: bytes) -> bytes:
        nonce = self._random(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, data, bound)


def _decrypt(key: bytes, bound: bytes, kept: bytes) -> bytes:
    return AESGCM(key).decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], bound)
