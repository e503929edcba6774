"""Pure. Keys of signed notes: the types that we know, their names and ids, and how one is written.

verifier key   name+hex(key id)+b64(type ‖ public key)
key id         SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]
"""

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from custody.errors import FormatError
from custody.formats.canonical import format_base64, parse_base64

KEY_ID_SIZE = 4
MAX_COSIGNER_NAME = 255
"""Bytes: what an ML-DSA-44 cosignature commits to has a length of one byte."""

_ED25519_SIZE = 32
_ML_DSA_44_SIZE = 1312
_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _FIELD_PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    }
)
"""The y of the eight points of small order: under such a key, forged signatures verify."""


class KeyType(IntEnum):
    """How a key signs: the signature type identifier bytes of C2SP signed-note that we know."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04
    ML_DSA_44 = 0x06


COSIGNERS = frozenset({KeyType.COSIGNATURE_V1, KeyType.ML_DSA_44})
"""The types with which a witness signs (C2SP tlog-cosignature)."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a note key, with the name that it signs under."""

    name: str
    keyid: bytes
    type: KeyType
    pub: bytes


def key_id(name: str, type: int, pub: bytes) -> bytes:  # noqa: A002 - the specification's word
    """Compute the four bytes by which a signature line names its key; no secure hash of it."""
    return sha256(name.encode() + b"\n" + bytes([type]) + pub).digest()[:KEY_ID_SIZE]


def verifier_key(name: str, type: KeyType, pub: bytes) -> VerifierKey:  # noqa: A002 - as above
    """Make the verifier key of a public key.

    Raises:
        FormatError: a name that a note cannot carry, or a public key that no honest signer has.

    """
    require_name(name)
    if type is KeyType.ML_DSA_44:
        _require_ml_dsa(name, pub)
    else:
        _require_honest_point(pub)
    return VerifierKey(name, key_id(name, type, pub), type, pub)


def format_verifier_key(key: VerifierKey) -> str:
    """Write `name+hex(key id)+b64(type ‖ public key)`."""
    return f"{key.name}+{key.keyid.hex()}+{format_base64(bytes([key.type]) + key.pub)}"


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a verifier key.

    Raises:
        FormatError: not the canonical form, a key id that does not fit, or a type or point that
            we do not accept.

    """
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, key id, key
        raise FormatError("A verifier key has the form name+id+key")
    raw = parse_base64(parts[2])
    if not raw or raw[0] not in set(KeyType):
        raise FormatError(
            "A verifier key must be of type 0x01 or 0x04 (Ed25519), or of type 0x06 (ML-DSA-44)"
        )
    key = verifier_key(parts[0], KeyType(raw[0]), raw[1:])
    if format_verifier_key(key) != text:
        raise FormatError(f"The key id of {key.name} does not belong to its key")
    return key


def require_name(name: str) -> None:
    """Refuse a key name with spaces, plus signs or control characters, or none at all."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise FormatError("A key name must be Unicode text") from error
    if not name or any(letter.isspace() or letter < " " or letter in "+\x7f" for letter in name):
        raise FormatError(f"{name[:80]!r} is not a key name: no spaces, plus signs or controls")


def _require_ml_dsa(name: str, pub: bytes) -> None:
    if len(pub) != _ML_DSA_44_SIZE:
        raise FormatError(f"An ML-DSA-44 public key has {_ML_DSA_44_SIZE} bytes, not {len(pub)}")
    if len(name.encode()) > MAX_COSIGNER_NAME:
        raise FormatError(
            f"The name of an ML-DSA-44 cosigner has at most {MAX_COSIGNER_NAME} bytes"
        )


def _require_honest_point(pub: bytes) -> None:
    """Refuse public keys under which anybody could sign, and second encodings of one point."""
    if len(pub) != _ED25519_SIZE:
        raise FormatError(f"An Ed25519 public key has {_ED25519_SIZE} bytes, not {len(pub)}")
    y = int.from_bytes(pub, "little") & (2**255 - 1)
    if y >= _FIELD_PRIME or y in _SMALL_ORDER_Y:
        raise FormatError("This Ed25519 public key is not one that an honest signer has")
