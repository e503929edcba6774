"""Edge. `custos exhibit extend`."""

import argparse
from pathlib import Path

from api.acts import act
from api.cli.parts.corrections import read_file
from api.cli.terminal.arrivals import as_text, store_files
from api.services import Services
from evidence.errors import InvalidError
from evidence.exhibits.particulars import NewFile
from evidence.people.access import Subject
from export.holdings.masters import Arrived
from export.release.corrections import AddedFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos exhibit extend`."""
    parser.add_argument("ref", help="JS/1")
    parser.add_argument("file", type=Path, nargs="+", help="a file that was missing, as it came")
    parser.add_argument("--reason", required=True, help="why; it goes into the custody record")
    parser.add_argument(
        "--each",
        nargs="+",
        action="append",
        metavar=("FROM", "TO"),
        default=[],
        help="of recordings, once for each file, in order: its start and end as displayed, and its "
        "camera if it is another one; without it, the files are no recordings but what the "
        "recorder's own program needs: the player, or an index",
    )
    parser.add_argument(
        "--confirm",
        action="append",
        metavar="DOUBT",
        default=[],
        help="say that something unlikely is right",
    )


def run(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    """Add files to an exhibit."""
    times: list[NewFile | None] = [read_file(each) for each in given.each]
    times = times or [None] * len(given.file)
    if len(times) != len(given.file):
        words = f"say --each once for each of the {len(given.file)} files, or for none of them"
        raise InvalidError("each", words)
    stored = store_files(services, subject, given.file)
    now = services.clock()
    # A crash here leaves locked objects that no record names, and nothing else.
    row = act(
        services,
        subject,
        lambda session: services.corrections.extend(
            session,
            given.ref,
            [
                AddedFile(
                    Arrived(services.intake.keep(session, one, at=now, scan=scan), as_text(path)),
                    said,
                )
                for (one, scan), path, said in zip(stored, given.file, times, strict=True)
            ],
            confirmed=given.confirm,
            reason=given.reason,
            by=subject,
            at=now,
        ),
    )
    count = "1 file" if len(stored) == 1 else f"{len(stored)} files"
    print(f"Exhibit {row.reference} has {count} more: custos exhibit show {row.reference}")
    return 0
