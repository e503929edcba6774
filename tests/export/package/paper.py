"""Makes complete packages in memory, of the pure modules alone: no database, no S3, no ffmpeg.

A council has keys and a ledger; `seal` takes one exhibit through everything that happens to it, in
the order of docs/formats/package.md, and returns its package. Tests then change what they like.
"""

import hashlib
import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.asymmetric import ec

from custody.check.audience import disclose
from custody.formats.canonical import JSON, canonical_json
from custody.formats.certificates import (
    TEST_AUTHORITY_NAME,
    TEST_AUTHORITY_ROOT_NAME,
    Certificate,
    demonstration_name,
    format_chain,
    make_name,
    make_root,
    make_seal_certificate,
    make_time_certificate,
)
from custody.formats.disclosure import LoggedEvent, format_events, format_openings
from custody.formats.note import NoteSigner, format_verifier_key
from custody.formats.policy import LogPolicy, format_policy
from custody.formats.proof import format_consistency
from custody.formats.trust import Issue, Trust, pem_of, pin_certificate
from custody.keys.signing import FileSealSigner
from custody.stamping.testauthority import LocalTestAuthority
from custody.stamping.timestamp import stamp
from custody.tree.merkle import prove_consistency
from evidence.exhibits.description import (
    Camera,
    ClockCheck,
    DescribedFile,
    Description,
    Export,
    Recorder,
    clock_values,
    description_json,
)
from export.media.frames import COPY_HEADER
from export.package.documents.contents import ListedFile
from export.package.documents.instructions import InstructionFacts, verify_txt
from export.package.documents.readme import ReadmeFacts, readme_html
from export.package.format import assembly as assemble
from export.package.format import layout
from export.package.format.archive import ArchiveEntry, plan_archive
from export.package.format.manifest import BAGIT_TXT, format_bag_info
from export.package.format.records import (
    USES,
    Copy,
    CopyType,
    ExhibitRecord,
    FileRole,
    FrameRate,
    Included,
    MasterFile,
    Withheld,
    format_exhibit,
)
from tests.custody.ledgers import ALONE, CONDITIONS, LOG, MemoryLog, RecordChain

URN = "BAR-7K4M-2XQ9-J"
SHEET = b"\xff\xd8 stills"
NOW = datetime.now(UTC).replace(microsecond=0)
_NAMESPACE = UUID("6c237c25-e686-43f3-94d7-461249ab6674")
_serials = itertools.count(1000)

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Signatory:
    """The council that seals a paper package: with what, and when."""

    name: str
    signer: FileSealSigner
    root_key: ec.EllipticCurvePrivateKey = field(repr=False)
    authority: LocalTestAuthority
    log_signers: tuple[NoteSigner, ...] = (LOG,)
    policy: LogPolicy = ALONE
    witnesses: tuple[str, ...] = ()
    quorum: int = 0

    @property
    def root(self) -> Certificate:
        return self.signer.chain[-1]

    @property
    def trust(self) -> Trust:
        return Trust(
            council=self.name,
            demonstration=True,
            seals=(pin_certificate(self.signer.certificate),),
            roots=(pem_of(self.root),),
            tsa_roots=(pem_of(self.authority.root),),
            logs=(format_verifier_key(self.policy.log),),
            witnesses=self.witnesses,
            quorum=self.quorum,
            issue=Issue(3, NOW),
        )

    def with_another_seal(self) -> "Signatory":
        """Return the council with a second seal certificate that its own root issued."""
        return replace(self, signer=_seal_signer(self.name, self.root, self.root_key))


def make_signatory(name: str = "Barchester Council", now: datetime = NOW) -> Signatory:
    root_key = _key()
    root = make_root(
        demonstration_name(name, "root for seals"), root_key, now=now, serial=next(_serials)
    )
    time_root_key, time_key = _key(), _key()
    time_root = make_root(
        make_name("Custos", TEST_AUTHORITY_ROOT_NAME), time_root_key, now=now, serial=next(_serials)
    )
    time_certificate = make_time_certificate(
        make_name("Custos", TEST_AUTHORITY_NAME),
        time_key.public_key(),
        root=time_root,
        root_key=time_root_key,
        now=now,
        serial=next(_serials),
    )
    authority = LocalTestAuthority(
        time_key, time_certificate, time_root, lambda: now, lambda: next(_serials)
    )
    return Signatory(name, _seal_signer(name, root, root_key, now), root_key, authority)


def _seal_signer(
    name: str, root: Certificate, root_key: ec.EllipticCurvePrivateKey, now: datetime = NOW
) -> FileSealSigner:
    key = _key()
    certificate = make_seal_certificate(
        demonstration_name(name, "evidence seal"),
        key.public_key(),
        root=root,
        root_key=root_key,
        now=now,
        serial=next(_serials),
    )
    return FileSealSigner(key, (certificate, root))


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a test may ask of a package beside the ordinary."""

    number: int = 1
    reference: str = "JS/1"
    footage: bytes = b"\0\0\0\x18ftypmp42 the original" + bytes(range(64))
    copy: bytes = b"\0\0\0\x18ftypisom the working copy"
    pictures: int = 3
    withheld: bool = False
    kind: str = "police"
    decisions: Sequence[tuple[str, Mapping[str, JSON]]] = (("release.approved", {}),)
    """What was decided between the proposal and the seal, and what it says otherwise."""
    handling: Sequence[tuple[str, Mapping[str, JSON]]] = ()
    """What else happened to the exhibit before it was proposed."""
    approved: Mapping[str, bytes] | None = None
    """The files that were approved, where they are not the ones that are packed."""
    hidden: frozenset[str] = frozenset()
    """Fields of which the openings stay out."""
    left_out: frozenset[str] = frozenset()
    """Events that are not carried along."""
    derivation: Mapping[str, JSON] = field(default_factory=dict)
    """Parts of the derivation that say something else."""
    received: bytes | None = None
    """What the ledger took down, where it is not the footage."""
    extra: Mapping[str, bytes] = field(default_factory=dict)
    """Files of the payload that the exhibit's record does not name."""
    tag_files: Mapping[str, bytes | None] = field(default_factory=dict)
    """Tag files that are something else, or (None) missing, when the tag manifest is made."""
    sealed: Mapping[str, JSON] = field(default_factory=dict)
    """What `release.sealed` says otherwise."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the exhibit's record that say something else."""
    described: Mapping[str, Any] = field(default_factory=dict)
    """Facts of the first description that are others, in the record too."""
    corrected: Mapping[str, Any] | None = None
    """Facts of a second description, and then the record's too; None: nobody corrected it."""
    facts: Mapping[str, JSON] = field(default_factory=dict)
    """Facts of the first description that have another shape; the record's stay."""
    clock: Mapping[str, JSON] | None = field(default_factory=dict)
    """What `clock.checked` says otherwise; None: there is no such event."""
    derived: Mapping[str, JSON] = field(default_factory=dict)
    """What `exhibit.derived` says otherwise."""
    carried: Mapping[str, bytes] = field(default_factory=dict)
    """More files that were approved, and are packed."""
    player: bytes = b""
    """A player that was added to the exhibit after its footage; empty: none was."""
    extended: Mapping[str, JSON] = field(default_factory=dict)
    """What `exhibit.extended` says otherwise."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A finished package."""

    package: str
    files: Files
    council: Signatory

    @property
    def zip(self) -> bytes:
        return archive(self.package, self.files)

    def with_files(self, changes: Mapping[str, bytes | None]) -> "Paper":
        """Return the package with files changed, added or (None) removed."""
        merged = {**self.files, **changes}
        return replace(self, files={p: data for p, data in merged.items() if data is not None})

    def with_manifests_remade(self) -> "Paper":
        """Return what somebody gets who changes a file and makes the lists of files anew."""
        files = dict(self.files)
        packed = assemble.packed_files(files)
        files[layout.MANIFEST] = assemble.payload_manifest(packed)
        sizes = [file.size for file in packed if layout.is_payload(file.path)]
        lines = files[layout.BAG_INFO].decode().split("\n")
        lines = [
            f"Payload-Oxum: {sum(sizes)}.{len(sizes)}" if line.startswith("Payload-Oxum") else line
            for line in lines
        ]
        files[layout.BAG_INFO] = "\n".join(lines).encode()
        files[layout.TAG_MANIFEST] = assemble.tag_manifest(assemble.packed_files(files))
        return replace(self, files=files)


def archive(package: str, files: Mapping[str, bytes]) -> bytes:
    """Write the archive of any files, also of those that a package may not hold."""
    return archive_of({f"{package}/{path}": content for path, content in files.items()})


def archive_of(contents: Mapping[str, bytes]) -> bytes:
    """Write an archive of files by their whole paths."""
    plan = plan_archive(
        ArchiveEntry(path, len(content), zlib.crc32(content)) for path, content in contents.items()
    )
    parts = [entry.header + contents[entry.span.path] for entry in plan.entries]
    return b"".join([*parts, plan.trailer])


def seal(council: Signatory, wishes: Wishes = Wishes()) -> Paper:
    """Take one exhibit from receipt to a sealed package."""
    return _Sealing(council, wishes).run()


class _Sealing:
    def __init__(self, council: Signatory, wishes: Wishes) -> None:
        self.council = council
        self.wishes = wishes
        self.package = layout.package_name(URN, wishes.number)
        self.reference = layout.file_reference(wishes.reference)
        self.log = MemoryLog()
        self.exhibit = RecordChain(self.log, uuid5(_NAMESPACE, f"{council.name}{wishes.reference}"))
        self.release = RecordChain(self.log, uuid5(_NAMESPACE, f"{council.name}{self.package}"))
        self.files: Files = {}
        self.frames = frame_list(wishes.pictures)
        self.derivation = self._derivation()

    def run(self) -> Paper:
        self._receive()
        carried = self._carried()
        self._propose(carried)
        self._list_payload(carried)
        self._add_tag_files()
        self._sign()
        self._log_and_prove()
        return Paper(self.package, self.files, self.council)

    def _derivation(self) -> bytes:
        parts: dict[str, JSON] = {
            "format": "custos-derivation/1",
            "source": {"sha256": digest(self.wishes.footage)},
            "result": {
                "sha256": digest(self.wishes.copy),
                "frame_count": self.wishes.pictures,
                "frames_sha256": digest(self.frames),
            },
        }
        return canonical_json({**parts, **self.wishes.derivation})

    def _receive(self) -> None:
        """Write the exhibit's events, and stamp the first checkpoint that covers its receipt."""
        self.log.append(b"an entry of a stranger's record")
        received = self.wishes.received or self.wishes.footage
        self.exhibit.write(
            "exhibit.received",
            {
                "actor": "J. Smith",
                "role": "operator",
                "files": [{"sha256": digest(received), "size": len(received)}],
                "clock_ntp_offset_ms": None,
            },
            NOW - timedelta(hours=2),
        )
        self._describe()
        self.receipts: dict[str, int] = {}
        self._stamp(self.reference, self.exhibit.events[0])
        self.log.append(b"another one")
        self.exhibit.write(
            "exhibit.derived",
            {
                "copy": digest(self.wishes.copy),
                "kind": "COURT_PLAYABLE",
                "derivation": digest(self.derivation),
                **self.wishes.derived,
            },
            NOW - timedelta(hours=1),
        )
        still: dict[str, JSON] = {
            "copy": digest(SHEET),
            "kind": "STILL",
            "derivation": digest(self.derivation),
        }
        self.exhibit.write("exhibit.derived", still, NOW - timedelta(hours=1))
        for event, values in self.wishes.handling:
            self.exhibit.write(event, values, NOW - timedelta(minutes=30))
        if self.wishes.player:
            self._extend()
        if self.wishes.corrected is not None:
            values = {**acting(self.stated), "reason": "the wrong camera was typed"}
            self.exhibit.write("exhibit.corrected", values, NOW - timedelta(minutes=50))

    def _stamp(self, receipt: str, event: LoggedEvent) -> None:
        """Stamp the checkpoint that first covers a receipt, and prove that it is covered."""
        self.receipts[receipt] = len(self.log.entries)
        first = self.log.note(signers=self.council.log_signers)
        self.files[layout.received_proof_path(receipt)] = self.log.proof(event.index, first)
        self.files[layout.received_timestamp_path(receipt)] = stamp(
            first, self.council.authority, nonce=1
        )

    def _extend(self) -> None:
        """Write that the recorder's player was added, and stamp that receipt too."""
        player: JSON = {"sha256": digest(self.wishes.player), "size": len(self.wishes.player)}
        values: dict[str, JSON] = {
            **acting(self.described),
            "files": [player],
            "reason": "the player was forgotten",
            **self.wishes.extended,
        }
        event = self.exhibit.write("exhibit.extended", values, NOW - timedelta(minutes=55))
        self._stamp(layout.receipt_names(self.reference, 2)[1], event)

    def _describe(self) -> None:
        """Write what is stated of the exhibit, and how its clock compared."""
        first = self.described
        facts = {**description_json(first), **self.wishes.facts}
        values = {**acting(first), "facts": facts}
        self.exhibit.write("exhibit.described", values, NOW - timedelta(hours=2))
        if self.wishes.clock is not None and first.clock_check is not None:
            compared = {**clock_values(first.clock_check), **self.wishes.clock}
            self.exhibit.write(
                "clock.checked",
                {"actor": "J. Smith", "role": "operator", **compared},
                NOW - timedelta(hours=2),
            )

    @property
    def described(self) -> Description:
        """What was said first."""
        return replace(description(self.wishes), **self.wishes.described)

    @property
    def stated(self) -> Description:
        """What the record repeats: the latest description."""
        first = self.described
        return first if self.wishes.corrected is None else replace(first, **self.wishes.corrected)

    def _carried(self) -> Files:
        """Return the files of the exhibit that the release carries, by path."""
        copy = f"{self.reference}-CP1"
        carried = {
            layout.copy_path(self.reference, copy): self.wishes.copy,
            layout.derivation_path(self.reference, copy): self.derivation,
            layout.frames_path(self.reference, copy): self.frames,
            layout.contact_sheet_path(self.reference): SHEET,
        }
        carried |= self.wishes.carried
        if not self.wishes.withheld:
            carried[layout.master_path(self.reference, "Cam_1.mp4")] = self.wishes.footage
            if self.wishes.player:
                path = layout.player_path(self.reference, "player.exe")
                carried[path] = self.wishes.player
        return carried

    def _propose(self, carried: Files) -> None:
        self.release.write(
            "release.proposed",
            {
                "actor": "J. Smith",
                "role": "operator",
                "kind": self.wishes.kind,
                "recipient": "dc.jones@police.example",
                "files": [
                    {"sha256": digest(content), "size": len(content)}
                    for content in (
                        carried if self.wishes.approved is None else self.wishes.approved
                    ).values()
                ],
                "exhibits": [str(self.exhibit.record)],
                "basis": "DPA 2018 Sch 2 para 2",
                "purpose": "investigation of a theft",
                "conditions": CONDITIONS,
            },
            NOW - timedelta(minutes=9),
        )
        approval: dict[str, JSON] = {
            "actor": "A. Khan",
            "role": "releaser",
            "how": "second person",
            "reason": "necessary and proportionate",
        }
        for event, values in self.wishes.decisions:
            self.release.write(event, {**approval, **values}, NOW - timedelta(minutes=5))

    def _list_payload(self, carried: Files) -> None:
        self.record = replace(exhibit_record(self), **self.wishes.record)
        payload = {
            layout.record_path(self.reference): format_exhibit(self.record),
            **carried,
            **self.wishes.extra,
        }
        self.files |= payload
        self.files[layout.MANIFEST] = assemble.payload_manifest(assemble.packed_files(payload))

    def _add_tag_files(self) -> None:
        council = self.council
        facts = assemble.BagFacts(
            council=council.name,
            urn=URN,
            release_number=self.wishes.number,
            description="CCTV evidence: 1 exhibit",
            bagging_date=f"{NOW:%Y-%m-%d}",
            software="Custos 0.1.0",
            demonstration=True,
        )
        info = assemble.bag_info(facts, assemble.packed_files(self.files))
        self.files |= {
            layout.BAGIT: BAGIT_TXT,
            layout.BAG_INFO: format_bag_info(info),
            layout.VERIFY: verify_txt(InstructionFacts(self.package, council.name, True)),
            layout.SIGNING_CHAIN: format_chain(council.signer.chain),
            layout.COUNCIL_ROOT: format_chain([council.root]),
            layout.TSA_CHAIN: format_chain(council.authority.chain),
            layout.README: self._readme(),
            layout.EVENTS: format_events(self._events()),
            layout.POLICY: format_policy(council.policy),
        }
        for path, content in self.wishes.tag_files.items():
            self.files.pop(path, None)
            self.files |= {path: content} if content is not None else {}
        packed = assemble.packed_files(self.files)
        self.files[layout.TAG_MANIFEST] = assemble.tag_manifest(packed)

    def _readme(self) -> bytes:
        return readme_html(
            ReadmeFacts(
                package=self.package,
                urn=URN,
                council=self.council.name,
                demonstration=True,
                exhibits=(self.record,),
                files=tuple(
                    ListedFile(path, len(content), digest(content))
                    for path, content in sorted(self.files.items())
                    if layout.is_payload(path)
                ),
                events=tuple(self._events()),
                witnessed=bool(self.council.witnesses),
                comparisons={f"{self.reference}-CP1": "All 3 pictures are in the copy."},
            )
        )

    def _events(self) -> Sequence[LoggedEvent]:
        events = [
            replace(
                told := disclose(event, self.wishes.kind, str(self.release.record)),
                openings=tuple(o for o in told.openings if o.field not in self.wishes.hidden),
            )
            for event in (*self.exhibit.events, *self.release.events)
            if event.entry.event not in self.wishes.left_out
        ]
        return sorted(events, key=lambda event: event.index)

    def _sign(self) -> None:
        signature = self.council.signer.sign_detached(self.files[layout.TAG_MANIFEST])
        self.files[layout.SIGNATURE] = signature
        self.files[layout.TIMESTAMP] = stamp(signature, self.council.authority, nonce=2)

    def _log_and_prove(self) -> None:
        heads: list[JSON] = [
            {
                "record": str(self.exhibit.record),
                "n": self.exhibit.n - 1,
                "head": self.exhibit.prev,
            }
        ]
        events = self._events()
        sealing = self.release.write(
            "release.sealed",
            {
                "seal": assemble.seal_of(self.files[layout.TAG_MANIFEST]),
                "signature": digest(self.files[layout.SIGNATURE]),
                "timestamp": digest(self.files[layout.TIMESTAMP]),
                "exhibits": heads,
                "policy": digest(self.files[layout.POLICY]),
                **self.wishes.sealed,
            },
            NOW + timedelta(seconds=1),
        )
        self.log.append(b"somebody else's entry behind it")
        note = self.log.note(signers=self.council.log_signers)
        self.files |= {
            layout.RELEASE_ENTRY: sealing.data,
            layout.RELEASE_OPENINGS: format_openings(sealing.openings),
            layout.RELEASE_PROOF: self.log.proof(sealing.index, note),
            **{
                layout.consistency_path(receipt): format_consistency(
                    prove_consistency(size, len(self.log.entries), self.log.read)
                )
                for receipt, size in self.receipts.items()
            },
            **{layout.event_proof_path(e.index): self.log.proof(e.index, note) for e in events},
        }


def acting(stated: Description) -> dict[str, JSON]:
    return {"actor": "J. Smith", "role": "operator", "facts": description_json(stated)}


def description(wishes: Wishes) -> Description:
    camera = Camera("C-17", "High Street", "High Street", "51.600000", "-0.200000", "fixed")
    displayed = ("2026-11-20T18:00:00+00:00", "2026-11-20T18:00:10+00:00")
    corrected = ("2026-11-20T17:58:59Z", "2026-11-20T17:59:09Z")
    return Description(
        exhibit_ref=wishes.reference,
        title="High Street <junction> & market",
        camera=camera,
        recorder=Recorder("Make", "Model", None, None, "4"),
        export=Export("operator", "2026-11-21T03:05:11Z", "USB", None, None),
        displayed_start=displayed[0],
        displayed_end=displayed[1],
        corrected_start=corrected[0],
        corrected_end=corrected[1],
        clock_check=ClockCheck(
            "2026-11-21T03:06:12Z",
            "2026-11-21T03:05:11Z",
            "speaking clock",
            "2026-11-21T03:05:11Z",
            61_000,
            False,
        ),
        files=(DescribedFile(digest(wishes.footage), camera, *displayed, *corrected),),
        confirmed=(),
    )


def exhibit_record(sealing: _Sealing) -> ExhibitRecord:
    wishes, stated = sealing.wishes, sealing.stated
    stored = None if wishes.withheld else "Cam_1.mp4"
    copy_name = f"{sealing.reference}-CP1"
    file = stated.files[0]
    return ExhibitRecord(
        exhibit_ref=stated.exhibit_ref,
        record=str(sealing.exhibit.record),
        urn=URN,
        title=stated.title,
        camera=stated.camera,
        recorder=stated.recorder,
        export=stated.export,
        displayed_start=stated.displayed_start,
        displayed_end=stated.displayed_end,
        corrected_start=stated.corrected_start,
        corrected_end=stated.corrected_end,
        clock_check=stated.clock_check,
        confirmed=stated.confirmed,
        container="mov,mp4",
        codecs=("h264",),
        width=640,
        height=360,
        fps=FrameRate("25/1", "25/1"),
        duration="3/25",
        frame_count=wishes.pictures,
        audio=False,
        master=Withheld("two minutes were asked for") if wishes.withheld else Included(),
        files=(
            MasterFile(
                FileRole.MASTER,
                "Cam 1.mp4",
                stored,
                len(wishes.footage),
                "video/mp4",
                digest(wishes.footage),
                file.camera,
                file.displayed_start,
                file.displayed_end,
                file.corrected_start,
                file.corrected_end,
            ),
            *_player(wishes),
        ),
        gaps_and_faults=(),
        copies=(
            Copy(
                copy_name,
                CopyType.COURT_PLAYABLE,
                wishes.reference,
                len(wishes.copy),
                digest(wishes.copy),
                USES[CopyType.COURT_PLAYABLE],
            ),
            Copy(
                "contact-sheet",
                CopyType.STILL,
                copy_name,
                len(SHEET),
                digest(SHEET),
                USES[CopyType.STILL],
            ),
        ),
        retention_class="released evidence",
        legal_hold=False,
        controller=sealing.council.name,
    )


def _player(wishes: Wishes) -> tuple[MasterFile, ...]:
    if not wishes.player:
        return ()
    name = None if wishes.withheld else "player.exe"
    size, mime = len(wishes.player), "application/octet-stream"
    return (MasterFile(FileRole.PLAYER, name, name, size, mime, digest(wishes.player)),)


def frame_list(pictures: int) -> bytes:
    """Write the frame list of a copy that shows every picture of its original."""
    rows = [f"{n},{n},1/25,{n},{n},{digest(b'picture %d' % n)}\n" for n in range(pictures)]
    return (COPY_HEADER + "".join(rows)).encode()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
