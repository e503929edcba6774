"""Service. The check by which a package leaves: that of strangers, with the trust file of today.

Before anything is signed, the certificate is one that this trust file lets seal now; and after the
package was joined, it is verified where it lies. So no package goes out that a stranger would see
fail.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final

from custody.check.finding import Outcome
from custody.errors import KeyStoreError
from custody.formats.certificates import Certificate, spki_sha256
from custody.formats.trust import Trust
from export.package.verify.report import Verdict
from export.package.verify.verify import verify
from storage.errors import CorruptError, StorageError
from storage.objects.store import ObjectStore

_BLOCK: Final = 4 << 20
_KEPT: Final = 4
"""Blocks that are kept: the list of files and the records lie apart from what is just read."""


class StoredPackage:
    """Reads a package where it lies, block by block, as the verifier asks for it."""

    def __init__(self, vault: ObjectStore, key: str, version: str, size: int) -> None:
        self._vault = vault
        self._key = key
        self._version = version
        self.size = size
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self.broke_off: StorageError | None = None
        """Why the store did not give all of it: the verifier takes that for a fault of the file."""

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, fewer only where the package ends.

        Raises:
            UnavailableError: retry. NotFoundError, CorruptError: a person must look.
        """
        parts = []
        end = min(offset + size, self.size)
        while offset < end:
            number, inside = divmod(offset, _BLOCK)
            part = self._block(number)[inside : inside + end - offset]
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _block(self, number: int) -> bytes:
        block = self._blocks.pop(number, None)
        if block is None:
            start = number * _BLOCK
            length = min(_BLOCK, self.size - start)
            try:
                with self._vault.open(
                    self._key, self._version, start=start, length=length
                ) as stream:
                    block = b"".join(stream)
            except StorageError as error:
                self.broke_off = error
                raise
        self._blocks[number] = block
        if len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        return block


class Inspection:
    """Knows the trust file of today, and holds certificates and packages against it."""

    def __init__(
        self, vault: ObjectStore, trust: Callable[[], Trust], *, clock: Callable[[], datetime]
    ) -> None:
        self._vault = vault
        self._trust = trust
        self._clock = clock

    def require_seal(self, certificate: Certificate) -> None:
        """Demand that the trust file lets this certificate seal now, and that it is in date.

        Raises:
            KeyStoreError: it does not: nothing may be signed with it.
        """
        now = self._clock()
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not first <= now <= last:
            raise KeyStoreError(
                f"The seal certificate counts from {first:%Y-%m-%d} to {last:%Y-%m-%d}, and today "
                f"is {now:%Y-%m-%d}: nothing is sealed with it. Renew it, then seal again"
            )
        key = spki_sha256(certificate)
        pin = next((pin for pin in self._trust().seals if pin.spki_sha256 == key), None)
        revoked = pin is not None and pin.revoked_at is not None and pin.revoked_at <= now
        if pin is None or revoked or not pin.valid_from <= now <= pin.valid_to:
            raise KeyStoreError(
                "The trust file that the council publishes does not let this seal certificate "
                "count now (it is not pinned there, or was revoked): nothing is sealed with it"
            )

    def inspect(self, package: str, key: str, version: str, size: int) -> None:
        """Verify a joined package as a stranger does.

        Raises:
            CorruptError: it is not verified: it must not leave. The words say at which step.
            UnavailableError: retry.
        """
        stored = StoredPackage(self._vault, key, version, size)
        report = verify(stored, self._trust())
        if stored.broke_off is not None:
            raise stored.broke_off
        if report.verdict is Verdict.VERIFIED:
            return
        failed = [one for one in report.findings if one.outcome is Outcome.FAIL]
        said = "; ".join(f"{one.step}: {one.words}" for one in failed[:3])
        raise CorruptError(
            f"package {package}", expected="verified by a stranger", found=said or report.verdict
        )
