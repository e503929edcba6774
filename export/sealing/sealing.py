"""Service. Seals an approved release: the steps of docs/formats/package.md, in their order.

Each step writes what it made in one transaction and is never done twice, so a process that is
killed anywhere is followed by one that goes on from what is stored. No transaction is open while
a step waits for the log, the time authority or the object store.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import Session

from custody.disclosure import format_events, format_openings
from custody.errors import LogStateError, NotYetError
from custody.ledger import Ledger, Values
from custody.note import VerifierKey
from custody.policy import LogPolicy, format_policy
from custody.signing import SealSigner
from custody.timestamp import TimeAuthority, stamp
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from evidence.states import move
from export.holdings.files import files_of
from export.holdings.holds import held_of
from export.holdings.stamps import NONCE_BITS, Stamps
from export.holdings.tables import ExhibitFileRow
from export.package.documents.instructions import InstructionFacts, verify_txt
from export.package.documents.readme import ListedFile, ReadmeFacts, readme_html
from export.package.format import layout
from export.package.format.assembly import (
    BagFacts,
    bag_info,
    packed_file,
    packed_files,
    payload_manifest,
    seal_of,
    tag_manifest,
)
from export.package.format.manifest import BAGIT_TXT, format_bag_info
from export.package.format.records import format_exhibit
from export.release.contents import carried
from export.release.proposals import Delivery
from export.release.releases import JOB_ISSUE, ReleaseKind, Releases, label
from export.release.states import RELEASE_NEXT, ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.archives import Archives
from export.sealing.descriptions import Circumstances, describe
from export.sealing.steps import PlacedFile, SealStep, SealStore, place_json
from storage.jobs import Jobs

SOFTWARE = f"Custos {version('custos')}"
HIDDEN = {ReleaseKind.INSURER: frozenset({"actor"})}
"""Which fields a package keeps closed: a court sees who acted, an insurer only in which role."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who seals, and with what."""

    name: str
    demonstration: bool
    retention_days: int
    signer: SealSigner
    log_key: VerifierKey
    authority: TimeAuthority


class Sealing:
    """Makes packages. Called by the worker, one release at a time."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        releases: Releases,
        stamps: Stamps,
        archives: Archives,
        jobs: Jobs,
        council: Sealer,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], int],
        wait: Callable[[Callable[[], None]], None],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._releases = releases
        self._stamps = stamps
        self._archives = archives
        self._jobs = jobs
        self._council = council
        self._clock = clock
        self._random = random
        self._wait = wait
        self.steps: dict[SealStep, Callable[[SealStore], None]] = {
            SealStep.PAYLOAD: self._list_payload,
            SealStep.CUSTODY: self._gather_custody,
            SealStep.SIGNATURE: self._sign,
            SealStep.TIMESTAMP: self._stamp,
            SealStep.LEDGER: self._log,
            SealStep.PROOFS: self._prove,
            SealStep.ARCHIVE: self._join,
            SealStep.CHECK: self._check,
        }

    def seal(self, release: UUID) -> None:
        """Do every step that is not done yet.

        Raises:
            NotYetError, AuthorityError, UnavailableError: retry; what was done stays done.
            CorruptError, LogStateError: stop, a person must look.
        """
        store = SealStore(release)
        for step, run in self.steps.items():
            with self._begin() as session:
                done = store.facts(session, step) is not None
            if not done:
                run(store)

    def _list_payload(self, store: SealStore) -> None:
        self._wait(lambda: self._require_stamps(store.release))
        now = self._clock()
        with self._begin() as session:
            row, exhibits = self._read(session, store.release)
            around = Circumstances(
                row.urn, self._council.name, row.with_master, self._council.retention_days
            )
            files = {exhibit.id: files_of(session, exhibit.id) for exhibit in exhibits}
            held = held_of(session, [exhibit.id for exhibit in exhibits])
            going = {exhibit.id: carried(session, row, exhibit.id) for exhibit in exhibits}
            records = [
                describe(
                    exhibit,
                    files[exhibit.id],
                    around,
                    going={file.name for file in going[exhibit.id]},
                    held=exhibit.id in held,
                )
                for exhibit in exhibits
            ]
            placed = [
                PlacedFile(_path(exhibit, file), file.stored())
                for exhibit in exhibits
                for file in going[exhibit.id]
            ]
            small = {
                layout.record_path(file_safe(record.exhibit_ref)): format_exhibit(record)
                for record in records
            }
            packed = sorted(
                [*(file.packed for file in placed), *packed_files(small)],
                key=lambda file: file.path.encode(),
            )
            small[layout.README] = readme_html(
                ReadmeFacts(
                    package=layout.package_name(row.urn, row.number),
                    urn=row.urn,
                    council=self._council.name,
                    demonstration=self._council.demonstration,
                    exhibits=tuple(records),
                    files=tuple(ListedFile(f.path, f.size, f.sha256) for f in packed),
                )
            )
            packed.append(packed_file(layout.README, small[layout.README]))
            small[layout.MANIFEST] = payload_manifest(packed)
            info = bag_info(self._bag_facts(row, now), packed)
            small[layout.BAG_INFO] = format_bag_info(info)
            small[layout.BAGIT] = BAGIT_TXT
            listed = [place_json(file.path, file.stored) for file in placed]
            store.finish(session, SealStep.PAYLOAD, at=now, files=small, facts={"placed": listed})

    def _bag_facts(self, row: ReleaseRow, now: datetime) -> BagFacts:
        return BagFacts(
            council=self._council.name,
            urn=row.urn,
            release_number=row.number,
            description="CCTV evidence with its chain of custody",
            bagging_date=now.date().isoformat(),
            software=SOFTWARE,
            demonstration=self._council.demonstration,
        )

    def _require_stamps(self, release: UUID) -> None:
        """Demand the timestamp of every exhibit's first checkpoint.

        Raises:
            NotYetError: one is missing; its own job is at it.
        """
        with self._begin() as session:
            for exhibit in self._releases.exhibits(session, release):
                if self._stamps.first_checkpoint(session, exhibit.id).tsr is None:
                    raise NotYetError(
                        f"the receipt of {exhibit.reference} is not time-stamped yet: sealing "
                        "waits for the time authority"
                    )

    def _gather_custody(self, store: SealStore) -> None:
        self._wait(lambda: self._require_indices(store.release))
        now = self._clock()
        with self._begin() as session:
            row, exhibits = self._read(session, store.release)
            hidden = HIDDEN.get(ReleaseKind(row.kind), frozenset())
            records = [row.id, *(exhibit.id for exhibit in exhibits)]
            histories = {
                str(record): self._ledger.history(session, record, hidden=hidden)
                for record in records
            }
            events = [event for history in histories.values() for event in history]
            # Of what was read, not of what stands there now: somebody may watch it meanwhile.
            heads = {
                record: [len(history) - 1, hashlib.sha256(history[-1].data).hexdigest()]
                for record, history in histories.items()
            }
            files = {
                layout.EVENTS: format_events(sorted(events, key=lambda event: event.index)),
                layout.POLICY: format_policy(LogPolicy(self._council.log_key)),
                layout.VERIFY: verify_txt(
                    InstructionFacts(
                        layout.package_name(row.urn, row.number),
                        self._council.name,
                        self._council.demonstration,
                    )
                ),
                **self._certificates(),
                **self._receipt_files(session, exhibits),
            }
            packed = [*store.packed(session), *packed_files(files)]
            files[layout.TAG_MANIFEST] = tag_manifest(packed)
            facts = {
                "heads": heads,
                "indices": [event.index for event in events],
            }
            store.finish(session, SealStep.CUSTODY, at=now, files=files, facts=facts)

    def _require_indices(self, release: UUID) -> None:
        with self._begin() as session:
            _, exhibits = self._read(session, release)
            for record in (release, *(exhibit.id for exhibit in exhibits)):
                if None in self._ledger.indices(session, record).values():
                    raise NotYetError("custody events wait for their place in the log")

    def _certificates(self) -> dict[str, bytes]:
        chain = self._council.signer.chain
        return {
            layout.SIGNING_CHAIN: _pem(chain),
            layout.COUNCIL_ROOT: _pem(chain[-1:]),
            layout.TSA_CHAIN: _pem(self._council.authority.chain),
        }

    def _receipt_files(self, session: Session, exhibits: list[ExhibitRow]) -> dict[str, bytes]:
        files = {}
        for exhibit in exhibits:
            first = self._stamps.first_checkpoint(session, exhibit.id)
            if first.tsr is None:
                raise NotYetError(f"the receipt of {exhibit.reference} is not time-stamped yet")
            name = file_safe(exhibit.reference)
            files[layout.received_proof_path(name)] = self._ledger.proof(
                session, first.index, first
            )
            files[layout.received_timestamp_path(name)] = first.tsr
        return files

    def _sign(self, store: SealStore) -> None:
        with self._begin() as session:
            content = store.small(session)[layout.TAG_MANIFEST]
        signature = self._council.signer.sign_detached(content)
        with self._begin() as session:
            files = {layout.SIGNATURE: signature}
            store.finish(session, SealStep.SIGNATURE, at=self._clock(), files=files)

    def _stamp(self, store: SealStore) -> None:
        with self._begin() as session:
            signature = store.small(session)[layout.SIGNATURE]
        tsr = stamp(signature, self._council.authority, nonce=self._random(NONCE_BITS))
        # A crash here costs a second timestamp; none is in the package yet.
        with self._begin() as session:
            store.finish(
                session, SealStep.TIMESTAMP, at=self._clock(), files={layout.TIMESTAMP: tsr}
            )

    def _log(self, store: SealStore) -> None:
        """Write the one `release.sealed`: event and step commit together, or neither does."""
        now = self._clock()
        with self._begin() as session:
            small = store.small(session)
            row, exhibits = self._read(session, store.release)
            known = store.facts(session, SealStep.CUSTODY) or {}
            heads = known["heads"]
            head = self._ledger.head(session, row.id)
            if [head.n, head.head] != heads[str(row.id)]:
                raise LogStateError(
                    f"release {label(row)} got an event while it was sealed: expected "
                    f"its head at {heads[str(row.id)][0]}, found {head.n}"
                )
            event = self._ledger.append(
                session,
                row.id,
                "release.sealed",
                {
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
                },
                at=now,
            )
            files = {
                layout.RELEASE_ENTRY: self._ledger.entry(session, event),
                layout.RELEASE_OPENINGS: format_openings(self._ledger.openings(session, event)),
            }
            store.finish(session, SealStep.LEDGER, at=now, files=files, facts={"event": str(event)})

    def _prove(self, store: SealStore) -> None:
        with self._begin() as session:
            event = UUID((store.facts(session, SealStep.LEDGER) or {})["event"])
        self._wait(lambda: self._require_checkpoint(event))
        with self._begin() as session:
            _, exhibits = self._read(session, store.release)
            sealing = self._ledger.first_checkpoint(session, event)
            indices = (store.facts(session, SealStep.CUSTODY) or {})["indices"]
            files = {
                layout.event_proof_path(index): self._ledger.proof(session, index, sealing)
                for index in indices
            }
            files[layout.RELEASE_PROOF] = self._ledger.proof(session, sealing.index, sealing)
            for exhibit in exhibits:
                first = self._stamps.first_checkpoint(session, exhibit.id)
                path = layout.consistency_path(file_safe(exhibit.reference))
                files[path] = self._ledger.consistency(session, first.size, sealing.size)
            store.finish(session, SealStep.PROOFS, at=self._clock(), files=files)

    def _require_checkpoint(self, event: UUID) -> None:
        with self._begin() as session:
            self._ledger.first_checkpoint(session, event)

    def _join(self, store: SealStore) -> None:
        with self._begin() as session:
            row, _ = self._read(session, store.release)
            package = layout.package_name(row.urn, row.number)
            small, placed = store.small(session), store.placed(session)
        joined = self._archives.join(store.release, package, small, placed)
        # A crash here leaves the joined object; the next attempt finds it and takes it as it is.
        now = self._clock()
        with self._begin() as session:
            facts = {
                "bucket": joined.bucket,
                "key": joined.key,
                "version": joined.version,
                "size": joined.size,
                "crc32": joined.crc32,
            }
            store.finish(session, SealStep.ARCHIVE, at=now, facts=facts)
            values: Values = {"crc32": f"{joined.crc32:08x}", "size": joined.size}
            self._ledger.append(session, store.release, "release.assembled", values, at=now)

    def _check(self, store: SealStore) -> None:
        with self._begin() as session:
            row, _ = self._read(session, store.release)
            package = layout.package_name(row.urn, row.number)
            archive = store.facts(session, SealStep.ARCHIVE) or {}
            packed = store.packed(session)
        sha256 = self._archives.read_back(package, archive, packed)
        now = self._clock()
        with self._begin() as session:
            row, _ = self._read(session, store.release)
            values: Values = {"sha256": sha256, "size": archive["size"]}
            store.finish(session, SealStep.CHECK, at=now, facts={"sha256": sha256})
            self._ledger.append(session, row.id, "release.checked", values, at=now)
            row.state = move(package, ReleaseState(row.state), ReleaseState.SEALED, RELEASE_NEXT)
            if row.delivery == Delivery.LINK:
                session.flush()
                # A crash before the commit leaves neither; after it, the job issues the link.
                self._jobs.defer(session, JOB_ISSUE, str(row.id))

    def _read(self, session: Session, release: UUID) -> tuple[ReleaseRow, list[ExhibitRow]]:
        return session.get_one(ReleaseRow, release), self._releases.exhibits(session, release)


def _path(exhibit: ExhibitRow, file: ExhibitFileRow) -> str:
    reference = file_safe(exhibit.reference)
    if file.kind == "master":
        return layout.master_path(reference, file.name)
    return layout.exhibit_folder(reference) + file.name


def _pem(chain: tuple[x509.Certificate, ...]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
