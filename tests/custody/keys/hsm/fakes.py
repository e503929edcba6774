"""A token in memory that holds callers to the contract of a session."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from asn1crypto.core import OctetString
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from custody.keys.hsm.tokens import Curve, Session, TokenError
from custody.keys.hsm.uris import KeyPlace

PIN = "86420"
TOKEN = "council"
Pair = ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass
class FakeToken:
    """A token with a right PIN; each session ends when it is told to."""

    pairs: dict[str, tuple[Curve, Pair]] = field(default_factory=dict)
    opened: int = 0
    wrong: int = 0
    """How often somebody came with another PIN."""
    lost: Callable[[], bool] = lambda: False
    """Whether the session is gone when it is asked for something."""

    def open(self, place: KeyPlace, pin: str, making: bool) -> Session:
        assert place.token == TOKEN
        if pin != PIN:
            self.wrong += 1
            assert self.wrong < 3, "a token locks itself"
            raise TokenError(f"it does not take the PIN in {place.pin_file}", final=True)
        self.opened += 1
        return FakeSession(self, making=making)


@dataclass
class FakeSession:
    token: FakeToken
    making: bool
    closed: bool = False

    def make(self, curve: Curve, label: str, key_id: bytes) -> bytes:
        self._asked()
        assert self.making, "a session that only signs makes no key"
        assert label not in self.token.pairs
        assert len(key_id) == 16
        pair: Pair
        if curve is Curve.P256:
            pair = ec.generate_private_key(ec.SECP256R1())
            point = pair.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        else:
            pair = Ed25519PrivateKey.generate()
            point = pair.public_key().public_bytes_raw()
        self.token.pairs[label] = (curve, pair)
        return bytes(OctetString(point).dump())

    def has(self, label: str) -> bool:
        self._asked()
        return label in self.token.pairs

    def sign(self, curve: Curve, label: str, data: bytes) -> bytes:
        self._asked()
        assert not self.making, "a session that signs changes nothing"
        kind, pair = self.token.pairs[label]
        assert kind is curve
        if isinstance(pair, Ed25519PrivateKey):
            return pair.sign(data)
        assert len(data) == 32, "the digest is made outside"
        r, s = decode_dss_signature(pair.sign(data, ec.ECDSA(Prehashed(SHA256()))))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def close(self) -> None:
        assert not self.closed
        self.closed = True

    def _asked(self) -> None:
        assert not self.closed
        if self.token.lost():
            raise TokenError("SessionHandleInvalid")


def place_in(folder: Path, name: str, *, module: str = "/usr/lib/hsm.so") -> KeyPlace:
    """Return the place of a key, and write the file of its PIN."""
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    return KeyPlace(TOKEN, name, module, str(pin))
