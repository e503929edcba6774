"""Service. The index of requests for the same, filled for requests that are older than it.

The key of its MACs is no migration's, so the migration leaves a job, and nothing is looked for
again once that is done. Killed, it goes on: what stands there is passed over.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.people.tables import PersonRow
from evidence.requests.asked import parse_asked
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.duplicates.tables import LikenessRow
from evidence.requests.tables import RequestFactsRow, RequestRow
from storage.jobs import Jobs

JOB_LIKENESS = "requests.likeness"
"""Subject: after which request it goes on. Deferred by a migration, and then by itself."""
AT_ONCE = 500


class OlderRequests:
    """Notes by what older requests are found."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        jobs: Jobs,
        duplicates: Duplicates,
    ) -> None:
        self._begin = begin
        self._jobs = jobs
        self._duplicates = duplicates

    def note(self, after: UUID) -> None:
        """Note the next requests behind one that are not noted; if there may be more, go on."""
        with self._begin() as session:
            known = select(LikenessRow.request).where(LikenessRow.request == RequestRow.id)
            # Held: whoever erases one meanwhile comes after, and takes what was noted with it.
            rows = session.exec(
                select(RequestRow, PersonRow.email)
                .join(PersonRow, col(PersonRow.id) == RequestRow.person)
                .where(
                    RequestRow.id > after,
                    col(RequestRow.erased_at).is_(None),
                    ~known.exists(),
                )
                .order_by(col(RequestRow.id))
                .limit(AT_ONCE)
                .with_for_update(of=RequestRow)
            ).all()
            for row, mailbox in rows:
                facts = session.get(RequestFactsRow, row.id, populate_existing=True)
                if facts is not None:
                    self._duplicates.note(session, row.id, parse_asked(facts.facts), mailbox)
            if len(rows) == AT_ONCE:
                self._jobs.defer(session, JOB_LIKENESS, str(rows[-1][0].id))
