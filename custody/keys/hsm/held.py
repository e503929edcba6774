"""Adapter. Private keys that lie in a token, in the place of those that lie in a file.

The library `cryptography` asks a private key for its signature wherever it signs: a certificate's
request, a seal, a note. So nothing else has to know where the key lies. Each signature is verified
before it leaves here.
"""

from hashlib import sha256
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from custody.errors import KeyStoreError
from custody.keys.hsm.tokens import TokenKey

_HALF = 32


def _refuse(what: str) -> NoReturn:
    raise KeyStoreError(f"a key in a hardware security module never leaves it: {what} is refused")


class HeldP256Key(ec.EllipticCurvePrivateKey):
    """An EC P-256 key in a token; signs with ECDSA over SHA-256, and does nothing else."""

    def __init__(self, key: TokenKey, public: ec.EllipticCurvePublicKey) -> None:
        self._key = key
        self._public = public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # noqa: ANN401 - whatever is a buffer
        """Sign; the digest is made here, the signature there."""
        if not isinstance(signature_algorithm.algorithm, SHA256):
            _refuse("any other digest than SHA-256")
        raw = self._key.sign(sha256(data).digest())
        r, s = (int.from_bytes(half, "big") for half in (raw[:_HALF], raw[_HALF:]))
        signature = encode_dss_signature(r, s)
        try:
            self._public.verify(signature, data, signature_algorithm)
        except InvalidSignature as error:
            raise KeyStoreError(_NOT_THE_KEY) from error
        return signature

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, as it was recorded when the key was made."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Its bits."""
        return self._public.key_size

    def exchange(self, *_: Any) -> bytes:  # noqa: ANN401 - refused whatever it is
        """Refuse: this key signs."""
        _refuse("an exchange")

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        """Refuse."""
        _refuse("to tell it")

    def private_bytes(self, *_: Any) -> bytes:  # noqa: ANN401 - refused whatever it is
        """Refuse."""
        _refuse("to tell it")

    def __copy__(self) -> "HeldP256Key":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "HeldP256Key":
        return self


class HeldEd25519Key(Ed25519PrivateKey):
    """An Ed25519 key in a token; signs, and does nothing else."""

    def __init__(self, key: TokenKey, public: Ed25519PublicKey) -> None:
        self._key = key
        self._public = public

    def sign(self, data: Any) -> bytes:  # noqa: ANN401 - whatever is a buffer
        """Sign."""
        signature = self._key.sign(bytes(data))
        try:
            self._public.verify(signature, bytes(data))
        except InvalidSignature as error:
            raise KeyStoreError(_NOT_THE_KEY) from error
        return signature

    def public_key(self) -> Ed25519PublicKey:
        """Return the public half, as it was recorded when the key was made."""
        return self._public

    def private_bytes(self, *_: Any) -> bytes:  # noqa: ANN401 - refused whatever it is
        """Refuse."""
        _refuse("to tell it")

    def private_bytes_raw(self) -> bytes:
        """Refuse."""
        _refuse("to tell it")

    def __copy__(self) -> "HeldEd25519Key":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "HeldEd25519Key":
        return self


_NOT_THE_KEY = (
    "The token signed with another key than the one that is recorded here: is it the token that "
    "this installation has used so far?"
)
