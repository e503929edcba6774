"""Service. The first step of sealing: which files go in, and what `data/` says of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlmodel import Session

from custody.check.audience import COURTS
from custody.errors import NotYetError
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import CLOCK_PICTURE, MASTER, ORIGINAL, PLAYER, files_of
from export.holdings.holds import held_of
from export.holdings.stamps import Stamps
from export.holdings.statements import Statements
from export.holdings.tables import ExhibitFileRow
from export.package.format import layout
from export.package.format.assembly import (
    BagFacts,
    bag_info,
    packed_files,
    payload_manifest,
)
from export.package.format.manifest import BAGIT_TXT, format_bag_info
from export.package.format.records import ExhibitRecord, format_exhibit
from export.release.contents import carried, require_fit
from export.release.releases import Releases
from export.release.tables import ReleaseRow
from export.sealing.descriptions import Circumstances, describe
from export.sealing.sealer import Sealer
from export.sealing.steps import PlacedFile, SealStep, SealStore, place_json
from storage.version import software


class Payload:
    """Lists what goes in: exhibit records, the payload manifest, the bag's own facts."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        releases: Releases,
        stamps: Stamps,
        council: Sealer,
        statements: Statements,
        *,
        clock: Callable[[], datetime],
        wait: Callable[[Callable[[], None]], None],
    ) -> None:
        self._begin = begin
        self._releases = releases
        self._stamps = stamps
        self._council = council
        self._statements = statements
        self._clock = clock
        self._wait = wait

    def list_files(self, store: SealStore) -> None:
        """List the payload, once every exhibit's receipt is time-stamped."""
        self._wait(lambda: self._require_stamps(store))
        now = self._clock()
        with self._begin() as session:
            row = session.get_one(ReleaseRow, store.release)
            # What was found since it was approved: the job ends, and a person is called.
            require_fit(session, row)
            exhibits = self._releases.exhibits(session, row.id)
            going = {exhibit.id: carried(session, row, exhibit.id) for exhibit in exhibits}
            placed = [
                PlacedFile(_path(exhibit, file), file.stored())
                for exhibit in exhibits
                for file in going[exhibit.id]
            ]
            held = held_of(session, [exhibit.id for exhibit in exhibits])
            records = [
                self._record(session, row, exhibit, going[exhibit.id], held=exhibit.id in held)
                for exhibit in exhibits
            ]
            small = self._small_files(row, records, placed, now)
            listed = [place_json(file.path, file.stored) for file in placed]
            store.finish(session, SealStep.PAYLOAD, at=now, files=small, facts={"placed": listed})

    def _record(
        self,
        session: Session,
        row: ReleaseRow,
        exhibit: ExhibitRow,
        going: Sequence[ExhibitFileRow],
        *,
        held: bool,
    ) -> ExhibitRecord:
        """Return what the package says of an exhibit.

        Raises:
            ProofError: the database says something else of it than the ledger.
        """
        around = Circumstances(
            row.urn,
            self._council.name,
            row.with_master,
            self._council.retention_days if row.kind in COURTS else None,
        )
        files = files_of(session, exhibit.id)
        came = [file for file in files if file.kind in ORIGINAL]
        return describe(
            exhibit,
            self._statements.confirmed(session, exhibit, came),
            files,
            around,
            going={file.name for file in going},
            held=held,
        )

    def _small_files(
        self,
        row: ReleaseRow,
        records: Sequence[ExhibitRecord],
        placed: Sequence[PlacedFile],
        now: datetime,
    ) -> dict[str, bytes]:
        """Return the files of this step: each is made of those before it."""
        small = {
            layout.record_path(file_safe(record.exhibit_ref)): format_exhibit(record)
            for record in records
        }
        packed = sorted(
            [*(file.packed for file in placed), *packed_files(small)],
            key=lambda file: file.path.encode(),
        )
        small[layout.MANIFEST] = payload_manifest(packed)
        small[layout.BAG_INFO] = format_bag_info(bag_info(self._bag_facts(row, now), packed))
        small[layout.BAGIT] = BAGIT_TXT
        return small

    def _bag_facts(self, row: ReleaseRow, now: datetime) -> BagFacts:
        return BagFacts(
            council=self._council.name,
            urn=row.urn,
            release_number=row.number,
            description="CCTV evidence with its chain of custody",
            bagging_date=now.date().isoformat(),
            software=software(),
            demonstration=self._council.demonstration,
        )

    def _require_stamps(self, store: SealStore) -> None:
        """Demand the timestamp of every exhibit's first checkpoint.

        Raises:
            NotYetError: one is missing; its own job is at it.
        """
        with self._begin() as session:
            for exhibit in self._releases.exhibits(session, store.release):
                firsts = self._stamps.first_checkpoints(session, exhibit.id)
                if any(first.tsr is None for first in firsts):
                    raise NotYetError(
                        f"the receipt of {exhibit.reference} is not time-stamped yet: sealing "
                        "waits for the time authority"
                    )


def _path(exhibit: ExhibitRow, file: ExhibitFileRow) -> str:
    reference = file_safe(exhibit.reference)
    if file.kind == MASTER:
        return layout.master_path(reference, file.name)
    if file.kind == PLAYER:
        return layout.player_path(reference, file.name)
    if file.kind == CLOCK_PICTURE:
        return layout.clock_picture_path(reference, file.name.rpartition(".")[2])
    return layout.exhibit_folder(reference) + file.name
