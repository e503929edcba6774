"""Edge. What becomes of a town's exhibits: lives, of which every step is a custody event.

The log has the order of the clock, as a real one has, and what a seal commits to is what stood
there then. The bytes behind the digests of files are nowhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import DAY, HOUR, MINUTE, Chance, Exhibit, File, Life
from benchmarks.growth.releases import Releases
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from custody.ledger.ledger import Person, Values
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.description import clock_values, description_json
from evidence.exhibits.particulars import MasterDigest, NewExhibit, describe
from evidence.exhibits.recorded import describing_columns, facts_digest
from evidence.exhibits.references import copy_name, file_safe
from evidence.exhibits.states import ExhibitState
from evidence.people.people import THE_CLOCK
from export.holdings.files import place_of

LONGEST = 5 * DAY
"""From intake to the last step of a life, but for the end of a link."""
_STAFF = ("Jo Summers", "Kit Patel", "Ada Morgan", "Lee Walsh", "Sam Okoro", "Max Fry")
_RELEASERS = ("Rhys Hale", "Uma Singh", "Eve Nolan")
_STREETS = ("High Street", "Market Square", "Station Road", "Mill Lane", "Church Walk", "Quayside")
_MATTERS = ("collision", "theft from a shop", "assault", "missing person", "damage to a vehicle")
_FACTS: JSON = {
    "container": "mov,mp4,m4a,3gp,3g2,mj2", "size": 0, "duration": "120/1",
    "video": {
        "index": 0, "codec": "h264", "profile": "High", "pix_fmt": "yuv420p", "width": 1280,
        "height": 720, "sar": "1/1", "rotation": 0, "range": "limited", "nominal_fps": "25/1",
        "average_fps": "25/1", "timing": "constant", "field_order": "progressive",
        "timebase": "1/12800", "start_time": "0/1", "frame_count": 3000, "promised_frames": 3000,
        "key_frames": 60, "starts_with_key_frame": True, "corrupt_frames": 0, "hidden_packets": 0,
        "remarks": 0, "size_changes": 0, "untimed_frames": 0, "backward_times": 0,
        "slice_groups": False,
    },
    "audio": [], "other_streams": [], "edit_lists": 0, "missing_bytes": 0,
    "camera_signatures": [], "decode_error_count": 0, "decode_errors": [],
    "decoder": "PyAV 18.1.0, libavcodec 62.28.102",
}  # fmt: skip
_UNREADABLE: JSON = {
    "code": "unreadable", "severity": "problem", "place": "", "master": 0,
    "words": "The file cannot be opened as a video.",
}  # fmt: skip


class Town:
    """Begins lives; each call of `exhibit` is one clip, and often the release of it."""

    def __init__(self, bulk: Bulk, *, now: datetime, seed: int, numbers: Mapping[str, int]) -> None:
        """Go on from the exhibit ``numbers`` that are given already, by initials."""
        self._bulk = bulk
        self._chance = Chance(seed)
        self._staff = {initials(name): bulk.person(name, at=now) for name in _STAFF}
        self._releasers = [bulk.person(name, at=now) for name in _RELEASERS]
        clock = bulk.person(THE_CLOCK, at=now)
        self._releases = Releases(bulk, self._chance, self._releasers, clock, now)
        self.numbers = {name: numbers.get(name, 0) for name in self._staff}
        self._ready: list[Exhibit] = []
        self._placed: list[dict[str, Any]] = []
        self.begun: list[Life] = []
        """Lives of releases that wait to be followed."""

    def exhibit(self, at: datetime) -> Life:
        """Take in a clip at ``at``, look at it, copy it, view it, hold it."""
        yield at
        name = self._chance.choice(list(self._staff))
        who = self._staff[name]
        self.numbers[name] += 1
        reference = f"{name}/{self.numbers[name]}"
        exhibit = Exhibit(self._bulk.open_record(RecordKind.EXHIBIT), reference)
        unplayable = self._chance.percent(3)
        self._receive(exhibit, who, at, unplayable=unplayable)
        at += self._chance.uniform(1, 5) * MINUTE
        yield at
        facts: list[JSON] = [{"facts": None if unplayable else _FACTS, "needs_person": unplayable}]
        examined: Values = {"facts": facts_digest(facts), "packet_index": None}
        self._bulk.append(exhibit.id, "exhibit.examined", examined, at=at)
        copy = None
        if unplayable:
            self._keep(exhibit, "attention", at, findings=[_UNREADABLE])
            self._accept(exhibit, who, at)
        else:
            self._file(
                exhibit, "source_frames", f"{file_safe(exhibit.reference)}-M1.source-frames.csv", at
            )
            self._keep(exhibit, "examined", at)
            at += self._chance.uniform(1, 5) * MINUTE
            yield at
            copy = self._derive(exhibit, at)
        self._ready = [*self._ready[-20:], exhibit]
        if self._chance.percent(95):
            others = [one for one in self._ready if one is not exhibit and self._chance.percent(1)]
            self.begun.append(self._releases.life([exhibit, *others], who, at))
        if copy is not None and self._chance.percent(20):
            at += self._chance.uniform(0, 2) * DAY
            yield at
            self._view(exhibit, copy, at)
        if self._chance.percent(3):
            at += self._chance.uniform(0, 1) * DAY
            yield at
            yield from self._hold(exhibit, at)

    def _receive(self, exhibit: Exhibit, who: Person, at: datetime, *, unplayable: bool) -> None:
        start = (at - self._chance.uniform(1, 72) * HOUR).replace(microsecond=0)
        offset_ms = self._chance.number(-200_000, 200_000)
        master = File("master", self._chance.digest(), self._chance.number(10**6, 10**9))
        acting: Values = {"actor": who, "role": "operator"}
        received = self._bulk.append(
            exhibit.id,
            "exhibit.received",
            {**acting, "files": [master.json], "clock_ntp_offset_ms": None},
            at=at,
        )
        camera = f"BAR-{self._chance.number(1, 400):04d}"
        shown_start, shown_end = displayed(start, offset_ms)
        said = NewExhibit(
            reference=exhibit.reference,
            camera=camera,
            displayed_start=shown_start,
            displayed_end=shown_end,
            clock_offset_ms=offset_ms,
            clock_reference="speaking clock",
            title=f"{self._chance.choice(_STREETS)}, {self._chance.choice(_MATTERS)}",
            method="exported to USB",
        )
        digest = MasterDigest(master.sha256, master.size)
        description = describe(said, [digest], role="operator", at=at)
        stated = description_json(description)
        self._bulk.append(exhibit.id, "exhibit.described", {**acting, "facts": stated}, at=at)
        assert description.clock_check is not None
        checked = {**acting, **clock_values(description.clock_check)}
        self._bulk.append(exhibit.id, "clock.checked", checked, at=at)
        self._bulk.add(
            "exhibit",
            id=exhibit.id,
            reference=exhibit.reference,
            **describing_columns(description),
            description=stated,
            state=ExhibitState.MASTER_ALONE if unplayable else ExhibitState.READY,
            received_at=at,
            received_event=received,
            facts=[{"facts": None if unplayable else _FACTS, "needs_person": unplayable}],
            findings=[_UNREADABLE] if unplayable else [],
        )
        name = f"{camera}-{start:%Y%m%d-%H%M%S}.mp4"
        made = self._file(exhibit, "master", name, at, master)
        self._bulk.add(
            "upload",
            **_stored(master, made),
            id=uuid4(),
            stored_at=at,
            exhibit=exhibit.id,
            scan="not scanned",
        )
        self._keep(exhibit, "received", at)

    def _keep(
        self, exhibit: Exhibit, state: str, at: datetime, *, findings: Sequence[JSON] = ()
    ) -> None:
        """Write where the files lie that were added since the last time."""
        places = [place_of(SimpleNamespace(**row)) for row in self._placed]
        self._placed.clear()
        values: Values = {
            "places": places,
            "findings": facts_digest(list(findings)),
            "state": state,
        }
        self._bulk.append(exhibit.id, "exhibit.stored", values, at=at)

    def _accept(self, exhibit: Exhibit, who: Person, at: datetime) -> None:
        """Say that the master alone is right: nothing plays it."""
        reason = "the recorder's own player comes with it"
        values: Values = {"actor": who, "role": "operator", "reason": reason}
        self._bulk.append(exhibit.id, "exhibit.accepted", values, at=at)
        self._bulk.add(
            "exhibit_decision",
            id=uuid4(),
            exhibit=exhibit.id,
            event="exhibit.accepted",
            person=who.record,
            at=at,
            reason=reason,
        )

    def _file(
        self, exhibit: Exhibit, kind: str, name: str, at: datetime, file: File | None = None
    ) -> UUID:
        """Add a row for a file of an exhibit."""
        file = file or File(kind, self._chance.digest(), self._chance.number(10**4, 10**6))
        exhibit.files.append(file)
        made = uuid4()
        row = {
            **_stored(file, made),
            "id": made,
            "kind": kind,
            "position": 0,
            "name": name,
            "original_name": name if kind == "master" else "",
            "stored_at": at,
            "words": "Every picture is that of the master." if kind == "copy" else "",
        }
        self._placed.append(row)
        self._bulk.add("exhibit_file", **row, exhibit=exhibit.id)
        return made

    def _derive(self, exhibit: Exhibit, at: datetime) -> UUID:
        name = copy_name(exhibit.reference, 1)
        copy = self._file(exhibit, "copy", f"{name}.mp4", at)
        self._file(exhibit, "derivation", f"{name}.derivation.json", at)
        made, how = exhibit.files[-2:]
        values: Values = {"copy": made.sha256, "kind": "COURT_PLAYABLE", "derivation": how.sha256}
        self._bulk.append(exhibit.id, "exhibit.derived", values, at=at)
        self._file(exhibit, "frames", f"{name}.frames.csv", at)
        self._file(exhibit, "contact_sheet", "contact-sheet.jpg", at)
        still: Values = {
            "copy": exhibit.files[-1].sha256,
            "kind": "STILL",
            "derivation": how.sha256,
        }
        self._bulk.append(exhibit.id, "exhibit.derived", still, at=at)
        self._keep(exhibit, "ready", at)
        return copy

    def _view(self, exhibit: Exhibit, copy: UUID, at: datetime) -> None:
        who = self._chance.choice(list(self._staff.values()))
        seen = next(file.sha256 for file in exhibit.files if file.kind == "copy")
        values: Values = {"actor": who, "role": "operator", "copy": seen}
        self._bulk.append(exhibit.id, "exhibit.viewed", values, at=at)
        self._bulk.add(
            "viewing", id=uuid4(), exhibit=exhibit.id, file=copy, person=who.record, at=at
        )

    def _hold(self, exhibit: Exhibit, at: datetime) -> Life:
        """Hold an exhibit; of two holds, one is lifted."""
        who, lifted = self._chance.choice(self._releasers), self._chance.percent(50)
        reason = "appeal pending"
        record = self._bulk.open_record(RecordKind.STAFF_ACTION)
        acting: Values = {"actor": who, "role": "releaser", "exhibit": str(exhibit.id)}
        self._bulk.append(record, "hold.placed", {**acting, "reason": reason}, at=at)
        until = at + HOUR if lifted else None
        self._bulk.add(
            "legal_hold",
            id=record,
            exhibit=exhibit.id,
            placed_by=who.record,
            placed_at=at,
            reason=reason,
            lifted_by=who.record if lifted else None,
            lifted_at=until,
            lifted_reason="appeal withdrawn" if lifted else "",
            settled_at=until or at,
        )
        if until is not None:
            yield until
            self._bulk.append(
                record, "hold.lifted", {**acting, "reason": "appeal withdrawn"}, at=until
            )


def _stored(file: File, made: UUID) -> dict[str, Any]:
    """Return the columns of a stored object that nobody stored."""
    return {
        "bucket": "custos-vault",
        "key": f"{'uploads' if file.kind == 'master' else 'derived'}/{made}",
        "version": made.hex,
        "size": file.size,
        "sha256": file.sha256,
        "crc32": 0,
    }


def displayed(start: datetime, offset_ms: int) -> tuple[str, str]:
    """Return what a recorder showed when two minutes began and ended, so many ms from the truth.

    Two minutes are two minutes, also in the night in which the hour is set back.
    """
    shown = start + timedelta(milliseconds=offset_ms)
    first, last = (at.astimezone(LONDON).isoformat() for at in (shown, shown + 2 * MINUTE))
    return first, last


def initials(name: str) -> str:
    """Return JS for Jo Summers."""
    return "".join(word[0] for word in name.split())
