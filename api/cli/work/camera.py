"""Edge. `custos camera`: rehearse and take over a list, show the register, mark a camera."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import Session

from api.acts import act
from api.cli.terminal.arrivals import as_text
from api.cli.terminal.caller import add_acting, services_of, subject_of
from api.services import Services
from custody.printable import printable
from evidence.cameras.cameras import KnownCamera
from evidence.cameras.differences import Rehearsal
from evidence.cameras.lists.columns import ListField, read_mapping
from evidence.cameras.lists.sheets import MOST_BYTES
from evidence.cameras.register import NewList
from evidence.errors import BrokenListError
from evidence.people.access import Subject

_AT_ONCE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos camera`."""
    whats = parser.add_subparsers(dest="what", required=True)
    importing = whats.add_parser("import", help="say what a list would change, or take it over")
    importing.add_argument("file", type=Path, help="CSV or GeoJSON")
    importing.add_argument(
        "--apply", action="store_true", help="take it over; without it nothing is changed"
    )
    importing.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help=f"which column says what, remembered from then on: {', '.join(ListField)}",
    )
    importing.add_argument("--source", default="", help="where the list was published")
    importing.add_argument("--licence", default="", help="under which licence")
    add_acting(importing)
    listing = whats.add_parser("list", help="list the register, with gone and sensitive cameras")
    add_acting(listing)
    marking = whats.add_parser("mark", help="say whether the public is told of it, or it has gone")
    marking.add_argument("camera", help="its reference")
    state = marking.add_mutually_exclusive_group(required=True)
    state.add_argument("--sensitive", action="store_true", help="it is told nothing, not even no")
    state.add_argument("--public", action="store_true")
    state.add_argument("--gone", action="store_true", help="it stays in the register as it was")
    marking.add_argument("--reason", required=True)
    add_acting(marking)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    commands = {"import": _import, "list": _list, "mark": _mark}
    with services_of(given) as services:
        return commands[given.what](given, services, subject_of(given, services))


def _import(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    with given.file.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    mapping = read_mapping(given.map)
    new = NewList(content, as_text(given.file), mapping, given.source, given.licence)
    cameras, at = services.cameras, services.clock()
    try:
        found = act(services, subject, lambda s: cameras.rehearse(s, new, by=subject, at=at))
    except BrokenListError as error:
        return _say_faults(error)
    _say(found)
    if not given.apply:
        print("Nothing was changed. To take the list over, say it again with --apply")
        return 0
    act(services, subject, lambda s: cameras.apply(s, new, found.digest, by=subject, at=at))
    print("The list was taken over.")
    return 0


def _say_faults(error: BrokenListError) -> int:
    for fault in error.faults:
        print(printable(fault), file=sys.stderr)
    more = ", and more" if error.more else ""
    words = f"{len(error.faults)} faults{more}" if len(error.faults) != 1 else "1 fault"
    print(f"custos: the list is broken ({words}): nothing was changed", file=sys.stderr)
    return 1


def _say(found: Rehearsal) -> None:
    columns = ", ".join(f"{field}={column}" for field, column in found.columns.items())
    print(printable(f"Columns: {columns}"))
    for change in found.changes:
        before = change.before.camera.reference if change.before is not None else ""
        was = f" (was {before})" if before not in ("", change.camera.reference) else ""
        words = f"{change.camera.reference}{was}  {'; '.join(change.words)}"
        print(printable(f"{change.kind.value:<11} {words}".rstrip()))
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items() if count)
    again = f", {found.repeated} rows twice" if found.repeated else ""
    print(f"{found.listed} cameras in the list{again}: {counts or 'nothing changes'}")


def _list(_given: argparse.Namespace, services: Services, subject: Subject) -> int:
    after: UUID | None = None
    while True:
        read = partial(services.cameras.page, by=subject, after=after, most=_AT_ONCE)
        page = act(services, subject, read)
        for one in page.cameras:
            print(printable(_line(one)))
        if (after := page.after) is None:
            return 0


def _line(known: KnownCamera) -> str:
    camera = known.camera
    place = camera.placements[-1].location if camera.placements else ""
    words = f"{camera.reference:<14} {camera.kind.value:<11} {camera.siting.value:<14} {place}"
    words += f" (before: {', '.join(known.former)})" if known.former else ""
    words += " [sensitive]" if camera.sensitive else ""
    return f"{words} [gone {known.gone_on}]" if known.gone_on else words


def _mark(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    why: dict[str, Any] = {"reason": given.reason, "by": subject, "at": services.clock()}

    def mark(session: Session) -> KnownCamera:
        if given.gone:
            return services.cameras.end(session, given.camera, **why)
        return services.cameras.mark(session, given.camera, sensitive=given.sensitive, **why)

    known = act(services, subject, mark)
    print(f"Camera {printable(known.camera.reference)} is {_state(known)} now")
    return 0


def _state(known: KnownCamera) -> str:
    if known.gone_on is not None:
        return "gone"
    return "sensitive" if known.camera.sensitive else "public"
