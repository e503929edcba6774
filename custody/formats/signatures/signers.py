"""Pure. Who signs notes: a log with its key, a witness with either kind of its own."""

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from custody.formats.checkpoint import parse_checkpoint
from custody.formats.signatures.cosignatures import TIME_SIZE, cosignature_text, subtree_message
from custody.formats.signatures.keys import KeyType, VerifierKey, verifier_key


class NoteSigner(Protocol):
    """Whatever can sign a note: a key in memory, in a file, in an HSM."""

    @property
    def key(self) -> VerifierKey:
        """The public half, with its name."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Sign the note's text (UTF-8, final newline included)."""
        ...


@dataclass(frozen=True, slots=True)
class Ed25519NoteSigner:
    """Signs with an Ed25519 key that lies in memory (type 0x01)."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)

    @property
    def key(self) -> VerifierKey:
        """The public half, with its name."""
        pub = self.private_key.public_key().public_bytes_raw()
        return verifier_key(self.name, KeyType.ED25519, pub)

    def sign(self, text: bytes) -> bytes:
        """Sign the note's text."""
        return self.private_key.sign(text)


@dataclass(frozen=True, slots=True)
class Ed25519Cosigner:
    """A witness with an Ed25519 key, at one moment (type 0x04)."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)
    seconds: int
    """POSIX: when it signs."""

    @property
    def key(self) -> VerifierKey:
        """The public half, with its name."""
        pub = self.private_key.public_key().public_bytes_raw()
        return verifier_key(self.name, KeyType.COSIGNATURE_V1, pub)

    def sign(self, text: bytes) -> bytes:
        """Sign a checkpoint: the time, and the signature over both."""
        message = cosignature_text(text.decode(), self.seconds)
        return self.seconds.to_bytes(TIME_SIZE) + self.private_key.sign(message)


@dataclass(frozen=True, slots=True)
class MlDsa44Cosigner:
    """A witness with an ML-DSA-44 key, at one moment (type 0x06)."""

    name: str
    private_key: MLDSA44PrivateKey = field(repr=False)
    seconds: int
    """POSIX: when it signs."""

    @property
    def key(self) -> VerifierKey:
        """The public half, with its name."""
        pub = self.private_key.public_key().public_bytes_raw()
        return verifier_key(self.name, KeyType.ML_DSA_44, pub)

    def sign(self, text: bytes) -> bytes:
        """Sign a checkpoint: the time, and the signature over both.

        Raises:
            FormatError: the text is no checkpoint.

        """
        message = subtree_message(self.name, self.seconds, parse_checkpoint(text.decode()))
        return self.seconds.to_bytes(TIME_SIZE) + self.private_key.sign(message)
