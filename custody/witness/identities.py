"""Adapter. The name and the keys of a witness, in a folder of its own.

    witness.json      written last: {"keys":["NAME+…"],"name":…,"v":1}
    ed25519.key       PEM
    ml-dsa-44.key     the seed, 32 bytes (FIPS 204); where the witness has such a key, too

Files are 0600 in a folder 0700, and none is ever written over. A key with one bit turned would sign
on, and nobody could verify what it signs: so each is held against what `witness.json` says of it.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import JSON, canonical_json, parse_canonical
from custody.formats.note import (
    Ed25519Cosigner,
    MlDsa44Cosigner,
    NoteSigner,
    VerifierKey,
    format_verifier_key,
    require_name,
)
from custody.keys.keyfiles import (
    SECRET_SIZE,
    check_folder,
    put_new,
    read_ed25519,
    read_file,
    read_secret,
)

ABOUT = "witness.json"
_ED25519, _ML_DSA = "ed25519.key", "ml-dsa-44.key"
_AT_NO_TIME = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs."""

    name: str
    ed25519: Ed25519PrivateKey = field(repr=False)
    ml_dsa: MLDSA44PrivateKey | None = field(default=None, repr=False)

    def signers(self, seconds: int) -> tuple[NoteSigner, ...]:
        """Return the signers of a moment, in POSIX seconds."""
        first = Ed25519Cosigner(self.name, self.ed25519, seconds)
        if self.ml_dsa is None:
            return (first,)
        return (first, MlDsa44Cosigner(self.name, self.ml_dsa, seconds))

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The public halves, to be given to the logs."""
        return tuple(signer.key for signer in self.signers(_AT_NO_TIME))


def make_identity(folder: Path, name: str, *, post_quantum: bool) -> Identity:
    """Make a witness; may be killed at any moment, and is then called again.

    Raises:
        FormatError: a name that signature lines cannot carry.
        KeyStoreError: there is one already, or others can write to the folder.
    """
    require_name(name)
    if "://" in name:  # for good, as it is: the names of logs have none either
        raise FormatError(f"{name[:80]!r} begins with a scheme: give it without 'https://'")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(folder)
    if (folder / ABOUT).exists():
        raise KeyStoreError(f"{folder} is a witness already: its name and its keys stay")
    key = Ed25519PrivateKey.generate()
    put_new(folder, _ED25519, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if post_quantum:
        put_new(folder, _ML_DSA, secrets.token_bytes(SECRET_SIZE))
    made = _read(folder, name, post_quantum=post_quantum)
    about: JSON = {"v": 1, "name": name, "keys": tuple(map(format_verifier_key, made.keys))}
    put_new(folder, ABOUT, canonical_json(about) + b"\n")
    return made


def load_identity(folder: Path) -> Identity:
    """Read the keys of a witness.

    Raises:
        KeyStoreError: one is missing, open to others, or not the one that was made.
    """
    check_folder(folder)
    if not (folder / ABOUT).exists():
        raise KeyStoreError(f"{folder} is no witness: run `custos witness init` first")
    try:
        about = parse_canonical(read_file(folder / ABOUT, secret=False).removesuffix(b"\n"))
    except FormatError as error:
        raise KeyStoreError(f"{folder / ABOUT} cannot be read: {error}; bring it back") from error
    match about:
        case {"v": 1, "name": str(name), "keys": list(keys)}:
            found = _read(folder, name, post_quantum=len(keys) > 1)
        case _:
            raise KeyStoreError(f"{folder / ABOUT} does not say who signs here; bring it back")
    if [format_verifier_key(key) for key in found.keys] != keys:
        raise KeyStoreError(
            f"The keys in {folder} are not those that this witness was made with: bring them back"
        )
    return found


def _read(folder: Path, name: str, *, post_quantum: bool) -> Identity:
    seed = read_secret(folder / _ML_DSA) if post_quantum else None
    return Identity(
        name,
        read_ed25519(folder, _ED25519),
        None if seed is None else MLDSA44PrivateKey.from_seed_bytes(seed),
    )
