"""Pure. Secrets that open something: made, told apart by their digest, compared.

The secrets of API tokens, sessions, links and collections. Whoever holds one gets it as text, once;
a row holds its digest only. Nothing of this may change: the digests of all that is out lie in
databases.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable

_BYTES = 32


def make_secret(random: Callable[[int], bytes]) -> str:
    """Draw a new secret: 256 bits, as text that an address or a cookie can carry."""
    return _text(random(_BYTES))


def derive_secret(secret: str, purpose: str) -> str:
    """Return the secret that goes with another for one purpose, and does not give it away."""
    return _text(hmac.digest(_bytes(secret), purpose.encode(), hashlib.sha256))


def secret_digest(secret: str) -> str:
    """Return the SHA-256 by which a row knows a secret, whatever somebody typed."""
    return hashlib.sha256(_bytes(secret)).hexdigest()


def is_same_secret(given: str, expected: str) -> bool:
    """Tell whether somebody gave the secret that was expected, in the same time for every guess."""
    return hmac.compare_digest(_bytes(given), _bytes(expected))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(secret: str) -> bytes:
    # JSON can carry half a surrogate pair; that is a wrong secret, and no error.
    return secret.encode("utf-8", "surrogatepass")
