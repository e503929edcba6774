"""Service. Corrections: a fact of an exhibit was wrong, and what that means for its releases.

Nothing is overwritten in the ledger: `exhibit.corrected` states everything anew, with the reason,
and the version before it stays. A release that was not sealed yet is decided again by people who
know of it; one that is sealed repeats the version before for good, and somebody must tell those
who have it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from evidence import attention
from evidence.errors import InvalidError, StateError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.particulars import MasterDigest, NewExhibit, describe, restated
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.wording import check_words
from export.holdings.files import MASTER, files_of
from export.holdings.statements import Statements
from export.release.decisions import CORRECTED, Decisions
from export.release.releases import Releases, label
from export.release.states import ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseRow

_TEXT = 2000
_OUT = frozenset({ReleaseState.SEALED, ReleaseState.EXPIRED})
_OPEN = frozenset({ReleaseState.PROPOSED, ReleaseState.APPROVED})


class Corrections:
    """Corrects what is stated of exhibits."""

    def __init__(
        self, exhibits: Exhibits, statements: Statements, releases: Releases, decisions: Decisions
    ) -> None:
        self._exhibits = exhibits
        self._statements = statements
        self._releases = releases
        self._decisions = decisions

    def correct(
        self,
        session: Session,
        name: str,
        change: Callable[[NewExhibit], NewExhibit],
        *,
        reason: str,
        by: Subject,
        at: datetime,
    ) -> ExhibitRow:
        """State an exhibit anew; ``change`` is given what was said so far, its files included.

        The reference stays: it is on labels and in statements.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: a release of it is being sealed, or nothing would change.
            ProofError: the database says something else than the ledger; a person must look.
        """
        role = require(Action.CORRECT_EXHIBIT, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        row = self._exhibits.find(session, name)
        # The exhibit first, its releases then, the heads of records last: so nobody waits for us
        # who holds what we wait for. A proposal that names this exhibit waits at its row, too.
        session.refresh(row, with_for_update=True)
        releases = self._releases_of(session, row)
        masters = files_of(session, row.id, MASTER)
        old = self._statements.confirmed(session, row, masters)
        digests = [MasterDigest(file.sha256, file.size) for file in masters]
        wanted = change(restated(old))
        new = describe(_named(wanted, row.reference), digests, role=old.export.by_role, at=at)
        if new == old:
            raise StateError(f"{row.reference} is described like this already: nothing changes")
        self._exhibits.correct(session, row, new, by=by, role=role, reason=said, at=at)
        for release, carried in releases:
            self._tell(session, release, carried, row, said, at)
        session.flush()
        return row

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
        exhibit: ExhibitRow,
        reason: str,
        at: datetime,
    ) -> None:
        """Have a release that carries the exhibit decided again, or mark what was sealed of it."""
        state = ReleaseState(release.state)
        if state in _OPEN:
            self._decisions.corrected(session, release, at=at)
            words = (
                f"{exhibit.reference} was corrected since this release was proposed ({reason}): "
                "look at what it states now, and decide again"
            )
            attention.call(session, release.id, CORRECTED, words, at=at)
        else:
            carried.corrected_at = at if state is not ReleaseState.REFUSED else None
        if state in _OUT:
            words = (
                f"{exhibit.reference} was corrected after this release was sealed ({reason}): its "
                "package states the version before. Tell the recipient, or propose a new release"
            )
            attention.call(session, release.id, CORRECTED, words, at=at)


def _named(wanted: NewExhibit, reference: str) -> NewExhibit:
    if wanted.reference not in ("", reference):
        raise InvalidError("reference", f"{reference} keeps its reference: it is on its labels")
    return replace(wanted, reference=reference)
