"""Edge. `/api/v1/exhibits/{exhibit}/…`: the ways out for an exhibit that needs a person."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.acts import act, decide
from api.depends import Acts, UsesServices
from api.routes.clips import UploadedFile, file_times
from api.routes.releases import ReasonRequest
from api.routes.uploads import EXAMPLE_ID
from api.views import ExhibitView, View, exhibit_view
from evidence.exhibits.doubts import Doubt
from export.holdings.masters import Arrived
from export.release.corrections import AddedFile

router = APIRouter(prefix="/api/v1/exhibits", tags=["exhibits"])


class AdditionRequest(View):
    """The files that are added, and why; one without times is no recording, but helps to show one.

    That is the recorder's own program, or an index that it needs.
    """

    reason: str = Field(min_length=1, max_length=2000, examples=["the player was forgotten"])
    files: list[UploadedFile] = Field(
        min_length=1, max_length=100, examples=[[{"upload": EXAMPLE_ID, "name": "player.exe"}]]
    )
    confirmed: list[Doubt] = Field(
        default=[],
        max_length=20,
        examples=[[]],
        description="what looks unlikely, and is right all the same: a refusal names it",
    )


@router.post("/{exhibit}/files", status_code=202, summary="Add files to an exhibit")
def extend(
    exhibit: UUID, wanted: AdditionRequest, services: UsesServices, subject: Acts
) -> ExhibitView:
    """Add files to an exhibit of which nothing was sealed; recordings are examined and copied.

    A release of it that is only proposed carries what was proposed, and must be decided again.
    """
    files = [
        AddedFile(
            Arrived(file.upload, file.name), None if file.times is None else file_times(file.times)
        )
        for file in wanted.files
    ]
    return act(
        services,
        subject,
        lambda session: exhibit_view(
            services,
            session,
            services.corrections.extend(
                session,
                str(exhibit),
                files,
                confirmed=wanted.confirmed,
                reason=wanted.reason,
                by=subject,
                at=services.clock(),
            ),
        ),
    )


@router.post("/{exhibit}/retry", status_code=202, summary="Try the work on an exhibit again")
def retry(exhibit: UUID, services: UsesServices, subject: Acts) -> ExhibitView:
    """Have the examination or the working copy of an exhibit done again.

    Ask again for the exhibit to see what came of it.
    """
    return act(
        services,
        subject,
        lambda session: exhibit_view(
            services,
            session,
            services.remedies.retry(session, str(exhibit), by=subject, at=services.clock()),
        ),
    )


@router.post("/{exhibit}/acceptance", summary="Say that the master alone is right")
def accept(
    exhibit: UUID, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ExhibitView:
    """Say, with a reason, that no working copy of an exhibit that needs a person is needed."""
    decision = services.remedies.accept
    show = partial(exhibit_view, services)
    return decide(services, subject, decision, str(exhibit), wanted.reason, show)


@router.post("/{exhibit}/set-aside", summary="Set an exhibit aside")
def set_aside(
    exhibit: UUID, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ExhibitView:
    """Set an exhibit aside for good, with a reason: it is kept, and never released."""
    decision = services.remedies.set_aside
    show = partial(exhibit_view, services)
    return decide(services, subject, decision, str(exhibit), wanted.reason, show)
