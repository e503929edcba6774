"""Edge. The one way to answer a request for a stored object, whoever asks and wherever."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.bounds import lanes
from api.streams.outgoing import Outgoing
from api.streams.ranges import Changed, Outside, Span, Unchanged, Whole, asked_for
from api.streams.transfers import Transfer, Watched
from storage.objects.store import ObjectReader, ObjectStream

PRESIGNED_S = 60
"""How long an address at the object store gives what it is for."""


Record = Callable[[bool], object]
"""Writes down that bytes leave; told whether somebody goes on with what they began before."""


def _unrecorded(_resumed: bool) -> None:
    """Record nothing: that it may be looked at was recorded before it was asked for."""


async def answer(
    request: Request,
    store: ObjectReader,
    find: Callable[[], Outgoing],
    *,
    clock: Callable[[], datetime],
    record: Record = _unrecorded,
    leads: bool = False,
) -> Response:
    """Answer with an object, with the part of it that is asked for, or with none of it and why.

    ``find`` decides anew, each time, whether whoever asks may have it, and returns it or raises:
    before anything is promised, and again while bytes flow, which end where it raises.
    ``record`` writes down that bytes leave, before the first of them does and only if any does; it
    is told whether the part begins behind the first byte. Where it raises, nothing leaves.
    ``leads`` sends whoever wants the whole to the store itself (docs/adr/0009-downloads.md).

    Raises:
        EvidenceError: as ``find`` and ``record`` do. Nothing was sent.
        UnavailableError: the store does not answer. Nothing was sent, and nothing recorded.
        BusyError: too much leaves at this moment. Nobody was asked, and nothing recorded.
    """

    def made() -> Response:
        return _answer(request, store, find, clock=clock, record=record, leads=leads)

    return await placed(made)


async def placed(make: Callable[[], Response]) -> Response:
    """Make an answer in a thread of those for what leaves; one that streams keeps its place.

    Raises:
        BusyError: too much leaves at this moment. Nothing was made.
    """
    lane = lanes.DOWNLOADS
    lane.enter()
    made: Response | None = None
    try:
        made = await lane.run(make)
    finally:
        if isinstance(made, Transfer):
            made.at_its_end(lane.leave)
        else:
            lane.leave()
    return made


def _answer(
    request: Request,
    store: ObjectReader,
    find: Callable[[], Outgoing],
    *,
    clock: Callable[[], datetime],
    record: Record,
    leads: bool,
) -> Response:
    """Decide what the answer is; raises as `answer`."""
    since = clock()
    held = find()
    asked = asked_for(request.method, request.headers, held.representation)
    headers = held.headers()
    if not isinstance(asked, Whole | Span):
        return _nothing(asked, held, headers)
    if request.method == "HEAD":
        headers["Content-Length"] = str(held.size)
        return Response(headers=headers, media_type=held.media_type)
    if leads and isinstance(asked, Whole):
        return _elsewhere(store, held, record)
    part, status = Span(0, held.size), HTTPStatus.OK
    if isinstance(asked, Span):
        part, status = asked, HTTPStatus.PARTIAL_CONTENT
        last = part.start + part.length - 1
        headers["Content-Range"] = f"bytes {part.start}-{last}/{held.size}"
    headers["Content-Length"] = str(part.length)
    source = _open(store, held, part, record)
    stream = Watched(source, find, since=since, clock=clock)
    return Transfer(stream, status, headers, media_type=held.media_type)


def _nothing(
    asked: Outside | Unchanged | Changed, held: Outgoing, headers: dict[str, str]
) -> Response:
    """Answer a request that gets no bytes of it."""
    status = HTTPStatus.PRECONDITION_FAILED
    if isinstance(asked, Outside):
        headers["Content-Range"] = f"bytes */{held.size}"
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    elif isinstance(asked, Unchanged):
        status = HTTPStatus.NOT_MODIFIED
    return Response(status_code=status, headers=headers)


def _elsewhere(store: ObjectReader, held: Outgoing, record: Record) -> Response:
    """Lead to the store, for the whole only: whoever goes on with a part may follow no redirect."""
    record(False)
    place = store.presign(held.key, held.version, seconds=PRESIGNED_S, filename=held.filename)
    return RedirectResponse(place, HTTPStatus.FOUND)


def _open(store: ObjectReader, held: Outgoing, part: Span, record: Record) -> ObjectStream:
    """Open the object, which fails before anything is promised; then record that it leaves."""
    # Once: nobody should wait for a minute to be told that the store is away.
    source = store.open(held.key, held.version, start=part.start, length=part.length, once=True)
    try:
        record(part.start > 0)
    except BaseException:
        source.close()
        raise
    # A crash here leaves a record of bytes that nobody got: better than bytes without a record.
    return source
