"""Service. The second step of sealing: the custody record so far, and the tag manifest over all."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import Session

from custody.check.audience import disclose
from custody.errors import KeyStoreError, NotYetError, ProofError
from custody.formats.disclosure import LoggedEvent, format_events
from custody.formats.policy import check_signed, format_policy
from custody.ledger.ledger import Ledger
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from export.holdings.stamps import Stamps
from export.package.documents.instructions import InstructionFacts, verify_txt
from export.package.documents.readme import readme_html
from export.package.format import layout
from export.package.format.assembly import packed_files, tag_manifest
from export.release.releases import Releases
from export.release.tables import ReleaseRow
from export.sealing.face import face_of
from export.sealing.sealer import Sealer
from export.sealing.steps import SealStep, SealStore


class CustodyRecords:
    """Gathers events, documents and certificates; the tag manifest over them is the seal."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        releases: Releases,
        stamps: Stamps,
        council: Sealer,
        *,
        clock: Callable[[], datetime],
        wait: Callable[[Callable[[], None]], None],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._releases = releases
        self._stamps = stamps
        self._council = council
        self._clock = clock
        self._wait = wait

    def gather(self, store: SealStore) -> None:
        """Gather the custody record, once every event of it has its place in the log."""
        self._wait(lambda: self._require_indices(store))
        now = self._clock()
        with self._begin() as session:
            row = session.get_one(ReleaseRow, store.release)
            exhibits = self._releases.exhibits(session, row.id)
            histories = self._histories(session, row, exhibits)
            events = [event for history in histories.values() for event in history]
            policy = self._council.policy
            face = face_of(session, store, exhibits, events, council=self._council, policy=policy)
            files = {
                layout.EVENTS: format_events(sorted(events, key=lambda event: event.index)),
                layout.POLICY: format_policy(policy),
                layout.README: readme_html(face),
                layout.VERIFY: self._instructions(row),
                **self._certificates(),
                **self._receipt_files(session, exhibits),
            }
            packed = [*store.packed(session), *packed_files(files)]
            files[layout.TAG_MANIFEST] = tag_manifest(packed)
            facts = {"heads": _heads(histories), "indices": [event.index for event in events]}
            store.finish(session, SealStep.CUSTODY, at=now, files=files, facts=facts)

    def _histories(
        self, session: Session, row: ReleaseRow, exhibits: Sequence[ExhibitRow]
    ) -> dict[str, tuple[LoggedEvent, ...]]:
        """Return the history of each record, with what the audience of the release may read."""
        records = [row.id, *(exhibit.id for exhibit in exhibits)]
        return {
            str(record): tuple(
                disclose(event, row.kind, str(row.id))
                for event in self._ledger.history(session, record)
            )
            for record in records
        }

    def _require_indices(self, store: SealStore) -> None:
        with self._begin() as session:
            exhibits = self._releases.exhibits(session, store.release)
            for record in (store.release, *(exhibit.id for exhibit in exhibits)):
                if None in self._ledger.indices(session, record).values():
                    raise NotYetError("custody events wait for their place in the log")

    def _instructions(self, row: ReleaseRow) -> bytes:
        return verify_txt(
            InstructionFacts(
                layout.package_name(row.urn, row.number),
                self._council.name,
                self._council.demonstration,
            )
        )

    def _certificates(self) -> dict[str, bytes]:
        chain = self._council.signer.chain
        return {
            layout.SIGNING_CHAIN: _pem(chain),
            layout.COUNCIL_ROOT: _pem(chain[-1:]),
            layout.TSA_CHAIN: b"".join(map(_pem, self._council.authorities)),
        }

    def _receipt_files(self, session: Session, exhibits: Sequence[ExhibitRow]) -> dict[str, bytes]:
        files = {}
        for exhibit in exhibits:
            firsts = self._stamps.first_checkpoints(session, exhibit.id)
            names = layout.receipt_names(file_safe(exhibit.reference), len(firsts))
            for name, first in zip(names, firsts, strict=True):
                if first.tsr is None:
                    raise NotYetError(f"the receipt of {exhibit.reference} is not time-stamped yet")
                self._require_foreseen(exhibit, first.note)
                self._require_foreseen(exhibit, first.note)
                files[layout.received_proof_path(name)] = self._ledger.proof(
                    session, first.index, first
                )
                files[layout.received_timestamp_path(name)] = first.tsr
        return files

    def _require_foreseen(self, exhibit: ExhibitRow, note: bytes) -> None:
        """Refuse a receipt with the signature of a witness whom the policy does not name.

        Raises:
            KeyStoreError: no verifier would take the package.
        """
        try:
            check_signed(note, self._council.policy)
        except ProofError as error:
            raise KeyStoreError(
                f"The receipt of {exhibit.reference} bears the signature of a witness who is not "
                "in the policy file any more: put the line back, without its address"
            ) from error


def _heads(histories: Mapping[str, Sequence[LoggedEvent]]) -> dict[str, list[int | str]]:
    """Return the head of each record as it was read: somebody may watch an exhibit meanwhile."""
    return {
        record: [len(history) - 1, hashlib.sha256(history[-1].data).hexdigest()]
        for record, history in histories.items()
    }


def _pem(chain: tuple[x509.Certificate, ...]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
