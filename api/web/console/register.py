"""Edge. The disclosure register: a page, and a file for a spreadsheet."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.acts import act
from api.depends import UsesServices
from api.web.pages import page
from api.web.staff import Staff, allowed
from api.wiring import Services
from evidence.errors import InvalidError
from evidence.people.access import Action
from export.desk.register import Disclosure, Period, format_register, parse_period

router = APIRouter(include_in_schema=False)
PAGE = 50
Reads = Annotated[Staff, allowed(Action.READ_REGISTER)]
Day = Annotated[str, Query(max_length=40)]


def _entries(services: Services, staff: Staff, period: Period) -> list[Disclosure]:
    return act(
        services,
        staff.subject,
        lambda session: services.register.entries(session, period, by=staff.subject),
    )


@router.get("/console/register")
def shown(
    request: Request,
    services: UsesServices,
    staff: Reads,
    first: Day = "",
    last: Day = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """Show the register, the newest entries first."""
    errors: dict[str, str] = {}
    entries: list[Disclosure] = []
    try:
        entries = _entries(services, staff, parse_period(first, last))
    except InvalidError as error:
        words = str(error)
        errors[error.field] = words[:1].upper() + words[1:]
    given = {name: value for name, value in (("first", first), ("last", last)) if value}

    def address(at: int) -> str:
        return "/console/register?" + urlencode({**given, "page": at})

    return page(
        request,
        "console/register.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors,
        entries=entries[(number - 1) * PAGE : number * PAGE],
        found=len(entries),
        disclosed=sum(entry.how.happened for entry in entries),
        first=first,
        last=last,
        csv="/console/register.csv" + (f"?{urlencode(given)}" if given else ""),
        number=number,
        earlier=address(number - 1) if number > 1 else "",
        later=address(number + 1) if number * PAGE < len(entries) else "",
    )


@router.get("/console/register.csv")
def exported(services: UsesServices, staff: Reads, first: Day = "", last: Day = "") -> Response:
    """Return the register as a file."""
    period = parse_period(first, last)
    text = format_register(_entries(services, staff, period))
    days = [day.isoformat() for day in (period.first, period.last) if day]
    name = "-".join(["disclosure-register", *days]) + ".csv"
    return Response(
        text.encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
