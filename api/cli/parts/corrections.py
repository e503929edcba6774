"""Edge. `custos exhibit correct`, and how a command line says what is stated of a clip."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.acts import act
from api.cli.terminal.arrivals import clock_picture
from api.services import Services
from evidence.errors import InvalidError
from evidence.exhibits.clocks import parse_offset
from evidence.exhibits.particulars import NewExhibit, NewFile
from evidence.people.access import Subject

_PLAIN = {
    "camera": "which camera recorded it",
    "title": "what the footage shows, in a few words",
    "method": "how it was exported from the recorder",
    "exported-at": "when it was exported",
    "clock-reference": "what the clock was compared with",
    "clock-checked-at": "when it was compared, by the reference",
    "from": "start as displayed",
    "to": "end as displayed",
}
_FIELDS = {"from": "displayed_start", "to": "displayed_end"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos exhibit correct`: what is left out stays as it is stated."""
    parser.add_argument("ref", help="JS/1")
    parser.add_argument("--reason", required=True, help="why; it goes into the custody record")
    for name, words in _PLAIN.items():
        parser.add_argument(f"--{name}", dest=_field(name), help=words)
    parser.add_argument("--clock-picture", type=Path, help="a photograph of it: JPEG or PNG")
    parser.add_argument("--clock-offset", help="how far the system was fast, or 'not checked'")
    parser.add_argument(
        "--each",
        nargs="+",
        action="append",
        metavar=("FROM", "TO"),
        help="of several files, once for each, in order: its start, its end, and its camera",
    )
    parser.add_argument(
        "--confirm", action="append", metavar="DOUBT", help="say that something unlikely is right"
    )


def run(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    """Correct an exhibit."""
    names = [_field(name) for name in _PLAIN]
    said: dict[str, Any] = {
        name: getattr(given, name) for name in names if getattr(given, name) is not None
    }
    if given.clock_offset is not None:
        said["clock_offset_ms"] = read_offset(given.clock_offset)
    if given.each is not None:
        said["files"] = tuple(map(read_file, given.each))
    if given.confirm is not None:
        said["confirmed"] = tuple(given.confirm)

    def change(stated: NewExhibit) -> NewExhibit:
        return replace(stated, **said)

    picture = clock_picture(services, subject, given.clock_picture)
    row = act(
        services,
        subject,
        lambda session: services.corrections.correct(
            session,
            given.ref,
            change,
            picture=picture,
            reason=given.reason,
            by=subject,
            at=services.clock(),
        ),
    )
    print(f"Exhibit {row.reference} corrected; the version before stays in the custody record.")
    return 0


def _field(option: str) -> str:
    return _FIELDS.get(option, option.replace("-", "_"))


def read_offset(text: str) -> int | None:
    """Return the offset of a clock in milliseconds; None: nobody checked it.

    Raises:
        InvalidError: it is no offset.
    """
    return None if text.strip().lower() == "not checked" else parse_offset(text)


def read_file(each: list[str]) -> NewFile:
    """Return what `--each` says of a file.

    Raises:
        InvalidError: it is too little or too much.
    """
    if not 2 <= len(each) <= 3:  # noqa: PLR2004 - start, end, camera
        words = "--each takes a start, an end, and a camera if it is another one"
        raise InvalidError("each", words)
    return NewFile(*each)
