"""Edge. What routes and commands show: Pydantic models, made from rows in one place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from api.services import Services
from custody.ledger.histories import FoundEvent, Told
from evidence.attention import Call
from evidence.exhibits.description import DescribedFile
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.desk.exhibits import ListedExhibit
from export.desk.releases import ListedRelease
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow


class View(BaseModel):
    """Base of all views: frozen, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileView(View):
    """One file of an exhibit."""

    kind: str
    name: str
    size: int
    sha256: str


class RecordingView(View):
    """What is stated of one file of the original."""

    sha256: str
    camera: str
    displayed_start: str
    displayed_end: str
    corrected_start: datetime | None
    corrected_end: datetime | None


class ExhibitView(View):
    """One exhibit."""

    id: UUID
    reference: str
    title: str
    camera: str
    state: str
    displayed_start: str
    displayed_end: str
    corrected_start: datetime | None
    """None, and so its end and all of the clock: nobody compared the clock."""
    corrected_end: datetime | None
    clock_offset_ms: int | None
    clock_reference: str | None
    clock_checked_at: datetime | None
    method: str
    exported_at: datetime | None
    received_at: datetime
    files: list[FileView]
    recordings: list[RecordingView]
    """The files of the original, in their order: the camera and the times of each."""
    confirmed: list[str]
    """What looked unlikely, and was said to be right all the same."""
    findings: list[dict[str, Any]]
    attention: list[str]
    """What a person must look at before this goes on."""


class ChosenView(View):
    """A file of an exhibit, by its name."""

    exhibit: str = Field(min_length=1, max_length=200, examples=["JS/1"])
    name: str = Field(min_length=1, max_length=500, examples=["JS-1-CP1.mp4"])


class ReleaseView(View):
    """One release."""

    id: UUID
    name: str
    kind: str
    state: str
    exhibits: list[str]
    organisation: str
    purpose: str
    basis: str
    with_master: bool
    files: list[ChosenView]
    """Masters and working copies that were chosen by name; none: all of the kinds that go."""
    delivery: str
    link_days: int
    urgent: bool
    second_due: datetime | None
    """By when a second person must confirm an urgent release; none: nobody must."""
    reason: str
    """Why it was approved, refused or withdrawn."""
    steps_done: list[str]
    sha256: str | None
    size: int | None
    attention: list[str]


class EventView(View):
    """One custody event, with the openings that its reader may have."""

    index: int | None
    """Its place in the log; none while it waits for one."""
    event: str
    at: datetime
    values: dict[str, Any]
    """What it says, as far as that is what the log committed to."""
    altered: list[str]
    """Fields that somebody changed in the database afterwards: their values are not told."""
    erased: list[str]
    """Fields of which nothing is left that could be told."""


def show_exhibit(services: Services, session: Session, subject: Subject, name: str) -> ExhibitView:
    """Return one exhibit.

    Raises:
        AccessRefusedError, UnknownError: as the services say.
    """
    require(Action.SHOW_EXHIBIT, subject)
    return exhibit_view(services, session, services.exhibits.find(session, name))


def exhibit_view(services: Services, session: Session, row: ExhibitRow) -> ExhibitView:
    """Return the view of a row."""
    (listed,) = services.exhibit_list.tell(session, [row])
    return listed_exhibit(listed)


def listed_exhibit(listed: ListedExhibit) -> ExhibitView:
    """Return the view of an exhibit of a list."""
    row, said = listed.row, described(listed.row)
    clock = said.clock_check
    return ExhibitView(
        id=row.id,
        reference=row.reference,
        title=row.title,
        camera=row.camera,
        state=row.state,
        displayed_start=row.displayed_start,
        displayed_end=row.displayed_end,
        corrected_start=None if clock is None else row.corrected_start,
        corrected_end=None if clock is None else row.corrected_end,
        clock_offset_ms=None if clock is None else clock.offset_ms,
        clock_reference=None if clock is None else clock.reference_source,
        clock_checked_at=None if clock is None else _moment(clock.checked_at),
        method=said.export.method or "",
        exported_at=_moment(said.export.at),
        received_at=row.received_at,
        files=[
            FileView(kind=file.kind, name=file.name, size=file.size, sha256=file.sha256)
            for file in listed.files
        ],
        recordings=[_recording(file) for file in said.files],
        confirmed=list(said.confirmed),
        findings=row.findings,
        attention=_attention(listed.attention),
    )


def _recording(file: DescribedFile) -> RecordingView:
    return RecordingView(
        sha256=file.sha256,
        camera=file.camera.id,
        displayed_start=file.displayed_start,
        displayed_end=file.displayed_end,
        corrected_start=_moment(file.corrected_start),
        corrected_end=_moment(file.corrected_end),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def show_release(services: Services, session: Session, subject: Subject, name: str) -> ReleaseView:
    """Return one release.

    Raises:
        AccessRefusedError, UnknownError: as the services say.
    """
    require(Action.SHOW_RELEASE, subject)
    return release_view(services, session, services.releases.find(session, name))


def release_view(services: Services, session: Session, row: ReleaseRow) -> ReleaseView:
    """Return the view of a row."""
    (listed,) = services.release_list.tell(session, [row])
    return listed_release(listed)


def listed_release(listed: ListedRelease) -> ReleaseView:
    """Return the view of a release of a list."""
    row = listed.row
    return ReleaseView(
        id=row.id,
        name=listed.label,
        kind=row.kind,
        state=row.state,
        exhibits=list(listed.exhibits),
        organisation=row.organisation,
        purpose=row.purpose,
        basis=row.basis,
        with_master=row.with_master,
        files=[ChosenView(exhibit=file.exhibit, name=file.name) for file in listed.chosen],
        delivery=row.delivery,
        link_days=row.link_days,
        urgent=row.urgent,
        second_due=listed.second_due,
        reason=row.ended_reason if row.state == ReleaseState.WITHDRAWN else row.reason,
        steps_done=list(listed.sealed.steps),
        sha256=listed.sealed.sha256,
        size=listed.sealed.size,
        attention=_attention(listed.attention),
    )


def event_view(event: FoundEvent, told: Sequence[Told]) -> EventView:
    """Return the view of a custody event, opened as far as it is not erased."""
    return EventView(
        index=event.index,
        event=event.event,
        at=event.at,
        values={one.field: one.value for one in told if not one.altered and not one.erased},
        altered=[one.field for one in told if one.altered],
        erased=[one.field for one in told if one.erased],
    )


def _attention(calls: Sequence[Call]) -> list[str]:
    return [f"{one.job}: {one.words}" for one in calls]
