"""Edge. Statistics: a page with pictures, and the same figures as files."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.places import list_address
from api.web.console.words import sentence
from api.web.figures import is_anything_hidden, plots
from api.web.pages import page
from api.web.staff import Staff, allowed
from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON
from evidence.people.access import Action
from export.desk.disclosures import Period, parse_period
from export.desk.spreadsheet import format_figures
from export.desk.statistics.figures import Figures, figures_json
from export.desk.statistics.periods import named_periods, of_months

router = APIRouter(include_in_schema=False)
STATISTICS = "/console/statistics"
YES = "yes"
"""What a box says that is ticked."""
Reads = Annotated[Staff, allowed(Action.READ_STATISTICS)]
Text = Annotated[str, Query(max_length=200)]


@router.get(STATISTICS)
def shown(
    request: Request,
    services: UsesServices,
    staff: Reads,
    first: Text = "",
    last: Text = "",
    rounded: Text = "",
) -> Response:
    """Show the figures of a period; of none that was asked for, those of this year."""
    at, errors, found = services.clock(), dict[str, str](), None
    today = at.astimezone(LONDON).date()
    if not first and not last:
        first, last = _asked(of_months(today, 12))
    given = {"first": first, "last": last, "rounded": rounded}

    def read(session: Session) -> Figures:
        period, by = parse_period(first, last), staff.subject
        return services.statistics.figures(session, period, rough=rounded == YES, by=by, at=at)

    try:
        found = act(services, staff.subject, read)
    except InvalidError as error:
        errors[error.field] = sentence(error)
    return page(
        request,
        "console/statistics.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors,
        typed=given,
        figures=found,
        plots=[] if found is None else plots(found),
        hides=found is not None and is_anything_hidden(found),
        named=[
            (words, list_address(STATISTICS, dict(zip(given, _asked(one), strict=False))))
            for words, one in named_periods(today)
        ],
        csv=list_address(f"{STATISTICS}.csv", given),
        json=list_address(f"{STATISTICS}.json", given),
    )


@router.get(f"{STATISTICS}.csv")
def as_csv(
    services: UsesServices, staff: Reads, first: Text = "", last: Text = "", rounded: Text = ""
) -> Response:
    """Return the figures for a spreadsheet."""
    figures = _exported(services, staff, parse_period(first, last), rounded=rounded)
    return Response(
        "".join(format_figures(figures)).encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers=_named(figures, "csv"),
    )


@router.get(f"{STATISTICS}.json")
def as_json(
    services: UsesServices, staff: Reads, first: Text = "", last: Text = "", rounded: Text = ""
) -> Response:
    """Return the figures for machines."""
    figures = _exported(services, staff, parse_period(first, last), rounded=rounded)
    return JSONResponse(figures_json(figures), headers=_named(figures, "json"))


def _exported(services: Services, staff: Staff, period: Period, *, rounded: str) -> Figures:
    at, by = services.clock(), staff.subject
    return act(
        services,
        by,
        lambda session: services.statistics.export(
            session, period, rough=rounded == YES, by=by, at=at
        ),
    )


def _asked(period: Period) -> tuple[str, str]:
    """Return a period as a form says it."""
    assert period.first is not None and period.last is not None  # noqa: PT018 - one fact
    return period.first.isoformat(), period.last.isoformat()


def _named(figures: Figures, kind: str) -> dict[str, str]:
    name = f"statistics-{figures.first}-{figures.last}.{kind}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}
