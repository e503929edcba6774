"""Edge. `/api/v1/exhibits`."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.acts import act, act_alone
from api.depends import Acts, UsesServices
from api.routes.clips import FileTimes, UploadedFile, file_times, times_of
from api.routes.pages import From, Limit, link, link_pages
from api.routes.uploads import EXAMPLE_ID
from api.services import Services
from api.views import (
    EventView,
    ExhibitView,
    View,
    event_view,
    exhibit_view,
    listed_exhibit,
    show_exhibit,
)
from custody.formats.canonical import MAX_INTEGER
from evidence.exhibits.doubts import Doubt
from evidence.exhibits.particulars import NewExhibit
from evidence.paging import parse_cursor
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.desk.exhibits import WantedExhibits
from export.holdings.clock_pictures import ClockPicture
from export.holdings.masters import Arrived

router = APIRouter(prefix="/api/v1", tags=["exhibits"])


class ExhibitRequest(View):
    """What the operator says about a clip; times as the system displayed them."""

    reference: str = Field(
        examples=["JS/1"], max_length=20, description="JS/1, or JS for the next number of JS"
    )
    camera: str = Field(min_length=1, max_length=200, examples=["BAR-0017"])
    displayed_start: str = Field(
        default="",
        examples=["2026-11-20 14:03:00"],
        max_length=40,
        description="needed unless the files have times of their own",
    )
    displayed_end: str = Field(default="", examples=["2026-11-20 14:05:00"], max_length=40)
    clock_offset_ms: int | None = Field(
        examples=[73000],
        ge=-(10**12),
        le=10**12,
        description="system minus reference; null: nobody checked the clock",
    )
    clock_reference: str = Field(
        default="not stated", min_length=1, max_length=200, examples=["speaking clock"]
    )
    clock_checked_at: str = Field(
        default="",
        max_length=40,
        examples=["2026-11-20 16:30:00"],
        description="when it was compared, by the reference; left out: at intake",
    )
    clock_picture: UUID | None = Field(
        default=None,
        examples=[EXAMPLE_ID],
        description="an upload: a JPEG or PNG of the recorder's screen when it was compared",
    )
    title: str = Field(default="", max_length=500, examples=["High Street at Market Square"])
    method: str = Field(default="", max_length=500, examples=["exported to USB"])
    exported_at: str = Field(
        default="",
        max_length=40,
        examples=["2026-11-20 16:41:00"],
        description="when the recorder exported it; left out: not known",
    )
    confirmed: list[Doubt] = Field(
        default=[],
        max_length=20,
        examples=[[]],
        description="what looks unlikely, and is right all the same: a refusal names it",
    )
    files: list[UploadedFile] = Field(
        min_length=1,
        max_length=100,
        examples=[[{"upload": EXAMPLE_ID, "name": "ch03_20261120140300.mp4"}]],
    )


class CorrectionRequest(View):
    """What is right, and why it is corrected; what is left out stays as it is stated."""

    reason: str = Field(min_length=1, max_length=2000, examples=["read off the wrong label"])
    camera: str | None = Field(default=None, max_length=200, examples=["BAR-0018"])
    displayed_start: str | None = Field(
        default=None, max_length=40, examples=["2026-11-20 14:03:00"]
    )
    displayed_end: str | None = Field(default=None, max_length=40, examples=["2026-11-20 14:05:00"])
    clock_offset_ms: int | None = Field(
        default=None,
        ge=-(10**12),
        le=10**12,
        examples=[73000],
        description="system minus reference; null, if it is given: nobody checked the clock",
    )
    clock_reference: str | None = Field(default=None, max_length=200, examples=["speaking clock"])
    clock_checked_at: str | None = Field(
        default=None, max_length=40, examples=["2026-11-20 16:30:00"]
    )
    clock_picture: UUID | None = Field(
        default=None,
        examples=[EXAMPLE_ID],
        description="an upload that takes the place of the picture so far; operators only",
    )
    title: str | None = Field(
        default=None, max_length=500, examples=["High Street at Market Square"]
    )
    method: str | None = Field(default=None, max_length=500, examples=["exported to USB"])
    exported_at: str | None = Field(default=None, max_length=40, examples=["2026-11-20 16:41:00"])
    files: list[FileTimes] | None = Field(
        default=None,
        max_length=100,
        examples=[[]],
        description="of each file of the original, in their order",
    )
    confirmed: list[Doubt] | None = Field(default=None, max_length=20, examples=[[]])

    def change(self, said: NewExhibit) -> NewExhibit:
        """Return what was said with what is given here in its place."""
        given: dict[str, Any] = {
            name: getattr(self, name)
            for name in self.model_fields_set - {"reason", "files", "confirmed", "clock_picture"}
            if name == "clock_offset_ms" or getattr(self, name) is not None
        }
        if self.files is not None:
            given["files"] = tuple(map(file_times, self.files))
        if self.confirmed is not None:
            given["confirmed"] = tuple(self.confirmed)
        return replace(said, **given)


def _picture(services: Services, subject: Subject, upload: UUID | None) -> ClockPicture | None:
    """Look at the picture of a clock's comparison, before anything is recorded."""
    if upload is None:
        return None
    return act_alone(services, subject, lambda: services.clock_pictures.look_at(upload, by=subject))


@router.post("/exhibits", status_code=201, summary="Make an exhibit of uploads")
def add_exhibit(wanted: ExhibitRequest, services: UsesServices, subject: Acts) -> ExhibitView:
    """Make an exhibit of uploads. Its examination and its working copy follow by themselves."""
    new = NewExhibit(
        reference=wanted.reference,
        camera=wanted.camera,
        displayed_start=wanted.displayed_start,
        displayed_end=wanted.displayed_end,
        clock_offset_ms=wanted.clock_offset_ms,
        clock_reference=wanted.clock_reference,
        clock_checked_at=wanted.clock_checked_at,
        title=wanted.title,
        method=wanted.method,
        exported_at=wanted.exported_at,
        files=times_of(wanted.files),
        confirmed=tuple(wanted.confirmed),
    )
    files = [Arrived(file.upload, file.name) for file in wanted.files]
    picture = _picture(services, subject, wanted.clock_picture)
    return act(
        services,
        subject,
        lambda session: exhibit_view(
            services,
            session,
            services.masters.add(
                session, new, files, picture=picture, by=subject, at=services.clock()
            ),
        ),
    )


@router.post("/exhibits/{exhibit}/corrections", summary="Correct what is stated of an exhibit")
def correct_exhibit(
    exhibit: UUID, wanted: CorrectionRequest, services: UsesServices, subject: Acts
) -> ExhibitView:
    """State an exhibit anew: what is left out stays, and the version before stays in the ledger.

    A release of it that is approved must be approved again; one that is sealed is marked.
    """
    picture = _picture(services, subject, wanted.clock_picture)
    return act(
        services,
        subject,
        lambda session: exhibit_view(
            services,
            session,
            services.corrections.correct(
                session,
                str(exhibit),
                wanted.change,
                picture=picture,
                reason=wanted.reason,
                by=subject,
                at=services.clock(),
            ),
        ),
    )


@router.get("/exhibits", summary="List exhibits")
def list_exhibits(
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    limit: Limit = 50,
    cursor: From = "",
) -> list[ExhibitView]:
    """List the exhibits, the newest first, a page at a time: `Link` says where the next one is."""
    at = parse_cursor(cursor)
    page = act(
        services,
        subject,
        lambda session: services.exhibit_list.page(
            session, WantedExhibits(), by=subject, cursor=at, most=limit
        ),
    )
    link_pages(request, response, page, limit)
    return [listed_exhibit(one) for one in page.rows]


@router.get("/exhibits/{exhibit}", summary="Show an exhibit")
def get_exhibit(exhibit: UUID, services: UsesServices, subject: Acts) -> ExhibitView:
    """Show one exhibit, with its findings and its files' digests."""
    return act(
        services, subject, lambda session: show_exhibit(services, session, subject, str(exhibit))
    )


@router.get("/exhibits/{exhibit}/custody", summary="Show the custody events of an exhibit")
def get_custody(
    exhibit: UUID,
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    limit: Limit = 50,
    start: Annotated[int, Query(ge=0, le=MAX_INTEGER, examples=[0])] = 0,
) -> list[EventView]:
    """Show the custody events of one exhibit, opened, each with its place in the log, if it has.

    In their order, from number `start` on; `Link` says where it goes on.
    """

    def read(session: Session) -> list[EventView]:
        require(Action.READ_CUSTODY, subject)
        row = services.exhibits.find(session, str(exhibit))
        found = services.histories.of(session, row.id, start=start, most=limit + 1)
        if len(found) > limit:
            link(request, response, next={"limit": limit, "start": start + limit})
        told = services.histories.tell(session, found[:limit])
        return [event_view(event, told[event.id]) for event in found[:limit]]

    return act(services, subject, read)
