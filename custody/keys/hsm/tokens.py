"""Adapter. A token of a hardware security module, by PKCS#11: makes a key there, signs with it.

The library (python-pkcs11) is the extra `hsm`, loaded when a key lies in a token, and not before.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from asn1crypto.core import OctetString
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from custody.errors import KeyStoreError
from custody.keys.hsm.uris import KeyPlace
from custody.keys.keyfiles import read_file

_T = TypeVar("_T")
_ID_SIZE = 16
_SIGNATURE_SIZE = 64


class Curve(StrEnum):
    """The kinds of key that Custos signs with."""

    P256 = "secp256r1"
    ED25519 = "1.3.101.112"


class Session(Protocol):
    """What Custos asks of a session that is logged in to a token."""

    def make(self, curve: Curve, label: str, key_id: bytes) -> bytes:
        """Make a pair that never leaves the token; return the EC point, DER of an octet string."""
        ...

    def has(self, label: str) -> bool:
        """Tell whether the token holds a private key of this label."""
        ...

    def sign(self, curve: Curve, label: str, data: bytes) -> bytes:
        """Sign with the one private key of this label: 64 bytes, r ‖ s or R ‖ S."""
        ...

    def close(self) -> None:
        """Give the session back."""
        ...


class TokenError(Exception):
    """The token, or its library, refused; says why. ``final``: asking again does harm."""

    def __init__(self, words: str, *, final: bool = False) -> None:
        super().__init__(words)
        self.final = final


Opening: TypeAlias = Callable[[KeyPlace, str, bool], Session]
"""Logs in to the token of a place by a PIN; to make a key there, or only to sign."""


class TokenKey:
    """One key in one token. Opens a session when it first signs, and once more if that is lost."""

    def __init__(self, place: KeyPlace, curve: Curve, opening: Opening | None = None) -> None:
        self.place = place
        self._curve = curve
        self._opening = opening or open_session
        self._session: Session | None = None
        self._refused = ""
        self._alone = threading.Lock()  # a session does one thing at a time

    def make(self, key_id: bytes) -> EllipticCurvePublicKey | Ed25519PublicKey:
        """Make the key; return its public half.

        Raises:
            KeyStoreError: the token refuses, or holds a key of this name already.
        """
        assert len(key_id) == _ID_SIZE
        with self._alone:
            try:
                session = self._opened(making=True)
                if session.has(self.place.object):
                    raise KeyStoreError(
                        f"{self._where()} is there already: a key is never made over another; "
                        "name another object"
                    )
                point = session.make(self._curve, self.place.object, key_id)
            except TokenError as error:
                raise self._failure(error) from error
        return _public(self._curve, point)

    def sign(self, data: bytes) -> bytes:
        """Sign ``data`` (a SHA-256 digest, for P-256); returns 64 bytes.

        Raises:
            KeyStoreError: the token does not sign, after a second try in a new session.
        """
        with self._alone:
            try:
                signature = self._opened().sign(self._curve, self.place.object, data)
            except TokenError:
                # The session was lost, as with a module that was started anew.
                signature = self._once_more(data)
        if len(signature) != _SIGNATURE_SIZE:
            raise KeyStoreError(f"{self._where()} gave {len(signature)} bytes for a signature")
        return signature

    def _once_more(self, data: bytes) -> bytes:
        if self._session is not None:
            with suppress(TokenError):
                self._session.close()
            self._session = None
        try:
            return self._opened().sign(self._curve, self.place.object, data)
        except TokenError as error:
            raise self._failure(error) from error

    def _opened(self, *, making: bool = False) -> Session:
        if self._refused:
            # A token locks itself after a few wrong PINs: nobody tries one twice.
            raise TokenError(self._refused, final=True)
        if self._session is None:
            try:
                pin = _pin(Path(self.place.pin_file))
                self._session = self._opening(self.place, pin, making)
            except TokenError as error:
                if error.final:
                    self._refused = str(error)
                raise
        return self._session

    def _failure(self, error: TokenError) -> KeyStoreError:
        return KeyStoreError(f"{self._where()} cannot be used: {error}")

    def _where(self) -> str:
        return f"The key {self.place.object} in the token {self.place.token}"


def _pin(path: Path) -> str:
    try:
        return read_file(path, secret=True).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise KeyStoreError(f"{path} holds no PIN: it is no text") from error


def _public(curve: Curve, point: bytes) -> EllipticCurvePublicKey | Ed25519PublicKey:
    try:
        raw = bytes(OctetString.load(point, strict=True))
        if curve is Curve.ED25519:
            return Ed25519PublicKey.from_public_bytes(raw)
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    except (ValueError, TypeError) as error:
        raise KeyStoreError(
            "The token told no public key of the kind that was asked for"
        ) from error


def open_session(place: KeyPlace, pin: str, making: bool) -> Session:
    """Log in to a token, by the library that ``place`` names.

    Raises:
        KeyStoreError: python-pkcs11 is not installed.
        TokenError: no such library or token, or it takes no such PIN.
    """
    try:
        import pkcs11  # noqa: PLC0415 - an extra: who keeps keys in files needs none of it
    except ModuleNotFoundError as error:
        raise KeyStoreError(
            "a key lies in a hardware security module, and the library for it is not installed: "
            "pip install 'custos-evidence[hsm]'"
        ) from error
    if not Path(place.module).is_file():
        raise TokenError(f"its library {place.module} is not there")
    wrong_pin = (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.PinLenRange)
    try:
        token = pkcs11.lib(place.module).get_token(token_label=place.token)
        try:
            session = token.open(rw=making, user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:
            session = token.open(rw=making)  # by another key of ours: one log-in counts for all
    except wrong_pin as error:
        words = f"it does not take the PIN in {place.pin_file} ({type(error).__name__})"
        raise TokenError(words, final=True) from error
    except pkcs11.PKCS11Error as error:
        raise TokenError(type(error).__name__) from error
    except (RuntimeError, OSError) as error:  # of the loader: no such library
        raise TokenError(f"{place.module} cannot be loaded") from error
    return _Session(session)


class _Session:
    """A session of python-pkcs11, asked in the few ways that Custos has."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - the library names no one type
        self._session = session
        self._keys: dict[str, Any] = {}

    def make(self, curve: Curve, label: str, key_id: bytes) -> bytes:
        import pkcs11  # noqa: PLC0415 - as above

        kind, way = {
            Curve.P256: (pkcs11.KeyType.EC, pkcs11.Mechanism.EC_KEY_PAIR_GEN),
            Curve.ED25519: (
                pkcs11.KeyType.EC_EDWARDS,
                pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            ),
        }[curve]
        attributes = pkcs11.Attribute
        named = {attributes.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters(curve.value)}
        private: Mapping[Any, Any] = {
            attributes.SENSITIVE: True,
            attributes.EXTRACTABLE: False,
            attributes.SIGN: True,
            attributes.DERIVE: False,
        }
        return self._asked(
            lambda: bytes(
                self._session.create_domain_parameters(kind, named, local=True).generate_keypair(
                    store=True, label=label, id=key_id, mechanism=way, private_template=private
                )[0][attributes.EC_POINT]
            )
        )

    def has(self, label: str) -> bool:
        import pkcs11  # noqa: PLC0415 - as above

        wanted = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
            pkcs11.Attribute.LABEL: label,
        }
        return self._asked(lambda: bool(list(self._session.get_objects(wanted))))

    def sign(self, curve: Curve, label: str, data: bytes) -> bytes:
        import pkcs11  # noqa: PLC0415 - as above

        way = pkcs11.Mechanism.EDDSA if curve is Curve.ED25519 else pkcs11.Mechanism.ECDSA

        def sign() -> bytes:
            if label not in self._keys:
                # Two keys of one label are refused: MultipleObjectsReturned.
                self._keys[label] = self._session.get_key(
                    object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label
                )
            return bytes(self._keys[label].sign(data, mechanism=way))

        return self._asked(sign)

    def close(self) -> None:
        self._asked(self._session.close)

    def _asked(self, work: Callable[[], _T]) -> _T:
        import pkcs11  # noqa: PLC0415 - as above

        try:
            return work()
        except pkcs11.PKCS11Error as error:
            raise TokenError(type(error).__name__) from error
