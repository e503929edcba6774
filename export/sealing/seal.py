"""Service. The seal itself: signature, timestamp, the event in the ledger, and its proofs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from custody.errors import KeyStoreError, LogStateError, ProofError
from custody.formats.certificates import format_chain
from custody.formats.disclosure import format_openings
from custody.formats.policy import check_checkpoint, format_policy, parse_policy
from custody.ledger.ledger import Ledger, Values
from custody.stamping.timestamp import stamp
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from export.holdings.stamps import NONCE_BITS, Stamps
from export.package.format import layout
from export.package.format.assembly import packed_file, seal_of
from export.release.releases import Releases, label, require_sealing
from export.sealing.inspection import Inspection
from export.sealing.sealer import Sealer
from export.sealing.steps import SealStep, SealStore

_RENEWED = (
    "The {what} was changed while this release was being sealed, and what it carries names the one "
    "before: give this sealing up, and propose the release again"
)


class Seal:
    """Signs the tag manifest, has the signature stamped, and writes the one `release.sealed`."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        releases: Releases,
        stamps: Stamps,
        council: Sealer,
        inspection: Inspection,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], int],
        wait: Callable[[Callable[[], None]], None],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._releases = releases
        self._stamps = stamps
        self._council = council
        self._inspection = inspection
        self._clock = clock
        self._random = random
        self._wait = wait

    def sign(self, store: SealStore) -> None:
        """Sign the tag manifest with the council's key, if that may seal today.

        Raises:
            KeyStoreError: it may not, or was renewed since the custody record was gathered.
        """
        with self._begin() as session:
            small = store.small(session)
        content = small[layout.TAG_MANIFEST]
        if small[layout.SIGNING_CHAIN] != format_chain(self._council.signer.chain):
            raise KeyStoreError(_RENEWED.format(what="seal certificate"))
        if small[layout.POLICY] != format_policy(self._council.policy):
            raise KeyStoreError(_RENEWED.format(what="policy of the ledger's witnesses"))
        self._inspection.require_seal(self._council.signer.certificate)
        signature = self._council.signer.sign_detached(content)
        with self._begin() as session:
            files = {layout.SIGNATURE: signature}
            store.finish(session, SealStep.SIGNATURE, at=self._clock(), files=files)

    def stamp(self, store: SealStore) -> None:
        """Have the time authority stamp the signature.

        Raises:
            KeyStoreError: it is another one than when the custody record was gathered.
        """
        with self._begin() as session:
            small = store.small(session)
        if format_chain(self._council.authority.chain) not in small[layout.TSA_CHAIN]:
            raise KeyStoreError(_RENEWED.format(what="time authority"))
        signature = small[layout.SIGNATURE]
        tsr = stamp(signature, self._council.authority, nonce=self._random(NONCE_BITS))
        # A crash here costs a second timestamp; none is in the package yet.
        with self._begin() as session:
            store.finish(
                session, SealStep.TIMESTAMP, at=self._clock(), files={layout.TIMESTAMP: tsr}
            )

    def log(self, store: SealStore) -> None:
        """Write the one `release.sealed`: event and step commit together, or neither does.

        Raises:
            LogStateError: the release got an event since its history was gathered. Stop.
        """
        now = self._clock()
        with self._begin() as session:
            # Locked first, as everywhere: the release, then the ledger's head of it.
            row = require_sealing(session, store.release)
            heads = (store.facts(session, SealStep.CUSTODY) or {})["heads"]
            head = self._ledger.head(session, row.id)
            if [head.n, head.head] != heads[str(row.id)]:
                raise LogStateError(
                    f"release {label(row)} got an event while it was sealed: expected "
                    f"its head at {heads[str(row.id)][0]}, found {head.n}"
                )
            exhibits = self._releases.exhibits(session, row.id)
            values = _sealed(store.small(session), exhibits, heads)
            event = self._ledger.append(session, row.id, "release.sealed", values, at=now)
            files = {
                layout.RELEASE_ENTRY: self._ledger.entry(session, event),
                layout.RELEASE_OPENINGS: format_openings(self._ledger.openings(session, event)),
            }
            store.finish(session, SealStep.LEDGER, at=now, files=files, facts={"event": str(event)})

    def prove(self, store: SealStore) -> None:
        """Collect every proof, all under the first checkpoint that covers `release.sealed`.

        Raises:
            KeyStoreError: others witness than when the custody record was gathered.
        """
        with self._begin() as session:
            event = UUID((store.facts(session, SealStep.LEDGER) or {})["event"])
        self._wait(lambda: self._require_checkpoint(event))
        with self._begin() as session:
            exhibits = self._releases.exhibits(session, store.release)
            sealing = self._ledger.first_checkpoint(session, event)
            _require_witnessed(sealing.note, store.small(session)[layout.POLICY])
            indices = (store.facts(session, SealStep.CUSTODY) or {})["indices"]
            files = {
                layout.event_proof_path(index): self._ledger.proof(session, index, sealing)
                for index in indices
            }
            files[layout.RELEASE_PROOF] = self._ledger.proof(session, sealing.index, sealing)
            for exhibit in exhibits:
                firsts = self._stamps.first_checkpoints(session, exhibit.id)
                names = layout.receipt_names(file_safe(exhibit.reference), len(firsts))
                for name, first in zip(names, firsts, strict=True):
                    files[layout.consistency_path(name)] = self._ledger.consistency(
                        session, first.size, sealing.size
                    )
            store.finish(session, SealStep.PROOFS, at=self._clock(), files=files)

    def _require_checkpoint(self, event: UUID) -> None:
        with self._begin() as session:
            self._ledger.first_checkpoint(session, event)


def _require_witnessed(note: bytes, policy: bytes) -> None:
    """Refuse a checkpoint that no verifier would take with the policy that the package carries."""
    try:
        check_checkpoint(note, parse_policy(policy))
    except ProofError as error:
        raise KeyStoreError(_RENEWED.format(what="policy of the ledger's witnesses")) from error


def _sealed(
    small: Mapping[str, bytes], exhibits: Sequence[ExhibitRow], heads: Mapping[str, Any]
) -> Values:
    """Return what `release.sealed` commits to."""
    return {
        "seal": seal_of(small[layout.TAG_MANIFEST]),
        "signature": packed_file("", small[layout.SIGNATURE]).sha256,
        "timestamp": packed_file("", small[layout.TIMESTAMP]).sha256,
        "exhibits": [
            {
                "record": str(exhibit.id),
                "n": heads[str(exhibit.id)][0],
                "head": heads[str(exhibit.id)][1],
            }
            for exhibit in exhibits
        ],
        "policy": packed_file("", small[layout.POLICY]).sha256,
    }
