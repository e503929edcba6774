"""Service. An exhibit whose work stopped for good needs a person: it never waits for nobody.

Whatever stopped it, a defect of ours included: the masters are kept, and the ways out of
`export.holdings.stoppages.remedies` stand open. That nothing is known is what the findings say.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.recorded import facts_digest
from evidence.exhibits.tables import ExhibitRow
from export.holdings.copies import JOB_DERIVE
from export.holdings.files import MASTER, files_of
from export.holdings.masters import JOB_EXAMINE
from export.media.facts import finding_json
from export.media.findings import problem

_UNKNOWN = {"facts": None, "needs_person": True}
_NOT_EXAMINED = problem(
    "not-examined",
    "The examination broke down, and nothing is known of what is in the file. The file is kept as "
    "it came. Try again; if it breaks down again, look at the file in the maker's player.",
)
_NOT_COPIED = problem(
    "not-copied",
    "The making of a working copy broke down. The file is kept as it came. Try again; if it breaks "
    "down again, look at the file in the maker's player.",
)


class Standstills:
    """Moves an exhibit to where a person decides."""

    def __init__(self, exhibits: Exhibits) -> None:
        self._exhibits = exhibits

    def stop(self, session: Session, exhibit: UUID, job: str, *, at: datetime) -> None:
        """Say that nobody will try ``job`` again by itself; does nothing for other jobs, or twice.

        What was found of an exhibit before, stays.
        """
        if job == JOB_EXAMINE:
            facts = [_UNKNOWN for _ in files_of(session, exhibit, MASTER)]
            stopped = self._exhibits.examined(
                session,
                exhibit,
                facts=facts,
                findings=[finding_json(_NOT_EXAMINED)],
                facts_digest=facts_digest(facts),
                copyable=False,
                at=at,
            )
        elif job == JOB_DERIVE:
            found = [finding_json(_NOT_COPIED)]
            stopped = self._exhibits.derived(
                session, exhibit, [], findings=found, complete=False, at=at
            )
        else:
            return
        if stopped:
            self._exhibits.stored(session, session.get_one(ExhibitRow, exhibit), [], at=at)
