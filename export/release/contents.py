"""Service. Which files of its exhibits a release carries.

A proposer chooses masters and working copies by name. What proves a copy goes with it, always: how
it was made, its list of pictures, and the contact sheet.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, or_, select

from custody.ledger.histories import incomplete
from evidence.errors import StateError
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.holdings.clock_pictures import current_picture
from export.holdings.files import (
    CLOCK_PICTURE,
    CONTACT_SHEET,
    COPY,
    DERIVATION,
    FRAMES,
    MASTER,
    ORIGINAL,
    files_among,
    files_of,
)
from export.holdings.tables import ExhibitFileRow
from export.intake.scans import infected_among
from export.release.proposals import ChosenFile
from export.release.tables import ReleaseExhibitRow, ReleaseFileRow, ReleaseRow

CHOOSABLE = (*ORIGINAL, COPY, CLOCK_PICTURE)
"""The kinds that are chosen by name."""
RELEASABLE = (ExhibitState.READY, ExhibitState.MASTER_ALONE)
"""States in which something of an exhibit can go: without a working copy its master alone."""
_MOST_WORDS = 10
_WITH_COPY = frozenset({DERIVATION, FRAMES, CONTACT_SHEET})


def released_kinds(*, with_master: bool) -> frozenset[str]:
    """Return the kinds of an exhibit's files that go into a package."""
    kinds = _WITH_COPY | {COPY}
    return frozenset(kinds | {*ORIGINAL} if with_master else kinds)


def releasable(session: Session, words: str, *, most: int) -> Sequence[ExhibitRow]:
    """Return the newest exhibits that can be released, of those that every word fits."""
    statement = select(ExhibitRow).where(col(ExhibitRow.state).in_(RELEASABLE))
    for word in words.split()[:_MOST_WORDS]:
        columns = (ExhibitRow.reference, ExhibitRow.camera, ExhibitRow.title)
        fits = (col(column).icontains(word, autoescape=True) for column in columns)
        statement = statement.where(or_(*fits))
    newest = statement.order_by(col(ExhibitRow.received_at).desc(), col(ExhibitRow.id))
    return session.exec(newest.limit(most)).all()


def carried(session: Session, release: ReleaseRow, exhibit: UUID) -> list[ExhibitFileRow]:
    """Return the files of an exhibit that a release carries, in the order of `files_of`."""
    return _carried(files_of(session, exhibit), _chosen(session, release.id), release)


def carried_of(
    session: Session, release: ReleaseRow, exhibits: Sequence[ExhibitRow]
) -> list[tuple[ExhibitRow, list[ExhibitFileRow]]]:
    """Return the files of each exhibit that a release carries, by two statements."""
    files = files_among(session, [exhibit.id for exhibit in exhibits])
    chosen = _chosen(session, release.id)
    return [(exhibit, _carried(files.get(exhibit.id, []), chosen, release)) for exhibit in exhibits]


def _chosen(session: Session, release: UUID) -> frozenset[UUID]:
    named = select(ReleaseFileRow.file).where(col(ReleaseFileRow.release) == release)
    return frozenset(session.exec(named).all())


def chosen_of(
    session: Session, release: ReleaseRow, exhibits: Sequence[ExhibitRow]
) -> tuple[ChosenFile, ...]:
    """Return the files of a release that were chosen by name, as they were named."""
    called = {exhibit.id: exhibit.reference for exhibit in exhibits}
    named = select(ExhibitFileRow).where(col(ExhibitFileRow.id).in_(_chosen(session, release.id)))
    order = (col(ExhibitFileRow.exhibit), col(ExhibitFileRow.position), col(ExhibitFileRow.name))
    rows = session.exec(named.order_by(*order))
    return tuple(ChosenFile(called[file.exhibit], file.name) for file in rows)


def _carried(
    files: list[ExhibitFileRow], chosen: frozenset[UUID], release: ReleaseRow
) -> list[ExhibitFileRow]:
    return [file for file in files if goes(file, files, chosen, with_master=release.with_master)]


def fix_files(session: Session, release: ReleaseRow) -> None:
    """Name the files that a release carries, if its proposer named none.

    What is added to an exhibit of it afterwards was not proposed, and does not go with it.
    """
    if _chosen(session, release.id):
        return
    exhibits = _exhibits_of(session, release)
    named = [
        file
        for _, files in carried_of(session, release, exhibits)
        for file in files
        if file.kind in CHOOSABLE
    ]
    session.add_all(ReleaseFileRow(release=release.id, file=file.id, fixed=True) for file in named)
    session.flush()


def goes(
    file: ExhibitFileRow,
    files: Sequence[ExhibitFileRow],
    chosen: frozenset[UUID],
    *,
    with_master: bool,
) -> bool:
    """Tell whether a file of an exhibit goes; ``files`` are all of the exhibit's."""
    if not chosen:
        return file.kind in released_kinds(with_master=with_master)
    if file.kind in CHOOSABLE:
        return file.id in chosen
    copies = {one.position for one in files if one.kind == COPY and one.id in chosen}
    return file.kind in _WITH_COPY and file.position in copies


def refuse_set_aside(exhibits: Sequence[ExhibitRow]) -> None:
    """See that a release carries no exhibit that a person set aside.

    Raises:
        StateError: it does. The release is refused or withdrawn, and proposed without it.
    """
    for exhibit in exhibits:
        if exhibit.state == ExhibitState.DISPOSED:
            raise StateError(f"{exhibit.reference} was disposed of: there is nothing to release")
        if exhibit.state == ExhibitState.SET_ASIDE:
            raise StateError(
                f"{exhibit.reference} is set aside, and nothing of it is released: its page says "
                "who decided that, and why"
            )


def refuse_undecided(exhibits: Sequence[ExhibitRow]) -> None:
    """See that a release carries no exhibit that still needs a person, or that is worked on.

    Raises:
        StateError: it does. It says what a person can decide first.
    """
    refuse_set_aside(exhibits)
    for exhibit in exhibits:
        if exhibit.state == ExhibitState.ATTENTION:
            raise StateError(
                f"{exhibit.reference} needs a person before it can be released: look at its "
                "findings, then have it tried again, accept the master alone with a reason, or "
                "set it aside"
            )
        if exhibit.state not in RELEASABLE:
            raise StateError(
                f"{exhibit.reference} is still being worked on ({exhibit.state}): try again soon"
            )


def refuse_infected(
    session: Session,
    exhibits: Sequence[ExhibitRow],
    chosen: Sequence[ExhibitFileRow],
    *,
    with_master: bool,
) -> None:
    """See that a release carries no master in which the scanner found malware.

    ``chosen`` are the files that were named; none: masters go as ``with_master`` says.

    Raises:
        StateError: it would. A working copy was made anew from the pictures, and may go.
    """
    named = {file.exhibit for file in chosen if file.kind == MASTER}
    going = [one for one in exhibits if (one.id in named if chosen else with_master)]
    found = infected_among(session, [exhibit.id for exhibit in going])
    for exhibit in going:
        if names := found.get(exhibit.id):
            raise StateError(
                f"the malware scanner found {', '.join(names)} in a file of {exhibit.reference}: "
                "its master stays here: release the working copy without it"
            )


def require_fit(session: Session, row: ReleaseRow) -> None:
    """See that a release may go on to leave, as things are known at this moment.

    Raises:
        StateError: an exhibit of it was set aside or needs a person, something of its history was
            lost, a master that it carries is infected, or a picture of a clock is not the one that
            is stated any more.
    """
    exhibits = _exhibits_of(session, row)
    refuse_undecided(exhibits)
    _refuse_incomplete(session, row, exhibits)
    _refuse_old_pictures(session, row, exhibits)
    require_clean(session, row)


def _refuse_incomplete(session: Session, row: ReleaseRow, exhibits: Sequence[ExhibitRow]) -> None:
    """See that every event can be told: the verifier takes a history whole, or not at all."""
    lost = incomplete(session, [row.id, *(exhibit.id for exhibit in exhibits)])
    for exhibit in exhibits:
        if exhibit.id in lost:
            raise StateError(
                f"what was said of {exhibit.reference} in one of its events was lost when a backup "
                "was restored, so no package of it would verify: take its original in again, as a "
                "new exhibit, and say so"
            )
    if row.id in lost:
        raise StateError(
            "what was said of this release in one of its events was lost when a backup was "
            "restored, so its package would not verify: withdraw it, and propose it anew"
        )


def _refuse_old_pictures(session: Session, row: ReleaseRow, exhibits: Sequence[ExhibitRow]) -> None:
    carried_ones = select(ExhibitFileRow).where(
        col(ExhibitFileRow.id).in_(_chosen(session, row.id)), ExhibitFileRow.kind == CLOCK_PICTURE
    )
    by_id = {exhibit.id: exhibit for exhibit in exhibits}
    for file in session.exec(carried_ones):
        exhibit = by_id[file.exhibit]
        if current_picture(exhibit, [file]) is None:
            raise StateError(
                f"{exhibit.reference} states another picture of its clock than the one that was "
                "proposed: edit the proposal"
            )


def require_clean(session: Session, row: ReleaseRow) -> None:
    """See that the scanner found nothing in what a release carries: its word counts when it comes.

    Raises:
        StateError: a master that it carries is infected, or an exhibit is disposed of.
    """
    exhibits = _exhibits_of(session, row)
    for exhibit in exhibits:
        if exhibit.state == ExhibitState.DISPOSED:
            raise StateError(
                f"{exhibit.reference} was disposed of, and the package that holds it with it"
            )
    named = _chosen(session, row.id)
    files = select(ExhibitFileRow).where(col(ExhibitFileRow.id).in_(named))
    chosen = session.exec(files).all() if named else ()
    refuse_infected(session, exhibits, chosen, with_master=row.with_master)


def _exhibits_of(session: Session, row: ReleaseRow) -> Sequence[ExhibitRow]:
    return session.exec(
        select(ExhibitRow)
        .join(ReleaseExhibitRow, col(ReleaseExhibitRow.exhibit) == ExhibitRow.id)
        .where(ReleaseExhibitRow.release == row.id)
        .order_by(ExhibitRow.reference)
    ).all()
