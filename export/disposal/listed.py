"""Service. Disposals of exhibits, as staff see them: where each stands, and what certifies it."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from evidence import attention
from evidence.exhibits.tables import ExhibitRow
from evidence.paging import Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.disposal.states import DisposalState, standing
from export.disposal.tables import DisposalRow

_AT, _ID = col(DisposalRow.proposed_at), col(DisposalRow.id)


@dataclass(frozen=True, slots=True)
class ListedDisposal:
    """A disposal, and what its exhibit is called."""

    row: DisposalRow
    reference: str
    standing: DisposalState
    stopped: str
    """Why a job of it waits for a person; empty: none does."""


class DisposalList:
    """Lists disposals; decides and writes nothing."""

    def page(
        self, session: Session, *, by: Subject, cursor: Cursor | None = None, most: int
    ) -> Page[ListedDisposal]:
        """Return a page of the disposals, the newest first.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_EXHIBIT, by)
        statement = select(DisposalRow)
        found = page_of(
            lambda at: session.exec(beyond(statement, _AT, _ID, at, most=most)).all(),
            lambda row: (row.proposed_at, row.id),
            cursor,
            most=most,
        )
        wanted = select(ExhibitRow.id, ExhibitRow.reference).where(
            col(ExhibitRow.id).in_([row.exhibit for row in found.rows])
        )
        names = dict(session.exec(wanted).all())
        calls = attention.calls_among(session, [row.id for row in found.rows])
        return found.of(
            [
                ListedDisposal(
                    row,
                    names[row.exhibit],
                    standing(row),
                    "; ".join(call.words for call in calls.get(row.id, ())),
                )
                for row in found.rows
            ]
        )
