"""Edge. The events that a search found, as one file with everything that proves them."""

from functools import partial
from tempfile import SpooledTemporaryFile

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.streams.answers import placed
from api.streams.files import IN_MEMORY, written
from api.streams.transfers import Transfer
from api.web.console.custody import SEARCH, Reads, Typed, wanted_events
from api.web.staff import Staff, admit
from evidence.errors import InvalidError
from evidence.people.access import Action
from export.desk.oversight.extracts import words_of

router = APIRouter(include_in_schema=False)


@router.get(f"{SEARCH}.zip")
async def taken_out(
    request: Request,
    services: UsesServices,
    staff: Reads,
    typed: Typed,
) -> Response:
    """Return what was found as a file, or a refusal, but never a part of it."""
    return await placed(partial(_write, request, services, staff, typed))


def _write(request: Request, services: Services, staff: Staff, typed: dict[str, str]) -> Transfer:
    """Write the file, and begin to send it."""
    now, by = services.clock(), staff.subject
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it

    def write(session: Session) -> int:
        wanted, errors = wanted_events(services, session, staff, typed)
        for field, words in errors.items():
            raise InvalidError(field, words)
        # Whom somebody looked for stands in the ledger by their identifier, never by their name.
        people = ", ".join(map(str, wanted.people or ()))
        what = words_of({**typed, "person": people})
        return services.extracts.write(session, wanted, file, what=what, by=by, at=now).events

    try:
        count = act(services, by, write)
    except BaseException:
        file.close()
        raise
    name = f"custody-events-{now:%Y-%m-%d}-{count}.zip"
    still = partial(admit, Action.READ_CUSTODY, request, services)
    return written(file, name, "application/zip", still, since=now, clock=services.clock)
