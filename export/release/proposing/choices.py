"""Service. What a proposer chooses: masters, what helps to show them, copies; who may have what.

What proves a copy goes with it, always, and is no choice: `contents`.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from custody.check.audience import COURTS
from evidence.errors import InvalidError, StateError
from evidence.exhibits.references import format_release
from evidence.exhibits.tables import ExhibitRow
from export.holdings.clock_pictures import current_picture
from export.holdings.files import (
    CLOCK_PICTURE,
    COPY,
    MASTER,
    ORIGINAL,
    PLAYER,
    files_among,
    files_of,
)
from export.holdings.tables import ExhibitFileRow
from export.release.contents import CHOOSABLE, carried
from export.release.proposals import ChosenFile, ReleaseKind
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow


def usual(
    session: Session, exhibits: Sequence[ExhibitRow], kind: ReleaseKind, *, with_master: bool
) -> list[tuple[ExhibitRow, ExhibitFileRow]]:
    """Return the choosable files that go to this kind of recipient unless somebody says otherwise.

    The photograph of a clock's comparison may show other cameras: it goes where everything of the
    handling is told, and to nobody else.
    """
    kinds = {COPY, *(ORIGINAL if with_master else ())}
    files = files_among(session, [exhibit.id for exhibit in exhibits], *CHOOSABLE)
    return [
        (exhibit, file)
        for exhibit in exhibits
        for picture in [current_picture(exhibit, files.get(exhibit.id, ()))]
        for file in files.get(exhibit.id, ())
        if file.kind in kinds or (file == picture and kind in COURTS)
    ]


def choosable(
    session: Session, exhibits: Sequence[ExhibitRow], kind: ReleaseKind
) -> list[tuple[ExhibitRow, list[ExhibitFileRow]]]:
    """Return the files of each exhibit that may go to this kind of recipient."""
    found = usual(session, exhibits, kind, with_master=True)
    return [(exhibit, [file for one, file in found if one is exhibit]) for exhibit in exhibits]


def choose(
    session: Session,
    exhibits: Sequence[ExhibitRow],
    wanted: Sequence[ChosenFile],
    kind: ReleaseKind,
    *,
    with_master: bool,
) -> list[ExhibitFileRow]:
    """Return the files that were chosen by name; none were chosen: an empty list.

    Where a photograph of a clock's comparison goes, all that is usual is named: a later one does
    not take its place.

    Raises:
        InvalidError: no such file, a file that goes with its copy anyway, one that is not for this
            kind of recipient, or an exhibit of which nothing would go.
    """
    if not wanted:
        going = [file for _, file in usual(session, exhibits, kind, with_master=with_master)]
        return going if any(file.kind == CLOCK_PICTURE for file in going) else []
    chosen: dict[UUID, ExhibitFileRow] = {}
    left = {row.id: row for row in exhibits}
    for one in wanted:
        exhibit = _exhibit(exhibits, one)
        file = next((f for f in files_of(session, exhibit.id) if f.name == one.name), None)
        if file is None or file.kind not in CHOOSABLE:
            raise InvalidError(
                "files",
                f"{exhibit.reference} has no master or working copy of the name {one.name!r}",
            )
        if file.kind == CLOCK_PICTURE:
            _check_picture(session, exhibit, file, kind)
        chosen[file.id] = file
        if file.kind != CLOCK_PICTURE:
            left.pop(exhibit.id, None)
    if left:
        names = ", ".join(row.reference for row in left.values())
        raise InvalidError(
            "files", f"nothing of {names} was chosen: choose a file of it, or leave it out"
        )
    _refuse_lonely(exhibits, list(chosen.values()))
    return list(chosen.values())


def _check_picture(
    session: Session, exhibit: ExhibitRow, file: ExhibitFileRow, kind: ReleaseKind
) -> None:
    """See that a photograph is the one that is stated, and for whom it may be.

    Raises:
        InvalidError: it is another, or goes to nobody of this kind.
    """
    if kind not in COURTS:
        raise InvalidError(
            "files",
            f"{exhibit.reference}: {file.name} may show other cameras: it goes to the police, the "
            "CPS and the council's own prosecutions only",
        )
    if file != current_picture(exhibit, files_of(session, exhibit.id, CLOCK_PICTURE)):
        raise InvalidError(
            "files",
            f"{exhibit.reference}: {file.name} is not the picture that is stated any more",
        )


def _refuse_lonely(exhibits: Sequence[ExhibitRow], chosen: Sequence[ExhibitFileRow]) -> None:
    """See that a player goes with a master of its exhibit: without one it shows nothing.

    Raises:
        InvalidError: it does not.
    """
    with_master = {file.exhibit for file in chosen if file.kind == MASTER}
    for exhibit in exhibits:
        for file in chosen:
            if file.kind == PLAYER and file.exhibit == exhibit.id not in with_master:
                raise InvalidError(
                    "files",
                    f"{exhibit.reference}: {file.name} is of use only with a master: choose one "
                    "of those too, or leave it out",
                )


def _exhibit(exhibits: Sequence[ExhibitRow], one: ChosenFile) -> ExhibitRow:
    for row in exhibits:
        if one.exhibit in (row.reference, str(row.id)):
            return row
    raise InvalidError("files", f"{one.exhibit} is not among the exhibits of this release")


def require_uncarried(
    session: Session, exhibit: ExhibitRow, releases: Sequence[ReleaseRow]
) -> None:
    """See that no release that is open carries the picture of an exhibit's clock.

    Raises:
        StateError: one does. It was proposed with it, and no other picture can be stated meanwhile.
    """
    for release in releases:
        open_one = release.state in {ReleaseState.PROPOSED, ReleaseState.APPROVED}
        kinds = {file.kind for file in carried(session, release, exhibit.id)} if open_one else ()
        if CLOCK_PICTURE in kinds:
            raise StateError(
                f"release {format_release(release.urn, release.number)} carries the picture of the "
                f"clock of {exhibit.reference}: withdraw it, or edit it, before another is stated"
            )
