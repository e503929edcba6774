"""Edge. What the page of an exhibit shows, gathered from the services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from api.web.staff import Staff
from api.wiring import Services
from evidence.attention import Call, calls_to
from evidence.exhibits.references import file_safe
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action
from evidence.people.tables import PersonRow
from export.holdings.files import COPY, MASTER, files_of
from export.holdings.holds import Hold, HoldState
from export.holdings.tables import ExhibitFileRow
from export.intake.tables import UploadRow
from export.release.tables import ReleaseRow

KINDS: Mapping[str, str] = {
    "master": "Master, as it was received",
    "copy": "Working copy",
    "derivation": "How the working copy was made",
    "source_frames": "List of the master's pictures",
    "frames": "List of the working copy's pictures",
    "contact_sheet": "Contact sheet",
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
}
"""What a job does, for a person who must look why it was given up."""


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One file of an exhibit."""

    row: ExhibitFileRow
    words: str
    scan: str
    """What the malware scanner said of a master."""


@dataclass(frozen=True, slots=True)
class ShownHold:
    """A legal hold with the names of people."""

    hold: Hold
    placed_by: str
    lifted_by: str
    standing: str
    tag: str


@dataclass(frozen=True, slots=True)
class ShownExhibit:
    """One exhibit, as its page shows it."""

    row: ExhibitRow
    path: str
    displayed: tuple[datetime, datetime]
    offset_ms: int
    checked_at: datetime
    exported_at: datetime | None
    files: Sequence[ShownFile]
    copies: Sequence[ExhibitFileRow]
    findings: Sequence[Mapping[str, Any]]
    masters: int
    holds: Sequence[ShownHold]
    releases: Sequence[ReleaseRow]
    attention: Sequence[tuple[str, Call]]

    @property
    def working(self) -> bool:
        """Whether more will follow by itself."""
        return self.row.state in {ExhibitState.RECEIVED, ExhibitState.EXAMINED}

    @property
    def held(self) -> ShownHold | None:
        """The hold that it is under."""
        return next((one for one in self.holds if one.hold.row.lifted_at is None), None)


def show_exhibit(
    services: Services, session: Session, staff: Staff, row: ExhibitRow
) -> ShownExhibit:
    """Return an exhibit as its page shows it."""
    files = files_of(session, row.id)
    exported = row.taken_in["exported_at"]
    sees_releases = staff.may(Action.SHOW_RELEASE)
    return ShownExhibit(
        row=row,
        path=f"/console/exhibits/{file_safe(row.reference)}",
        displayed=(
            datetime.fromisoformat(row.displayed_start),
            datetime.fromisoformat(row.displayed_end),
        ),
        offset_ms=row.clock["offset_ms"],
        checked_at=datetime.fromisoformat(row.clock["checked_at"]),
        exported_at=datetime.fromisoformat(exported) if exported else None,
        files=_files(session, row, files),
        copies=[file for file in files if file.kind == COPY],
        findings=row.findings,
        masters=sum(file.kind == MASTER for file in files),
        holds=_holds(session, services.holds.of(session, row.id)),
        releases=services.search.releases_of(session, row.id, by=staff.subject)
        if sees_releases
        else (),
        attention=[(JOBS.get(one.job, one.job), one) for one in calls_to(session, row.id)],
    )


def _files(session: Session, row: ExhibitRow, files: Sequence[ExhibitFileRow]) -> list[ShownFile]:
    uploads = session.exec(select(UploadRow).where(UploadRow.exhibit == row.id))
    scans = {(upload.key, upload.version): upload.scan for upload in uploads}
    order = list(KINDS)
    return [
        ShownFile(file, KINDS[file.kind], scans.get((file.key, file.version), ""))
        for file in sorted(files, key=lambda file: (order.index(file.kind), file.position))
    ]


def _holds(session: Session, holds: Sequence[Hold]) -> list[ShownHold]:
    people = {one.row.placed_by for one in holds} | {
        one.row.lifted_by for one in holds if one.row.lifted_by
    }
    wanted = select(PersonRow.id, PersonRow.name).where(col(PersonRow.id).in_(people))
    names = dict(session.exec(wanted).all()) if people else {}
    return [
        ShownHold(
            one,
            names.get(one.row.placed_by, ""),
            names.get(one.row.lifted_by, "") if one.row.lifted_by else "",
            *STANDINGS[one.standing],
        )
        for one in holds
    ]
