"""Pure. What stands in the place of a key that this process was not given.

It says the public part, as the key would, and signs nothing.
"""

from dataclasses import dataclass
from typing import NoReturn

from custody.errors import KeyStoreError
from custody.formats.certificates import Certificate, common_name, is_test_authority
from custody.formats.note import KeyType, VerifierKey, verifier_key


def _refuse(name: str) -> NoReturn:
    raise KeyStoreError(f"this process was not given {name}: another one signs with it")


@dataclass(frozen=True, slots=True)
class WithheldNoteSigner:
    """Stands for `log.key`."""

    name: str
    pub: bytes

    @property
    def key(self) -> VerifierKey:
        """The public half, with its name."""
        return verifier_key(self.name, KeyType.ED25519, self.pub)

    def sign(self, _text: bytes) -> bytes:
        """Refuse.

        Raises:
            KeyStoreError: always.
        """
        _refuse("log.key")


@dataclass(frozen=True, slots=True)
class WithheldSealSigner:
    """Stands for `seal.key`."""

    chain: tuple[Certificate, ...]

    @property
    def certificate(self) -> Certificate:
        """The seal certificate."""
        return self.chain[0]

    def sign_detached(self, _content: bytes) -> bytes:
        """Refuse.

        Raises:
            KeyStoreError: always.
        """
        _refuse("seal.key")


@dataclass(frozen=True, slots=True)
class WithheldAuthority:
    """Stands for the test time authority."""

    chain: tuple[Certificate, ...]

    @property
    def name(self) -> str:
        """Who it is, as its certificate says."""
        return common_name(self.chain[0])

    @property
    def is_test(self) -> bool:
        """Whether it is named as a test."""
        return is_test_authority(self.chain[0])

    def respond(self, _query: bytes) -> bytes:
        """Refuse.

        Raises:
            KeyStoreError: always.
        """
        _refuse("tsa.key")
