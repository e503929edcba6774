"""Edge. The disclosure register: a page, and a file for a spreadsheet."""

from functools import partial
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.streams.answers import placed
from api.streams.files import IN_MEMORY, written
from api.streams.transfers import Transfer
from api.web.console.places import list_address, page_address
from api.web.pages import page
from api.web.staff import Staff, admit, allowed
from evidence.errors import InvalidError
from evidence.paging import Page, parse_cursor
from evidence.people.access import Action
from export.desk.disclosures import Disclosure, Period, parse_period
from export.desk.register import Counted
from export.desk.spreadsheet import MEDIA_TYPE, format_register

router = APIRouter(include_in_schema=False)
PAGE = 25
REGISTER = "/console/register"
Reads = Annotated[Staff, allowed(Action.READ_REGISTER)]
Text = Annotated[str, Query(max_length=200)]


@router.get(REGISTER)
def shown(
    request: Request,
    services: UsesServices,
    staff: Reads,
    first: Text = "",
    last: Text = "",
    cursor: Text = "",
) -> Response:
    """Show a page of the register, the newest entries first."""
    errors: dict[str, str] = {}
    found: Page[Disclosure] = Page(())
    counts, at = Counted(0, 0), parse_cursor(cursor)

    def read(session: Session) -> tuple[Page[Disclosure], Counted]:
        period, by = parse_period(first, last), staff.subject
        entries = services.register.page(session, period, by=by, cursor=at, most=PAGE)
        return entries, services.register.counts(session, period, by=by)

    try:
        found, counts = act(services, staff.subject, read)
    except InvalidError as error:
        words = str(error)
        errors[error.field] = words[:1].upper() + words[1:]
    given = {"first": first, "last": last}
    return page(
        request,
        "console/register.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=errors,
        entries=found.rows,
        counts=counts,
        first=first,
        last=last,
        csv=list_address(f"{REGISTER}.csv", given),
        newer=page_address(REGISTER, given, found.newer),
        older=page_address(REGISTER, given, found.older),
    )


@router.get(f"{REGISTER}.csv")
async def exported(
    request: Request, services: UsesServices, staff: Reads, first: Text = "", last: Text = ""
) -> Response:
    """Return the register as a file: every entry, or a refusal, but never a part of it."""
    period: Period = parse_period(first, last)
    return await placed(partial(_export, request, services, staff, period))


def _export(request: Request, services: Services, staff: Staff, period: Period) -> Transfer:
    """Write the register, and begin to send it."""
    since = services.clock()

    # Written to the end before the first byte goes: a slow reader holds no transaction, and what
    # breaks off on our side never looks like a whole register.
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it

    def write(session: Session) -> None:
        by, at = staff.subject, services.clock()
        entries = services.register.export(session, period, by=by, at=at)
        file.writelines(line.encode() for line in format_register(entries))

    try:
        act(services, staff.subject, write)
    except BaseException:
        file.close()
        raise
    days = [day.isoformat() for day in (period.first, period.last) if day]
    name = "-".join(["disclosure-register", *days]) + ".csv"
    still = partial(admit, Action.READ_REGISTER, request, services)
    return written(file, name, MEDIA_TYPE, still, since=since, clock=services.clock)
