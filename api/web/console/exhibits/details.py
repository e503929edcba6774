"""Edge. What the page of an exhibit shows, gathered from the services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from api.services import Services
from api.web.console.exhibits.versions import Version, versions_of
from api.web.console.places import exhibit_path
from api.web.staff import Staff
from evidence.attention import Call
from evidence.exhibits.description import DescribedFile, Description, sequence
from evidence.exhibits.outcomes import ACCEPTED, SET_ASIDE
from evidence.exhibits.recorded import described
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, decide
from evidence.retention.due import ExhibitReview
from export.desk.exhibits import ExhibitStory
from export.holdings.files import COPY, MASTER
from export.holdings.holds import Hold, HoldState
from export.holdings.stoppages.remedies import REPEATED
from export.holdings.tables import ExhibitFileRow
from export.holdings.views import open_views, sheet_positions
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow

KINDS: Mapping[str, str] = {
    "master": "Master, as it was received",
    "player": "What the recorder\u2019s own program needs, as it was received",
    "copy": "Working copy",
    "derivation": "How the working copy was made",
    "source_frames": "List of the master's pictures",
    "frames": "List of the working copy's pictures",
    "contact_sheet": "Contact sheet",
    "clock_picture": "Picture of the clock, as it was brought",
    "clock_shown": "Picture of the clock, drawn anew for these pages",
    "package": "Package",
}
"""What each kind of file is called on a page."""
STANDINGS: Mapping[HoldState, tuple[str, str]] = {
    HoldState.APPLYING: ("Being applied", "govuk-tag--yellow"),
    HoldState.HELD: ("Applied", "govuk-tag--purple"),
    HoldState.LIFTING: ("Being lifted", "govuk-tag--yellow"),
    HoldState.LIFTED: ("Lifted", "govuk-tag--grey"),
}
"""What the store was seen to have done about a hold, and the colour of its tag."""
JOBS: Mapping[str, str] = {
    "exhibit.stamp": "The time stamp of its receipt",
    "exhibit.examine": "The examination of its files",
    "exhibit.derive": "The working copy",
    "exhibit.recheck": "Reading its files again",
    "hold.apply": "The legal hold",
    "exhibit.dispose": "Its disposal",
    "message.send": "A letter about it",
}
"""What a job does, for a person who must look why it was given up."""


DECISIONS: Mapping[str, str] = {
    ACCEPTED: "The master alone is right",
    SET_ASIDE: "Set aside",
}
"""What a person decided about an exhibit, by its event."""


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One file of an exhibit."""

    row: ExhibitFileRow
    words: str
    scan: str
    """What the malware scanner said of a master."""


@dataclass(frozen=True, slots=True)
class ShownRecording:
    """What is stated of one file of the original; times as the system displayed them."""

    camera: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ShownHold:
    """A legal hold with the names of people."""

    hold: Hold
    placed_by: str
    lifted_by: str
    standing: str
    tag: str


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """What somebody decided about an exhibit."""

    words: str
    person: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ShownExhibit:
    """One exhibit, as its page shows it."""

    row: ExhibitRow
    path: str
    said: Description
    known_camera: bool
    """Whether the register has, or had, a camera of this reference."""
    displayed: tuple[datetime, datetime]
    recordings: Sequence[ShownRecording]
    """The files of the original, where there are several."""
    sequence: Sequence[str]
    """Where they leave gaps, or overlap."""
    checked_at: datetime | None
    exported_at: datetime | None
    files: Sequence[ShownFile]
    copies: Sequence[ExhibitFileRow]
    sheets: Mapping[UUID, UUID]
    """The copies whose stills this person is shown now: by the copy, the view that shows them."""
    findings: Sequence[Mapping[str, Any]]
    masters: int
    review: ExhibitReview
    holds: Sequence[ShownHold]
    releases: Sequence[ReleaseRow]
    versions: Sequence[Version]
    """The corrections of what is stated, the first first; empty for who may not read events."""
    attention: Sequence[tuple[str, Call]]
    decisions: Sequence[ShownDecision]

    @property
    def unfinished(self) -> bool:
        """Whether its examination or its working copy is not done."""
        return self.row.state in {ExhibitState.RECEIVED, ExhibitState.EXAMINED}

    @property
    def working(self) -> bool:
        """Whether more will follow by itself."""
        return self.unfinished and not self.stopped

    @property
    def stopped(self) -> bool:
        """Whether some work on it was given up that can be tried again."""
        return any(call.job in REPEATED for _, call in self.attention)

    @property
    def needs_person(self) -> bool:
        """Whether nothing more follows before a person decides."""
        return self.row.state == ExhibitState.ATTENTION

    @property
    def used(self) -> bool:
        """Whether it is not set aside."""
        return self.row.state != ExhibitState.SET_ASIDE

    @property
    def extensible(self) -> bool:
        """Whether a file may be added: it is used, not worked on, and nothing of it was sealed."""
        open_ones = {ReleaseState.PROPOSED, ReleaseState.APPROVED}
        never = {ReleaseState.REFUSED, ReleaseState.WITHDRAWN}
        there = {release.state for release in self.releases}
        return self.used and not self.unfinished and there <= open_ones | never

    @property
    def held(self) -> ShownHold | None:
        """The hold that it is under."""
        return next((one for one in self.holds if one.hold.row.lifted_at is None), None)


def show_exhibit(
    services: Services, session: Session, staff: Staff, row: ExhibitRow
) -> ShownExhibit:
    """Return an exhibit as its page shows it."""
    story = services.exhibit_list.story(session, row, by=staff.subject)
    files, said = story.listed.files, described(row)
    clock = said.clock_check
    return ShownExhibit(
        row=row,
        path=exhibit_path(row.reference),
        said=said,
        known_camera=services.named_cameras.has(session, said.camera.id),
        displayed=(
            datetime.fromisoformat(said.displayed_start),
            datetime.fromisoformat(said.displayed_end),
        ),
        recordings=[_recording(one) for one in said.files if len(said.files) > 1],
        sequence=sequence(said.files),
        checked_at=None if clock is None else datetime.fromisoformat(clock.checked_at),
        exported_at=None if said.export.at is None else datetime.fromisoformat(said.export.at),
        files=_files(story),
        copies=[file for file in files if file.kind == COPY],
        sheets=_sheets(services, session, staff, row, files),
        findings=row.findings,
        masters=sum(file.kind == MASTER for file in files),
        review=services.due_reviews.of(row),
        holds=[_hold(story, one) for one in story.holds],
        releases=story.releases,
        versions=versions_of(services, session, staff.subject, row),
        attention=[(JOBS.get(one.job, one.job), one) for one in story.listed.attention],
        decisions=[
            ShownDecision(
                DECISIONS[one.event], story.people.get(one.person, "erased"), one.at, one.reason
            )
            for one in story.decisions
        ],
    )


def _sheets(
    services: Services,
    session: Session,
    staff: Staff,
    row: ExhibitRow,
    files: Sequence[ExhibitFileRow],
) -> Mapping[UUID, UUID]:
    """Return the views in which stills are shown: footage is seen in views, and nowhere else."""
    stills, copies = sheet_positions(files), {f.id: f.position for f in files if f.kind == COPY}
    if not copies or not decide(Action.VIEW_FOOTAGE, staff.subject.roles).allowed:
        return {}
    views = open_views(session, staff.subject.person, [row.id], at=services.clock())
    return {copy: view for copy, view in views.items() if copies.get(copy) in stills}


def _recording(file: DescribedFile) -> ShownRecording:
    return ShownRecording(
        file.camera.id,
        datetime.fromisoformat(file.displayed_start),
        datetime.fromisoformat(file.displayed_end),
    )


def _files(story: ExhibitStory) -> list[ShownFile]:
    order = list(KINDS)
    return [
        ShownFile(file, KINDS[file.kind], story.scans.get((file.key, file.version), ""))
        for file in sorted(story.listed.files, key=lambda f: (order.index(f.kind), f.position))
    ]


def _hold(story: ExhibitStory, hold: Hold) -> ShownHold:
    lifted_by = hold.row.lifted_by
    return ShownHold(
        hold,
        story.people.get(hold.row.placed_by, ""),
        story.people.get(lifted_by, "") if lifted_by else "",
        *STANDINGS[hold.standing],
    )


def recorded_at(exhibit: ExhibitRow, position: int) -> tuple[datetime, datetime] | None:
    """Return from when to when a file was recorded in truth; None where nobody knows."""
    file = described(exhibit).files[position]
    if file.corrected_start is None or file.corrected_end is None:
        return None
    return datetime.fromisoformat(file.corrected_start), datetime.fromisoformat(file.corrected_end)


def pictures_in(exhibit: ExhibitRow, position: int) -> int | None:
    """Return how many pictures a file has, as counted; None where that could not be."""
    facts = exhibit.facts[position]["facts"] if position < len(exhibit.facts) else None
    video = (facts or {}).get("video") or {}
    return video.get("frame_count")
