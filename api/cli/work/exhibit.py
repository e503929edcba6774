"""Edge. `custos exhibit`: take in, correct, add to, show, and what to do where a person must."""

import argparse
import json
from functools import partial
from pathlib import Path

from api.acts import act
from api.cli.parts import additions, corrections
from api.cli.parts.corrections import read_file, read_offset
from api.cli.terminal.arrivals import take_in
from api.cli.terminal.caller import add_acting, decided, services_of, subject_of
from api.cli.terminal.progress import Bar
from api.cli.terminal.waits import wait_for_copy
from api.services import Services
from api.views import show_exhibit
from custody.printable import printable, printable_json
from evidence.exhibits.particulars import NewExhibit
from evidence.exhibits.states import ExhibitState
from evidence.paging import Cursor, Page, every
from evidence.people.access import Subject
from export.desk.exhibits import ListedExhibit, WantedExhibits

_AT_ONCE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos exhibit`."""
    whats = parser.add_subparsers(dest="what", required=True)
    adding = whats.add_parser("add", help="take in a clip as a new exhibit")
    _add_clip(adding)
    add_acting(adding)
    correcting = whats.add_parser("correct", help="correct what is stated of an exhibit")
    corrections.add_arguments(correcting)
    add_acting(correcting)
    extending = whats.add_parser("extend", help="add a file that was missing to an exhibit")
    additions.add_arguments(extending)
    add_acting(extending)
    showing = whats.add_parser("show", help="show an exhibit, or list all")
    showing.add_argument("ref", nargs="?", help="JS/1; without it, all exhibits")
    add_acting(showing)
    retrying = whats.add_parser("retry", help="try the examination or the working copy again")
    retrying.add_argument("ref", help="JS/1")
    add_acting(retrying)
    for name, words in (
        ("accept", "say that the master alone is right, without a working copy"),
        ("set-aside", "set an exhibit aside for good: it is kept, and never released"),
    ):
        deciding = whats.add_parser(name, help=words)
        deciding.add_argument("ref", help="JS/1")
        deciding.add_argument("--reason", required=True)
        add_acting(deciding)


def _add_clip(adding: argparse.ArgumentParser) -> None:
    """Add the options that say what a clip is."""
    adding.add_argument("file", type=Path, nargs="+", help="the clip as the recorder exported it")
    adding.add_argument("--camera", required=True, help="which camera recorded it")
    adding.add_argument(
        "--from", dest="start", default="", help="start as displayed: '2026-11-20 14:03:00'"
    )
    adding.add_argument("--to", dest="end", default="", help="end as displayed")
    adding.add_argument(
        "--each",
        nargs="+",
        action="append",
        metavar=("FROM", "TO"),
        default=[],
        help="of several files, once for each, in order: its start, its end, and its camera if it "
        "is another one; then --from and --to may be left out",
    )
    adding.add_argument("--ref", required=True, help="JS/1, or JS for the next number of JS")
    adding.add_argument(
        "--clock-offset",
        required=True,
        help="how far the system was fast: +2m13s, -4.5s, 0; or 'not checked'",
    )
    adding.add_argument(
        "--confirm",
        action="append",
        metavar="DOUBT",
        default=[],
        help="say that something unlikely is right; the refusal says what to write here",
    )
    adding.add_argument("--clock-reference", default="not stated", help="what it was compared with")
    adding.add_argument(
        "--clock-checked-at", default="", help="when it was compared, by the reference (now)"
    )
    adding.add_argument("--clock-picture", type=Path, help="a photograph of it: JPEG or PNG")
    adding.add_argument("--title", default="", help="what the footage shows, in a few words")
    adding.add_argument("--method", default="", help="how it was exported from the recorder")
    adding.add_argument("--exported-at", default="", help="when, if you know it")
    adding.add_argument("--wait", action="store_true", help="wait for the working copy")


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    commands = {
        "add": _add,
        "correct": corrections.run,
        "extend": additions.run,
        "show": _show,
        "retry": _retry,
        "accept": _decide,
        "set-aside": _decide,
    }
    with services_of(given) as services:
        return commands[given.what](given, services, subject_of(given, services))


def _retry(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = act(
        services,
        subject,
        lambda s: services.remedies.retry(s, given.ref, by=subject, at=services.clock()),
    )
    print(f"Exhibit {row.reference} is worked on again: custos exhibit show {row.reference}")
    return 0


def _decide(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    remedies = services.remedies
    decide = remedies.accept if given.what == "accept" else remedies.set_aside
    row = decided(services, subject, decide, given.ref, given.reason)
    words = "is right as a master alone" if given.what == "accept" else "is set aside"
    print(f"Exhibit {row.reference} {words}: {given.reason}")
    return 0


def _add(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    new = NewExhibit(
        reference=given.ref,
        camera=given.camera,
        displayed_start=given.start,
        displayed_end=given.end,
        clock_offset_ms=read_offset(given.clock_offset),
        clock_reference=given.clock_reference,
        clock_checked_at=given.clock_checked_at,
        title=given.title,
        method=given.method,
        exported_at=given.exported_at,
        files=tuple(map(read_file, given.each)),
        confirmed=tuple(given.confirm),
    )
    exhibit = take_in(services, subject, new, given.file, picture=given.clock_picture)
    print(f"Exhibit {exhibit.reference} received, and locked in the vault.")
    if not given.wait:
        print(f"Its working copy is being made: custos exhibit show {exhibit.reference}")
        return 0
    with Bar("Examining and copying") as bar:
        state = wait_for_copy(services, exhibit.id, bar)
        bar.done_words = state
    return 0 if state is ExhibitState.READY else 1


def _show(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    if given.ref is None:
        for one in every(partial(_page, services, subject)):
            row = one.row
            print(printable(f"{row.reference:<10} {row.state:<12} {row.camera:<20} {row.title}"))
        return 0
    view = act(
        services, subject, lambda session: show_exhibit(services, session, subject, given.ref)
    )
    told = json.dumps(view.model_dump(mode="json"), indent=2, ensure_ascii=False)
    print(printable_json(told))
    return 0


def _page(services: Services, subject: Subject, cursor: Cursor | None) -> Page[ListedExhibit]:
    return act(
        services,
        subject,
        lambda session: services.exhibit_list.page(
            session, WantedExhibits(), by=subject, cursor=cursor, most=_AT_ONCE
        ),
    )
