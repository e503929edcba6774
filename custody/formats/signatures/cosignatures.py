r"""Pure. What a signature line of each type is over, and whether it fits (C2SP tlog-cosignature).

    0x01  signature(64), Ed25519 over the text
    0x04  u64 time ‖ signature(64), Ed25519 over "cosignature/v1\ntime T\n" ‖ text
    0x06  u64 time ‖ signature(2420), ML-DSA-44 (FIPS 204, empty context) over

        "subtree/v1\n\0"          12 bytes
        u8 length ‖ cosigner name
        u64 time
        u8 length ‖ origin of the log
        u64 start                   0: a checkpoint
        u64 end                     its size
        root                        32 bytes

Integers are big-endian. So 0x06 commits to who signs, and to nothing but the three lines of the
checkpoint.
"""

from functools import cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.signatures.keys import COSIGNERS, KeyType, VerifierKey

TIME_SIZE = 8
MAX_TIME = 2**63 - 1
_SIZES = {KeyType.ED25519: 64, KeyType.COSIGNATURE_V1: 64, KeyType.ML_DSA_44: 2420}
_SUBTREE = b"subtree/v1\n\0"
_MAX_PART = 255


def cosignature_text(text: str, seconds: int) -> bytes:
    """Write what an Ed25519 witness signs: the checkpoint under the time at which it saw it."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def subtree_message(name: str, seconds: int, checkpoint: Checkpoint) -> bytes:
    """Write what an ML-DSA-44 witness called `name` signs of a checkpoint.

    Raises:
        FormatError: a name or an origin of more than 255 bytes.

    """
    return b"".join(
        (
            _SUBTREE,
            _part(name),
            seconds.to_bytes(TIME_SIZE),
            _part(checkpoint.origin),
            (0).to_bytes(8),
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        )
    )


def cosignature_time(key: VerifierKey, signature: bytes) -> int:
    """Return the POSIX time that a cosignature states; nothing is checked."""
    if key.type not in COSIGNERS:
        raise ValueError("a log's own signature states no time")
    return int.from_bytes(signature[:TIME_SIZE])


def is_checkable(key: VerifierKey) -> bool:
    """Tell whether the library at hand can check signatures of this key's type."""
    return key.type is not KeyType.ML_DSA_44 or _has_ml_dsa()


def check_signature(text: str, signature: bytes, key: VerifierKey) -> None:
    """Check one signature, as it stands in a line after the key id, over the text of a note.

    Raises:
        ProofError: it does not fit. Ask `is_checkable` first.

    """
    message = text.encode()
    if key.type in COSIGNERS:
        seconds = cosignature_time(key, signature)
        if seconds > MAX_TIME:
            raise ProofError(f"The time of the cosignature of {key.name} is out of range")
        signature, message = signature[TIME_SIZE:], _cosigned(text, seconds, key)
    if len(signature) != _SIZES[key.type]:
        raise ProofError(f"The signature of {key.name} has a wrong length")
    try:
        # OpenSSL refuses S >= L, and compares R byte by byte: no second signature can be made
        # out of a good one. tests/custody/formats/test_note.py holds it to that.
        _public(key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise ProofError(f"The signature of {key.name} does not fit the text") from error


def _public(key: VerifierKey) -> Ed25519PublicKey | MLDSA44PublicKey:
    if key.type is KeyType.ML_DSA_44:
        return MLDSA44PublicKey.from_public_bytes(key.pub)
    return Ed25519PublicKey.from_public_bytes(key.pub)


def _cosigned(text: str, seconds: int, key: VerifierKey) -> bytes:
    if key.type is KeyType.COSIGNATURE_V1:
        return cosignature_text(text, seconds)
    try:
        return subtree_message(key.name, seconds, parse_checkpoint(text))
    except FormatError as error:
        raise ProofError(f"What {key.name} is to have signed is no checkpoint: {error}") from error


def _part(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) <= _MAX_PART:
        raise FormatError(f"ML-DSA-44 cosignatures hold names of 1 to {_MAX_PART} bytes")
    return bytes([len(data)]) + data


@cache
def _has_ml_dsa() -> bool:
    try:
        MLDSA44PublicKey.from_public_bytes(bytes(1312))
    except UnsupportedAlgorithm:
        return False
    return True
