"""Pure. The address at which somebody pays a fee: it cannot be guessed, and no row holds it.

It is the fee's identifier with a MAC over it, under a key that comes from the root of the codes.
Whoever reads the database cannot make one, and nobody tells by an answer whether a fee exists.
"""

import base64
import hmac
from uuid import UUID

from evidence.secrets import is_same_secret

_PURPOSE = b"custos/fee-address/v1\0"
_ID_BYTES, _MAC_BYTES = 16, 16
LENGTH = 43
"""Characters of an address."""


def format_address(root: bytes, fee: UUID) -> str:
    """Write the address of a fee."""
    mac = hmac.digest(root, _PURPOSE + fee.bytes, "sha256")[:_MAC_BYTES]
    return base64.urlsafe_b64encode(fee.bytes + mac).decode().rstrip("=")


def parse_address(root: bytes, address: str) -> UUID | None:
    """Return whose address it is; None: nobody's. Every guess takes the same time."""
    if len(address) != LENGTH or not address.isascii():
        return None
    try:
        data = base64.urlsafe_b64decode(f"{address}=")
    except ValueError:
        return None
    fee = UUID(bytes=data[:_ID_BYTES])
    return fee if is_same_secret(address, format_address(root, fee)) else None
