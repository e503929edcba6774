"""Adapter. What stands in the folder of the keys where a key lies in a token.

`seal.pkcs11` in the place of `seal.key`, `log.pkcs11` in that of `log.key`: the URI and the public
half, no secret (docs/formats/keys.md).
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import (
    JSON,
    canonical_json,
    format_base64,
    parse_base64,
    parse_canonical,
)
from custody.keys.hsm.held import HeldEd25519Key, HeldP256Key
from custody.keys.hsm.tokens import Curve, Opening, TokenKey
from custody.keys.hsm.uris import KeyPlace, format_place, parse_place
from custody.keys.keyfiles import put_new, read_file

SUFFIX = ".pkcs11"


def is_held(folder: Path, stem: str) -> bool:
    """Tell whether this key lies in a token, and not in a file."""
    return os.path.lexists(folder / f"{stem}{SUFFIX}")


def make_held(
    folder: Path, stem: str, place: KeyPlace, curve: Curve, opening: Opening | None = None
) -> None:
    """Make a key in a token, and record here where it is.

    Raises:
        KeyStoreError: the token does not make it, or there is one of this name.
    """
    public = TokenKey(place, curve, opening).make(secrets.token_bytes(16))
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # A crash before this leaves a key in the token that nobody uses; its name is taken.
    record: JSON = {"v": 1, "uri": format_place(place), "public": format_base64(spki)}
    put_new(folder, f"{stem}{SUFFIX}", canonical_json(record) + b"\n")


def public_of(folder: Path, stem: str) -> EllipticCurvePublicKey | Ed25519PublicKey:
    """Return the public half of a key in a token, as it is recorded; the token is not asked.

    Raises:
        KeyStoreError: the record cannot be read.
    """
    return _read(folder, stem)[1]


def read_held(
    folder: Path, stem: str, opening: Opening | None = None
) -> HeldP256Key | HeldEd25519Key:
    """Return a key that lies in a token; the token is asked when it first signs.

    Raises:
        KeyStoreError: the record cannot be read.
    """
    place, public = _read(folder, stem)
    if isinstance(public, Ed25519PublicKey):
        return HeldEd25519Key(TokenKey(place, Curve.ED25519, opening), public)
    return HeldP256Key(TokenKey(place, Curve.P256, opening), public)


def _read(folder: Path, stem: str) -> tuple[KeyPlace, EllipticCurvePublicKey | Ed25519PublicKey]:
    path = folder / f"{stem}{SUFFIX}"
    data = read_file(path, secret=False)
    try:
        match parse_canonical(data.removesuffix(b"\n")):
            case {"v": 1, "uri": str(uri), "public": str(spki)}:
                public = load_der_public_key(parse_base64(spki))
                if isinstance(public, EllipticCurvePublicKey | Ed25519PublicKey):
                    return parse_place(uri), public
    except (FormatError, ValueError) as error:
        raise KeyStoreError(f"{path} cannot be read: {error}; bring it back") from error
    raise KeyStoreError(f"{path} does not say where its key lies; bring it back")
