"""Edge. The custody record for auditors: search, and single events with their proofs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.days import begins, ends, parse_day
from api.web.console.exhibits.details import KINDS
from api.web.console.places import list_address
from api.web.events import EVENT_WORDS, REFUSALS, ToldField, records_in, told_fields
from api.web.pages import page
from api.web.staff import Staff, allowed
from custody.formats.canonical import MAX_INTEGER
from custody.formats.events import EVENTS
from custody.ledger.histories import FoundEvent
from custody.ledger.search import Proved, Wanted
from evidence.errors import InvalidError, UnknownError
from evidence.people.access import Action
from evidence.people.people import require
from export.desk.search import Named

router = APIRouter(include_in_schema=False)
PAGE = 50
SEARCH = "/console/custody"

Reads = Annotated[Staff, allowed(Action.READ_CUSTODY)]
Text = Annotated[str, Query(max_length=200)]
Place = Annotated[int, Path(ge=0, le=MAX_INTEGER)]

EVENTS_BY_RECORD: Mapping[str, list[tuple[str, str]]] = {
    kind: sorted(
        ((name, EVENT_WORDS[name]) for name, one in EVENTS.items() if one.record == kind),
        key=lambda pair: pair[1],
    )
    for kind in dict.fromkeys(one.record.value for one in EVENTS.values())
}
"""The events that can be chosen, by the kind of their record."""


def _typed(
    about: Text = "",
    person: Text = "",
    event: Text = "",
    since: Text = "",
    until: Text = "",
    index: Text = "",
    sha256: Text = "",
) -> dict[str, str]:
    return {
        "about": about,
        "person": person,
        "event": event,
        "since": since,
        "until": until,
        "index": index,
        "sha256": sha256,
    }


Typed = Annotated[dict[str, str], Depends(_typed)]
"""What is looked for, as it was typed: of the page, and of the file that is taken out of it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One event on a page."""

    event: FoundEvent
    words: str
    refusal: bool
    record: Named | None
    fields: tuple[ToldField, ...] = ()


@router.get("/console/custody")
def search(
    request: Request,
    services: UsesServices,
    staff: Reads,
    typed: Typed,
    before: Annotated[int | None, Query(ge=0, le=MAX_INTEGER)] = None,
) -> HTMLResponse:
    """Show the newest custody events that are looked for."""

    def read(session: Session) -> HTMLResponse:
        wanted, errors = wanted_events(services, session, staff, typed)
        found: list[FoundEvent] = []
        if not errors:
            found = services.search.events(
                session, wanted, by=staff.subject, older_than=before, most=PAGE + 1
            )
        rows, more = found[:PAGE], len(found) > PAGE
        named = services.search.named(session, (one.record for one in rows))
        return page(
            request,
            "console/custody.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
            staff=staff,
            typed=typed,
            errors=errors,
            choices=EVENTS_BY_RECORD,
            rows=[shown_event(one, named) for one in rows],
            newest=list_address(SEARCH, typed) if before is not None else "",
            taken_out=list_address(f"{SEARCH}.zip", typed) if rows else "",
            older=list_address(SEARCH, {**typed, "before": str(rows[-1].seq)}) if more else "",
        )

    return act(services, staff.subject, read)


def wanted_events(
    services: Services, session: Session, staff: Staff, typed: Mapping[str, str]
) -> tuple[Wanted, dict[str, str]]:
    """Read what is looked for; what cannot be read is an error at its field."""
    errors: dict[str, str] = {}

    def tried(field: str, read: Any) -> Any:  # noqa: ANN401 - whatever the field holds
        try:
            return read(typed[field].strip()) if typed[field].strip() else None
        except (InvalidError, UnknownError) as error:
            errors[field] = str(error)
            return None

    about = tried("about", lambda name: services.search.record(session, name))
    known = tried(
        "sha256",
        lambda digest: tuple(
            one.record for one in services.search.known(session, digest, by=staff.subject)
        ),
    )
    records = None if about is None else (about,)
    if known is not None:
        records = known if records is None else tuple({*known} & {*records})
    return (
        Wanted(
            records=records,
            people=tried("person", partial(services.search.people, session, by=staff.subject)),
            event=tried("event", _event),
            since=begins(tried("since", lambda text: parse_day("since", text))),
            before=ends(tried("until", lambda text: parse_day("until", text))),
            index=tried("index", _index),
        ),
        errors,
    )


def _event(name: str) -> str:
    if name not in EVENTS:
        raise InvalidError("event", "Choose an event from the list")
    return name


def _index(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > MAX_INTEGER:
        raise InvalidError("index", "Enter a place in the log as a whole number, such as 1024")
    return int(text)


def shown_event(
    one: FoundEvent, named: Mapping[UUID, Named], fields: tuple[ToldField, ...] = ()
) -> Shown:
    """Return an event for a page."""
    words = EVENT_WORDS.get(one.event, one.event)
    return Shown(one, words, one.event in REFUSALS, named.get(one.record), fields)


@router.get("/console/custody/known")
def known(
    request: Request, services: UsesServices, staff: Reads, sha256: Text = ""
) -> HTMLResponse:
    """Say whether a digest is that of something of ours. The file itself never comes here."""

    def read(session: Session) -> HTMLResponse:
        found, errors = None, {}
        try:
            if sha256.strip():
                found = services.search.known(session, sha256, by=staff.subject)
        except InvalidError as error:
            errors[error.field] = str(error)
        return page(
            request,
            "console/known.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
            staff=staff,
            errors=errors,
            typed={"sha256": sha256},
            found=found,
            digest=sha256.strip().lower(),
            kinds=KINDS,
        )

    return act(services, staff.subject, read)


@router.get("/console/custody/{index}")
def event(request: Request, services: UsesServices, staff: Reads, index: Place) -> HTMLResponse:
    """Show one event: its entry, what it says, and the proof that it stands in the log."""

    def read(session: Session) -> HTMLResponse:
        found, proved = _proved(services, session, staff, index)
        told = services.histories.tell(session, [found])[found.id]
        named = services.search.named(session, records_in(found, told))
        fields = tuple(told_fields(found.event, told, named, whole=True))
        return page(
            request,
            "console/event.html",
            staff=staff,
            shown=shown_event(found, named, fields),
            entry=found.entry.decode(),
            proved=proved,
        )

    return act(services, staff.subject, read)


@router.get("/console/custody/{index}/{file}")
def download(services: UsesServices, staff: Reads, index: Place, file: str) -> Response:
    """Send a file of an event's proof, for tools that are not ours."""

    def read(session: Session) -> Response:
        found, proved = _proved(services, session, staff, index)
        files = {"entry.json": (f"event-{index}.json", found.entry)}
        if proved is not None:
            checkpoint = proved.checkpoint
            name = f"checkpoint-{checkpoint.size}"
            files["event.tlog-proof"] = (f"event-{index}.tlog-proof", proved.proof)
            files["checkpoint"] = (name, checkpoint.note)
            if checkpoint.tsr is not None:
                files["checkpoint.tsr"] = (f"{name}.tsr", checkpoint.tsr)
        if file not in files:
            raise UnknownError("there is no such file of this event, or not yet")
        called, data = files[file]
        return Response(
            data,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{called}"'},
        )

    return act(services, staff.subject, read)


def _proved(
    services: Services, session: Session, staff: Staff, index: int
) -> tuple[FoundEvent, Proved | None]:
    require(Action.READ_CUSTODY, staff.subject)
    found = services.histories.at(session, index)
    if found is None:
        raise UnknownError(f"the log has no entry {index}")
    return found, services.custody.prove(session, index)
