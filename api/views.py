"""Edge. What routes and commands show: Pydantic models, made from rows in one place."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from api.wiring import Services
from custody.entry import parse_entry
from evidence import attention
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.desk.story import second_due
from export.holdings.files import files_of
from export.release.contents import chosen_files
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep, SealStore


class View(BaseModel):
    """Base of all views: frozen, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileView(View):
    """One file of an exhibit."""

    kind: str
    name: str
    size: int
    sha256: str


class ExhibitView(View):
    """One exhibit."""

    id: UUID
    reference: str
    title: str
    camera: str
    state: str
    displayed_start: str
    displayed_end: str
    corrected_start: datetime
    corrected_end: datetime
    clock_offset_ms: int
    clock_reference: str
    clock_checked_at: datetime
    method: str
    exported_at: datetime | None
    received_at: datetime
    files: list[FileView]
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


def show_exhibit(services: Services, session: Session, subject: Subject, name: str) -> ExhibitView:
    """Return one exhibit.

    Raises:
        AccessRefusedError, UnknownError: as the services say.
    """
    require(Action.SHOW_EXHIBIT, subject)
    return exhibit_view(session, services.exhibits.find(session, name))


def exhibit_view(session: Session, row: ExhibitRow) -> ExhibitView:
    """Return the view of a row."""
    return ExhibitView(
        id=row.id,
        reference=row.reference,
        title=row.title,
        camera=row.camera,
        state=row.state,
        displayed_start=row.displayed_start,
        displayed_end=row.displayed_end,
        corrected_start=row.corrected_start,
        corrected_end=row.corrected_end,
        clock_offset_ms=row.clock["offset_ms"],
        clock_reference=row.clock["reference"],
        clock_checked_at=row.clock["checked_at"],
        method=row.taken_in["method"],
        exported_at=row.taken_in["exported_at"],
        received_at=row.received_at,
        files=[
            FileView(kind=file.kind, name=file.name, size=file.size, sha256=file.sha256)
            for file in files_of(session, row.id)
        ],
        findings=row.findings,
        attention=_attention(session, row.id),
    )


def show_release(services: Services, session: Session, subject: Subject, name: str) -> ReleaseView:
    """Return one release.

    Raises:
        AccessRefusedError, UnknownError: as the services say.
    """
    require(Action.SHOW_RELEASE, subject)
    return release_view(services, session, services.releases.find(session, name))


def release_view(services: Services, session: Session, row: ReleaseRow) -> ReleaseView:
    """Return the view of a row."""
    store = SealStore(row.id)
    archive = store.facts(session, SealStep.ARCHIVE) or {}
    checked = store.facts(session, SealStep.CHECK) or {}
    return ReleaseView(
        id=row.id,
        name=f"{row.urn}-R{row.number}",
        kind=row.kind,
        state=row.state,
        exhibits=[exhibit.reference for exhibit in services.releases.exhibits(session, row.id)],
        organisation=row.organisation,
        purpose=row.purpose,
        basis=row.basis,
        with_master=row.with_master,
        files=[
            ChosenView(exhibit=file.exhibit, name=file.name)
            for file in chosen_files(session, row.id)
        ],
        delivery=row.delivery,
        link_days=row.link_days,
        urgent=row.urgent,
        second_due=second_due(row),
        reason=row.reason,
        steps_done=[step for step in SealStep if store.facts(session, step) is not None],
        sha256=checked.get("sha256"),
        size=archive.get("size"),
        attention=_attention(session, row.id),
    )


def show_custody(services: Services, session: Session, record: UUID) -> list[EventView]:
    """Return the events of a record in their order, opened as far as they are not erased."""
    views = []
    for event, index in services.ledger.indices(session, record).items():
        entry = parse_entry(services.ledger.entry(session, event))
        values = {one.field: one.value for one in services.ledger.openings(session, event)}
        views.append(EventView(index=index, event=entry.event, at=entry.at, values=values))
    return views


def _attention(session: Session, subject: UUID) -> list[str]:
    return [f"{one.job}: {one.words}" for one in attention.calls_to(session, subject)]
