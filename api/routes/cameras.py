"""Edge. `/api/v1/cameras`: the register, lists that change it, and which may have captured what."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from api.acts import act
from api.depends import Acts, UsesServices
from api.routes.pages import Limit, link
from api.views import View
from evidence.cameras.cameras import KnownCamera, Placement
from evidence.cameras.differences import Rehearsal
from evidence.cameras.lists.columns import read_mapping
from evidence.cameras.points import MILLION
from evidence.cameras.public import Answer, Choice, Question
from evidence.cameras.register import NewList

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"])
MOST_CHANGES = 1000
"""That one answer lists; its counts and its digest are of all of them."""
_LIST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class PlacementView(View):
    """Where a camera is or was; both days count."""

    location: str
    area: str
    latitude: float | None
    longitude: float | None
    since: date | None
    until: date | None


class CameraView(View):
    """A camera of the register."""

    id: UUID
    reference: str
    former: list[str]
    """The references that it had before."""
    kind: str
    siting: str
    views: list[str]
    owner: str
    maker: str
    origin: str
    sensitive: bool
    gone_on: date | None
    placements: list[PlacementView]


class ChangeView(View):
    """What becomes of one camera."""

    change: str
    reference: str
    before: str | None
    """Its reference so far; none: it is a new one."""
    words: list[str]


class RehearsalView(View):
    """What a list changes."""

    digest: str
    """What names this rehearsal: to take the list over, it is sent back."""
    listed: int
    repeated: int
    columns: dict[str, str]
    counts: dict[str, int]
    changes: list[ChangeView]


class MarkRequest(View):
    """Whether the public is told of a camera, and why."""

    sensitive: bool = Field(examples=[True])
    reason: str = Field(min_length=1, max_length=2000, examples=["covert operation ended"])


class EndRequest(View):
    """Why a camera has gone."""

    reason: str = Field(min_length=1, max_length=2000, examples=["the pole was taken down"])


class CoveringView(View):
    """A camera that may have captured it: may, and no more."""

    reference: str
    location: str
    distance_m: int | None
    """None: the council does not publish where exactly its cameras are."""


class CoverageView(View):
    """Which public cameras may have captured something, and how long footage of it is kept."""

    place: str | None
    """None: it is not known which place is meant; `choose` names some."""
    choose: list[str]
    cameras: list[CoveringView]
    kept_until: datetime | None
    overwritten: bool | None


async def body_of(request: Request) -> bytes:
    """Return the body of a call, which the bounds of all bodies hold."""
    return await request.body()


def new_list(
    content: Annotated[bytes, Depends(body_of)],
    name: Annotated[str, Query(min_length=1, max_length=500, examples=["cameras.csv"])],
    map: Annotated[  # noqa: A002 - the parameter's name, as on the command line
        list[str] | None,
        Query(max_length=20, examples=[["location=Site description"]], description="field=column"),
    ] = None,
    source: Annotated[str, Query(max_length=500, examples=["https://example.org/cctv"])] = "",
    licence: Annotated[str, Query(max_length=500, examples=["OGL v3.0"])] = "",
) -> NewList:
    """Return the list that a call brings."""
    return NewList(content, name, read_mapping(map or ()), source, licence)


Brings = Annotated[NewList, Depends(new_list)]
Digest = Annotated[str, Query(max_length=64, examples=["ab" * 32])]


@router.post("/rehearsals", summary="See what a list would change", openapi_extra=_LIST)
def rehearse(new: Brings, services: UsesServices, subject: Acts) -> RehearsalView:
    """Read a list (CSV or GeoJSON), and say what it would change. Nothing is changed.

    A broken list is refused with its faults: line, column, and what to do about each.
    """
    found = act(
        services,
        subject,
        lambda s: services.cameras.rehearse(s, new, by=subject, at=services.clock()),
    )
    return rehearsal_view(found)


@router.post("/imports", status_code=201, summary="Take a list over", openapi_extra=_LIST)
def apply(new: Brings, rehearsed: Digest, services: UsesServices, subject: Acts) -> RehearsalView:
    """Take a list over that was rehearsed. If that would change anything else by now, it is not."""
    found = act(
        services,
        subject,
        lambda s: services.cameras.apply(s, new, rehearsed, by=subject, at=services.clock()),
    )
    return rehearsal_view(found)


@router.get("", summary="List cameras")
def listed(
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    limit: Limit = 50,
    after: Annotated[
        UUID | None, Query(description="where the page begins: as `Link` says it")
    ] = None,
) -> list[CameraView]:
    """List the register by reference, a page at a time, with gone and with sensitive cameras."""
    page = act(
        services, subject, lambda s: services.cameras.page(s, by=subject, after=after, most=limit)
    )
    if page.after is not None:
        link(request, response, next={"limit": limit, "after": page.after})
    return [camera_view(one) for one in page.cameras]


@router.get("/coverage", summary="Ask which cameras may have captured something")
def coverage(
    services: UsesServices,
    _subject: Acts,
    where: Annotated[str, Query(max_length=200, examples=["High Street"])],
    day: Annotated[str, Query(max_length=10, examples=["2026-11-20"])],
    time: Annotated[str, Query(max_length=5, examples=["14:03"])],
    chosen: Annotated[bool, Query(description="`where` is one of `choose`")] = False,
) -> CoverageView:
    """Say what everybody is told: which public cameras may have captured it, and no more."""
    with services.transaction() as session:
        question = Question(where, day, time, chosen)
        found = services.public_cameras.ask(session, question, now=services.clock())
    return coverage_view(found)


@router.post("/{reference}/marking", summary="Mark a camera as sensitive or public")
def mark(reference: str, wanted: MarkRequest, services: UsesServices, subject: Acts) -> CameraView:
    """Say whether the public is told of a camera: of a sensitive one it learns nothing."""
    found = act(
        services,
        subject,
        lambda s: services.cameras.mark(
            s,
            reference,
            sensitive=wanted.sensitive,
            reason=wanted.reason,
            by=subject,
            at=services.clock(),
        ),
    )
    return camera_view(found)


@router.post("/{reference}/end", summary="Say that a camera has gone")
def end(reference: str, wanted: EndRequest, services: UsesServices, subject: Acts) -> CameraView:
    """Say that a camera has gone: it stays in the register, with its placements ended."""
    found = act(
        services,
        subject,
        lambda s: services.cameras.end(
            s, reference, reason=wanted.reason, by=subject, at=services.clock()
        ),
    )
    return camera_view(found)


def rehearsal_view(found: Rehearsal) -> RehearsalView:
    """Return the view of a rehearsal."""
    return RehearsalView(
        digest=found.digest,
        listed=found.listed,
        repeated=found.repeated,
        columns={field.value: column for field, column in found.columns.items()},
        counts=found.counts,
        changes=[
            ChangeView(
                change=one.kind.value,
                reference=one.camera.reference,
                before=None if one.before is None else one.before.camera.reference,
                words=list(one.words),
            )
            for one in found.changes[:MOST_CHANGES]
        ],
    )


def camera_view(known: KnownCamera) -> CameraView:
    """Return the view of a camera."""
    camera = known.camera
    return CameraView(
        id=known.id,
        reference=camera.reference,
        former=list(known.former),
        kind=camera.kind.value,
        siting=camera.siting.value,
        views=list(camera.views),
        owner=camera.owner,
        maker=camera.maker,
        origin=camera.origin,
        sensitive=camera.sensitive,
        gone_on=known.gone_on,
        placements=[_placement_view(one) for one in camera.placements],
    )


def _placement_view(placement: Placement) -> PlacementView:
    at = placement.at
    return PlacementView(
        location=placement.location,
        area=placement.area,
        latitude=None if at is None else at.latitude / MILLION,
        longitude=None if at is None else at.longitude / MILLION,
        since=placement.since,
        until=placement.until,
    )


def coverage_view(found: Answer | Choice) -> CoverageView:
    """Return the view of an answer, or of what is to be chosen from."""
    if isinstance(found, Choice):
        names = [place.name for place in found.places]
        return CoverageView(place=None, choose=names, cameras=[], kept_until=None, overwritten=None)
    return CoverageView(
        place=found.name,
        choose=[],
        cameras=[
            CoveringView(reference=one.reference, location=one.location, distance_m=one.distance_m)
            for one in found.cameras
        ],
        kept_until=found.kept_until,
        overwritten=found.is_over,
    )
