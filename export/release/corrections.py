"""Service. Corrections: a fact of an exhibit was wrong, or a file missing; and its releases.

Nothing is overwritten in the ledger: `exhibit.corrected` and `exhibit.extended` state everything
anew, with the reason, and the version before it stays. A release that was not sealed yet is decided
again by people who know of it; one that is sealed repeats the version before for good, and somebody
must tell those who have it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from evidence import attention
from evidence.errors import InvalidError, StateError
from evidence.exhibits.description import clock_picture
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.particulars import (
    MasterDigest,
    NewExhibit,
    NewFile,
    describe,
    extended,
    keeping,
    restated,
)
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.wording import check_words
from export.holdings.clock_pictures import ClockPicture, ClockPictures
from export.holdings.files import MASTER, ORIGINAL, files_of, place_of
from export.holdings.masters import Arrived, Masters
from export.holdings.statements import Statements
from export.holdings.tables import ExhibitFileRow
from export.release.contents import fix_files
from export.release.decisions import CORRECTED, Decisions
from export.release.proposing.choices import require_uncarried
from export.release.releases import Releases, label
from export.release.states import ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseRow

_TEXT = 2000
_OUT = frozenset({ReleaseState.SEALED, ReleaseState.EXPIRED})
_OPEN = frozenset({ReleaseState.PROPOSED, ReleaseState.APPROVED})
_SEALED_ONCE = _OUT | {ReleaseState.REVOKED}


@dataclass(frozen=True, slots=True)
class AddedFile:
    """A file that comes to an exhibit later."""

    arrived: Arrived
    times: NewFile | None
    """When it starts and ends, and its camera; None: it is no recording, but helps to show one."""


class Corrections:
    """Corrects what is stated of exhibits."""

    def __init__(
        self,
        exhibits: Exhibits,
        masters: Masters,
        pictures: ClockPictures,
        statements: Statements,
        releases: Releases,
        decisions: Decisions,
    ) -> None:
        self._exhibits = exhibits
        self._masters = masters
        self._pictures = pictures
        self._statements = statements
        self._releases = releases
        self._decisions = decisions

    def correct(
        self,
        session: Session,
        name: str,
        change: Callable[[NewExhibit], NewExhibit],
        *,
        picture: ClockPicture | None = None,
        reason: str,
        by: Subject,
        at: datetime,
    ) -> ExhibitRow:
        """State an exhibit anew; ``change`` is given what was said so far, its files included.

        The reference stays: it is on labels and in statements. ``picture`` is one of the clock's
        comparison, which was looked at before; where nobody compared the clock, none is stated.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: a release of it is being sealed, or nothing would change.
            ProofError: the database says something else than the ledger; a person must look.
        """
        role = require(Action.CORRECT_EXHIBIT, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        row, releases = self._locked(session, name)
        came = files_of(session, row.id, *ORIGINAL)
        old = self._statements.confirmed(session, row, came)
        wanted = _pictured(change(restated(old)), restated(old), picture)
        wanted = _named(wanted, row.reference)
        known = keeping(old, self._exhibits.cameras_on(session))
        new = describe(wanted, _masters(came), role=old.export.by_role, at=at, camera_on=known)
        if new == old:
            raise StateError(f"{row.reference} is described like this already: nothing changes")
        if clock_picture(new.clock_check) != clock_picture(old.clock_check):
            require_uncarried(session, row, [release for release, _ in releases])
        self._exhibits.correct(session, row, new, by=by, role=role, reason=said, at=at)
        if picture is not None:
            kept = self._pictures.keep(session, row, picture, at=at)
            self._exhibits.stored(session, row, list(map(place_of, kept)), at=at)
        for release, link in releases:
            self._tell(session, release, link, f"{row.reference} was corrected", said, at)
        session.flush()
        return row

    def extend(
        self,
        session: Session,
        name: str,
        files: Sequence[AddedFile],
        *,
        confirmed: Sequence[str] = (),
        reason: str,
        by: Subject,
        at: datetime,
    ) -> ExhibitRow:
        """Add files to an exhibit of which nothing was sealed yet, and state it anew with them.

        A release that is only proposed carries what was proposed, and is decided again. What was
        confirmed of the exhibit stays so; ``confirmed`` says what else is unlikely, and right.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: something of it was sealed, or is being worked on; or it is set aside.
            ProofError: the database says something else than the ledger; a person must look.
        """
        role = require(Action.EXTEND_EXHIBIT, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        if not files:
            raise InvalidError("files", "name at least one file that is added")
        row, releases = self._locked(session, name)
        for release, _ in releases:
            if release.state in _SEALED_ONCE:
                raise StateError(
                    f"{row.reference} was sealed in release {label(release)}, and stays what it "
                    "was then: take the file in as an exhibit of its own"
                )
        came = files_of(session, row.id, *ORIGINAL)
        old = self._statements.confirmed(session, row, came)
        uploads = self._masters.claimable(session, [file.arrived for file in files])
        digests = [MasterDigest(upload.sha256, upload.size) for upload in uploads]
        _refuse_known(row, came, digests)
        recordings = [
            (digest, file.times)
            for digest, file in zip(digests, files, strict=True)
            if file.times is not None
        ]
        wanted = extended(old, [times for _, times in recordings])
        wanted = replace(wanted, confirmed=(*wanted.confirmed, *confirmed))
        masters = [*_masters(came), *(digest for digest, _ in recordings)]
        known = keeping(old, self._exhibits.cameras_on(session))
        new = describe(wanted, masters, role=old.export.by_role, at=at, camera_on=known)
        for release, _ in releases:
            fix_files(session, release)
        arrived = [file.arrived for file in files]
        self._masters.extend(session, row, new, arrived, by=by, role=role, reason=said, at=at)
        for release, link in releases:
            self._tell(session, release, link, f"a file was added to {row.reference}", said, at)
        session.flush()
        return row

    def _locked(
        self, session: Session, name: str
    ) -> tuple[ExhibitRow, Sequence[tuple[ReleaseRow, ReleaseExhibitRow]]]:
        """Return an exhibit and the releases that carry it, locked.

        The exhibit first, its releases then, the heads of records last: so nobody waits for us who
        holds what we wait for. A proposal that names this exhibit waits at its row, too.

        Raises:
            UnknownError, InvalidError, StateError: there is none, or a release of it is being
                sealed.
        """
        row = self._exhibits.find(session, name)
        session.refresh(row, with_for_update=True)
        return row, self._releases_of(session, row)

    def noticed(self, session: Session, name: str, *, by: Subject) -> ReleaseRow:
        """Settle the call to a person that a sealed release states a version before a correction.

        That it does stays on its page.

        Raises:
            AccessRefusedError, UnknownError: nothing was settled.
            StateError: it is not sealed yet: who decides about it settles it.
        """
        require(Action.CORRECT_EXHIBIT, by)
        row = self._releases.find(session, name, lock=True)
        if row.state in _OPEN:
            raise StateError(f"release {label(row)} is {row.state}: decide about it anew")
        attention.settle(session, row.id, CORRECTED)
        return row

    def _releases_of(
        self, session: Session, exhibit: ExhibitRow
    ) -> Sequence[tuple[ReleaseRow, ReleaseExhibitRow]]:
        """Return the releases that carry an exhibit, locked.

        Raises:
            StateError: one is being sealed: its package is just being written.
        """
        carrying = (
            select(ReleaseRow, ReleaseExhibitRow)
            .join(ReleaseExhibitRow, col(ReleaseExhibitRow.release) == ReleaseRow.id)
            .where(ReleaseExhibitRow.exhibit == exhibit.id)
            .order_by(col(ReleaseRow.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = session.exec(carrying).all()
        for release, _ in found:
            if release.state == ReleaseState.SEALING:
                raise StateError(
                    f"release {label(release)} carries {exhibit.reference} and is being sealed: "
                    "correct it when that is done, or given up"
                )
        return found

    def _tell(
        self,
        session: Session,
        release: ReleaseRow,
        carried: ReleaseExhibitRow,
        what: str,
        reason: str,
        at: datetime,
    ) -> None:
        """Have a release that carries the exhibit decided again, or mark what was sealed of it.

        ``what`` was done to the exhibit, in words.
        """
        what = what[:1].upper() + what[1:]
        state = ReleaseState(release.state)
        if state in _OPEN:
            self._decisions.corrected(session, release, at=at)
            words = (
                f"{what} since this release was proposed ({reason}): "
                "look at what it states now, and decide again"
            )
            attention.call(session, release.id, CORRECTED, words, at=at)
        else:
            # What was never sealed states nothing to anybody.
            carried.corrected_at = at if state in _SEALED_ONCE else None
        if state in _OUT:
            words = (
                f"{what} after this release was sealed ({reason}): its "
                "package states the version before. Tell the recipient, or propose a new release"
            )
            attention.call(session, release.id, CORRECTED, words, at=at)


def _pictured(wanted: NewExhibit, before: NewExhibit, picture: ClockPicture | None) -> NewExhibit:
    """Return what is said with its picture; a comparison that is taken back takes its own along."""
    if picture is not None:
        return replace(wanted, clock_picture=picture.sha256)
    gone = wanted.clock_offset_ms is None and wanted.clock_picture == before.clock_picture
    return replace(wanted, clock_picture="") if gone else wanted


def _masters(came: Sequence[ExhibitFileRow]) -> list[MasterDigest]:
    return [MasterDigest(file.sha256, file.size) for file in came if file.kind == MASTER]


def _refuse_known(
    row: ExhibitRow, came: Sequence[ExhibitFileRow], added: Sequence[MasterDigest]
) -> None:
    """See that each file comes to an exhibit once.

    Raises:
        InvalidError: it is there already, or named twice.
    """
    there = {file.sha256: file.name for file in came}
    for file in added:
        if file.sha256 in there:
            called = there[file.sha256]
            words = f"this file is in {row.reference} already{f', as {called}' if called else ''}"
            raise InvalidError("files", words)
        there[file.sha256] = ""


def _named(wanted: NewExhibit, reference: str) -> NewExhibit:
    if wanted.reference not in ("", reference):
        raise InvalidError("reference", f"{reference} keeps its reference: it is on its labels")
    return replace(wanted, reference=reference)
