"""Edge. How a command line brings files into the vault, each shown on its way."""

import os
from collections.abc import Sequence
from pathlib import Path

from api.acts import act, act_alone, record_refusal
from api.cli.terminal.progress import Bar
from api.services import Services
from evidence.errors import AccessRefusedError
from evidence.exhibits.particulars import MasterDigest, NewExhibit, describe
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from export.holdings.clock_pictures import ClockPicture
from export.holdings.masters import Arrived
from storage.objects.store import StoredObject


def store_files(
    services: Services, subject: Subject, files: Sequence[Path]
) -> list[tuple[StoredObject, str]]:
    """Stream files into the vault; return each with what the malware scanner said of it.

    Raises:
        OSError, EvidenceError, StorageError: one was not stored; those before it stay locked.
    """
    stored = []
    for path in files:
        size = path.stat().st_size
        with (
            path.open("rb") as file,
            services.scanner.watch(file) as watched,
            Bar(f"Taking in {path.name}", size) as bar,
        ):
            try:
                one = services.intake.store(watched, by=subject, size=size, progress=bar.show)
            except AccessRefusedError as refused:
                record_refusal(services, subject, refused)
                raise
            stored.append((one, watched.verdict()))
            bar.done_words = f"SHA-256 {one.sha256}"
    return stored


def as_text(path: Path) -> str:
    r"""Return a file's name as text; bytes that are none show as they are: clip-\xe9.mp4."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def clock_picture(services: Services, subject: Subject, path: Path | None) -> ClockPicture | None:
    """Store a picture of a clock's comparison, and look at it.

    Raises:
        OSError, EvidenceError, StorageError: it is not taken.
    """
    if path is None:
        return None
    ((stored, scan),) = store_files(services, subject, [path])
    upload = act(
        services,
        subject,
        lambda session: services.intake.keep(session, stored, at=services.clock(), scan=scan),
    )
    return act_alone(services, subject, lambda: services.clock_pictures.look_at(upload, by=subject))


def take_in(
    services: Services,
    subject: Subject,
    new: NewExhibit,
    files: list[Path],
    *,
    picture: Path | None = None,
) -> ExhibitRow:
    """Store files, then make an exhibit of them.

    Raises:
        OSError, EvidenceError, StorageError: nothing was recorded.
    """
    # What cannot be is refused before gigabytes are stored; the service checks all of it again.
    sizes = [MasterDigest(f"{n:064x}", path.stat().st_size) for n, path in enumerate(files)]
    describe(new, sizes, role=Role.OPERATOR, at=services.clock())
    looked_at = clock_picture(services, subject, picture)
    stored = store_files(services, subject, files)
    now = services.clock()
    # A crash here leaves locked objects that no record names, and nothing else.
    return act(
        services,
        subject,
        lambda session: services.masters.add(
            session,
            new,
            [
                Arrived(services.intake.keep(session, one, at=now, scan=scan), as_text(path))
                for (one, scan), path in zip(stored, files, strict=True)
            ],
            picture=looked_at,
            by=subject,
            at=now,
        ),
    )
