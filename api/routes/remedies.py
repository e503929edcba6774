"""Edge. `/api/v1/exhibits/{exhibit}/…`: the ways out for an exhibit that needs a person."""

from uuid import UUID

from fastapi import APIRouter

from api.acts import act
from api.depends import Acts, UsesServices
from api.routes.releases import ReasonRequest
from api.views import ExhibitView, exhibit_view

router = APIRouter(prefix="/api/v1/exhibits", tags=["exhibits"])


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
    return act(
        services,
        subject,
        lambda session: exhibit_view(
            services,
            session,
            services.remedies.accept(
                session, str(exhibit), by=subject, at=services.clock(), reason=wanted.reason
            ),
        ),
    )


@router.post("/{exhibit}/set-aside", summary="Set an exhibit aside")
def set_aside(
    exhibit: UUID, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> ExhibitView:
    """Set an exhibit aside for good, with a reason: it is kept, and never released."""
    return act(
        services,
        subject,
        lambda session: exhibit_view(
            services,
            session,
            services.remedies.set_aside(
                session, str(exhibit), by=subject, at=services.clock(), reason=wanted.reason
            ),
        ),
    )
