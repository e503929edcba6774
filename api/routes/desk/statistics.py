"""Edge. `/api/v1/statistics`: the figures that may be given out, as the console's file has them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlmodel import Session

from api.acts import act
from api.depends import Acts, UsesServices
from api.services import Services
from evidence.people.access import Subject
from export.desk.disclosures import parse_period
from export.desk.statistics.figures import Figures, figures_json

router = APIRouter(prefix="/api/v1/statistics", tags=["statistics"])
Day = Annotated[str, Query(max_length=40, description="Europe/London", examples=["2026-01-01"])]
Rounded = Annotated[bool, Query(description="every figure rounded", examples=[False])]


@router.get("", summary="Take out the statistics")
def take_out(
    first: Day, last: Day, services: UsesServices, subject: Acts, rounded: Rounded = False
) -> dict[str, Any]:
    """Return the figures of a period, both days included; to take them out is an event."""
    return figures_json(taken_out(services, subject, first, last, rounded=rounded))


def taken_out(
    services: Services, subject: Subject, first: str, last: str, *, rounded: bool
) -> Figures:
    """Return the figures of a period, taken out by somebody.

    Raises:
        AccessRefusedError, InvalidError: nothing was recorded.
    """
    at = services.clock()

    def export(session: Session) -> Figures:
        period = parse_period(first, last)
        return services.statistics.export(session, period, rough=rounded, by=subject, at=at)

    return act(services, subject, export)
